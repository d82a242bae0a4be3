"""The requests in progress: how many at once, and when there are none."""

from __future__ import annotations

from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.request import Request

__all__ = ["Traffic"]


class Traffic:
    """Counts the requests that wait for an answer."""

    def __init__(self) -> None:
        self._active: set[Request] = set()
        self._change = Condition()

    def enter(self, request: Request) -> int:
        """Let a request in, and say how many wait now. Those whose client has given up do not."""
        with self._change:
            self._active.add(request)
            return sum(not some.is_gone() for some in self._active)

    def leave(self, request: Request) -> None:
        """Let it go, before the last byte of its answer: after that, its client may send the next one."""
        with self._change:
            self._active.discard(request)
            self._change.notify_all()

    def idle(self, timeout: float) -> bool:
        """Wait until no request is in progress; False where that takes longer."""
        with self._change:
            return self._change.wait_for(lambda: not self._active, timeout)
