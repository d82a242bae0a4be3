"""Each kind of misbehaviour, as a client meets it, and what the ledger says of it."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic

import pytest

from airflow_provider_vcc.sandbox.faults import (
    Broken,
    Cut,
    CutAnswer,
    GoDown,
    Goodbye,
    Hang,
    Latency,
    Odd,
    Status,
    Trickle,
)
from airflow_provider_vcc.sandbox.faults.bodies import BROKEN, ODD

ELEMENT = {"numberid": "1", "dispositionid": "1"}
BROKEN_OFF = (ConnectionError, http.client.HTTPException)


@pytest.fixture
def meet(start):
    """Set a fault, send one batch with one good and one bad element, and return the answer and the ledger's line."""

    def meet(fault, *elements, **options):
        sandbox, _ = start(10, faults=[fault], **options)
        client = start.client(sandbox, timeout=0.3)
        try:
            answer = client.put(*(elements or (ELEMENT, {})))
        except (*BROKEN_OFF, TimeoutError) as error:
            answer = error
            client.close()
        assert sandbox.idle()
        (line,) = sandbox.ledger.requests()
        assert line.fault == str(fault)
        assert (sandbox.ledger.totals()["events"] == 1) == line.acted
        assert start.client(sandbox).put(ELEMENT).errors == [], "only one request is meant"
        return answer, line

    return meet


@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 413, 301, 599])
def test_another_status_before_or_after_taking_effect(meet, status, acted):
    answer, line = meet(Status(status, acted=acted))
    assert answer.status == line.status == status
    assert line.acted is acted


def test_retry_after_in_seconds(meet):
    assert meet(Status(429, retry_after=7))[0].headers["Retry-After"] == "7"


def test_retry_after_as_a_date(meet):
    answer, _ = meet(Status(503, retry_after=60, date=True))
    wait = parsedate_to_datetime(answer.headers["Retry-After"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < wait <= timedelta(seconds=60)


def test_no_retry_after_unless_asked_for(meet):
    assert "Retry-After" not in meet(Status(429))[0].headers


@pytest.mark.parametrize("reset", [True, False])
@pytest.mark.parametrize(("at", "acted", "size"), [("unread", False, None), ("read", False, 60), ("acted", True, 60)])
def test_the_connection_is_cut_before_reading_before_acting_or_after(meet, at, acted, size, reset):
    answer, line = meet(Cut(at, reset=reset))
    assert isinstance(answer, BROKEN_OFF)
    assert (line.acted, line.status) == (acted, None)
    assert (line.bytes is None) == (size is None)


def test_a_reset_is_a_reset_and_a_close_is_none(meet):
    assert isinstance(meet(Cut("acted"))[0], ConnectionResetError)
    assert isinstance(meet(Cut("acted", reset=False))[0], http.client.RemoteDisconnected)


@pytest.mark.parametrize("size", [0, 1, 20, 150, -1, -20])
def test_the_answer_is_cut_after_some_bytes(start, size):
    sandbox, client = start(10)
    client.put(ELEMENT)
    whole = raw_answer(sandbox)
    sandbox.faults = [CutAnswer(size)]
    assert raw_answer(sandbox) == whole[:size]
    assert sandbox.ledger.requests()[-1].acted


def raw_answer(sandbox):
    """Read all that the server sends until it ends the connection."""
    client = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=20)
    headers = {"Authorization": "Basic bXljYzpzYW5kYm94LXRva2Vu", "Connection": "close"}
    body = b'{"elements": [{"numberid": "1", "dispositionid": "1"}]}'
    client.request("PUT", "/v2/projects/17/records/dispositions", body, headers)
    with client.sock.makefile("rb") as stream:
        text = stream.read()
    client.close()
    return text


@pytest.mark.parametrize("acted", [True, False])
@pytest.mark.parametrize("kind", BROKEN)
def test_a_200_that_is_no_envelope(meet, kind, acted):
    answer, line = meet(Broken(kind, acted=acted))
    assert (answer.status, line.acted) == (200, acted)
    assert not isinstance(answer.json, dict)


SAID = [{"errorcode": 417, "errormessage": "error.missing_numberid_or_search", "index": 1}]


@pytest.mark.parametrize(
    ("shape", "errors", "response"),
    [
        ("errors-map", {"1": {"errorcode": 417, "errormessage": "error.missing_numberid_or_search"}}, {"0": True}),
        ("text-indexes", [SAID[0] | {"index": "1"}], {"0": True}),
        ("list", SAID, [True, False]),
        ("false", [], {"0": True, "1": False}),
        ("short", SAID, {}),
        ("extra", SAID, {"0": True, "2": True}),
        ("both", SAID, {"0": True, "1": True}),
        ("single-error", SAID[0], {"0": True}),
        ("null-errors", SAID, {"0": True}),
        ("no-errors", None, {"0": True}),
        ("no-response", SAID, None),
        ("more-keys", SAID, {"0": True}),
    ],
)
def test_an_envelope_of_an_odd_shape(meet, shape, errors, response):
    answer, line = meet(Odd(shape))
    assert (answer.errors, answer.response) == (errors, response)
    assert line.acted


@pytest.mark.parametrize("shape", ["map", "php", "list"])
def test_odd_shapes_come_out_the_same_whatever_the_usual_one_is(meet, shape):
    assert meet(Odd("false"), shape=shape)[0].json == {"errors": [], "response": {"0": True, "1": False}}


def test_no_odd_shape_goes_untested():
    tested = test_an_envelope_of_an_odd_shape.pytestmark[0].args[1]
    assert {shape for shape, _, _ in tested} == set(ODD)


def test_null_errors_where_there_are_none(meet):
    assert meet(Odd("null-errors"), ELEMENT)[0].json == {"errors": None, "response": {"0": True}}


@pytest.mark.parametrize(("shape", "left"), [("short", ["0"]), ("extra", ["0", "1", "2", "3", "4"])])
def test_as_many_entries_missing_or_too_many_as_asked_for(start, shape, left):
    _, client = start(10, faults=Odd(shape, 2))
    assert list(client.put(*[ELEMENT] * 3).response) == left


def test_odd_shapes_leave_other_answers_as_they_are(start):
    _, client = start(10, faults=Odd("list"))
    assert client.ask("GET", "/v2/projects").response[0]["projectid"] == 17
    assert client.ask("GET", "/v2/projects", headers={}).status == 401


@pytest.mark.parametrize(("acts", "acted"), [("never", False), ("first", True), ("later", True)])
def test_no_answer_until_the_client_gives_up(meet, acts, acted):
    answer, line = meet(Hang(acts))
    assert isinstance(answer, TimeoutError)
    assert (line.acted, line.status) == (acted, None)


def test_a_hanging_request_takes_effect_only_once_the_client_has_given_up(start, until):
    sandbox, client = start(10, faults=[Hang("later")])
    client.connection.connect()
    client.connection.request("PUT", "/v2/projects/17/records/dispositions", body(), client.headers)
    until(sandbox.ledger.requests)
    assert not sandbox.ledger.events()
    client.close()
    assert sandbox.idle()
    assert sandbox.ledger.events()


def body():
    return b'{"elements": [{"numberid": "1", "dispositionid": "1"}]}'


def test_nothing_takes_effect_any_more_when_the_sandbox_ends_under_a_hanging_request(start, until):
    sandbox, client = start(10, faults=[Hang("later")])
    client.connection.request("PUT", "/v2/projects/17/records/dispositions", body(), client.headers)
    until(sandbox.ledger.requests)
    sandbox.stop()
    assert sandbox.idle()
    assert not sandbox.ledger.events()


def test_hanging_above_a_chunk_size_only(start):
    sandbox, _ = start(10, faults=Hang().over(2))
    client = start.client(sandbox, timeout=0.3)
    assert client.put(ELEMENT, ELEMENT).status == 200
    with pytest.raises(TimeoutError):
        client.put(ELEMENT, ELEMENT, ELEMENT)


def test_latency_fixed_and_for_each_element(start):
    sandbox, client = start(10, faults=Latency(0.05, each=0.01))
    begin = monotonic()
    client.put(*[ELEMENT] * 5)
    assert monotonic() - begin >= 0.1
    assert sandbox.ledger.requests()[0].fault is None


def test_latency_by_chance_stays_within_its_bounds(start):
    sandbox, client = start(10, faults=Latency(0.01, 0.04))
    for _ in range(10):
        client.put(ELEMENT)
    times = [request.seconds for request in sandbox.ledger.requests()]
    assert min(times) >= 0.01
    assert max(times) - min(times) > 0.005


def test_the_answer_trickles(start):
    _, client = start(10, faults=[Trickle(20, 0.01)])
    begin = monotonic()
    assert client.put(ELEMENT).response == {"0": True}
    assert monotonic() - begin > 0.1


def test_a_trickle_can_be_cut(start):
    _, client = start(10, faults=[CutAnswer(-20) + Trickle(20, 0.001)])
    with pytest.raises(BROKEN_OFF):
        client.put(ELEMENT)


def test_goodbye_is_announced(start):
    _, client = start(10, faults=[Goodbye()])
    assert client.put(ELEMENT).headers["Connection"] == "close"


def test_goodbye_without_a_word_leaves_a_dead_connection(start):
    _, client = start(10, faults=[Goodbye(announced=False)])
    assert client.put(ELEMENT).headers["Connection"] == "keep-alive"
    client.connection.auto_open = False
    with pytest.raises(BROKEN_OFF):
        client.put(ELEMENT)


def test_down_refuses_connections_and_breaks_live_ones_until_it_is_up_again(start):
    sandbox, client = start(10)
    client.put(ELEMENT)
    port = sandbox.port
    sandbox.down()
    with pytest.raises(BROKEN_OFF):
        client.put(ELEMENT)
    client.close()
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            client.put(ELEMENT)
        client.close()
    sandbox.up()
    assert sandbox.port == port
    assert client.put(ELEMENT).status == 200


def test_down_for_some_seconds(start, until):
    sandbox, client = start(10)
    sandbox.down(0.2)
    with pytest.raises(ConnectionRefusedError):
        client.put(ELEMENT)
    until(lambda: is_answered(client))


def test_down_at_the_start(start):
    sandbox, client = start(10, up=False)
    with pytest.raises(ConnectionRefusedError):
        client.put(ELEMENT)
    client.close()
    sandbox.up()
    assert client.put(ELEMENT).status == 200


def test_a_request_takes_the_service_down(start, until):
    sandbox, client = start(10, faults=[None, GoDown(0.2)])
    client.put(ELEMENT)
    with pytest.raises(BROKEN_OFF):
        client.put(ELEMENT)
    client.close()
    with pytest.raises(ConnectionRefusedError):
        client.put(ELEMENT)
    until(lambda: is_answered(client))
    assert [request.acted for request in sandbox.ledger.requests()] == [True, False, True]


def is_answered(client):
    client.close()
    try:
        return client.put(ELEMENT).status == 200
    except ConnectionRefusedError:
        return False
