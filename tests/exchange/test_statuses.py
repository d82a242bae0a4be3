"""One table: the engine, the hook and the Test button say the same of each status."""

from __future__ import annotations

import pytest
from support.scripted import ScriptedServer, answer

from airflow_provider_vcc.dispositions.http.answers import REFUSED, Answer, Fault, Refusal, Rejection
from airflow_provider_vcc.dispositions.http.statuses import status_of


@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 418, 422, 429, 500, 502, 503, 504, 524]
)
def test_engine_hook_and_button_say_the_same_of_a_status(connect, both, status):
    with ScriptedServer(answer(b"{}" if status != 204 else b"", status=status)) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
        _, sentence = connect(server.url).test_connection()
    says = status_of(status).says
    if isinstance(evidence, Refusal):
        assert str(evidence.error).startswith(says)
    elif isinstance(evidence, Answer):
        assert evidence.rejected[0].errormessage == says
    elif status != 200:
        assert evidence.reason == says
    assert says in str(error)
    assert str(status) in sentence or status == 200
    assert error.status == status


def test_a_status_says_whether_the_server_acted_and_whether_less_may_do(both):
    found = {}
    for status in (408, 413, 429, 500, 502, 503, 504, 524):
        with ScriptedServer(answer(status=status, Retry_After="3")) as server:
            fault = both.engine(server.url)
            found[status] = (fault.delivered, fault.too_much, fault.retry_after)
    assert found == {
        408: (None, True, 3),
        413: (False, True, 3),
        429: (False, False, 3),
        500: (None, False, 3),
        502: (None, False, 3),
        503: (None, False, 3),
        504: (None, True, 3),
        524: (None, True, 3),
    }


PARTLY = b'{"errors": [{"errorcode": 5, "errormessage": "no", "index": 1}], "response": {"0": true}}'


@pytest.mark.parametrize("status", [302, 401, 403, 404, 413, 429])
def test_nobody_can_say_what_was_done_if_the_status_says_nothing_and_the_answer_something(both, status):
    """The run must not send it again as if it had not arrived, nor call its elements not sent."""
    with ScriptedServer(answer(PARTLY, status=status)) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
    assert isinstance(evidence, Fault)
    assert evidence.delivered is error.delivered is None


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_is_for_the_elements_that_it_is_for(both, status):
    """One of which the answer has ``true`` was perhaps applied; one element's error is not the reason for another."""
    said = Rejection(5, "no")
    with ScriptedServer(answer(PARTLY, status=status)) as server:
        assert both.engine(server.url) == Answer(rejected={1: said}, unsaid={0: Rejection(None, REFUSED)})
    whole = Rejection(status, f"the server refused the request ({status})")
    with ScriptedServer(answer(PARTLY.replace(b"true", b"null"), status=status)) as server:
        assert both.engine(server.url) == Answer(rejected={0: whole, 1: said})
