"""One verdict on the service, shared by all requests in the air."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.backoff import jitter

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Service"]

FEWEST_FAILURES = 6
LONGEST_OUTAGE = 30.0


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
