"""Strictness doubles: what leaves no doubt about what was said is read, by the engine and by the hook alike."""

from __future__ import annotations

import contextlib
import gzip
import time
import zlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.engine import body_of, client_of, elements
from support.scripted import Proxy, ScriptedServer, answer

from airflow_provider_vcc.dispositions.http.answers import Answer

A_WHILE = 30
"""Seconds that nothing here ever takes."""
GOOD = b'{"errors": [], "response": {"0": true, "1": true}}'
UNDERSTOOD = ("understood", "understood")
HEAD = b"HTTP/1.1 200 OK\r\n"
SIZED = b"Content-Length: %d\r\n\r\n" % len(GOOD) + GOOD


def chunked(body, size=9):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def deflated(body):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def packed_twice(body):
    return gzip.compress(zlib.compress(body))


def sized(body, *lines):
    return HEAD + b"".join(line + b"\r\n" for line in lines) + b"Content-Length: %d\r\n\r\n" % len(body) + body


ZIPPED = gzip.compress(GOOD[:20]) + gzip.compress(GOOD[20:])

ODD = {
    "a coding that is none": sized(GOOD, b"Content-Encoding: UTF-8"),
    "an unknown coding": sized(GOOD, b"Content-Encoding: br, zstd"),
    "an empty coding": sized(GOOD, b"Content-Encoding:"),
    "gzip that is none": sized(GOOD, b"Content-Encoding: gzip"),
    "deflate that is none": sized(GOOD, b"Content-Encoding: deflate"),
    "gzip": sized(gzip.compress(GOOD), b"Content-Encoding: gzip"),
    "gzip that nobody named": sized(gzip.compress(GOOD)),
    "gzip in upper case": sized(gzip.compress(GOOD), b"CONTENT-ENCODING: GZIP"),
    "gzip in several members": sized(ZIPPED, b"Content-Encoding: gzip"),
    "gzip with padding": sized(gzip.compress(GOOD) + b"\0" * 512, b"Content-Encoding: gzip"),
    "gzip twice": sized(gzip.compress(gzip.compress(GOOD)), b"Content-Encoding: gzip, gzip"),
    "deflate with a zlib header": sized(zlib.compress(GOOD), b"Content-Encoding: deflate"),
    "deflate without": sized(deflated(GOOD), b"Content-Encoding: deflate"),
    "deflate that nobody named": sized(zlib.compress(GOOD)),
    "deflate that is called gzip": sized(zlib.compress(GOOD), b"Content-Encoding: gzip"),
    "deflate without a header that is called gzip": sized(deflated(GOOD), b"Content-Encoding: gzip"),
    "deflate within gzip": sized(gzip.compress(zlib.compress(GOOD)), b"Content-Encoding: deflate, gzip"),
    "deflate in several members": sized(zlib.compress(GOOD[:9]) + zlib.compress(GOOD[9:])),
    "deflate as a transfer coding": HEAD
    + b"Transfer-Encoding: deflate, chunked\r\n\r\n"
    + chunked(zlib.compress(GOOD)),
    "gzip in chunks of a byte": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(ZIPPED, 1),
    "gzip twice in chunks of a byte": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + chunked(gzip.compress(gzip.compress(GOOD)), 1),
    "gzip as a transfer coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunked(gzip.compress(GOOD)),
    "a folded header": sized(GOOD, b"X-Long: one\r\n two\r\n\tthree"),
    "a folded content type": sized(GOOD, b"Content-Type: application/json;\r\n charset=utf-8"),
    "a folded length": HEAD + b"Content-Length:\r\n %d\r\n\r\n" % len(GOOD) + GOOD,
    "a line that is no header": sized(GOOD, b"no colon here"),
    "a header without a name": sized(GOOD, b": nothing"),
    "a blank before the colon": HEAD + b"Content-Length : %d\r\n\r\n" % len(GOOD) + GOOD,
    "raw bytes in a header": sized(GOOD, b"X-Raw: \x00\x01\xff\xfe"),
    "raw bytes in a name": sized(GOOD, b"X-\xe9: 1"),
    "a header of 200 KiB": sized(GOOD, b"X-Long: " + b"x" * 200_000),
    "five hundred headers": sized(GOOD, *(b"X-%d: 1" % number for number in range(500))),
    "bare line feeds": sized(GOOD).replace(b"\r\n", b"\n"),
    "bare line feeds in chunks": HEAD + b"Transfer-Encoding: chunked\n\n" + chunked(GOOD).replace(b"\r\n", b"\n"),
    "blank lines before": b"\r\n\r\n" + sized(GOOD),
    "no reason": b"HTTP/1.1 200\r\n" + SIZED,
    "a reason in Latin-1": b"HTTP/1.1 200 Tr\xe8s bien\r\n" + SIZED,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + SIZED,
    "HTTP/1.0 without a length": (lambda wire: wire.send(b"HTTP/1.0 200 OK\r\n\r\n", GOOD)),
    "a number of another version": b"HTTP/2.0 200 OK\r\n" + SIZED,
    "a number of two digits": b"HTTP/1.10 200 OK\r\n" + SIZED,
    "in lower case": b"http/1.1 200 ok\r\n" + SIZED.lower(),
    "information before": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + SIZED,
    "the length twice": sized(GOOD, b"Content-Length: %d" % len(GOOD)),
    "the length twice in a line": HEAD + b"Content-Length: %d, %d\r\n\r\n" % (len(GOOD), len(GOOD)) + GOOD,
    "two lengths": sized(GOOD, b"Content-Length: 7"),
    "a length that is no number": HEAD + b"Content-Length: many\r\n\r\n" + GOOD,
    "a negative length": HEAD + b"Content-Length: -5\r\n\r\n" + GOOD,
    "an empty length": HEAD + b"Content-Length:\r\n\r\n" + GOOD,
    "no length, and the connection stays": HEAD + b"\r\n" + GOOD,
    "no length, in UTF-16": HEAD + b"\r\n" + GOOD.decode().encode("utf-16"),
    "no length, with a mark": HEAD + b"\r\n\xef\xbb\xbf" + GOOD,
    "no length, with zeros behind": HEAD + b"\r\n" + GOOD + b"\0\0",
    "no length, with NaN": HEAD + b"\r\n" + GOOD[:-1] + b', "took": NaN}',
    "no length, and it ends": (lambda wire: wire.send(HEAD, b"Connection: close\r\n\r\n", GOOD)),
    "more than its length": (lambda wire: wire.send(sized(GOOD), b"and more")),
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(GOOD),
    "chunks with a blank": HEAD + b"Transfer-Encoding: chunked \r\n\r\n" + chunked(GOOD),
    "chunks in upper case": HEAD + b"Transfer-Encoding: Chunked\r\n\r\n" + chunked(GOOD),
    "chunks with a parameter": HEAD + b'Transfer-Encoding: "chunked";q=1\r\n\r\n' + chunked(GOOD),
    "chunks named twice": HEAD + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n" + chunked(GOOD),
    "chunks and a length": HEAD + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(GOOD),
    "chunks that are none": sized(GOOD, b"Transfer-Encoding: chunked"),
    "an identity": sized(GOOD, b"Transfer-Encoding: identity"),
    "a transfer coding that is none": HEAD + b"Transfer-Encoding: utf-8\r\n\r\n" + GOOD,
    "chunks with extensions and trailers": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n%x;a=b\r\n%b\r\n0;c\r\nX-Sum: 1\r\n\r\n" % (len(GOOD), GOOD),
    "no end of the trailers": (
        lambda wire: wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(GOOD)[: -len(b"\r\n")])
    ),
    "a byte order mark": sized(b"\xef\xbb\xbf" + GOOD),
    "UTF-16": sized(GOOD.decode().encode("utf-16"), b"Content-Type: application/json; charset=utf-16"),
    "UTF-16 without a mark": sized(GOOD.decode().encode("utf-16-be")),
    "UTF-32": sized(GOOD.decode().encode("utf-32")),
    "a blank before": sized(b" " + GOOD),
    "blanks around": sized(b"\r\n \t" + GOOD + b"\r\n\r\n"),
    "zeros behind": sized(GOOD + b"\0\0\0"),
    "a lone surrogate": sized(b'{"errors": [], "response": {"0": true, "1": true}, "note": "\\ud800"}'),
    "NaN": sized(b'{"errors": [], "response": {"0": true, "1": true}, "took": NaN}'),
    "a number of five thousand digits": sized(GOOD[:-1] + b', "took": ' + b"9" * 5000 + b"}"),
    "a raw control character": sized(b'{"errors": [], "response": {"0": true, "1": true}, "note": "a\nb"}'),
    "Latin-1": sized(
        '{"errors": [], "response": {"0": true, "1": true}, "note": "très"}'.encode("latin-1"),
        b"Content-Type: text/plain; charset=iso-8859-1",
    ),
    "Latin-1 that is called UTF-8": sized(
        '{"errors": [], "response": {"0": true, "1": true}, "note": "très"}'.encode("latin-1"),
        b"Content-Type: text/plain; charset=utf-8",
    ),
    "an encoding that is none": sized(
        '{"errors": [], "response": {"0": true, "1": true}, "note": "très"}'.encode("latin-1"),
        b"Content-Type: text/plain; charset=klingon",
    ),
    "an encoding that nothing is written in": sized(
        '{"errors": [], "response": {"0": true, "1": true}, "note": "très"}'.encode("latin-1"),
        b"Content-Type: text/plain; charset=undefined",
    ),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("reply", ODD.values(), ids=ODD)
def test_an_odd_answer_that_says_true_is_read_as_that(both, tls, reply, secure):
    assert both.understand(reply, tls if secure else None) == UNDERSTOOD


BROKEN = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n" + SIZED,
    "less than its length": (lambda wire: wire.send(sized(GOOD)[:-1])),
    "less than its length by a blank": (lambda wire: wire.send(sized(GOOD + b" ")[:-1])),
    "a chunk that is missing": (
        lambda wire: wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", chunked(GOOD)[:-5])
    ),
    "a chunk without a size": (lambda wire: wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", GOOD)),
    "a negative chunk": (lambda wire: wire.send(HEAD, b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", GOOD)),
    "a head that is cut": (lambda wire: wire.send(HEAD, b"Content-Le")),
    "a head that is cut behind its status": (lambda wire: wire.send(b"HTTP/1.1 401 No\r\n")),
    "a head that is cut behind a header": (lambda wire: wire.send(b"HTTP/1.1 401 No\r\nX: 1\r\n")),
    "a head without end": HEAD + b"X: 1\r\n" * 300_000,
    "gzip in gzip in gzip in gzip": sized(gzip.compress(gzip.compress(gzip.compress(gzip.compress(GOOD))))),
    "gzip whose check is wrong": HEAD
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + chunked(gzip.compress(GOOD)[:-8] + bytes(8), 1),
    "gzip that is damaged": sized(gzip.compress(GOOD)[:10] + b"\xff" * 40, b"Content-Encoding: gzip"),
}


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_answer_says_nothing(both, tls, reply, secure):
    engine, hook = both.understand(reply, tls if secure else None)
    assert (engine, engine[:10]) == (hook, "fault None")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_a_status_is_heard_although_its_body_is_not_coded_as_it_says(both, coding):
    reply = b"HTTP/1.1 401 No\r\nContent-Encoding: %b\r\nContent-Length: 12\r\n\r\nUnauthorized" % coding
    assert both.understand(reply) == ("refused 401", "refused 401")


ENDS = st.sampled_from([b"", b"\r\n", b"\0", b"<br>", b"}"])
STATUS = st.sampled_from([200] * 8 + [201, 204, 302, 400, 401, 403, 404, 407, 408, 413, 422, 429, 500, 502, 503, 504])
LINES = st.lists(
    st.sampled_from(
        [
            b"Content-Encoding: UTF-8",
            b"Content-Encoding: gzip",
            b"Content-Encoding: deflate",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Type: text/html; charset=utf-16",
            b"Transfer-Encoding: identity",
            b"Transfer-Encoding: gzip",
            b"X-Folded: a\r\n b",
            b"no colon",
            b"X-Raw: \x07\xff",
            b"Retry-After: 0",
            b"Content-Length: 7",
            b'Content-Length: "50"',
            b"Transfer-Encoding: chunked;q=1",
        ]
    ),
    max_size=4,
)


@st.composite
def replies(draw):
    """Make an answer: any status, any framing, any coding, whole or not, with things that do not belong there."""
    body = draw(
        st.sampled_from([GOOD, GOOD.replace(b"true", b"false", 1), b'{"errors": ["no"]}', b"<html>", b"", b"7"])
    )
    body += draw(ENDS)
    body = draw(st.sampled_from([bytes, gzip.compress, zlib.compress, deflated, packed_twice]))(body)
    framing = draw(st.sampled_from(["length", "chunks", "bare chunks", "none"]))
    lines = draw(LINES)
    if framing == "length":
        lines.append(b"Content-Length: %d" % len(body))
    elif framing != "none":
        lines.append(b"Transfer-Encoding: chunked")
        body = chunked(body) if framing == "chunks" else chunked(body).replace(b"\r\n", b"\n")
    version = draw(st.sampled_from([b"1.1", b"1.0"]))
    head = b"\r\n".join([b"HTTP/%b %d Said" % (version, draw(STATUS)), *lines])
    reply = head + b"\r\n\r\n" + body
    return reply[: len(reply) - draw(st.sampled_from([0] * 6 + [1, 3, 20]))]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reply=replies(), secure=st.booleans())
@example(reply=sized(b"", b"Transfer-Encoding: chunked"), secure=True)
def test_the_engine_and_the_hook_agree_on_every_answer(both, tls, reply, secure):
    engine, hook = both.understand(lambda wire: wire.send(reply), tls if secure else None)
    assert engine == hook


@pytest.mark.parametrize("behind", [b"", b"<br>", b"}", b"\r\n", GOOD])
@pytest.mark.parametrize("coded", [bytes, gzip.compress])
@pytest.mark.parametrize("size", [0, 100_000], ids=["small", "large"])
def test_an_answer_that_nothing_bounds_says_the_same_in_whatever_pieces_it_comes(both, behind, coded, size):
    """It ends with its JSON; whether more stands behind that may be seen at once, later or never."""
    head = HEAD + b"Content-Length: 1\r\nContent-Length: 7\r\n\r\n"
    good = GOOD[:-1] + b" " * size + b"}"
    body = coded(good + behind)
    at = len(good) if coded is bytes else len(body) - 9

    def in_two(wire):
        wire.send(head + body[:at])
        time.sleep(0.05)
        wire.send(body[at:])

    assert both.understand(lambda wire: wire.send(head + body)) == UNDERSTOOD
    assert both.understand(in_two) == UNDERSTOOD


BODILESS = {
    "204": (204, b""),
    "204 with a length": (204, b"Content-Length: 50\r\n"),
    "304": (304, b"Content-Length: 50\r\n"),
}


@pytest.mark.parametrize(("status", "line"), BODILESS.values(), ids=BODILESS)
def test_a_body_that_no_answer_with_its_status_has_is_not_waited_for(both, status, line):
    with ScriptedServer(b"HTTP/1.1 %d Said\r\n%b\r\n" % (status, line)) as server:
        said = str(both.engine(server.url, timeout=A_WHILE)) + str(both.hook(server.url, timeout=A_WHILE))
    assert said.count(f"the server answered with status {status}") == 2


CLOSING = {
    "close first": sized(GOOD, b"Connection: close", b"Connection: keep-alive"),
    "close last": sized(GOOD, b"Connection: keep-alive", b"Connection: close"),
    "close in a list": sized(GOOD, b"Connection: keep-alive, close"),
    "bytes that nobody asked for": sized(GOOD) + b"HTTP/1.1 200 OK\r\n",
    "no length": HEAD + b"\r\n" + GOOD,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + SIZED,
    "no end of the trailers": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(GOOD)[: -len(b"\r\n")],
}
KEEPING = {
    "a length": sized(GOOD),
    "keep-alive": sized(GOOD, b"Connection: keep-alive"),
    "HTTP/1.0 that says so": b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" + SIZED,
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(GOOD),
    "a folded length": HEAD + b"Content-Length:\r\n %d\r\n\r\n" % len(GOOD) + GOOD,
}


@pytest.mark.parametrize(
    ("reply", "keeps"),
    [*((reply, False) for reply in CLOSING.values()), *((reply, True) for reply in KEEPING.values())],
    ids=[*CLOSING, *KEEPING],
)
def test_a_connection_is_used_again_only_if_nothing_more_can_come_on_it(monkeypatch, reply, keeps):
    monkeypatch.setattr("airflow_provider_vcc.dispositions.http.reading.LONGEST_TRAILER", 0.1)
    with ScriptedServer(reply) as server:
        client = client_of(server.url)
        for _ in range(2):
            assert client.send(body_of(elements(2)), 2) == Answer()
        client.close()
    assert [seen.connection for seen in server.requests] == ([1, 1] if keeps else [1, 2])


@pytest.mark.parametrize("way", ["plain", "tls", "tls through a proxy with tls"])
def test_an_answer_that_nobody_asked_for_is_not_taken_for_that_of_the_next_request(connect, tls, bundle, way):
    """It may have been decrypted with the first one, so that the socket looks as if nothing had come."""
    note = b'{"errors": [], "response": {"0": true, "1": true}, "note": "%b"}' % (b"x" * 9000)
    unasked = sized(GOOD.replace(b"true", b"false"))
    extra = {"verify": bundle}
    with (
        ScriptedServer(sized(note) + unasked, sized(GOOD), tls=None if way == "plain" else tls) as server,
        Proxy(tls=tls) as proxy,
    ):
        if "proxy" in way:
            extra["proxies"] = {"https": f"https://127.0.0.1:{proxy.port}"}
        hook = connect(server.url, **extra)
        asked = [hook.run("PUT", "/projects/17/records/dispositions", json={}) for _ in range(2)]
    assert [one["0"] for one in asked] == [True, True]
    assert [seen.connection for seen in server.requests] == [1, 2]


def test_a_connection_on_which_a_server_said_408_carries_no_other_request(both):
    """It may have come unasked, and the answer to our request after it, which would be taken for the next one's."""
    with ScriptedServer(answer(status=408), sized(GOOD)) as server:
        client = client_of(server.url)
        assert client.send(body_of(elements(2)), 2).status == 408
        assert client.send(body_of(elements(2)), 2) == Answer()
        client.close()
    assert [seen.connection for seen in server.requests] == [1, 2]


def test_control_characters_of_a_server_stand_in_no_message(both):
    body = b'{"errors": [{"errorcode": "\\u001b[31m", "errormessage": "a\\u0000\\u001b[2Jb\\r\\nc\\u202ed\\ud800"}]}'
    for status in (200, 400, 403):
        with ScriptedServer(answer(body, status=status, Content_Type="\x1b[5mtext")) as server:
            said = f"{both.engine(server.url)}{both.hook(server.url)}"
        assert said.isprintable()
    with ScriptedServer(answer(b"<html>", Content_Type="te\x1b[5mxt")) as server:
        assert str(both.hook(server.url)).isprintable()


def end_tls(wire):
    """End TLS alone: the socket stays open, and shows nothing of it."""
    wire.socket.settimeout(A_WHILE)
    with contextlib.suppress(OSError):
        wire.socket.unwrap()


@pytest.mark.parametrize("missing", [2, 4], ids=["the last line", "all behind the last size"])
def test_a_connection_that_tls_has_ended_carries_no_other_request(tls, bundle, missing):
    """The end was seen where trailers may stand, and the next request went out to nobody: its elements were unknown."""

    def leave(wire):
        wire.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(GOOD)[:-missing])
        end_tls(wire)

    with ScriptedServer(leave, sized(GOOD), tls=tls) as server:
        client = client_of(server.url, verify=bundle)
        assert [client.send(body_of(elements(2)), 2) for _ in range(2)] == [Answer(), Answer()]
        client.close()
    assert [seen.connection for seen in server.requests] == [1, 2]
