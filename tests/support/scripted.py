"""Real sockets that misbehave by script: a server that answers as it is told, and a proxy that tells what it saw."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from dataclasses import dataclass, field

DROP = "drop"
"""Close the connection instead of answering."""


@dataclass
class Seen:
    """A request as it arrived: first line, headers by lower-case name, body."""

    line: str
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    connection: int = 0

    @property
    def path(self):
        return self.line.split(" ")[1]


def answer(body=b'{"errors": [], "response": []}', status=200, **headers):
    """Make the bytes of an answer; names of headers with underscores for hyphens."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_request(stream):
    """Read one request from a socket's file; None where the peer has gone."""
    line = stream.readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    seen = Seen(line)
    while text := stream.readline().decode("latin-1").rstrip("\r\n"):
        name, _, value = text.partition(":")
        seen.headers[name.lower()] = value.strip()
    seen.body = stream.read(int(seen.headers.get("content-length", 0)))
    return seen


class Listener:
    """Accepts connections on 127.0.0.1, each in a thread; all are closed at the end of ``with``."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._open = [self._listening]
        self.connections = 0
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                self._open.append(connection)
                self.connections += 1
                threading.Thread(target=self._safely, args=(connection, self.connections), daemon=True).start()

    def _safely(self, connection, number):
        with contextlib.suppress(OSError), connection:
            self.serve(connection, number)


class ScriptedServer(Listener):
    """Gives one answer after another, and the last one again and again.

    :param answers: bytes to send as they are, or ``DROP``.
    :param tls: an ``ssl.SSLContext`` to speak TLS with.
    :param reset: reset each connection at its first byte, as a firewall does.
    :param blunt: answer at the first byte, whatever it is.
    """

    def __init__(self, *answers, tls=None, reset=False, blunt=False):
        super().__init__()
        self._answers = list(answers)
        self._tls = tls
        self._reset = reset
        self._blunt = blunt
        self.requests = []

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def serve(self, connection, number):
        if self._reset or self._blunt:
            connection.recv(1, socket.MSG_PEEK)
        if self._blunt:
            connection.sendall(self._answers[0])
            connection.recv(65536)
            return
        if self._reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
        stream = connection.makefile("rb")
        while seen := read_request(stream):
            seen.connection = number
            self.requests.append(seen)
            reply = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if reply is DROP:
                connection.shutdown(socket.SHUT_RDWR)
                return
            connection.sendall(reply)


class Proxy(Listener):
    """Forwards plain requests and tunnels CONNECT.

    :param refusal: an answer to give instead.
    """

    def __init__(self, refusal=None):
        super().__init__()
        self._refusal = refusal
        self.requests = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection, number):
        stream = connection.makefile("rb")
        seen = read_request(stream)
        self.requests.append(seen)
        if self._refusal:
            connection.sendall(self._refusal)
        elif seen.line.startswith("CONNECT"):
            host, _, port = seen.path.rpartition(":")
            self._tunnel(connection, (host.strip("[]"), int(port)))
        else:
            self._forward(connection, seen)

    def _tunnel(self, connection, address):
        with socket.create_connection(address) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            pump(connection, upstream)

    def _forward(self, connection, seen):
        method, url, version = seen.line.split(" ")
        host, _, path = url.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        with socket.create_connection((name, int(port))) as upstream:
            kept = {name: value for name, value in seen.headers.items() if not name.startswith("proxy-")}
            head = [f"{method} /{path} {version}", *(f"{name}: {value}" for name, value in kept.items())]
            upstream.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + seen.body)
            pump(connection, upstream)


def pump(one, other):
    """Carry bytes both ways until one side ends."""
    while True:
        for ready in select.select([one, other], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            (other if ready is one else one).sendall(data)


@contextlib.contextmanager
def full_backlog():
    """Give the port of a listener that takes no more connections: a connect to it is never answered."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def closed_port():
    """Give a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
