"""The pace that is not exceeded, counted over all requests of a run."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]

WINDOW = 1.02
"""Seconds over which the pace is kept: a second, and the jitter of the network."""


class Pace:
    """Keeps at most ``per_second`` elements in any second, over all requests, and spreads them over it.

    Chunks are kept to a tenth of that.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._most = per_second or 0.0
        self._window = WINDOW if self._most >= 1 or not self._most else WINDOW / self._most
        self._sent: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._next = 0.0

    def size(self, wanted: int) -> int:
        """Give the size of a chunk that the pace allows."""
        return max(1, min(wanted, int(self._most / 10))) if self._most else wanted

    def delay(self, count: int) -> float:
        """Give the seconds until ``count`` elements may be sent."""
        if not self._most:
            return 0.0
        now = self._clock()
        while self._sent and self._sent[0][0] + self._window <= now:
            self._sum -= self._sent.popleft()[1]
        return max(self._next - now, self._until_room(count, now), 0.0)

    def _until_room(self, count: int, now: float) -> float:
        excess = self._sum + count - max(self._most, count)
        for at, size in self._sent:
            if excess <= 0:
                break
            excess -= size
            if excess <= 0:
                return at + self._window - now
        return 0.0

    def sent(self, count: int) -> None:
        """Note that elements go out now."""
        if self._most:
            now = self._clock()
            self._sent.append((now, count))
            self._sum += count
            self._next = max(self._next, now - count / self._most) + count / self._most
