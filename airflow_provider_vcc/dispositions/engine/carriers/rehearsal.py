"""A carrier that sends nothing and saves nothing: it only looks at what would go out."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.chunks.delivery import NotSent
from airflow_provider_vcc.dispositions.engine.messages import Answered, Saved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.messages import Event

__all__ = ["Rehearsal"]


class Rehearsal:
    """Reports each chunk as not sent, so that every valid element of the run ends as ``not_sent``.

    Hand it to ``Sync`` as its carrier, without a store.

    :param first: is shown the first chunk; its body is the JSON array of the elements.
    """

    def __init__(self, first: Callable[[Chunk], None]) -> None:
        self._first = first
        self._events: deque[Event] = deque()
        self.requests = 0
        """How many requests would have gone out, if each had been answered at once."""

    def clock(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return monotonic()

    def prepare(self) -> None:
        """Connect to nothing."""

    def send(self, delivery: Delivery, in_air: int) -> bool:  # noqa: ARG002 -- nothing is in the air
        """Look at a chunk."""
        self.requests += 1
        if self.requests == 1:
            self._first(delivery.chunk)
        self._events.append(Answered(delivery, NotSent(), self.clock()))
        return False

    def abort(self, delivery: Delivery) -> None:
        """Nothing is on its way."""

    def save(self, values: Sequence[tuple[str, object]]) -> None:  # noqa: ARG002 -- nothing is kept
        """Keep nothing."""
        self._events.append(Saved(None))

    def wait(self, seconds: float) -> Event | None:  # noqa: ARG002 -- all has been reported
        """Return what comes next."""
        return self._events.popleft() if self._events else None

    def pending(self) -> bool:
        """Return whether something was looked at that is not accounted for."""
        return bool(self._events)

    def interrupted(self, on_the_way: Sequence[Delivery], *, saving: bool) -> None:  # noqa: ARG002 -- nothing is kept
        """Report them: nothing goes out, whatever comes in between."""
        self._events.extend(Answered(delivery, NotSent(), self.clock()) for delivery in on_the_way)

    def wake(self) -> None:
        """Nobody waits."""

    def close(self, seconds: float) -> None:
        """Nothing is open."""
