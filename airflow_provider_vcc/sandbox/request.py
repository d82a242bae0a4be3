"""One request on its way through the sandbox, as faults and scripts see it."""

from __future__ import annotations

import json
import select
import socket
from base64 import b64decode
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

from airflow_provider_vcc.sandbox.wire import CONTINUE, Head, read_body

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.server import Sandbox

__all__ = ["Request"]

LOOK_AGAIN = 0.5


class Request:
    """A request whose head has arrived. Its body is read when something asks for it.

    :ivar number: counts all requests of the sandbox from 0, in the order of arrival.
    :ivar nth: counts those since the faults were set; ``since`` is how many seconds ago that was.
    """

    def __init__(self, sandbox: Sandbox, head: Head, sock: socket.socket, stream: BinaryIO, connection: int) -> None:
        self.sandbox = sandbox
        self.head = head
        self.connection = connection
        self.started = monotonic()
        self.number = self.nth = -1
        self.since = 0.0
        self.acted = False
        self._faults: list[str] = []
        self._sock = sock
        self._stream = stream

    @property
    def method(self) -> str:
        """The method: GET, PUT, POST, DELETE."""
        return self.head.method

    @property
    def path(self) -> str:
        """The path, without its query."""
        return unquote(self.head.target.partition("?")[0])

    @cached_property
    def body(self) -> bytes:
        """The body's bytes."""
        if self.head.headers.get("expect", "").lower() == "100-continue":
            self._sock.sendall(CONTINUE)
        return read_body(self._stream, self.head)

    @cached_property
    def json(self) -> Any:
        """The body, parsed; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def elements(self) -> int | None:
        """How many elements the body holds; None where it holds no list of them."""
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
        """Say whether the client has closed the connection."""
        try:
            return self._sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def wait(self, seconds: float) -> None:
        """Pass time, unless the sandbox stops."""
        self.sandbox.stopping.wait(seconds)

    def wait_until_gone(self) -> None:
        """Wait until the client gives up, or the sandbox stops."""
        while not self.is_gone() and not self.sandbox.stopping.is_set():
            select.select([self._sock], [], [], LOOK_AGAIN)

    def note(self, fault: object) -> None:
        """Name a fault in the ledger."""
        self._faults.append(str(fault))

    def note_act(self) -> None:
        """Say in the ledger that it took effect; in the same transaction as the effect."""
        self.acted = True
        self.sandbox.store.execute("UPDATE requests SET acted = 1 WHERE number = ?", [self.number])

    @property
    def fault(self) -> str | None:
        """The faults that were done to it."""
        return "+".join(self._faults) or None

    def size(self) -> tuple[int | None, int | None]:
        """Give the body's bytes and its elements, where it was read."""
        return (len(self.body), self.elements) if self.was_read else (None, None)
