"""One verdict on the service, shared by all requests in the air, and how long to leave it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Service"]

FEWEST_FAILURES = 6
LONGEST_OUTAGE = 30.0


class Service:
    """A circuit breaker: closed while requests succeed, one probe at a time after a failure, open when it is down.

    All instants are in seconds of one monotonic clock.

    :param jitter: the seconds to wait after the n-th failure in a row.
    """

    def __init__(self, jitter: Callable[[int], float]) -> None:
        self._jitter = jitter
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

    def failed(self, sent_at: float, now: float, retry_after: float | None = None) -> None:
        """Note a fault. Requests that were in the air together fail once."""
        if not self.failures:
            self._since = now
        if not self.failures or sent_at >= self._last:
            self.failures += 1
            self._last = now
            self._close(now + self._jitter(self.failures), now)
        if retry_after is not None:
            self._asked_until = max(self._asked_until, now + retry_after)
            self._close(self._asked_until, now)

    def _close(self, until: float, now: float) -> None:
        if until > self._closed_until:
            self.waited += until - max(now, self._closed_until)
            self._closed_until = until

    def delay(self, in_air: int, now: float) -> float | None:
        """Return the seconds until a request may be sent; None if an answer must come first."""
        if self.failures and in_air:
            return None
        return self.closed_for(now)

    def closed_for(self, now: float) -> float:
        """Return the seconds until a request may be sent if none is in the air."""
        return max(self._closed_until - now, 0.0)

    def is_down(self, now: float) -> bool:
        """Return whether request after request failed, for long enough to leave the service alone."""
        return self.failures >= FEWEST_FAILURES and now - self._since >= LONGEST_OUTAGE
