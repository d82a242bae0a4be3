"""A server that costs next to nothing, so that the client is what is measured.

It answers ``true`` for each element at once, or after ``--delay`` seconds, and rejects the share ``--reject`` of them,
others in each request. ``GET /`` gives what it saw since the last time: the arrival of each request by its own clock.
"""

from __future__ import annotations

import argparse
import json
import selectors
import socket
import time
from collections import deque
from functools import cache

MOST_BYTES = 4 << 20
GIVE_UP = 60.0
"""Seconds without a request after which it ends by itself, should its parent be gone."""


@cache
def answer(count: int, every: int = 0, offset: int = 0) -> bytes:
    """Return the whole HTTP answer for so many elements, of which each ``every``-th from ``offset`` is rejected."""
    bad = range(offset, count, every) if every else range(0)
    good = ",".join(f'"{index}":true' for index in range(count) if index not in bad)
    errors = ",".join(f'{{"errorcode":404,"errormessage":"error.record_not_found","index":{index}}}' for index in bad)
    return _http(f'{{"errors":[{errors}],"response":{{{good}}}}}'.encode())


def _http(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """The bytes of one client that have not made a whole request yet."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._buffer = bytearray(MOST_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._need = 0

    def elements(self) -> int | None:
        """Read what has come; return how many elements a request has once it is whole, 0 for a GET.

        :raises OSError: where the connection has ended.
        """
        received = self.sock.recv_into(self._view[self._filled :])
        if not received:
            raise ConnectionResetError
        self._filled += received
        if not self._need:
            self._need = self._length()
        if not self._need or self._filled < self._need:
            return None
        end, self._filled, self._need = self._need, 0, 0
        return self._buffer.count(b'"numberid"', 0, end)

    def _length(self) -> int:
        end = self._buffer.find(b"\r\n\r\n", 0, self._filled)
        if end < 0:
            return 0
        head = bytes(self._view[:end]).lower()
        at = head.find(b"content-length:")
        return end + 4 + (int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0)


class Server:
    """All connections, in one thread."""

    def __init__(self, delay: float, every: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._delay = delay
        self._every = every
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.listener, selectors.EVENT_READ)
        self._due: deque[tuple[float, socket.socket, bytes]] = deque()
        self._seen: list[tuple[float, int]] = []
        self._cpu = time.process_time()

    def serve(self) -> None:
        """Serve until nobody asks any more."""
        while True:
            events = self._selector.select(self._wait())
            if not (events or self._due):
                return
            for key, _ in events:
                if key.data is None:
                    sock, _ = self.listener.accept()
                    self._selector.register(sock, selectors.EVENT_READ, Connection(sock))
                else:
                    self._read(key.data)
            self._send_due()

    def _wait(self) -> float:
        return max(self._due[0][0] - time.monotonic(), 0.0) if self._due else GIVE_UP

    def _read(self, connection: Connection) -> None:
        try:
            count = connection.elements()
            if count is not None:
                self._reply(connection.sock, count)
        except OSError:
            self._selector.unregister(connection.sock)
            connection.sock.close()

    def _reply(self, sock: socket.socket, count: int) -> None:
        if not count:
            sock.sendall(self._report())
            return
        reply = answer(count, self._every, len(self._seen) % self._every if self._every else 0)
        now = time.monotonic()
        self._seen.append((now, count))
        if self._delay:
            self._due.append((now + self._delay, sock, reply))
        else:
            sock.sendall(reply)

    def _send_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            _, sock, reply = self._due.popleft()
            try:
                sock.sendall(reply)
            except OSError:
                continue

    def _report(self) -> bytes:
        seen, self._seen = self._seen, []
        before, self._cpu = self._cpu, time.process_time()
        return _http(json.dumps({"cpu": self._cpu - before, "seen": seen}).encode())


def main() -> None:
    """Print the port, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--reject", type=float, default=0.0)
    arguments = parser.parse_args()
    server = Server(arguments.delay, round(1 / arguments.reject) if arguments.reject else 0)
    print(server.listener.getsockname()[1], flush=True)
    server.serve()


if __name__ == "__main__":
    main()
