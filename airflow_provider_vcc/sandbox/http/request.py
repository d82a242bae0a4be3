"""One request on its way through the sandbox, as faults and scripts see it."""

from __future__ import annotations

import json
import select
from base64 import b64decode
from functools import cached_property
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol

from airflow_provider_vcc.sandbox.http.wire import CONTINUE, Head, read_body

if TYPE_CHECKING:
    import socket
    from io import BufferedIOBase
    from threading import Event

    from airflow_provider_vcc.sandbox.storage.store import Store

__all__ = ["Owner", "Request"]

LOOK_AGAIN = 0.5
HUNG_UP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
"""Linux tells of a closed connection by the first, other systems by the second."""


class Owner(Protocol):
    """The sandbox, as far as a request and its faults know it."""

    stopping: Event
    store: Store

    def down(self, seconds: float | None = None) -> None:
        """Break all connections and refuse new ones, for so many seconds."""


class Request:
    """A request whose head has arrived. Its body is read when something asks for it.

    :ivar number: counts all requests of the sandbox from 0, in the order of arrival.
    :ivar nth: counts those since the faults were set; ``since`` is how many seconds ago that was.
    """

    def __init__(
        self, sandbox: Owner, head: Head, sock: socket.socket, stream: BufferedIOBase, connection: int
    ) -> None:
        self.sandbox = sandbox
        self.head = head
        self.connection = connection
        self.started = monotonic()
        self.number = self.nth = -1
        self.since = 0.0
        self.parallel = 0
        self.acted = False
        self._arrived = time()
        self._recorded = False
        self._faults: list[str] = []
        self._sock = sock
        self._stream = stream

    @property
    def method(self) -> str:
        """The method: GET, PUT, POST, DELETE."""
        return self.head.method

    @property
    def path(self) -> str:
        """The path as it was sent, without its query."""
        return self.head.target.partition("?")[0]

    @cached_property
    def body(self) -> bytes:
        """The body's bytes."""
        if self.head.headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(CONTINUE)
        return read_body(self._stream, self.head)

    @cached_property
    def json(self) -> object:
        """The body, parsed; None if it is not JSON."""
        try:
            parsed = json.loads(self.body)
            if b"\\ud" in self.body.lower():
                json.dumps(parsed, ensure_ascii=False).encode()  # half a surrogate pair is not text
        except (ValueError, RecursionError):
            return None
        return parsed

    @property
    def elements(self) -> int | None:
        """How many elements the body holds; None if it holds no list of them."""
        elements = self.json.get("elements") if isinstance(self.json, dict) else None
        return len(elements) if isinstance(elements, list) else None

    def read(self) -> None:
        """Read the body now."""
        len(self.body)

    @property
    def was_read(self) -> bool:
        """Whether the body has been read."""
        return "body" in self.__dict__

    @cached_property
    def credentials(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic authentication; None without."""
        kind, _, value = self.head.headers.get("authorization", "").partition(" ")
        try:
            user, colon, password = b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return None
        return (user, password) if colon and kind.lower() == "basic" else None

    def is_gone(self) -> bool:
        """Return whether the client has closed the connection, though something may be left to read."""
        return self._hung_up(0)

    def _hung_up(self, seconds: float) -> bool:
        """Wait so long at most for the client to close the connection."""
        if self._sock.fileno() < 0:
            return True  # we closed it ourselves
        poll = select.poll()
        poll.register(self._sock, HUNG_UP)
        return bool(poll.poll(seconds * 1000))

    def wait(self, seconds: float) -> None:
        """Pass time, unless the sandbox stops."""
        self.record()
        self.sandbox.stopping.wait(seconds)

    def wait_until_gone(self) -> None:
        """Wait until the client gives up, or the sandbox stops."""
        self.record()
        while not self._hung_up(LOOK_AGAIN) and not self.sandbox.stopping.is_set():
            pass

    def note(self, fault: object) -> None:
        """Name a fault in the ledger."""
        self._faults.append(str(fault))

    def note_act(self) -> None:
        """Note in the ledger that it took effect, in the same transaction as the effect."""
        self.acted = True
        self.record()
        self._write(None, None)

    @property
    def fault(self) -> str | None:
        """The faults that were done to it."""
        return "+".join(self._faults) or None

    def record(self) -> None:
        """Note its arrival in the ledger."""
        if not self._recorded:
            self._recorded = True
            self.sandbox.store.begin_request(
                (self.number, self._arrived, self.connection, self.method, self.path, self.parallel)
            )

    def finish(self, status: int | None) -> None:
        """Note in the ledger what became of it; ``status`` is None if the connection is cut."""
        self.record()
        self._write(status, monotonic() - self.started)

    def _write(self, status: int | None, seconds: float | None) -> None:
        size, elements = (len(self.body), self.elements) if self.was_read else (None, None)
        self.sandbox.store.end_request((size, elements, self.acted, status, self.fault, seconds, self.number))
