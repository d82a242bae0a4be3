"""HTTP/1.1 over kept-alive connections.

Two things decide what an element came to: whether a byte of the request had gone out when it failed, and whether the
answer arrived whole. urllib3 connects (TLS, proxies, time-outs); the exchange itself is ours, since it would cost more
than all the checking.
"""

from __future__ import annotations

import socket
import zlib
from contextlib import suppress
from select import POLLIN, poll
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from urllib3.util.proxy import connection_requires_http_tunnel

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Attempt", "BadAnswer", "Response", "Wire"]

LARGEST_HEAD = 1 << 16
LARGEST_BODY = 1 << 26
RECEIVE = 1 << 16
FIRST_FINAL_STATUS = 200
BODILESS = frozenset({204, 304})


class BadAnswer(ConnectionError):
    """What came back is no HTTP answer, or not a whole one."""


class Response(msgspec.Struct, frozen=True):
    """An answer that arrived whole. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Attempt:
    """One sending of one request, which another thread may cut off."""

    def __init__(self) -> None:
        self.started = False
        """Whether the first byte may have gone out."""
        self.aborted = False
        self._socket: socket.socket | None = None

    def carried_by(self, carrier: socket.socket) -> None:
        """Note the socket that the request goes out on, just before it does."""
        self._socket = carrier
        if self.aborted:
            raise ConnectionAbortedError
        self.started = True

    def abort(self) -> None:
        """Cut the connection, so that the thread that waits for the answer goes on."""
        self.aborted = True
        if self._socket is not None:
            with suppress(OSError):  # it may be closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Wire:
    """Puts bodies to one URL, from several threads, each on a connection of its own.

    :param pool: a urllib3 connection pool, which makes the connections.
    :param target: what stands in the request line.
    :param timeout: seconds from the first byte of the request to the last one of the answer.
    :param connect_timeout: seconds to reach the server.
    """

    def __init__(
        self, pool: Any, target: str, headers: Mapping[str, str], timeout: float, connect_timeout: float
    ) -> None:
        self._pool = pool
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._idle: list[Any] = []
        lines = [f"PUT {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self._head = "\r\n".join(lines).encode("latin-1") + b"\r\nContent-Length: %d\r\n\r\n"

    def put(self, body: bytes, attempt: Attempt) -> Response:
        """Send one request and read its answer.

        :raises Exception: of many kinds; ``attempt.started`` says whether the server may have got the request.
        """
        connection = self._take() or self._connect()
        keep = False
        try:
            attempt.carried_by(connection.sock)
            deadline = monotonic() + self._timeout
            connection.sock.settimeout(self._timeout)
            whole = _send(connection.sock, (self._head % len(body)) + body)
            response, keep = _Reader(connection.sock, deadline).response()
            keep = keep and whole
        finally:
            if keep and not attempt.aborted:
                self._idle.append(connection)
            else:
                connection.close()
        return response

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> Any:
        with suppress(IndexError):  # other threads take from it, too
            while True:
                connection = self._idle.pop()
                if not _dropped(connection.sock):
                    return connection
                connection.close()
        return None

    def _connect(self) -> Any:
        pool = self._pool
        connection = pool._new_conn()  # noqa: SLF001 -- the same in each urllib3 that requests allows
        connection.timeout = self._connect_timeout
        try:
            if connection_requires_http_tunnel(pool.proxy, pool.proxy_config, pool.scheme):
                pool._prepare_proxy(connection)  # noqa: SLF001 -- likewise
            else:
                connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection


def _send(carrier: socket.socket, data: bytes) -> bool:
    """Send all of it; False where the server hung up, perhaps after an answer such as 413 that is still to be read."""
    try:
        carrier.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def _dropped(carrier: socket.socket) -> bool:
    """Say whether the server has closed a connection (or said something unasked) since its last answer."""
    watcher = poll()
    watcher.register(carrier, POLLIN)
    return bool(watcher.poll(0))


class _Reader:
    """Reads one answer: by length, in chunks, or to the end of the connection."""

    def __init__(self, carrier: socket.socket, deadline: float) -> None:
        self._socket = carrier
        self._deadline = deadline
        self._buffer = bytearray()

    def response(self) -> tuple[Response, bool]:
        """Give the answer, and whether the connection can be used again."""
        version, status, headers = self._final_head()
        coding = headers.get("transfer-encoding", "").lower()
        if coding and coding != "chunked":
            raise BadAnswer("a transfer coding that nobody asked for")
        keep = version == b"HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        if status in BODILESS:
            body = b""
        elif coding:
            body = self._chunked()
        elif "content-length" in headers:
            body = self._exactly(_length(headers["content-length"], 10))
        else:
            keep, body = False, self._to_the_end()
        return Response(status, headers, _decoded(body, headers)), keep and not self._buffer

    def _final_head(self) -> tuple[bytes, int, dict[str, str]]:
        while True:
            head = self._until(b"\r\n\r\n", LARGEST_HEAD)
            first, *lines = head.split(b"\r\n")
            version, _, rest = first.partition(b" ")
            if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
                raise BadAnswer("not HTTP/1")
            status = int(rest[:3])
            if status >= FIRST_FINAL_STATUS:
                return version, status, dict(map(_header, lines))

    def _more(self) -> None:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        data = self._socket.recv(RECEIVE)
        if not data:
            raise BadAnswer("the connection ended in the middle of the answer")
        self._buffer += data
        if len(self._buffer) > LARGEST_BODY:
            raise BadAnswer("the answer is too large")

    def _until(self, end: bytes, most: int) -> bytes:
        while (at := self._buffer.find(end)) < 0:
            if len(self._buffer) > most:
                raise BadAnswer("a line without end")
            self._more()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return found

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._more()
        found = bytes(self._buffer[:count])
        del self._buffer[:count]
        return found

    def _chunked(self) -> bytes:
        parts = []
        while size := _length(self._until(b"\r\n", LARGEST_HEAD).partition(b";")[0], 16):
            parts.append(self._exactly(size))
            if self._exactly(2) != b"\r\n":
                raise BadAnswer("a chunk without end")
        while self._until(b"\r\n", LARGEST_HEAD):
            pass  # trailers
        return b"".join(parts)

    def _to_the_end(self) -> bytes:
        with suppress(BadAnswer):
            while len(self._buffer) <= LARGEST_BODY:
                self._more()
        body = bytes(self._buffer)
        self._buffer.clear()
        return body


def _header(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    if not colon:
        raise BadAnswer("a header without a colon")
    return name.decode("latin-1").lower(), value.strip().decode("latin-1")


def _length(text: str | bytes, base: int) -> int:
    try:
        length = int(text, base)
    except ValueError:
        raise BadAnswer("a length that is no number") from None
    if not 0 <= length <= LARGEST_BODY:
        raise BadAnswer("an impossible length")
    return length


def _decoded(body: bytes, headers: Mapping[str, str]) -> bytes:
    if headers.get("content-encoding", "identity").lower() == "identity":
        return body
    try:
        return zlib.decompressobj(wbits=47).decompress(body, LARGEST_BODY)
    except zlib.error:
        raise BadAnswer("a content coding that nobody asked for") from None
