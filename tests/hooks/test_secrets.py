"""Credentials stand in no log, message or repr, whatever happens."""

from __future__ import annotations

import base64
import gc
import json
import traceback
from importlib import import_module

import pytest
from support.scripted import DROP, Proxy, ScriptedServer, answer, closed_port
from support.versions import AIRFLOW

from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.task.reporting.project import look_up

TOKEN = "t0ken-that-nobody-may-see"
PROXY = "pr0xy-secret"
SECRETS = [
    TOKEN,
    base64.b64encode(f"mycc:{TOKEN}".encode()).decode(),
    PROXY,
    base64.b64encode(f"user:{PROXY}".encode()).decode(),
]
ELEMENTS = [{"numberid": "1", "description": "s0mething-personal"}]

SITUATIONS = {
    "fine": [answer()],
    "wrong token": [answer(status=401)],
    "redirect": [answer(status=302, Location="https://evil.example/")],
    "down": [answer(status=503, Retry_After="0")],
    "slow down": [answer(status=429, Retry_After="0"), answer()],
    "dropped": [DROP],
    "html": [answer(b"<html></html>")],
    "said no": [answer(b'{"errors": [{"errorcode": 1, "errormessage": "no"}]}')],
}


def in_any_of(texts):
    return [secret for secret in [*SECRETS, "s0mething-personal"] for text in texts if secret in text]


WAYS_WITH_ELEMENTS = [
    lambda hook: hook.run("PUT", "/projects/17/records/dispositions", json={"elements": ELEMENTS}, attempts=2),
    lambda hook: hook.batch_dispositions(17, ELEMENTS, attempts=2),
]


def use(hook):
    """Use a hook in each way, and return all that an error or a repr may show of it."""
    ways = [
        lambda hook: hook.run("GET", "/projects", attempts=2),
        *WAYS_WITH_ELEMENTS,
        lambda hook: hook.get_conn().get(hook.base_url + "/projects"),
        lambda hook: hook.test_connection(),
    ]
    return use_with(hook, *ways)


def use_with(hook, *ways):
    """Use a hook in some ways, and return all that an error or a repr may show of it."""
    shown = [repr(hook.settings), repr(hook.get_conn()), repr(hook.get_conn().auth), str(vars(hook))]
    for way in ways:
        try:
            shown.append(str(way(hook)))
        except (VccError, OSError) as error:
            shown += [repr(error), *traceback.format_exception(error), str(vars(error))]
    return shown


def locals_of(way):
    """Return the local values along the traceback of what a way raises, but for the test's own."""
    with pytest.raises(VccError) as caught:
        way()
    told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    return [str(frame.locals) for frame in told.stack if frame.filename != __file__]


def test_no_secret_of_a_proxy_that_cannot_be_used_stands_among_the_local_values_of_a_traceback(connect, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PROXY}@proxy:99999")
    hook = connect("https://mycc.example")
    for way in (lambda: hook.run("GET", "/projects"), lambda: hook.batch_dispositions(17, ELEMENTS)):
        assert [secret for secret in SECRETS if secret in str(locals_of(way))] == []


def test_no_secret_stands_among_the_local_values_of_a_traceback(connect):
    """Tools that report errors send them along."""
    with Proxy(answer(status=407)) as proxy, ScriptedServer(DROP) as server:
        through = {"proxies": f"http://user:{PROXY}@127.0.0.1:{proxy.port}"}
        for host, extra in (("https://mycc.example", through), (server.url, {})):
            hook = connect(host, **extra)
            for way in (
                lambda hook=hook: hook.run("GET", "/projects", attempts=1),
                lambda hook=hook: hook.batch_dispositions(17, ELEMENTS, attempts=1),
                lambda hook=hook: hook.get_conn().get(f"{hook.base_url}/projects"),
            ):
                assert [secret for secret in SECRETS if secret in str(locals_of(way))] == []


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_secret_is_shown_whatever_the_server_does(connect, logged, situation):
    with ScriptedServer(*SITUATIONS[situation]) as server:
        shown = use(connect(server.url))
        assert len(server.requests) >= 5
        assert {seen.headers["authorization"] for seen in server.requests} == {f"Basic {SECRETS[1]}"}
    assert in_any_of([*shown, logged()]) == []


@pytest.mark.parametrize("refusal", [None, answer(status=407), answer(status=502)])
def test_no_secret_is_shown_where_a_proxy_is_in_between(connect, logged, tls, bundle, refusal):
    with Proxy(refusal) as proxy, ScriptedServer(answer(), tls=tls()) as server:
        hook = connect(server.url, verify=bundle, proxies=proxy.url.replace("//", f"//user:{PROXY}@"))
        shown = use(hook)
        assert len(proxy.requests) >= 3
    assert in_any_of([*shown, logged()]) == []


def test_no_secret_is_shown_where_no_proxy_listens(connect, logged):
    hook = connect(proxies=f"http://user:{PROXY}@127.0.0.1:{closed_port()}")
    assert in_any_of([*use(hook), logged()]) == []


def test_no_secret_is_shown_of_a_connection_that_cannot_work(connect, logged):
    hooks = [
        connect(f"https://mycc:{TOKEN}@db.example"),
        connect(host="ftp://db.example"),
        connect(proxies={"https": f"gopher://user:{PROXY}@proxy"}),
        connect(timeout="soon"),
        connect(password=f"{TOKEN}\n{TOKEN}"),
    ]
    shown = []
    for hook in hooks:
        shown.append(str(hook.test_connection()))
        with pytest.raises(VccError) as caught:
            hook.get_conn()
        shown += traceback.format_exception(caught.value)
    assert in_any_of([*shown, logged()]) == []


def test_airflow_masks_all_secrets_of_the_connection_from_then_on(connect):
    in_3_0 = "airflow.sdk.execution_time.secrets_masker"
    redact = import_module(in_3_0 if AIRFLOW == (3, 0) else "airflow.providers.common.compat.sdk").redact
    hook = connect("https://db.example", password="an0ther-t0ken", proxies="http://user:an0ther-pr0xy@proxy:1")
    basic = base64.b64encode(b"mycc:an0ther-t0ken").decode()
    proxy_basic = base64.b64encode(b"user:an0ther-pr0xy").decode()
    _ = hook.settings
    assert redact(f"{basic} an0ther-t0ken an0ther-pr0xy {proxy_basic} fine") == "*** *** *** *** fine"


def test_connections_of_a_hook_that_is_gone_are_closed(connect, recwarn):
    with ScriptedServer(answer()) as server:
        hook = connect(server.url)
        hook.run("GET", "/projects")
        hook.batch_dispositions(17, ELEMENTS)
        del hook
        gc.collect()
    assert [warning for warning in recwarn if issubclass(warning.category, ResourceWarning)] == []


def test_a_hook_shows_nothing_of_its_connection_before_it_is_read(connect):
    assert in_any_of([repr(connect()), str(vars(VccHook()))]) == []


def quoting(status=200):
    """Answer with all that a request held, in several ways."""
    quotes = "s0mething-PERSONAL &#115;0mething-personal czBtZXRoaW5nLXBlcnNvbmFs s0mething " + " ".join(SECRETS[:2])
    errors = [{"errorcode": quotes, "errormessage": quotes}, {"errorcode": 1, "errormessage": quotes, "index": 0}]
    return answer(json.dumps({"errors": errors, "response": {"0": quotes}}).encode(), status=status)


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 413, 417, 422, 500, 503])
def test_what_a_server_quotes_of_a_request_is_shown_nowhere(connect, logged, status):
    with ScriptedServer(quoting(status)) as server:
        hook = connect(server.url)
        shown = "\n".join([*use_with(hook, *WAYS_WITH_ELEMENTS), logged()])
        assert len(server.requests) >= 2
    assert in_any_of([shown]) == []
    assert not [part for part in ("S0METHING", "s0mething", "PERSONAL", "bWV0aGlu", "&#115;") if part in shown]


@pytest.mark.parametrize("quoted", [f"text/{SECRETS[0]}", SECRETS[1]])
def test_what_a_server_quotes_in_the_type_of_its_answer_is_not_shown(connect, logged, quoted):
    with ScriptedServer(answer(b"<html>", Content_Type=quoted)) as server:
        hook = connect(server.url)
        shown = "\n".join([*use_with(hook, *WAYS_WITH_ELEMENTS), str(hook.test_connection()), logged()])
    assert in_any_of([shown]) == []


def test_the_name_of_a_project_does_not_quote_the_token(connect):
    projects = {"errors": [], "response": [{"projectid": 17, "name": f"Callbacks: {TOKEN}, {SECRETS[1]}"}]}
    with ScriptedServer(answer(json.dumps(projects).encode())) as server:
        assert look_up(connect(server.url), 17).name == "Callbacks: ***"
