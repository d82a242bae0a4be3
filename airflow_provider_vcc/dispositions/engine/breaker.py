"""One verdict on the service, shared by all requests in the air, and the pace that it is asked to bear."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.backoff import jitter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Pace", "Service"]

FEWEST_FAILURES = 6
LONGEST_OUTAGE = 30.0
WINDOW = 1.02
"""Seconds over which the pace is kept: a second, and the jitter of the network."""


class Service:
    """A circuit breaker: closed while requests succeed, one probe at a time after a failure, open when it is down."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.failures = 0
        """Rounds of failures since the last success."""
        self.successes = 0
        self.waited = 0.0
        """Seconds that sending was held back."""
        self._since = 0.0
        self._last = 0.0
        self._closed_until = 0.0
        self._asked_until = 0.0

    def succeeded(self) -> None:
        """Note an answer that shows the service at work."""
        self.successes += 1
        if self.failures:
            self.failures = 0
            self._closed_until = self._asked_until

    def failed(self, sent_at: float, retry_after: float | None = None) -> None:
        """Note a fault. Requests that were in the air together fail once."""
        now = self._clock()
        if not self.failures:
            self._since = now
        if not self.failures or sent_at >= self._last:
            self.failures += 1
            self._last = now
            self._close(now + jitter(self.failures))
        if retry_after is not None:
            self._asked_until = max(self._asked_until, now + retry_after)
            self._close(self._asked_until)

    def _close(self, until: float) -> None:
        if until > self._closed_until:
            self.waited += until - max(self._clock(), self._closed_until)
            self._closed_until = until

    def delay(self, in_air: int) -> float | None:
        """Give the seconds until a request may be sent; None where an answer must come first."""
        if self.failures and in_air:
            return None
        return max(self._closed_until - self._clock(), 0.0)

    @property
    def down(self) -> bool:
        """Whether request after request failed, for long enough to leave it alone."""
        return self.failures >= FEWEST_FAILURES and self._clock() - self._since >= LONGEST_OUTAGE


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
