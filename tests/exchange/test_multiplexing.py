"""Who drives the run sends on connections that are there; whatever would wait goes on in a thread of its own."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from support.engine import answered, client_of, delivery_of, elements, threads_of_the_engine
from support.scripted import Proxy, ScriptedServer, answer, pump, read_request

from airflow_provider_vcc.dispositions.engine.carriers.threads import Threads
from airflow_provider_vcc.dispositions.engine.messages import Answered, Began
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault
from airflow_provider_vcc.dispositions.http.reading import is_whole

A_WHILE = 30
"""Seconds that nothing here ever takes."""
FRAME = (b'{"elements":', b"}")
GOOD = answer(b'{"errors": [], "response": {"0": true}}')


@contextmanager
def carrier_of(url, connections=1, **options):
    """Yield a carrier that has so many connections already."""
    carrier = Threads(client_of(url, **options), None, FRAME)
    carrier.prepare()
    try:
        for _ in range(connections):
            carrier.send(some(), 1)
        for _ in range(connections):
            assert answered(carrier).evidence == Answer()
        yield carrier
    finally:
        carrier.close(A_WHILE)


def some(**fields):
    return delivery_of(elements(1, **fields))


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def secure(request, tls, bundle):
    """Return what a server and a client need, without TLS and with it."""
    return ({"tls": tls}, {"verify": bundle}) if request.param else ({}, {})


def test_one_thread_carries_all_that_goes_out_on_connections_that_are_there(secure):
    server, client = secure
    together = threading.Barrier(3)

    def reply(wire):
        together.wait(A_WHILE)
        wire.send(GOOD)
        return True

    with ScriptedServer(reply, **server) as scripted, carrier_of(scripted.url, 3, **client) as carrier:
        before = sorted(threads_of_the_engine())
        for _ in range(5):
            for _ in range(3):
                carrier.send(some(), 1)
            assert [answered(carrier).evidence for _ in range(3)] == [Answer()] * 3
        assert sorted(threads_of_the_engine()) == before
        assert scripted.connections == 3


def test_what_goes_out_within_the_tls_of_a_proxy_is_carried_to_its_end_on_the_same_connection(tls, bundle):
    """It cannot leave off in the middle of a record, so it waits in a thread of its own."""
    large = "x" * 5_000_000
    with (
        Proxy(tls=tls) as proxy,
        ScriptedServer(GOOD, tls=tls) as scripted,
        carrier_of(scripted.url, verify=bundle, proxies={"https": proxy.url}) as carrier,
    ):
        for description in ("short", large, "short"):
            assert carrier.send(some(description=description), 1) is True
            assert answered(carrier).evidence == Answer()
        assert scripted.connections == 1
        assert [len(seen.body) > len(large) for seen in scripted.requests] == [False, False, True, False]


class Halving:
    """One end of a connection, on which all that is sent goes out in two halves."""

    def __init__(self, connection):
        self._connection = connection
        self.fileno, self.recv = connection.fileno, connection.recv

    def sendall(self, data):
        self._connection.sendall(data[: len(data) // 2])
        time.sleep(0.05)
        self._connection.sendall(data[len(data) // 2 :])


class InHalves(Proxy):
    """Hands on what the server says in two halves."""

    def _tunnel(self, connection, address):
        with socket.create_connection(address) as upstream:
            connection.sendall(self._connected)
            pump(Halving(connection), upstream)


def test_a_record_of_tls_of_which_half_has_come_is_not_a_broken_connection(tls, bundle):
    """There is something on the socket then, and nothing to be read."""
    with (
        InHalves() as proxy,
        ScriptedServer(GOOD, tls=tls) as scripted,
        carrier_of(scripted.url, verify=bundle, proxies={"https": proxy.url}) as carrier,
    ):
        for _ in range(3):
            carrier.send(some(), 1)
            assert answered(carrier).evidence == Answer()
        assert scripted.connections == 1


def test_an_answer_that_has_come_is_pending_before_anybody_waits_for_it(secure):
    server, client = secure
    with ScriptedServer(GOOD, **server) as scripted, carrier_of(scripted.url, **client) as carrier:
        carrier.send(some(), 1)
        until = time.monotonic() + A_WHILE
        while not carrier.pending():
            assert time.monotonic() < until
            time.sleep(0.001)
        assert carrier.wait(0).evidence == Answer()


def test_a_request_that_has_gone_out_is_not_held_until_its_answer_comes(secure):
    """It stands in the chunk as well; while an answer is awaited its bytes would be in memory twice."""
    server, client = secure
    with (
        ScriptedServer(GOOD, lambda wire: wire.silence(), **server) as scripted,
        carrier_of(scripted.url, **client) as carrier,
    ):
        carrier.send(some(), 1)
        [job] = carrier._senders._awaited.values()
        assert bytes(job.begun.rest.obj) == b""


def test_an_answer_that_comes_in_drips_holds_up_no_other(secure):
    server, client = secure
    let_go = threading.Event()

    def in_halves(wire):
        wire.send(GOOD[:30])
        let_go.wait(A_WHILE)
        wire.send(GOOD[30:])
        return True

    with (
        ScriptedServer(GOOD, in_halves, GOOD, **server) as scripted,
        carrier_of(scripted.url, **client) as carrier,
    ):
        slow, fast = some(), some()
        carrier.send(slow, 1)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        carrier.send(fast, 1)
        first = answered(carrier)
        let_go.set()
        second = answered(carrier)
    assert [(one.delivery, one.evidence) for one in (first, second)] == [(fast, Answer()), (slow, Answer())]


def test_a_request_that_is_not_answered_in_time_is_a_time_out_while_others_go_on(secure):
    server, client = secure
    silence = lambda wire: wire.silence()  # noqa: E731 -- a word for it
    with (
        ScriptedServer(GOOD, silence, GOOD, **server) as scripted,
        carrier_of(scripted.url, timeout=1, **client) as carrier,
    ):
        slow, fast = some(), some()
        began = time.monotonic()
        carrier.send(slow, 1)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        carrier.send(fast, 1)
        assert answered(carrier).delivery is fast
        late = answered(carrier)
        took = time.monotonic() - began
    assert (late.delivery, late.evidence.delivered, late.evidence.too_much) == (slow, None, True)
    assert took >= 1


def test_a_request_that_is_given_up_while_its_answer_is_awaited_is_reported_at_once(secure):
    server, client = secure
    with (
        ScriptedServer(GOOD, lambda wire: wire.silence(), **server) as scripted,
        carrier_of(scripted.url, timeout=A_WHILE, **client) as carrier,
    ):
        given_up = some()
        carrier.send(given_up, 1)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        carrier.abort(given_up)
        event = answered(carrier, A_WHILE / 2)
    assert isinstance(event.evidence, Fault)
    assert event.evidence.delivered is None


def test_a_server_that_answers_before_it_has_read_all_is_heard_on_a_connection_that_was_kept(secure):
    server, client = secure
    early = answer(b"too large", 413)

    def talk(wire, _):
        read_request(wire.stream)
        wire.send(GOOD)
        wire.stream.read(1)
        wire.send(early)
        wire.deaf()

    with ScriptedServer(GOOD, **server) as scripted:
        scripted._talk = talk
        with carrier_of(scripted.url, timeout=A_WHILE, **client) as carrier:
            carrier.send(some(description="x" * 40_000_000), 1)
            evidence = answered(carrier, A_WHILE / 2).evidence
    assert (evidence.status if isinstance(evidence, Fault) else evidence.rejected[0].errorcode) == 413


def test_a_connection_that_the_server_has_closed_is_not_used_again(secure):
    server, client = secure

    def and_close(wire):
        wire.send(GOOD)
        wire.hang_up()

    with ScriptedServer(and_close, **server) as scripted, carrier_of(scripted.url, **client) as carrier:
        for _ in range(3):
            while not all(idle.dropped for idle in carrier._senders._client._exchange._idle):
                time.sleep(0.001)
            carrier.send(some(), 1)
            assert answered(carrier).evidence == Answer()
        assert scripted.connections == 4


def test_requests_that_nobody_waits_for_any_more_end_with_the_threads(secure):
    server, client = secure
    with (
        ScriptedServer(GOOD, lambda wire: wire.silence(), **server) as scripted,
        carrier_of(scripted.url, timeout=A_WHILE, **client) as carrier,
    ):
        carrier.send(some(), 1)
        while len(scripted.requests) < 2:
            time.sleep(0.001)

    assert threads_of_the_engine() == []


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (GOOD, True),
        (GOOD[:-1], False),
        (GOOD + b"x", False),
        (GOOD[:20], False),
        (b"", False),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", False),
        (b"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1  100 Continue\r\nContent-Length: 0\r\n\r\n", False),
        (b"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\nContent-Length: 9\nX: 1\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nX: 1\r\n Content-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0, 9\r\n\r\n", False),
        (b"SSH-2.0\r\nContent-Length: 0\r\n\r\n", False),
    ],
)
def test_only_what_is_certainly_a_whole_answer_is_read_by_the_thread_for_all(data, whole):
    assert is_whole(data) is whole


def test_an_answer_in_bytes_that_came_before_says_the_same_and_one_in_others_what_it_says(secure):
    server, client = secure
    bad = answer(b'{"errors": [{"errorcode": 404, "errormessage": "gone", "index": 0}], "response": {}}')
    busy = answer(b"busy", 503, Retry_After="7")
    replies = [GOOD, bad, GOOD, busy, bad, busy, GOOD, GOOD]
    with ScriptedServer(GOOD, *replies, **server) as scripted, carrier_of(scripted.url, **client) as carrier:
        said = []
        for _ in replies:
            carrier.send(some(), 1)
            said.append(answered(carrier).evidence)
        assert scripted.connections == 1
    good, rejected, *_ = said
    assert (good, rejected.rejected[0].errorcode) == (Answer(), 404)
    assert (said[3].status, said[3].retry_after) == (503, 7)
    assert [said.index(one) for one in said] == [0, 1, 0, 3, 1, 3, 0, 0]


@pytest.mark.parametrize("size", [0, 9000], ids=["small", "large"])
def test_a_connection_whose_answer_came_with_more_behind_it_is_not_used_again(secure, size):
    """A small one is known, and a large one is more than is looked at together with what stands behind it."""
    server, client = secure
    good = answer(b'{"errors": [], "response": {"0": true}%b}' % (b" " * size))
    with (
        ScriptedServer(good, good, good + GOOD, GOOD, **server) as scripted,
        carrier_of(scripted.url, **client) as carrier,
    ):
        for _ in range(3):
            carrier.send(some(), 1)
            assert answered(carrier).evidence == Answer()
        assert scripted.connections == 2


def test_what_has_no_connection_yet_is_told_when_it_begins_and_what_has_one_goes_out_at_once(secure):
    server, client = secure
    with ScriptedServer(GOOD, **server) as scripted:
        carrier = Threads(client_of(scripted.url, **client), None, FRAME)
        carrier.prepare()
        try:
            first = some()
            assert carrier.send(first, 1) is None
            events = [carrier.wait(A_WHILE), carrier.wait(A_WHILE)]
            assert [type(event) for event in events] == [Began, Answered]
            assert {event.delivery for event in events} == {first}
            assert carrier.send(some(), 1) is True
            assert isinstance(carrier.wait(A_WHILE), Answered)
        finally:
            carrier.close(A_WHILE)


def test_what_is_never_connected_is_told_of_as_a_fault_only():
    carrier = Threads(client_of("http://127.0.0.1:1"), None, FRAME)
    carrier.prepare()
    try:
        assert carrier.send(some(), 1) is None
        event = carrier.wait(A_WHILE)
        assert (type(event), event.evidence.delivered) == (Answered, False)
    finally:
        carrier.close(A_WHILE)
