"""``run``: the door to any resource, what it makes of an answer, and when it asks again."""

from __future__ import annotations

import gc
import time
from email.utils import formatdate

import pytest
import requests
from support.scripted import DROP, ScriptedServer, answer, closed_port, full_backlog

from airflow_provider_vcc.exceptions import (
    VccAuthenticationError,
    VccConfigurationError,
    VccError,
    VccNotFoundError,
    VccRequestError,
    VccTransportError,
    VccUnavailable,
)
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Broken, Cut, CutAnswer, Status

SLOW_DOWN = answer(status=429, Retry_After="0")
DOWN = answer(b"<html>nginx</html>", status=503, Retry_After="0")


@pytest.fixture
def sandbox():
    with Sandbox(records=3) as sandbox:
        yield sandbox


def test_run_gives_the_response_of_the_envelope(connect, sandbox):
    projects = connect(sandbox.url, password="sandbox-token").run("GET", "/projects")
    assert [project["name"] for project in projects] == list(sandbox.settings.projects.values())
    assert {"projectid", "name", "status", "folderid", "container", "folder"} <= projects[0].keys()


@pytest.mark.parametrize("path", ["/projects", "projects", "/v2/projects", "v2/projects", "//projects"])
def test_the_path_is_below_v2_however_it_begins(connect, path):
    with ScriptedServer(answer()) as server:
        connect(server.url).run("get", path)
        connect(server.url).run("GET", f"{server.url}/v2/projects")
    assert [seen.path for seen in server.requests] == ["/v2/projects"] * 2


@pytest.mark.parametrize("path", ["/../v1/users", "/projects/../../v1", "https://evil.example/v2/projects"])
def test_a_path_that_leads_out_of_the_api_is_refused(connect, path):
    with (
        ScriptedServer(answer()) as server,
        pytest.raises(VccConfigurationError, match="leads out of the API"),
    ):
        connect(server.url).run("GET", path)
    assert server.connections == 0


def test_params_and_json_go_out_as_query_and_body(connect):
    with ScriptedServer(answer(b'{"errors": [], "response": true}')) as server:
        hook = connect(server.url)
        assert (
            hook.run("POST", "/projects/17/records/5/dispositions", params={"a": "b c"}, json={"userid": "7"}) is True
        )
    [seen] = server.requests
    assert seen.line == "POST /v2/projects/17/records/5/dispositions?a=b+c HTTP/1.1"
    assert (seen.headers["content-type"], seen.body) == ("application/json", b'{"userid": "7"}')


def test_a_method_that_the_api_does_not_have_is_refused(connect):
    with pytest.raises(VccConfigurationError, match="method must be one of DELETE, GET, POST, PUT, got 'PATCH'"):
        connect().run("PATCH", "/projects")


@pytest.mark.parametrize("errors", ["[]", "{}", "null", '""'])
def test_errors_without_a_value_are_no_errors(connect, errors):
    with ScriptedServer(answer(b'{"errors": %s, "response": {"0": true}}' % errors.encode())) as server:
        assert connect(server.url).run("GET", "/projects") == {"0": True}


def test_the_content_type_may_be_what_it_likes(connect):
    with ScriptedServer(answer(b'\xef\xbb\xbf{"response": 7}', Content_Type="text/plain; charset=utf-8")) as server:
        assert connect(server.url).run("GET", "/projects") == 7


def test_the_errors_of_the_envelope_are_raised_with_what_came_beside_them(connect):
    body = b'{"errors": [{"errorcode": 417, "errormessage": "error.x", "index": 1}], "response": {"0": true}}'
    with (
        ScriptedServer(answer(body)) as server,
        pytest.raises(VccRequestError, match=r"^PUT /projects: VCC rejected the request: 417 error.x$") as caught,
    ):
        connect(server.url).run("PUT", "/projects", json={})
    assert caught.value.errors == [{"errorcode": 417, "errormessage": "error.x", "index": 1}]
    assert (caught.value.status, caught.value.response) == (200, {"0": True})
    assert len(server.requests) == 1


def test_a_message_names_the_first_errors_and_counts_the_rest(connect):
    body = b'{"errors": ["a", "b", "c", "d", "e"], "response": []}'
    with (
        ScriptedServer(answer(body)) as server,
        pytest.raises(VccRequestError, match=r"a; b; c and 2 more$") as caught,
    ):
        connect(server.url).run("GET", "/projects")
    assert len(caught.value.errors) == 5


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, VccAuthenticationError), (403, VccAuthenticationError), (404, VccNotFoundError), (400, VccRequestError)],
)
def test_a_refusal_is_raised_at_once(connect, status, kind):
    body = b'{"errors": [{"errorcode": 7, "errormessage": "error.no"}]}'
    with (
        ScriptedServer(answer(body, status=status)) as server,
        pytest.raises(kind) as caught,
    ):
        connect(server.url).run("GET", "/projects")
    assert (caught.value.status, caught.value.errors[0]["errorcode"]) == (status, 7)
    assert len(server.requests) == 1


def test_a_redirect_is_an_error_that_says_so(connect):
    with (
        ScriptedServer(answer(status=302, Location="https://login.example/")) as server,
        pytest.raises(VccRequestError, match=r"status 302 .* redirects are not followed") as caught,
    ):
        connect(server.url).run("GET", "/projects")
    assert caught.value.status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["html", "empty", "text", "truncated", "null", "number", "binary"])
def test_an_answer_that_is_no_envelope_is_raised_and_not_asked_for_again(connect, sandbox, kind):
    sandbox.faults = Broken(kind)
    with pytest.raises(VccTransportError, match="not what the VCC API gives") as caught:
        connect(sandbox.url, password="sandbox-token").run("GET", "/projects")
    assert (caught.value.delivered, caught.value.status) == (None, 200)
    assert len(sandbox.ledger.requests()) == 1


@pytest.mark.parametrize("fault", [DOWN, SLOW_DOWN, DROP, answer(status=500, Retry_After="0"), answer(status=408)])
def test_get_is_asked_again_after_any_fault(connect, fault):
    with ScriptedServer(fault, answer(b'{"response": 1}')) as server:
        assert connect(server.url).run("GET", "/projects") == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
@pytest.mark.parametrize("fault", [DOWN, DROP, answer(status=500)])
def test_what_changes_something_is_not_sent_again_where_it_may_have_acted(connect, method, fault):
    with (
        ScriptedServer(fault, answer()) as server,
        pytest.raises(VccTransportError) as caught,
    ):
        connect(server.url).run(method, "/projects", json={})
    assert caught.value.delivered is None
    assert not isinstance(caught.value, VccUnavailable)
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_what_changes_something_is_sent_again_where_the_server_only_asks_to_slow_down(connect, method):
    with ScriptedServer(SLOW_DOWN, SLOW_DOWN, answer(b'{"response": 1}')) as server:
        assert connect(server.url).run(method, "/projects", json={}) == 1
    assert len(server.requests) == 3


def test_what_changes_something_is_sent_again_where_nobody_listened(connect, sandbox):
    sandbox.down(0.2)
    hook = connect(sandbox.url, password="sandbox-token")
    assert hook.run("PUT", "/projects/17/records/dispositions", json={"elements": []}, attempts=30) is not None
    assert len(sandbox.ledger.requests()) == 1


@pytest.mark.parametrize("cut", [Cut("unread"), Cut("read"), Cut("acted", reset=True), CutAnswer(20), CutAnswer(-20)])
def test_a_put_whose_connection_broke_is_reported_as_perhaps_delivered(connect, sandbox, cut):
    sandbox.faults = cut
    body = {"elements": [{"numberid": "1", "dispositionid": "1"}]}
    with pytest.raises(VccTransportError) as caught:
        connect(sandbox.url, password="sandbox-token").run("PUT", "/projects/17/records/dispositions", json=body)
    assert caught.value.delivered is None
    assert len(sandbox.ledger.requests()) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        pytest.param({"host": f"http://127.0.0.1:{closed_port()}"}, "nothing listens at 127.0.0.1", id="refused"),
        pytest.param({"host": "https://db.invalid"}, "there is no host db.invalid", id="dns"),
        pytest.param({"login": "no-such-customer-here"}, "no host no-such-customer-here.asp.*check Login", id="login"),
    ],
)
def test_where_the_server_was_not_reached_it_certainly_did_not_act(connect, fields, says):
    with pytest.raises(VccTransportError, match=says) as caught:
        connect(**fields).run("PUT", "/projects", json={}, attempts=1)
    assert caught.value.delivered is False


def test_a_connection_that_takes_too_long_to_make_was_never_used(connect):
    with full_backlog() as port, pytest.raises(VccTransportError, match=r"within 0.2 s: this machine's IP") as caught:
        connect(f"http://127.0.0.1:{port}", connect_timeout=0.2).run("PUT", "/projects", json={}, attempts=1)
    assert caught.value.delivered is False


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_reset_points_to_the_allow_list(connect, scheme):
    with (
        ScriptedServer(answer(), reset=True) as server,
        pytest.raises(VccTransportError, match=r"dropped .*: this machine's IP address is probably not") as caught,
    ):
        connect(f"{scheme}://127.0.0.1:{server.port}").run("PUT", "/projects", json={}, attempts=1)
    # Over TLS it was the handshake that was cut; without, the request had gone out.
    assert caught.value.delivered is (False if scheme == "https" else None)


def test_after_the_last_attempt_the_service_is_called_unavailable(connect):
    with (
        ScriptedServer(DOWN) as server,
        pytest.raises(VccUnavailable, match=r"failed \(503\) .3 attempts") as caught,
    ):
        connect(server.url).run("GET", "/projects", attempts=3)
    assert (caught.value.status, caught.value.delivered) == (503, None)
    assert len(server.requests) == 3


def test_retry_after_in_seconds_is_waited_for(connect):
    with ScriptedServer(answer(status=503, Retry_After="1"), answer(b'{"response": 1}')) as server:
        began = time.monotonic()
        assert connect(server.url).run("GET", "/projects") == 1
    assert time.monotonic() - began >= 1


def test_retry_after_as_a_date_is_waited_for(connect, waits):
    late = formatdate(time.time() + 20, usegmt=True)
    with ScriptedServer(answer(status=503, Retry_After=late), answer()) as server:
        connect(server.url).run("GET", "/projects")
    assert 17 < waits[0] <= 20


def test_retry_after_is_not_waited_for_longer_than_half_a_minute(connect, waits):
    with ScriptedServer(answer(status=429, Retry_After="3600"), answer()) as server:
        connect(server.url).run("PUT", "/projects", json={})
    assert waits == [30.0]


def test_without_retry_after_the_waits_are_random_and_their_bounds_grow(connect, waits):
    bounds = [0.5, 1, 2, 4]
    with ScriptedServer(answer(status=503)) as server:
        for _ in range(40):
            with pytest.raises(VccUnavailable):
                connect(server.url).run("GET", "/projects")
    rounds = [waits[at : at + 4] for at in range(0, len(waits), 4)]
    assert all(0 <= wait <= bound for some in rounds for wait, bound in zip(some, bounds, strict=True))
    assert len(set(waits)) == len(waits)
    assert [max(some[at] for some in rounds) > bounds[at] / 2 for at in range(4)] == [True] * 4


@pytest.fixture
def waits(monkeypatch):
    """Note the waits between attempts instead of spending them; what is tested is their length."""
    waits = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    return waits


def test_each_attempt_is_logged_with_its_reason(connect, logged):
    with ScriptedServer(DOWN, answer()) as server:
        connect(server.url).run("GET", "/projects")
    assert "GET /projects: the server failed (503); attempt 2 of 5 in 0.0 s" in logged()


def test_the_query_stands_in_no_message_since_it_may_be_personal(connect, logged):
    with (
        ScriptedServer(DOWN) as server,
        pytest.raises(VccError) as caught,
    ):
        connect(server.url).run("GET", "/projects/17/records?name=Green", params={"city": "Pécs"}, attempts=2)
    assert "Green" not in str(caught.value)
    assert "cs" not in str(caught.value).replace("records", "")
    ours = [line for line in logged().splitlines() if "urllib3" not in line and "connectionpool" not in line]
    assert not [line for line in ours if "Green" in line or "P%C3%A9cs" in line]


def test_status_reaches_the_sandbox_fault_by_fault(connect, sandbox):
    sandbox.faults = [Status(503, acted=False, retry_after=0), Status(429, retry_after=0), None]
    assert connect(sandbox.url, password="sandbox-token").run("GET", "/projects")
    assert [request.status for request in sandbox.ledger.requests()] == [503, 429, 200]


@pytest.mark.parametrize(
    "call",
    [
        {"method": None},
        {"method": 5},
        {"path": None},
        {"path": b"/projects"},
        {"path": ["/projects"]},
        {"attempts": 0},
        {"attempts": -1},
        {"attempts": "5"},
        {"attempts": 1.5},
        {"attempts": True},
    ],
)
def test_arguments_of_another_kind_are_refused_in_words(connect, call):
    """Whatever stands in the place of an argument is refused by an error of ours, before anything is sent."""
    hook = connect(f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(VccConfigurationError, match="must be"):
        hook.run(**{"method": "GET", "path": "/projects"} | call)


def test_a_body_that_is_nested_too_deeply_is_refused_in_words(connect):
    body = []
    for _ in range(100_000):
        body = [body]
    with pytest.raises(VccConfigurationError, match="no request can be made of it"):
        connect("http://127.0.0.1:9").run("PUT", "/projects", json=body)


def test_an_error_holds_nothing_of_the_answer_when_it_is_done_with(connect):
    """Frames that held the error held the answer, too, until Python looked for circles."""
    said = b'{"errors": [{"errorcode": 5, "errormessage": "no"}], "response": null, "more": "%b"}' % (b"x" * 2_000_000)

    def held():  # not by isinstance(), for which other things that are about import what may not be here
        return {id(one) for one in gc.get_objects() if issubclass(type(one), requests.Response)}

    with ScriptedServer(answer(said)) as server:
        hook = connect(server.url)
        gc.collect()
        gc.disable()
        try:
            before = held()
            for _ in range(2):
                with pytest.raises(VccRequestError):
                    hook.run("GET", "/projects")
            assert held() <= before
        finally:
            gc.enable()
