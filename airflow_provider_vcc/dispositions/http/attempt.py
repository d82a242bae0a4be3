"""One sending of one request: its deadlines, whether it has begun, and the way to give it up from another thread."""

from __future__ import annotations

import socket
from contextlib import suppress
from math import inf, nan
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LONGEST_TIMEOUT", "Attempt", "Carrier", "Deadline", "timeout_of"]

LONGEST_TIMEOUT = 86_400.0
"""Seconds; a socket takes no endless time."""


def timeout_of(given: Any) -> float:
    """Return the seconds that somebody wrote for a time-out, as a number or a text; nan if it is not one above 0."""
    if isinstance(given, bool):
        return nan
    try:
        seconds = float(given)
    except OverflowError:  # an integer of hundreds of digits
        seconds = inf if given > 0 else nan
    except (TypeError, ValueError):
        return nan
    return seconds if seconds > 0 else nan


class Carrier(Protocol):
    """What the sockets of plain and TLS connections have in common, TLS within TLS included."""

    def settimeout(self, value: float | None, /) -> None:
        """Bound the calls below."""

    def send(self, data: memoryview, /) -> int:
        """Send some of it, and return how much."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Return some of what has come."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """Receive into a buffer, and return how much."""

    def fileno(self) -> int:
        """Return the file descriptor."""


class Deadline:
    """A moment that something must be over by."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = monotonic() + seconds

    def postpone(self, seconds: float) -> None:
        """Let it be so much later."""
        self._at += seconds

    @property
    def ahead(self) -> float:
        """The seconds until then; 0 if it is past."""
        return max(self._at - monotonic(), 0.0)

    def left(self) -> float:
        """Return the seconds that are left.

        :raises TimeoutError: if there are none.
        """
        left = self._at - monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class Attempt:
    """One sending of one request, which another thread may give up at any moment, also while it connects."""

    def __init__(self) -> None:
        self.started = False
        """Whether the first byte of the request may have gone out."""
        self.tell: Callable[[], None] | None = None
        """Is called when that is so."""
        self.aborted = False
        self._handle: socket.socket | None = None
        self._lock = RLock()  # an exception from a signal may leave it held by the thread that aborts then

    def start(self) -> None:
        """Note that the first byte goes out."""
        self.started = True
        if self.tell is not None:
            self.tell()

    def carried_by(self, handle: socket.socket | None) -> None:
        """Note the socket that the request goes out on, or that it goes out on none any more.

        :raises ConnectionAbortedError: if the attempt has been given up.
        """
        with self._lock:
            self._handle = handle
        if handle is not None:
            self.check()

    def check(self) -> None:
        """Go no further if another thread has given the attempt up.

        :raises ConnectionAbortedError: if so.
        """
        if self.aborted:
            raise ConnectionAbortedError

    def abort(self) -> None:
        """Cut the connection, so that the thread that waits for it or for the answer goes on at once."""
        self.aborted = True
        with self._lock, suppress(OSError):  # it may not be connected yet, or not any more
            if self._handle is not None:
                self._handle.shutdown(socket.SHUT_RDWR)
