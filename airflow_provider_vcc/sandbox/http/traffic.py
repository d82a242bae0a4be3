"""The requests in progress: how many at once, and when there are none."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.sandbox.http.request import Request

__all__ = ["Traffic"]


class Traffic:
    """Counts the requests that wait for an answer, and the connections on which something goes on."""

    def __init__(self) -> None:
        self._active: set[Request] = set()
        self._busy = 0
        self._change = Condition()

    def enter(self, request: Request) -> int:
        """Let a request in, and return how many wait now. Those whose client has given up do not."""
        with self._change:
            self._active.add(request)
            return sum(not some.is_gone() for some in self._active)

    def leave(self, request: Request) -> None:
        """Let it go, before the last byte of its answer: after that, its client may send the next one."""
        with self._change:
            self._active.discard(request)

    def begin(self) -> None:
        """Count a connection as busy. Called before the first byte is read, so that none is overlooked."""
        with self._change:
            self._busy += 1

    def end(self) -> None:
        """Count a connection as busy no more."""
        with self._change:
            self._busy -= 1
            self._change.notify_all()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """Wait on a connection for something to come."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    def quiet(self, timeout: float) -> bool:
        """Wait until nothing goes on on any connection; False if that takes longer."""
        with self._change:
            return self._change.wait_for(lambda: not self._busy, timeout)
