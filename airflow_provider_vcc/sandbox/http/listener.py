"""Accepts connections, can go down and come up again, and ends at once when told to."""

from __future__ import annotations

import select
import selectors
import socket
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.sandbox.http.traffic import Traffic

    Serve = Callable[[socket.socket, int], None]

__all__ = ["Listener"]

BACKLOG = 512
LOOK_AGAIN = 0.1
PATIENCE = 10.0


class Listener:
    """A loopback port and the threads behind it, one for each connection.

    :param port: 0 takes a free one.
    :param serve: talks on one connection, given its number; closing it is the listener's business.
    :param traffic: is told while something goes on on a connection.
    """

    def __init__(self, host: str, port: int, serve: Serve, traffic: Traffic) -> None:
        self.host = host
        self.port = port
        self._serve = serve
        self._traffic = traffic
        self._commands: SimpleQueue[tuple[Callable[[], object], threading.Event]] = SimpleQueue()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._is_up = False
        self._ends = False
        self._accepted = 0
        self._thread = threading.Thread(target=self._run, name="sandbox-listener", daemon=True)

    def _bind(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.host, port))
        except OSError:
            bound.close()
            raise
        return bound

    def start(self, *, up: bool = True) -> None:
        """Begin; with ``up=False`` connections are refused until ``up()``."""
        self._socket = self._bind(self.port)
        self.port = self._socket.getsockname()[1]
        self._wakes, self._waker = socket.socketpair()
        self._thread.start()
        if up:
            self.up()

    def up(self) -> None:
        """Accept connections."""
        self._command(self._listen)

    def down(self) -> None:
        """Break all connections and refuse new ones. The port stays ours."""
        self._command(self._refuse)
        self.hang_up()

    def stop(self) -> None:
        """End everything, and wait for the threads."""
        self._command(self._end)
        self._thread.join()
        self.hang_up()
        for thread in self._threads:
            thread.join(PATIENCE)
        for end in (self._wakes, self._waker):
            end.close()

    def hang_up(self) -> None:
        """Break all connections."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def has_unread(self) -> bool:
        """Return whether a connection waits to be accepted, or bytes (or its end) to be read on one."""
        poll = select.poll()
        with self._lock:
            for waiting in (*self._open, self._socket) if self._is_up else self._open:
                poll.register(waiting, select.POLLIN)
            return bool(poll.poll(0))

    def _command(self, do: Callable[[], object]) -> None:
        if self._ends:
            return
        done = threading.Event()
        self._commands.put((do, done))
        self._waker.send(b"!")
        while not done.wait(LOOK_AGAIN) and not self._ends:
            pass

    def _listen(self) -> None:
        if not self._is_up:
            self._socket.listen(BACKLOG)
            self._is_up = True

    def _refuse(self) -> None:
        if self._is_up:
            with self._lock:
                self._is_up = False
                self._socket.close()
                self._socket = self._bind(self.port)  # bound and not listening: refuses, and keeps the port

    def _end(self) -> None:
        self._ends = True
        with self._lock:
            self._is_up = False
            self._socket.close()

    def _run(self) -> None:
        while not self._ends:
            for ready in self._wait():
                if ready is self._wakes:
                    self._wakes.recv(1)
                    do, done = self._commands.get()
                    do()
                    done.set()
                    break  # the socket may be another one now
                self._accept()

    def _wait(self) -> list[object]:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wakes, selectors.EVENT_READ)
            if self._is_up:
                selector.register(self._socket, selectors.EVENT_READ)
            return [key.fileobj for key, _ in selector.select()]

    def _accept(self) -> None:
        self._traffic.begin()
        try:
            connection, _ = self._socket.accept()
        except OSError:
            self._traffic.end()
            return  # it went away again
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._accepted += 1
        thread = threading.Thread(target=self._talk, args=(connection, self._accepted), daemon=True)
        with self._lock:
            self._open.add(connection)
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        thread.start()

    def _talk(self, connection: socket.socket, number: int) -> None:
        try:
            self._serve(connection, number)
        finally:
            with self._lock:
                self._open.remove(connection)
            connection.close()
            self._traffic.end()
