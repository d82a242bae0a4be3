from __future__ import annotations

import json
import threading
import time

import pytest
from support.engine import answered, body_of, client_of, delivery_of, elements, open_files
from support.scripted import ScriptedServer, answer
from support.tls import authority, bundle, tls

from airflow_provider_vcc.dispositions.engine.carriers.threads import Threads
from airflow_provider_vcc.dispositions.http.answers import Fault, Refusal
from airflow_provider_vcc.exceptions import VccRequestError, VccTransportError
from airflow_provider_vcc.hooks.vcc import VccHook

__all__ = ["authority", "both", "bundle", "connect", "tls"]

TOKEN = "t0ken-that-nobody-may-see"
TWO = elements(2)
FRAME = (b'{"elements":', b"}")
ALL_TRUE = b'{"errors": [], "response": {"0": true, "1": true}}'
A_WHILE = 30
"""Seconds that nothing here ever takes."""
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """Keep this machine's proxies and CA bundles out of the tests."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(autouse=True)
def _nothing_is_left():
    """Assert that no socket, file or thread of ours is left after any of it."""
    files, threads = open_files(), set(threading.enumerate())
    yield
    until = time.monotonic() + 5
    while time.monotonic() < until:
        more = [one for one in threading.enumerate() if one not in threads and one.is_alive()]
        if open_files() <= files and not more:
            return
        time.sleep(0.01)
    assert (open_files() <= files, more) == (True, [])


@pytest.fixture
def connect(monkeypatch, request):
    """Return a function that makes a hook for a connection with these fields; it is closed at the end."""

    def make(host=None, login="mycc", password=TOKEN, port=None, **extra):
        fields = {"conn_type": "vcc", "host": host, "login": login, "password": password, "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(fields))
        hook = VccHook()
        request.addfinalizer(lambda: hook.__dict__["_session"].close() if "_session" in hook.__dict__ else None)
        return hook

    return make


class Both:
    """The engine and the hook, asked about the same answer."""

    def __init__(self, connect, bundle):
        self._connect = connect
        self._bundle = bundle

    def engine(self, url, some=TWO, **options):
        """Return the evidence of a batch."""
        options.setdefault("verify", self._bundle)
        client = client_of(url, **options)
        try:
            return client.send(body_of(some), len(some))
        finally:
            client.close()

    def hook(self, url, **extra):
        """Return what ``run`` returns or raises."""
        extra.setdefault("verify", self._bundle)
        try:
            return self._connect(url, **extra).run("PUT", "/projects/17/records/dispositions", json={}, attempts=1)
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error

    def later(self, url, **options):
        """Return the evidence of a batch that goes out on a connection that has carried another one."""
        options.setdefault("verify", self._bundle)
        carrier = Threads(client_of(url, **options), None, FRAME)
        carrier.prepare()
        try:
            for _ in range(2):
                carrier.send(delivery_of(TWO), 1)
                evidence = answered(carrier).evidence
            return evidence
        finally:
            carrier.close(A_WHILE)

    def understand(self, reply, tls=None, **server):
        """Return what each makes of an answer: understood, or what kept it from that.

        The engine makes the same of it as the first answer of a connection and as a later one.
        """
        with ScriptedServer(reply, tls=tls, **server) as scripted:
            evidence, result = self.engine(scripted.url, timeout=3), self.hook(scripted.url, timeout=3)
        if not server:
            with ScriptedServer(answer(ALL_TRUE), reply, tls=tls) as scripted:
                later = self.later(scripted.url, timeout=3)
            assert len({request.connection for request in scripted.requests}) == 1
            assert kind_of(later) == kind_of(evidence)
        return kind_of(evidence), kind_of(result)


def kind_of(result):
    """Name what came of a request, in words that the engine and the hook have in common."""
    if isinstance(result, Fault | VccTransportError):
        return f"fault {result.delivered} {result.status}"
    if isinstance(result, Refusal):
        return kind_of(result.error)
    if isinstance(result, VccRequestError):
        if result.status == 413:
            return "fault False 413"
        final = result.status < 400 if result.status != 200 else False
        return f"refused {result.status}" if result.status in {401, 403, 404} or final else "understood"
    return repr(result) if isinstance(result, Exception) else "understood"


@pytest.fixture
def both(connect, bundle):
    return Both(connect, bundle)
