"""All chunks that are on their way, in one collection: where each of them is stands in its state alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.chunks.delivery import (
    AGAIN,
    MOST_ATTEMPTS,
    OCCUPYING,
    ON_THE_WAY,
    Delivery,
    State,
)
from airflow_provider_vcc.dispositions.engine.limits.spent import HeldBy
from airflow_provider_vcc.dispositions.http.answers import Answer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from airflow_provider_vcc.dispositions.engine.limits.limit import Limit

__all__ = ["Deliveries"]

GONE = frozenset({State.DONE, State.SPLIT})
RECORDED = GONE | {State.UNSAVED, State.SAVING}


class Deliveries:
    """A few dozen at most, so each question is answered by looking at all of them."""

    def __init__(self) -> None:
        self._all: list[Delivery] = []
        self._first = self._last = 0

    def __iter__(self) -> Iterator[Delivery]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def within(self, states: frozenset[State]) -> list[Delivery]:
        """Return those in any of some states."""
        return [delivery for delivery in self._all if delivery.state in states]

    def at(self, state: State) -> list[Delivery]:
        """Return those in one state."""
        return [delivery for delivery in self._all if delivery.state is state]

    @property
    def held_by(self) -> HeldBy:
        """What most of those that have a place wait for: their answer, or a save."""
        return HeldBy.SERVICE if self.in_air * 2 >= len(self.within(OCCUPYING)) else HeldBy.SAVES

    @property
    def in_air(self) -> int:
        """How many requests are on the way."""
        return len(self.within(ON_THE_WAY))

    @property
    def packed(self) -> Delivery | None:
        """The one that was packed ahead."""
        return next(iter(self.at(State.PACKED)), None)

    @property
    def searching(self) -> bool:
        """Whether one with a search is being sent, beside which nothing else may be."""
        return any(d.chunk.searches and d.state is not State.PACKED and d.state not in RECORDED for d in self._all)

    @property
    def unrecorded(self) -> list[Delivery]:
        """Those of which nothing is written down yet."""
        return [delivery for delivery in self._all if delivery.state not in RECORDED]

    def is_stuck(self, limit: int) -> bool:
        """Return whether all that wait fail by themselves, so that one more must show if the service is there."""
        again = self.within(AGAIN)
        return len(again) >= limit and all(delivery.attempts >= MOST_ATTEMPTS for delivery in again)

    def first_ready(self, now: float, size: int) -> Delivery | None:
        """Return the first one that is to be sent again and whose time has come; larger ones are split first."""
        while True:
            ready = [delivery for delivery in self.within(AGAIN) if delivery.ready_at <= now]
            first = min(ready, key=lambda delivery: delivery.rank, default=None)
            if first is None or len(first.chunk) <= size:
                return first
            self.split(first)

    def next_ready_in(self, now: float) -> float | None:
        """Return the seconds until the next one is ready; None if none waits for its time."""
        return min((one.ready_at - now for one in self.within(AGAIN) if one.ready_at > now), default=None)

    def noted(self, *, well: bool) -> None:
        """Let those go out before all others of which the store has been told; if it refused, they wait on."""
        for delivery in reversed(self.at(State.NOTING)):  # the first one ends in front
            if well:
                self.to_front(delivery)
            delivery.move(State.READY if well else State.TO_NOTE)

    def add(self, delivery: Delivery) -> None:
        """Take one in."""
        self._all.append(delivery)

    def leave(self, delivery: Delivery, limit: Limit, now: float) -> None:
        """Free its place. How long it was taken is what the limit learns from, so a save is a part of it."""
        delivery.move(State.DONE)
        if isinstance(delivery.outcome, Answer) and delivery.sent is not None and not delivery.chunk.searches:
            limit.answered(delivery.sent, len(delivery.chunk), now)

    def forget_done(self) -> None:
        """Keep those to which something will still happen."""
        self._all = [delivery for delivery in self._all if delivery.state not in GONE]

    def split(self, delivery: Delivery) -> None:
        """Put two halves in its place, at once, so that an exception that comes in between loses nothing."""
        first, second = delivery.halves()
        self.to_front(second)
        self.to_front(first)
        self._all = [*(other for other in self._all if other is not delivery), first, second]
        delivery.move(State.SPLIT)

    def release(self, delivery: Delivery) -> Collection[str]:
        """Let the second half of one that is done follow it; return the records that are free for other elements."""
        part = delivery.then
        if part is None:
            return delivery.chunk.keys
        if part.state is State.BEHIND:
            self.to_front(part)
            part.move(State.READY)
        free = set(delivery.chunk.keys)
        while part is not None:
            free.difference_update(part.chunk.keys)
            part = part.then
        return free

    def to_front(self, delivery: Delivery) -> None:
        """Let it go before all others."""
        self._first -= 1
        delivery.rank = self._first

    def to_back(self, delivery: Delivery) -> None:
        """Let all others go before it."""
        self._last += 1
        delivery.rank = self._last
