"""docs/evidence.md says what is concluded from each fault, and how long it takes until a service counts as down."""

from __future__ import annotations

import gzip
import re
import ssl

import pytest
import trustme
from support.engine import body_of, client_of, elements
from support.scripted import Proxy, ScriptedServer, answer

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.engine.breaker import Service
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal
from airflow_provider_vcc.exceptions import VccConfigurationError, VccTransportError


def verdict(retry_after=None):
    """Return the seconds until a service that fails each request at once counts as down."""
    now = 0.0
    service = Service(jitter)
    while not service.is_down(now):
        now += service.closed_for(now)
        service.failed(now, now, retry_after)
    return now


@pytest.fixture
def stated(page):
    """Return the second cell of the row that begins so."""
    rows = page("evidence").partition("### How long it takes")[2]
    return lambda beginning: re.search(rf"^\| {beginning}.*? \| (.*?) \|", rows, re.MULTILINE)[1]


def test_a_service_that_refuses_is_given_up_within_the_seconds_that_the_page_gives(stated):
    least, most = map(int, re.fullmatch(r"(\d+) to (\d+) s", stated("refuses connections")).groups())
    assert all(least <= verdict() <= most for _ in range(200))


def test_a_service_that_asks_for_half_a_minute_each_time_is_waited_for_as_long_as_the_page_says(stated):
    least = int(re.fullmatch(r"(\d+) s or more", stated("answers 503 with `Retry-After: 30`"))[1])
    assert all(least <= verdict(30.0) <= 2 * least for _ in range(50))


# What is concluded

GOOD = b'{"errors": [], "response": {"0": true, "1": true}}'
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + GOOD
SERVERS = {
    "The certificate cannot be trusted": {"tls": True},
    "429": {"reply": answer(status=429)},
    "413": {"reply": answer(status=413)},
    "No whole answer within": {"reply": lambda wire: wire.silence()},
    "408, 504, 524": {"reply": answer(status=504)},
    "The connection breaks after": {"reply": lambda wire: wire.send(CUT)},
    "Any other 5xx": {"reply": answer(status=500)},
    "200 whose body is not JSON": {"reply": answer(b"<html>")},
    "An answer of more than 32 MiB": {"reply": answer(gzip.compress(b" " * (33 << 20), 1))},
    "200 with a readable envelope": {"reply": answer(GOOD)},
    "400 and other 4xx": {"reply": answer(status=400)},
    "401, 403, 404, 3xx": {"reply": answer(status=404)},
    "401, 403, 404, 413, 429, 3xx": {"reply": answer(GOOD, status=404)},
    "407": {"reply": answer(status=407)},
    "A proxy answers CONNECT with 407": {"refusal": answer(status=403)},
    "A proxy answers CONNECT with 408": {"refusal": answer(status=502)},
    "Connection refused": {"url": "http://nobody.invalid"},
    "A proxy, CA bundle or client certificate": {"url": "https://nobody.invalid", "verify": "missing.pem"},
}
ELSEWHERE = {
    "The run is stopped while it connects",
    "This process, or the machine, may open no more files, and so no connections, or start no thread to look a name up",
}
"""Held by tests/exchange: test_connecting.py, test_descriptors.py."""


APPLIED = answer(GOOD)


def concluded(reply=APPLIED, *, tls=False, refusal=None, url=None, **session):
    """Return the evidence of a request to a server that does so."""
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(reply, tls=context) as server, Proxy(refusal) as proxy:
        if refusal:
            session["proxies"] = {"https": proxy.url}
        client = client_of(url or ("https://vcc.example.com" if refusal else server.url), timeout=1, **session)
        try:
            return client.send(body_of(elements(2)), 2)
        finally:
            client.close()


def in_words(evidence):
    """Return the beginning of the page's conclusion."""
    if isinstance(evidence, Refusal):
        if isinstance(evidence.error, VccConfigurationError):
            return "nothing is sent"
        return "never got it" if isinstance(evidence.error, VccTransportError) else "the server did not act"
    if isinstance(evidence, Fault):
        return "nobody can say" if evidence.delivered is None else "never got it"
    return "answered"


def rows(text, head="| what happens |"):
    table = text.partition(head)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines()[2:]]


def test_each_row_concludes_what_is_concluded(page):
    left = dict(SERVERS)
    for what, conclusion, *_ in rows(page("evidence")):
        if what in ELSEWHERE:
            continue
        name = max((name for name in left if what.startswith(name)), key=len)
        said = in_words(concluded(**left.pop(name)))
        assert said in conclusion, what
    assert not left


LENGTH = b"Content-Length: %d" % len(GOOD)
CHUNKED = b"Transfer-Encoding: chunked"
LONG = GOOD[:-1] + b', "took": ' + b"9" * 5000 + b"}"
ODD_ROWS = {
    "numbers of any length": ([b"Content-Length: %d" % len(LONG)], LONG),
    "`Content-Encoding: UTF-8`": ([b"Content-Encoding: UTF-8", LENGTH], GOOD),
    "folded headers": ([b"X: a\r\n b\r\nno header\r\nY: \xff\x00", *[b"Z: 1"] * 500, LENGTH], GOOD),
    "no reason": ([LENGTH], GOOD),
    "`Transfer-Encoding` with blanks": ([b"Transfer-Encoding: chunked ", LENGTH], GOOD),
    "two lengths": ([b"Content-Length: 7", LENGTH], GOOD),
    "`Connection: close`": ([b"Connection: close\r\nConnection: keep-alive", LENGTH], GOOD + b"more"),
    "a byte order mark": ([b"Content-Length: %d" % (len(GOOD) + 3)], b"\xef\xbb\xbf" + GOOD),
    "a last chunk": ([CHUNKED], b"%x\r\n%b\r\n0\r\n" % (len(GOOD), GOOD)),
}


def test_each_row_that_the_page_calls_odd_is_read(page):
    left = dict(ODD_ROWS)
    for what, *_ in rows(page("evidence"), "| the answer has |"):
        name = next(name for name in left if what.startswith(name))
        lines, body = left.pop(name)
        first = b"\r\n\r\nHTTP/2.0 200" if name == "no reason" else b"HTTP/1.1 200 OK"
        reply = b"\r\n".join([first, *lines]) + b"\r\n\r\n" + body
        assert concluded(lambda wire, reply=reply: wire.send(reply)) == Answer(), name
    assert not left
