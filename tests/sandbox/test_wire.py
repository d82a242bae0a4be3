"""HTTP as clients may speak it."""

from __future__ import annotations

import socket

import pytest

AUTHORISATION = b"Authorization: Basic bXljYzpzYW5kYm94LXRva2Vu\r\n"
BATCH = b"PUT /v2/projects/17/records/dispositions HTTP/1.1\r\nHost: localhost\r\n" + AUTHORISATION
BODY = b'{"elements": [{"numberid": "1", "dispositionid": "1"}]}'
DONE = b'{"errors": [], "response": {"0": true}}'


@pytest.fixture
def wire(sandbox):
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=20) as wire:
        yield wire


def read(wire, end):
    text = b""
    while end not in text:
        piece = wire.recv(65_536)
        assert piece, text
        text += piece
    return text


def test_a_body_may_come_in_chunks(wire):
    chunks = b"%x\r\n%b\r\n%x;x=y\r\n%b\r\n0\r\nTrailer: 1\r\n\r\n" % (10, BODY[:10], len(BODY) - 10, BODY[10:])
    wire.sendall(BATCH + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert DONE in read(wire, b"0\r\n\r\n")


def test_a_body_may_come_byte_by_byte(wire, sandbox):
    for byte in BATCH + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY:
        wire.sendall(bytes([byte]))
    assert DONE in read(wire, b"0\r\n\r\n")
    assert sandbox.ledger.totals()["requests"] == 1


def test_requests_may_come_all_at_once(wire):
    one = BATCH + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    wire.sendall(one * 3)
    text = b""
    while text.count(DONE) < 3:
        text += read(wire, b"\n")


def test_a_client_that_waits_to_be_told_is_told_to_go_on(wire):
    wire.sendall(BATCH + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
    assert b"100 Continue" in read(wire, b"\r\n\r\n")
    wire.sendall(BODY)
    assert DONE in read(wire, b"0\r\n\r\n")


def test_a_client_that_asks_for_the_end_gets_it(wire):
    wire.sendall(BATCH + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
    assert b"Connection: close" in read(wire, b"0\r\n\r\n")
    assert wire.recv(1) == b""


@pytest.mark.parametrize(
    "text",
    [
        b"hello\r\n\r\n",
        BATCH + b"Content-Length: many\r\n\r\n",
        BATCH + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        BATCH + b"X: 1\r\n" * 300 + b"\r\n",
    ],
)
def test_what_is_no_http_gets_400_and_the_end(wire, text):
    wire.sendall(text)
    assert read(wire, b"\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_a_body_that_breaks_off_takes_no_effect(wire, sandbox, until):
    wire.sendall(BATCH + b"Content-Length: 1000\r\n\r\n" + BODY)
    wire.shutdown(socket.SHUT_WR)
    assert wire.recv(1) == b""
    assert sandbox.idle()
    (request,) = sandbox.ledger.requests()
    assert (request.acted, request.status, request.bytes) == (False, None, None)


def test_a_refused_request_leaves_nothing_of_its_body_behind(wire):
    wrong = BATCH.replace(AUTHORISATION, b"") + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    right = BATCH + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
    wire.sendall(wrong + right)
    text = b""
    while DONE not in text:
        text += read(wire, b"\n")
    assert b" 401 " in text
