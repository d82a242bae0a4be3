"""The pace that is not exceeded, counted over all requests of a run."""

from __future__ import annotations

from collections import deque
from math import ceil
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace"]

NEARLY = 0.97
"""What full chunks must reach of the pace to be as good as smaller ones that reach it exactly."""
WINDOW = 1.02
"""Seconds over which the pace is kept: a second, and the jitter of the network."""


class Pace:
    """Keeps at most ``per_second`` elements in any second, over all requests, and spreads them over it.

    It makes no more chunks than it must: a second's elements are shared evenly among as few as can hold them.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._most = per_second or 0.0
        self._window = WINDOW if self._most >= 1 or not self._most else WINDOW / self._most
        self._sent: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._next = 0.0
        self._latest: object = None
        self._connecting: dict[object, int] = {}

    def size(self, wanted: int) -> int:
        """Return the size of a chunk of at most ``wanted`` elements that the pace allows."""
        if not self._most:
            return wanted
        if self._most // wanted * wanted >= NEARLY * self._most:
            return wanted
        return max(1, int(self._most / ceil(self._most / wanted)))

    def delay(self, count: int) -> float:
        """Return the seconds until ``count`` elements may be sent."""
        if not self._most:
            return 0.0
        now = self._clock()
        while self._sent and self._sent[0][0] + self._window <= now:
            self._sum -= self._sent.popleft()[1]
        return max(self._next - now, self._until_room(count, now))

    def _until_room(self, count: int, now: float) -> float:
        excess = self._sum + count - max(self._most, count)
        for at, size in self._sent:
            if excess <= 0:
                break
            excess -= size
            if excess <= 0:
                return at + self._window - now
        return self._window if excess > 0 else 0.0

    def sent(self, what: object, count: int) -> None:
        """Note that a request is sent now."""
        if self._most:
            now = self._clock()
            self._sent.append((now, count))
            self._sum += count
            self._next = max(self._next, now - count / self._most) + count / self._most
            self._latest = what

    def gone(self) -> None:
        """Note that the latest has gone out by now: whoever sends it may have been held up in between."""
        if self._latest is not None:
            self._latest = None
            noted, count = self._sent.pop()
            now = self._clock()
            self._sent.append((now, count))
            self._next += now - noted

    def waits(self, what: object) -> None:
        """Note that the latest has not gone out: it waits for a connection, and counts as going out until it does."""
        if self._most:
            self._connecting[what] = self._sent.pop()[1]

    def began(self, what: object) -> None:
        """Note that what waited goes out now."""
        if what in self._connecting:
            self._sent.append((self._clock(), self._connecting.pop(what)))
