"""The engine with real sockets: clients, runs, and servers that say and do exactly what a test wants."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.messages import Answered, Began
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.dispositions.sources.memory import from_elements

DEFAULTS = {"dispositionid": 2}


def client_of(url, *, timeout=5.0, connect_timeout=2.0, customer="mycc", token="sandbox-token", **session):
    """Return a client of project 17 at a base URL without ``/v2``."""
    http = requests.Session()
    http.trust_env = False
    http.auth = (customer, token)
    for name, value in session.items():
        setattr(http, name, value)
    return Client(http, f"{url}/v2", 17, timeout=timeout, connect_timeout=connect_timeout)


def elements(count, **fields):
    """Return elements for records 1 to ``count``, each with its number as its description."""
    return [{"numberid": str(number), "description": f"d{number}", **fields} for number in range(1, count + 1)]


def delivery_of(some):
    """Return a delivery of some elements."""
    batch = Checker().check(next(from_elements(some).read(len(some))))
    return Delivery(chunk_of(batch.elements, batch.positions))


def body_of(some):
    """Return the body of a request with some elements."""
    return json.dumps({"elements": some, "disposition": DEFAULTS}).encode()


class MemoryStore:
    """Keeps JSON texts; ``refuse`` is raised by each ``set`` from now on."""

    def __init__(self):
        self.values = {}
        self.writes = 0
        self.refuse = None

    def get(self, key, default=None):
        """Return a value."""
        return json.loads(self.values[key]) if key in self.values else default

    def set(self, key, value):
        """Keep a value."""
        if self.refuse is not None:
            raise self.refuse
        self.writes += 1
        self.values[key] = json.dumps(value)

    def delete(self, key):
        """Forget a value."""
        self.values.pop(key, None)


class Failures:
    """Keeps failures in memory."""

    def __init__(self):
        self.all = []

    def write(self, failures):
        """Keep some."""
        self.all += failures

    def close(self):
        """Nothing is buffered."""

    @property
    def positions(self):
        """Return the positions, sorted."""
        return sorted(failure.position for failure in self.all)


def quick(attempt):
    """Wait a twentieth of the usual time before the next attempt."""
    return min(8.0, 0.25 * 2**attempt) / 20


def sync_of(
    url,
    some,
    *,
    store=None,
    sinks=None,
    timeout=5.0,
    connect_timeout=2.0,
    keeps=None,
    wait=quick,
    session=None,
    **settings,
):
    """Return a sync of some elements with the sandbox's usual defaults."""
    source = from_elements(some) if isinstance(some, list) else some
    return Sync(
        client_of(url, timeout=timeout, connect_timeout=connect_timeout, **(session or {})),
        source,
        Checker(timezone="Europe/Budapest"),
        settings=Settings(**settings),
        disposition=DEFAULTS,
        kept=Kept(store),
        sinks=sinks or [],
        wait=wait,
        **(keeps or {}),
    )


def run(url, some, **options):
    """Run a sync to its end, and return it and the error that it ended with."""
    sync = sync_of(url, some, **options)
    error = None
    try:
        sync.run()
    except Exception as raised:  # noqa: BLE001 -- the test looks at it
        error = raised
    return sync, error


def read_whole(connection):
    """Read one request from a socket; return its body, or None where the peer has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return body


@contextmanager
def server(talk):
    """Serve one connection after another by ``talk(connection)``, each in a thread; return the base URL."""
    listening = socket.create_server(("127.0.0.1", 0))
    opened = []

    def serve(connection):
        with connection, suppress(OSError):
            talk(connection)

    def accept():
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                opened.append(connection)
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    threads = [threading.Thread(target=accept, daemon=True)]
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        for one in (listening, *opened):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in threads:
            thread.join(5)


def replying(reply):
    """Return a ``talk`` that reads each request whole, sends the bytes of ``reply`` and closes the connection."""

    def talk(connection):
        if read_whole(connection) is not None:
            connection.sendall(reply)

    return talk


def http(body, status=200, *, chunked=False, **headers):
    """Make the bytes of an answer; names of headers with underscores for hyphens."""
    lines = [f"HTTP/1.1 {status} Said", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if chunked:
        pieces = [body[at : at + 9] for at in range(0, len(body), 9)]
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        return "\r\n".join([*lines, "Transfer-Encoding: chunked"]).encode() + b"\r\n\r\n" + framed
    return "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode() + b"\r\n\r\n" + body


def threads_of_the_engine():
    """Return the names of the engine's threads that are alive."""
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("vcc-")]


def open_files():
    """Count this process's open files and sockets; 0 where that cannot be told."""
    here = Path("/proc/self/fd")
    return len(list(here.iterdir())) if here.exists() else 0


def answered(carrier, seconds=30):
    """Return what is reported of a request when it is over."""
    while not isinstance(event := carrier.wait(seconds), Answered):
        assert isinstance(event, Began)
    return event
