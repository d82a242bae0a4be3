"""The Test button: a sentence of what works, or of the likeliest cause and what to do."""

from __future__ import annotations

import json

import pytest
from support.scripted import Proxy, ScriptedServer, answer, closed_port, full_backlog

from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Hang, Status

TOKEN = "t0ken-that-nobody-may-see"


def failing(hook):
    """Return the sentence about a connection that does not work."""
    works, sentence = hook.test_connection()
    assert works is False
    assert TOKEN not in sentence
    assert sentence.endswith(".")
    return sentence


def test_a_connection_that_works_says_whose_it_is_and_what_it_shows(connect):
    with Sandbox(records=1) as sandbox:
        hook = connect(sandbox.url, password="sandbox-token")
        count = len(sandbox.settings.projects)
        assert hook.test_connection() == (True, f"VCC Live answers as customer 'mycc' and shows {count} projects.")
        assert [request.path for request in sandbox.ledger.requests()] == ["/v2/projects"]


@pytest.mark.parametrize(
    ("response", "shows"),
    [
        ("[]", "no projects, though"),
        ("{}", "no projects, though"),
        ('[{"projectid": 1}]', "one project"),
        ('{"3": {}, "4": {}}', "2 projects"),
    ],
)
def test_the_projects_are_counted_in_any_shape(connect, response, shows):
    with ScriptedServer(answer(b'{"errors": [], "response": %s}' % response.encode())) as server:
        works, sentence = connect(server.url).test_connection()
    assert works
    assert sentence.endswith(f"and shows {shows}.")


def test_a_name_that_means_nothing_is_told_although_all_works(connect):
    with ScriptedServer(answer()) as server:
        works, sentence = connect(server.url, time_zone="Europe/Budapest").test_connection()
    assert works
    assert "Extra has 'time_zone', which means nothing here: did you mean 'timezone'?" in sentence


def test_a_wrong_token_is_named(connect):
    with Sandbox(records=1) as sandbox:
        sentence = failing(connect(sandbox.url))
    assert sentence.startswith("Wrong token or customer (401): check Password (the API token) and Login")


def test_an_address_that_is_not_on_the_allow_list_is_named(connect):
    with Sandbox(records=1, allowed=False) as sandbox:
        sentence = failing(connect(sandbox.url, password="sandbox-token"))
    assert sentence.startswith(
        "Access refused (403): this machine's IP address is probably not on the API's allow-list"
    )


def test_a_dropped_connection_points_to_the_allow_list_too(connect):
    with ScriptedServer(answer(), reset=True) as server:
        assert "IP address is probably not on the API's allow-list" in failing(connect(server.url))


def test_a_connection_that_is_never_made_points_to_the_allow_list_too(connect):
    with full_backlog() as port:
        sentence = failing(connect(f"http://127.0.0.1:{port}", connect_timeout=0.2))
    assert "could not be reached within 0.2 s: this machine's IP address is probably not on" in sentence


def test_a_wrong_subdomain_is_named(connect):
    sentence = failing(connect(login="no-such-customer-here"))
    assert sentence.startswith("There is no host no-such-customer-here.asp.virtual-call-center.eu: check Login")


def test_a_certificate_that_cannot_be_trusted_is_named_with_its_reason(connect, tls):
    with ScriptedServer(answer(), tls=tls()) as server:
        sentence = failing(connect(server.url))
    assert sentence.startswith("The certificate of 127.0.0.1 cannot be trusted (")
    assert "name your CA bundle in Extra verify" in sentence


def test_a_sandbox_without_http_in_its_host_is_told_what_to_write(connect):
    with ScriptedServer(answer(status=400), blunt=True) as server:
        assert "for a sandbox on this machine, write http:// in Host" in failing(connect(f"127.0.0.1:{server.port}"))


def test_a_closed_port_is_named(connect):
    port = closed_port()
    assert failing(connect("http://127.0.0.1", port=port)) == (
        f"Nothing listens at 127.0.0.1:{port}: check Host and Port."
    )


def test_a_time_out_is_named(connect):
    with Sandbox(records=1, faults=Hang()) as sandbox:
        sentence = failing(connect(sandbox.url, password="sandbox-token", timeout=0.2))
    assert sentence.startswith("127.0.0.1 gave no answer within 0.2 s")


def test_nobody_at_the_button_waits_for_a_long_timeout(connect, monkeypatch):
    monkeypatch.setattr("airflow_provider_vcc.hooks.diagnosis.LONGEST_WAIT", 0.2)
    with Sandbox(records=1, faults=Hang()) as sandbox:
        sentence = failing(connect(sandbox.url, password="sandbox-token", timeout=30))
    assert sentence.startswith("127.0.0.1 gave no answer within 0.2 s")


def test_the_wait_at_the_button_is_never_longer_than_the_connections_own(connect):
    settings = connect("db.example", timeout=5, connect_timeout=90).settings.with_longest_wait(20)
    assert (settings.timeout, settings.connect_timeout) == (5, 20)


def test_what_is_no_api_is_named(connect):
    with ScriptedServer(answer(b"<html>Welcome</html>", Content_Type="text/html")) as server:
        sentence = failing(connect(server.url))
    assert sentence == "The answer is not what the VCC API gives (text/html): check the connection's Host."


def test_a_path_without_an_api_is_named(connect):
    with ScriptedServer(answer(b"not found", status=404)) as server:
        assert failing(connect(server.url)) == f"No VCC API at {server.url}/v2 (404): check Host, or leave it empty."


def test_a_redirect_is_named(connect):
    with ScriptedServer(answer(status=301, Location="https://login.example/")) as server:
        assert "redirects are not followed: check the connection's Host and proxies" in failing(connect(server.url))


def test_errors_of_the_api_are_told(connect):
    with ScriptedServer(answer(b'{"errors": [{"errorcode": 5, "errormessage": "error.no_right"}]}')) as server:
        assert failing(connect(server.url)) == "VCC rejected the request: 5 error.no_right."


def test_a_service_that_fails_is_asked_once_and_told_to_be_tried_later(connect):
    with Sandbox(records=1, faults=Status(503)) as sandbox:
        sentence = failing(connect(sandbox.url, password="sandbox-token"))
        assert len(sandbox.ledger.requests()) == 1
    assert sentence == "The server failed (503). Try again later."


def test_a_proxy_that_refuses_is_named_without_its_credentials(connect):
    with Proxy(refusal=answer(status=407)) as proxy:
        sentence = failing(connect(proxies=proxy.url.replace("//", "//user:pr0xy-secret@")))
    assert "The proxy did not let us through (it answered 407)" in sentence
    assert "pr0xy-secret" not in sentence


@pytest.mark.parametrize("fields", [{}, {"login": None, "password": None, "host": None, "port": None, "extra": None}])
def test_a_form_with_every_field_empty_says_which_to_fill_in_first(monkeypatch, fields):
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps({"conn_type": "vcc", **fields}))
    assert failing(VccHook()).startswith("Login is empty; write the customer")


def test_a_form_with_every_extra_null_works(connect):
    names = ("timezone", "timeout", "connect_timeout", "verify", "cert", "proxies", "username")
    with Sandbox(records=1) as sandbox:
        hook = connect(sandbox.url, password="sandbox-token", **dict.fromkeys(names))
        assert hook.test_connection()[0]


def test_a_mistake_in_a_field_is_told_without_the_name_of_the_trial_connection(connect):
    assert failing(connect(timezone="Mars")).startswith("Extra timezone is 'Mars', which is not a time zone; write")


def test_a_connection_that_is_not_there_is_told():
    assert VccHook("nowhere").test_connection() == (False, "There is no connection 'nowhere'.")


def test_whatever_happens_it_is_a_sentence(connect, monkeypatch):
    hook = connect("db.example")
    monkeypatch.setattr(type(hook), "get_connection", classmethod(lambda *_: 1 / 0))
    assert failing(hook) == ("The connection could not be tested (ZeroDivisionError): see the log of the API server.")


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")  # of Airflow's own making
def test_airflow_itself_tests_the_connection_by_our_hook():
    """What the API server does: an unsaved connection under a name of its own, from the environment."""
    from airflow.models.connection import Connection

    with Sandbox(records=1) as sandbox:
        fields = {**sandbox.connection(), "extra": json.dumps({"timezone": None, "timeout": None, "verify": None})}
        connection = Connection(conn_id="trial", **fields)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AIRFLOW_CONN_TRIAL", connection.get_uri())
            works, sentence = connection.test_connection()
    assert (works, sentence[:35]) == (True, "VCC Live answers as customer 'mycc'")
