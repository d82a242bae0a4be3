"""One thread sends on all connections that are there; whatever would let it wait goes on in a thread of its own."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from queue import SimpleQueue

import pytest
from support.engine import client_of, delivery_of, elements, threads_of_the_engine
from support.scripted import ScriptedServer, answer, read_request

from airflow_provider_vcc.dispositions.engine.carriers.senders import Senders
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault
from airflow_provider_vcc.dispositions.http.reading import is_whole

A_WHILE = 30
"""Seconds that nothing here ever takes."""
FRAME = (b'{"elements":', b"}")
GOOD = answer(b'{"errors": [], "response": {"0": true}}')


@contextmanager
def senders_of(url, connections=1, **options):
    """Yield senders that have so many connections already, and what they report."""
    client, found = client_of(url, **options), SimpleQueue()
    client.prepare()
    senders = Senders(client, FRAME, found.put)
    try:
        for _ in range(connections):
            senders.send(some())
        for _ in range(connections):
            assert found.get(timeout=A_WHILE).evidence == Answer()
        yield senders, found
    finally:
        senders.close(A_WHILE)
        client.close()


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

    with ScriptedServer(reply, **server) as scripted, senders_of(scripted.url, 3, **client) as (senders, found):
        before = sorted(threads_of_the_engine())
        for _ in range(5):
            for _ in range(3):
                senders.send(some())
            assert [found.get(timeout=A_WHILE).evidence for _ in range(3)] == [Answer()] * 3
        assert sorted(threads_of_the_engine()) == before
        assert scripted.connections == 3


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
        senders_of(scripted.url, **client) as (senders, found),
    ):
        slow, fast = some(), some()
        senders.send(slow)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        senders.send(fast)
        first = found.get(timeout=A_WHILE)
        let_go.set()
        second = found.get(timeout=A_WHILE)
    assert [(one.delivery, one.evidence) for one in (first, second)] == [(fast, Answer()), (slow, Answer())]


def test_a_request_that_is_not_answered_in_time_is_a_time_out_while_others_go_on(secure):
    server, client = secure
    silence = lambda wire: wire.silence()  # noqa: E731 -- a word for it
    with (
        ScriptedServer(GOOD, silence, GOOD, **server) as scripted,
        senders_of(scripted.url, timeout=1, **client) as (senders, found),
    ):
        slow, fast = some(), some()
        began = time.monotonic()
        senders.send(slow)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        senders.send(fast)
        assert found.get(timeout=A_WHILE).delivery is fast
        late = found.get(timeout=A_WHILE)
        took = time.monotonic() - began
    assert (late.delivery, late.evidence.delivered, late.evidence.too_much) == (slow, None, True)
    assert took >= 1


def test_a_request_that_is_given_up_while_its_answer_is_awaited_is_reported_at_once(secure):
    server, client = secure
    with (
        ScriptedServer(GOOD, lambda wire: wire.silence(), **server) as scripted,
        senders_of(scripted.url, timeout=A_WHILE, **client) as (senders, found),
    ):
        given_up = some()
        senders.send(given_up)
        while len(scripted.requests) < 2:
            time.sleep(0.001)
        senders.abort(given_up)
        event = found.get(timeout=A_WHILE / 2)
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
        with senders_of(scripted.url, timeout=A_WHILE, **client) as (senders, found):
            senders.send(some(description="x" * 40_000_000))
            evidence = found.get(timeout=A_WHILE / 2).evidence
    assert (evidence.status if isinstance(evidence, Fault) else evidence.rejected[0].errorcode) == 413


def test_a_connection_that_the_server_has_closed_is_not_used_again(secure):
    server, client = secure

    def and_close(wire):
        wire.send(GOOD)
        wire.hang_up()

    with ScriptedServer(and_close, **server) as scripted, senders_of(scripted.url, **client) as (senders, found):
        for _ in range(3):
            time.sleep(0.05)  # until the end of the connection has arrived, which nothing else tells
            senders.send(some())
            assert found.get(timeout=A_WHILE).evidence == Answer()
        assert scripted.connections == 4


def test_requests_that_nobody_waits_for_any_more_end_with_the_threads(secure):
    server, client = secure
    with ScriptedServer(GOOD, lambda wire: wire.silence(), **server) as scripted:
        with senders_of(scripted.url, timeout=A_WHILE, **client) as (senders, found):
            senders.send(some())
            while len(scripted.requests) < 2:
                time.sleep(0.001)
        assert found.empty()
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
