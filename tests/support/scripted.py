"""Real sockets that misbehave by script: a server that answers as it is told, and a proxy that tells what it saw.

An answer is bytes, ``DROP``, or a function of a ``Wire``, with which a fault is a few lines: bytes, in drips,
a reset, silence; plain, by TLS, behind CONNECT.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
import threading
import time
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


class Wire:
    """One end of a connection, and what a script may do with it."""

    def __init__(self, connection):
        self.socket = connection
        self.stream = connection.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, *pieces):
        """Send bytes as they are."""
        for piece in pieces:
            self.socket.sendall(piece)

    def drip(self, data, pause):
        """Send one byte after another."""
        for at in range(len(data)):
            self.socket.sendall(data[at : at + 1])
            time.sleep(pause)

    def endless(self, piece):
        """Send the same again and again, until the peer has had enough."""
        with contextlib.suppress(OSError):
            while True:
                self.socket.sendall(piece)

    def silence(self):
        """Send nothing, until the peer goes away."""
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass

    def deaf(self):
        """Read nothing and send nothing, until the peer goes away."""
        watcher = select.poll()
        watcher.register(self.socket, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        watcher.poll(30_000)

    def hang_up(self):
        """Close the connection, without a good-bye of TLS."""
        self.socket.shutdown(socket.SHUT_RDWR)

    def reset(self):
        """Reset the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


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
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)  # or it might accept on the next server's socket, which gets the same descriptor
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

    :param answers: bytes to send as they are, ``DROP``, or a function of a ``Wire``; the connection ends after it
        unless it returns True.
    :param tls: an ``ssl.SSLContext`` to speak TLS with.
    :param reset: reset each connection at its first byte, as a firewall does.
    :param blunt: answer at the first byte, whatever it is, and read no request.
    :param mute: never say anything, not even in TLS.
    """

    def __init__(self, *answers, tls=None, reset=False, blunt=False, mute=False):
        super().__init__()
        self._answers = list(answers)
        self._mute = mute
        self._tls = tls
        self._reset = reset
        self._blunt = blunt
        self.requests = []

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def serve(self, connection, number):
        if self._mute:
            Wire(connection).silence()
            return
        if self._reset or (self._blunt and not self._tls):
            connection.recv(1, socket.MSG_PEEK)
        if self._reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
        with Wire(connection) as wire:
            self._talk(wire, number)

    def _talk(self, wire, number):
        if self._blunt:
            wire.socket.recv(1, 0 if self._tls else socket.MSG_PEEK)
            _say(wire, self._answers[0])
            wire.silence()
            return
        while seen := read_request(wire.stream):
            seen.connection = number
            self.requests.append(seen)
            reply = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if reply is DROP:
                wire.hang_up()
                return
            if not _say(wire, reply):
                return


def _say(wire, reply):
    """Send an answer, and return whether the connection goes on."""
    if callable(reply):
        return reply(wire)
    wire.send(reply)
    return True


class Proxy(Listener):
    """Forwards plain requests and tunnels CONNECT.

    :param refusal: an answer to give instead; bytes, or a function of a ``Wire``.
    :param tls: an ``ssl.SSLContext`` that it is itself spoken to with.
    :param connected: its answer to CONNECT.
    """

    def __init__(self, refusal=None, tls=None, connected=b"HTTP/1.1 200 Connected\r\n\r\n"):
        super().__init__()
        self._connected = connected
        self._refusal = refusal
        self._tls = tls
        self.requests = []

    @property
    def url(self):
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def serve(self, connection, number):
        if self._tls:
            connection = self._tls.wrap_socket(connection, server_side=True)
            self._open.append(connection)
        with Wire(connection) as wire:
            self._carry(wire.socket, read_request(wire.stream), wire)

    def _carry(self, connection, seen, wire):
        self.requests.append(seen)
        if self._refusal:
            _say(wire, self._refusal)
        elif seen.line.startswith("CONNECT"):
            host, _, port = seen.path.rpartition(":")
            self._tunnel(connection, (host.strip("[]"), int(port)))
        else:
            self._forward(connection, seen)

    def _tunnel(self, connection, address):
        with socket.create_connection(address) as upstream:
            connection.sendall(self._connected)
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


class SocksProxy(Listener):
    """Speaks SOCKS 4, 4a and 5, notes who asks for what, and goes on to the address that is asked for.

    :param refusal: a code to answer with instead.
    :param password: what it lets in, with SOCKS 5.
    :param instead: what it does when it is asked, a function of a ``Wire``.
    """

    def __init__(self, refusal=None, password=None, instead=None):
        super().__init__()
        self._refusal = refusal
        self._password = password
        self._instead = instead
        self.asked = []
        self.versions = set()

    def serve(self, connection, number):
        with Wire(connection) as wire:
            version = wire.stream.read(1)
            fifth = version == b"\5"
            self.versions.update(version)
            target = self._fifth(wire) if fifth else self._fourth(wire)
            if target is None:
                return
            self.asked.append(target)
            if self._instead:
                self._instead(wire)
                return
            code = self._refusal or (0 if fifth else 0x5A)
            wire.send(bytes((5 if fifth else 0, code, *((0, 1) if fifth else ()), *bytes(6))))
            if not self._refusal:
                with socket.create_connection(target) as upstream:
                    pump(connection, upstream)

    def _fifth(self, wire):
        read = wire.stream.read
        read(read(1)[0])
        wire.send(b"\5\2" if self._password else b"\5\0")
        if self._password:
            read(1)
            _, password = read(read(1)[0]), read(read(1)[0])
            if password.decode() != self._password:
                wire.send(b"\1\1")
                return None
            wire.send(b"\1\0")
        kind = read(4)[3]
        host = read(read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(read(4))
        return host, int.from_bytes(read(2), "big")

    def _fourth(self, wire):
        read = wire.stream.read
        port, address = int.from_bytes(read(3)[1:], "big"), read(4)
        texts = [b"".join(iter(lambda: read(1), b"\0")) for _ in range(2 if address[:3] == bytes(3) else 1)]
        return texts[1].decode() if len(texts) > 1 else socket.inet_ntoa(address), port


def pump(one, other):
    """Carry bytes both ways until one side ends; a side that takes no more holds up only what goes there."""
    waiting = {one: b"", other: b""}
    while True:
        readers = [end for end, peer in ((one, other), (other, one)) if not waiting[peer]]
        readable, writable = [end for end in readers if isinstance(end, ssl.SSLSocket) and end.pending()], []
        if not readable:
            readable, writable, _ = select.select(readers, [end for end in waiting if waiting[end]], [])
        for end in writable:
            end.sendall(waiting[end])
            waiting[end] = b""
        for end in readable:
            data = end.recv(16384)
            if not data:
                return
            waiting[other if end is one else one] = data


@contextlib.contextmanager
def full_backlog():
    """Yield the port of a listener that takes no more connections: a connect to it is never answered."""
    with socket.socket() as listening, contextlib.ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


def closed_port():
    """Return a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
