"""A client over a real socket, and what it talks to."""

from __future__ import annotations

import http.client
import json
import time
from base64 import b64encode
from types import SimpleNamespace

import pytest

from airflow_provider_vcc.sandbox import Sandbox

BATCH = "/v2/projects/17/records/dispositions"


class Client:
    """One connection that is kept alive."""

    def __init__(self, sandbox, login="mycc", password="sandbox-token", timeout=20):
        self.connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=timeout)
        self.headers = {"Authorization": "Basic " + b64encode(f"{login}:{password}".encode()).decode()}

    def ask(self, method, path, body=None, headers=None):
        """Send one request, and return its status, headers, bytes and, where it is JSON, errors and response."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        self.connection.request(method, path, raw, self.headers if headers is None else headers)
        with self.connection.getresponse() as answer:
            text = answer.read()
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        envelope = parsed if isinstance(parsed, dict) else {}
        return SimpleNamespace(
            status=answer.status,
            headers=answer.headers,
            text=text,
            json=parsed,
            errors=envelope.get("errors"),
            response=envelope.get("response"),
        )

    def put(self, *elements, path=BATCH, **rest):
        """Send a batch of dispositions."""
        return self.ask("PUT", path, {"elements": list(elements), **rest})

    def close(self):
        self.connection.close()


@pytest.fixture
def until():
    """Wait until something is so; the test's own time limit ends it where it never is."""

    def until(is_so):
        while not is_so():
            time.sleep(0.002)

    return until


@pytest.fixture
def start():
    """Yield a function that starts a sandbox and returns it with a client; both end with the test."""
    opened = []

    def start(*args, **options):
        sandbox = Sandbox(*args, **options).start()
        opened.append(sandbox.stop)
        return sandbox, client_of(sandbox)

    def client_of(sandbox, **options):
        client = Client(sandbox, **options)
        opened.append(client.close)
        return client

    start.client = client_of
    yield start
    for close in reversed(opened):
        close()


@pytest.fixture
def sandbox(start):
    """Return a well-behaved sandbox with records 1 to 100, and none in call."""
    return start(100)[0]


@pytest.fixture
def client(start, sandbox):
    """Return a client of it."""
    return start.client(sandbox)
