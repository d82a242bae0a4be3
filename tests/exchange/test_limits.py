"""No answer takes more than its time and its memory, whatever its framing or coding."""

from __future__ import annotations

import gzip
import ssl
import time
import tracemalloc
import zlib

import pytest
import requests
from support.scripted import Proxy, ScriptedServer, answer
from support.timing import timed
from support.weigh import DOORS, can_weigh, weigh

from airflow_provider_vcc.exceptions import VccTransportError

HEAD = b"HTTP/1.1 200 OK\r\n"
MIB = 1 << 20
MOST = 64 * MIB
HELD = "the answer takes more than 64 MiB of memory"


def bomb(size, wbits=31):
    """Compress so many blanks, without ever holding them."""
    packer = zlib.compressobj(1, wbits=wbits)
    pieces = [packer.compress(b'{"response": "'), *(packer.compress(b" " * MIB) for _ in range(size // MIB))]
    return b"".join([*pieces, packer.compress(b'"}'), packer.flush()])


LARGE = {
    "endless chunks": lambda wire: (
        wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n"),
        wire.endless(b"100000\r\n" + b" " * MIB + b"\r\n"),
    ),
    "endless without a length": lambda wire: (wire.send(HEAD, b"\r\n"), wire.endless(b" " * MIB)),
    "400 MiB": lambda wire: (wire.send(HEAD, b"Content-Length: %d\r\n\r\n" % (400 * MIB)), wire.endless(b" " * MIB)),
    "an endless head": lambda wire: (wire.send(HEAD), wire.endless(b"X: " + b"y" * 60_000 + b"\r\n")),
    "an endless line": lambda wire: (wire.send(HEAD), wire.endless(b"y" * MIB)),
    "endless short headers": lambda wire: (wire.send(HEAD), wire.endless(b"a:b\r\n" * 10_000)),
    "endless information": lambda wire: wire.endless(b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000),
    "endless trailers": lambda wire: (
        wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n0\r\n"),
        wire.endless(b"X: " + b"y" * 60_000 + b"\r\n"),
    ),
    "an endless extension": lambda wire: (
        wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n5;"),
        wire.endless(b"y" * MIB),
    ),
    "a gzip bomb": answer(bomb(100 * MIB), Content_Encoding="gzip"),
    "a bomb in a bomb": answer(gzip.compress(bomb(100 * MIB)), Content_Encoding="gzip"),
    "a deflate bomb": answer(bomb(100 * MIB, 15), Content_Encoding="deflate"),
    "a bomb of many members": answer(gzip.compress(b" " * MIB) * 100, Content_Encoding="gzip"),
}


@pytest.mark.parametrize("reply", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("by", ["engine", "hook"])
def test_an_answer_of_any_size_takes_a_bounded_piece_of_memory(both, by, reply):
    with ScriptedServer(reply) as server:
        tracemalloc.start()
        try:
            result = getattr(both, by)(server.url, timeout=20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert (result.delivered, peak < MOST) == (None, True), peak


def many(piece, size, before=b'{"errors": [], "response": [', after=b"1]}"):
    """Fill an answer with the same again and again, up to a size."""
    return before + piece * (size // len(piece)) + after


RECORD = b'{"numberid": "12345", "name": "Green", "city": "Szeged", "act_status": "3", "userid": 22},'
DENSE = {
    "lists": lambda: many(b"[],", 4 * MIB),
    "objects": lambda: many(b'{"":1},', 4 * MIB),
    "numbers": lambda: many(b"257,", 8 * MIB),
    "names": lambda: b'{"response": {' + b",".join(b'"%06x":0' % number for number in range(1_000_000)) + b"}}",
    "depth": lambda: many(b"[" * 500 + b"]" * 500 + b",", 4 * MIB),
    "errors": lambda: many(b"1,", 2 * MIB, b'{"response": [], "errors": ['),
    "few errors, and much else": lambda: many(b'"ab",', 3 * MIB, b'{"errors": ["no"], "response": ['),
    "one wide character": lambda: b'{"response": "' + b"x" * 14 * MIB + "\U0001f600".encode() + b'"}',
    "an escaped one": lambda: b'{"response": "' + b"x" * 14 * MIB + b'\\ud83d\\ude00"}',
    "lists in gzip": lambda: gzip.compress(many(b"[],", 4 * MIB), 1),
    "objects, and not quite JSON": lambda: many(b'{"":1},', 4 * MIB) + b"\0",
    "lists in UTF-16": lambda: many(b"[],", 4 * MIB).decode().encode("utf-16"),
    "no JSON": lambda: b"<html>" * 2 * MIB,
    # the most that is read
    "objects that are read": lambda: many(b'{"":1},', 1_200_000),
    "records that are read": lambda: many(RECORD, 5 * MIB),
    "a text that is read": lambda: b'{"response": ["' + b"x" * 30 * MIB + b'"]}',
    "a wide text that is read": lambda: b'{"response": "' + b"x" * 8 * MIB + "\U0001f600".encode() + b'"}',
}


BY_ALL = {"lists", "errors", "one wide character", "a text that is read"}


@pytest.mark.skipif(not can_weigh(), reason="only Linux tells how much a process takes at its most")
@pytest.mark.parametrize("name", DENSE)
def test_no_answer_takes_more_than_64_mib_by_any_door_however_dense_it_is(connect, name):
    with ScriptedServer(answer(DENSE[name]())) as server:
        found = {door: weigh(door, connect(server.url)) for door in (DOORS if name in BY_ALL else ("run", "batch"))}
    assert {door: grown for door, (grown, _) in found.items() if grown > 64} == {}
    told = "read" if name.endswith(("is read", "are read")) else "ask for less at a time"
    assert found["run"][1].endswith(told) or name == "no JSON", found


MADE = {
    "its JSON": (lambda: many(b"[],", 3 * MIB), lambda got: got.json()),
    "its JSON with options": (lambda: many(b"[],", 3 * MIB), lambda got: got.json(parse_float=str)),
    "its text": (lambda: b"x" * 10 * MIB + "\U0001f600".encode(), lambda got: got.text),
}


@pytest.mark.parametrize(("body", "make"), MADE.values(), ids=MADE)
def test_what_a_session_makes_of_an_answer_is_refused_if_it_takes_too_much_and_the_answer_is_there(connect, body, make):
    body = body()
    with ScriptedServer(answer(body, Content_Type="text/plain; charset=utf-8")) as server:
        hook = connect(server.url)
        got = hook.get_conn().get(hook.base_url + "/projects")
    with pytest.raises(requests.ConnectionError, match=f"{HELD}: ask for less at a time") as caught:
        make(got)
    assert isinstance(caught.value, VccTransportError)
    assert (caught.value.delivered, caught.value.transient, got.content == body) == (None, False, True)
    assert not body.isascii() or len(got.text) == len(body)


MANY = {
    "elements": b'{"errors": [], "response": [' + b"[]," * 2_000_000 + b"1]}",
    "errors": b'{"response": [], "errors": [' + b'{"index": 0},' * 500_000 + b"1]}",
    "keys": b'{"errors": [], "response": {' + b",".join(b'"%d":true' % key for key in range(600_000)) + b"}}",
    "no envelope": b"[" * 5 * MIB,
}


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("body", MANY.values(), ids=MANY)
def test_an_answer_that_says_far_more_than_was_asked_is_not_held_by_the_engine(both, body, status):
    with ScriptedServer(answer(body, status)) as server:
        tracemalloc.start()
        try:
            evidence = both.engine(server.url, timeout=20)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 4 * len(body), peak
    assert getattr(evidence, "reason", None) == (HELD if status == 200 else None)


def test_an_answer_of_thirty_mebibytes_is_read(both):
    body = b'{"errors": [], "response": ["%b"]}' % (b"x" * 30 * MIB)
    with ScriptedServer(answer(gzip.compress(body, 1), Content_Encoding="gzip")) as server:
        [text] = both.hook(server.url, timeout=30)
    assert len(text) == 30 * MIB


def test_too_large_an_answer_says_so_and_is_not_asked_for_again(connect):
    with ScriptedServer(answer(bomb(40 * MIB), Content_Encoding="gzip")) as server:
        with pytest.raises(Exception, match=r"the answer is larger than 32 MiB: ask for less at a time"):
            connect(server.url).run("GET", "/projects")
        assert len(server.requests) == 1


def test_a_head_that_is_too_large_is_named(both):
    with ScriptedServer(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 300_000) as server:
        assert "the head of the answer is larger than 256 KiB" in str(both.hook(server.url))


DRIPS = {
    "the status": lambda wire: wire.drip(b"HTTP/1.1 200 OK\r\n" * 20, 0.1),
    "a header": lambda wire: (wire.send(HEAD), wire.drip(b"X" * 200, 0.1)),
    "chunks": lambda wire: (
        wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n"),
        wire.drip(b"1\r\n \r\n" * 40, 0.1),
    ),
    "a body": lambda wire: (wire.send(HEAD, b"Content-Length: 200\r\n\r\n"), wire.drip(b" " * 200, 0.1)),
    "a body without end": lambda wire: (wire.send(HEAD, b"\r\n"), wire.drip(b" " * 200, 0.1)),
    "nothing": lambda wire: wire.silence(),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("reply", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_ends_with_its_whole_time(both, tls, reply, secure):
    with ScriptedServer(reply, tls=tls if secure else None) as server:
        for by in (both.engine, both.hook):
            began = time.monotonic()
            result = by(server.url, timeout=0.2)
            assert time.monotonic() - began < 3
            said = getattr(result, "reason", str(result))
            assert "gave no answer within 0.2 s" in said


LATE = {
    "in drips": lambda wire: wire.drip(b"X: 1\r\n" * 40, 0.1),
    "never": lambda wire: wire.silence(),
    "without end": lambda wire: wire.endless(b"X: " + b"y" * 60_000 + b"\r\n"),
    "by a reset": lambda wire: wire.reset(),
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_an_answer_is_whole_with_its_last_chunk_however_what_may_follow_comes(both, monkeypatch, late):
    monkeypatch.setattr("airflow_provider_vcc.dispositions.http.reading.LONGEST_TRAILER", 0.1)
    body = b'{"errors": [], "response": {"0": true, "1": true}}'

    def reply(wire):
        wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(body), body))
        late(wire)

    with ScriptedServer(reply) as server:
        began = time.monotonic()
        assert not both.engine(server.url, timeout=30).rejected
        assert both.hook(server.url, timeout=30) == {"0": True, "1": True}
        assert time.monotonic() - began < 15


def test_an_answer_that_drips_within_tls_within_tls_ends_with_its_whole_time(both, tls):
    """Each byte is one of the outer TLS, and none is one of the inner one until its record is whole."""

    def drip(wire):
        wire.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = tls.wrap_bio(incoming, outgoing, server_side=True)
        for step in (inner.do_handshake, lambda: inner.read(9999)):
            while True:
                try:
                    step()
                    break
                except ssl.SSLWantReadError:
                    wire.send(outgoing.read())
                    incoming.write(wire.socket.recv(65536))
        inner.write(b"HTTP/1.1 200 OK\r\n" + b"x" * 9999)
        wire.drip(outgoing.read(), 0.1)

    with Proxy(drip, tls) as proxy:
        took, fault = timed(lambda: both.engine("https://127.0.0.1:9", timeout=0.4, proxies={"https": proxy.url}), 2)
        assert took < 2
    assert "gave no answer within 0.4 s" in fault.reason


def test_the_test_button_is_held_no_longer_than_it_says(connect, monkeypatch):
    monkeypatch.setattr("airflow_provider_vcc.hooks.diagnosis.LONGEST_WAIT", 0.5)
    with ScriptedServer(DRIPS["a body"]) as server:
        began = time.monotonic()
        works, sentence = connect(server.url).test_connection()
        assert time.monotonic() - began < 3
    assert (works, "gave no answer within 0.5 s" in sentence) == (False, True)


def test_the_test_button_counts_connecting_and_the_answer_together(connect, monkeypatch, tls, bundle):
    def slowly(wire):
        time.sleep(0.6)
        wire.send(b"HTTP/1.1 200 Connected\r\n\r\n")
        wire.socket = tls.wrap_socket(wire.socket, server_side=True)
        wire.silence()

    monkeypatch.setattr("airflow_provider_vcc.hooks.diagnosis.LONGEST_WAIT", 1.0)
    with Proxy(slowly) as proxy:
        hook = connect("https://127.0.0.1:9", verify=bundle, proxies=proxy.url)
        took, (works, _) = timed(hook.test_connection, 1.5)
        assert 0.9 < took < 1.5
    assert works is False


EARLY = {
    "and hangs up": lambda wire: (wire.send(answer(b"too large", 413)), wire.hang_up()),
    "and resets": lambda wire: (wire.send(answer(b"too large", 413)), time.sleep(0.1), wire.reset()),
    "and reads no further": lambda wire: (wire.send(answer(b"too large", 413)), wire.deaf()),
    "and ends": lambda wire: wire.send(answer(b"too large", 413)),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("reply", EARLY.values(), ids=EARLY)
def test_a_413_before_the_body_is_read_is_understood(both, tls, reply, secure):
    large = [{"numberid": "1", "description": "x" * 8 * MIB}, {"numberid": "2"}]
    with ScriptedServer(reply, tls=tls if secure else None, blunt=True) as server:
        began = time.monotonic()
        fault = both.engine(server.url, large, timeout=20)
        assert time.monotonic() - began < 5
    assert (fault.status, fault.delivered, fault.too_much) == (413, False, True)


def test_a_413_is_heard_within_tls_within_tls_where_the_server_reads_no_further(both, tls):
    large = [{"numberid": "1", "description": "x" * 8 * MIB}, {"numberid": "2"}]
    with ScriptedServer(EARLY["and reads no further"], tls=tls, blunt=True) as server, Proxy(tls=tls) as proxy:
        fault = both.engine(server.url, large, timeout=20, proxies={"https": proxy.url})
    assert (fault.status, fault.delivered, fault.too_much) == (413, False, True)
