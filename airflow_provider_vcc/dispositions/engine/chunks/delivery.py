"""Where a chunk is on its way through the window, and where it may go from there.

``MOVES`` is the whole table: a move that does not stand in it is a defect, and raises.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.limits.limit import Sent
    from airflow_provider_vcc.dispositions.http.answers import Answer

__all__ = ["AGAIN", "MOVES", "OCCUPYING", "ON_THE_WAY", "TAKEN", "Delivery", "NotSent", "State", "Unknown"]


MOST_ATTEMPTS = 5
MOST_TIMEOUTS = 3
"""How often a chunk may fail, or time out, while others succeed."""


class State(StrEnum):
    """Where a chunk is."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and states are looked up all the time

    PACKED = "packed"
    """Packed, and waits for a place in the window, for the pace or for the breaker."""
    TO_NOTE = "to note"
    """The store must know something before this is sent; waits for the next save."""
    NOTING = "noting"
    """That save is being written."""
    READY = "ready"
    """Goes out before any new chunk: noted, a half of a larger one, or free to follow its predecessor."""
    BEHIND = "behind"
    """The second half of a chunk, which must not overtake the first one."""
    IN_AIR = "in the air"
    """Its request is on the way."""
    ABORTING = "aborting"
    """The run was stopped and its answer took too long: the connection is being cut."""
    BACKOFF = "backoff"
    """Failed, and is sent again when its time comes."""
    ANSWERED = "answered"
    """What became of it is known, or that nobody knows; it is being written down."""
    UNSAVED = "unsaved"
    """Written down, and holds its place until the store knows."""
    SAVING = "saving"
    """The store is being told."""
    DONE = "done"
    """Nothing more will happen to it."""
    SPLIT = "split"
    """Its halves have taken its place."""


MOVES: dict[State, frozenset[State]] = {
    State.PACKED: frozenset({State.TO_NOTE, State.IN_AIR, State.DONE}),
    State.TO_NOTE: frozenset({State.NOTING, State.DONE}),
    State.NOTING: frozenset({State.READY, State.TO_NOTE, State.DONE}),
    State.READY: frozenset({State.TO_NOTE, State.IN_AIR, State.SPLIT, State.ANSWERED, State.DONE}),
    State.BEHIND: frozenset({State.READY, State.ANSWERED, State.DONE}),
    State.IN_AIR: frozenset({State.ABORTING, State.ANSWERED, State.BACKOFF, State.SPLIT, State.READY}),
    State.ABORTING: frozenset({State.ANSWERED, State.BACKOFF, State.SPLIT, State.READY}),
    State.BACKOFF: frozenset({State.TO_NOTE, State.IN_AIR, State.SPLIT, State.ANSWERED, State.DONE}),
    State.ANSWERED: frozenset({State.UNSAVED, State.DONE}),
    State.UNSAVED: frozenset({State.SAVING, State.DONE}),
    State.SAVING: frozenset({State.DONE}),
    State.DONE: frozenset(),
    State.SPLIT: frozenset(),
}

ON_THE_WAY = frozenset({State.IN_AIR, State.ABORTING})
"""The server may have it, and its evidence is still to come."""
AGAIN = frozenset({State.READY, State.BACKOFF})
"""To be sent before any new chunk, when the time has come."""
OCCUPYING = ON_THE_WAY | {State.TO_NOTE, State.NOTING, State.ANSWERED, State.UNSAVED, State.SAVING}
"""Takes a place in the window."""
TAKEN = AGAIN | OCCUPYING
"""Has a place, or gets one before any new chunk."""


class Unknown(msgspec.Struct, frozen=True):
    """Nobody can say whether a chunk took effect."""

    reason: str
    status: int | None = None


class NotSent(msgspec.Struct, frozen=True):
    """The server certainly did not act on a chunk, and this run does not send it any more."""


class Delivery:
    """One chunk on its way: where it is, and what has happened to it so far.

    :param changes: how many changed stretches of the input had been read when it was packed; the store must know of
        them before it is sent.
    """

    __slots__ = (
        "attempts",
        "changes",
        "chunk",
        "maybe_acted",
        "noted",
        "outcome",
        "rank",
        "ready_at",
        "remembered",
        "sent",
        "sent_at",
        "state",
        "successes_before",
        "then",
    )

    def __init__(self, chunk: Chunk, changes: int = 0, state: State = State.PACKED) -> None:
        self.chunk = chunk
        self.changes = changes
        self.state = state
        self.rank = 0
        """Lower ones are sent first."""
        self.noted = False
        """Whether the store is told of it before it is sent."""
        self.remembered = False
        """Whether what outlasts the run is told of it before it is sent."""
        self.maybe_acted = False
        """Whether an earlier attempt may have taken effect."""
        self.attempts = 0
        """How often it failed at this size."""
        self.successes_before: int | None = None
        """How many requests had succeeded when it, or what it is a part of, first failed."""
        self.ready_at = 0.0
        self.sent_at = 0.0
        self.sent: Sent | None = None
        """What the limit is to be told with its answer."""
        self.outcome: Answer | Unknown | NotSent | None = None
        """What is to be written down."""
        self.then: Delivery | None = None
        """What must not be sent before this one is done."""

    def move(self, state: State) -> None:
        """Go to another state.

        :raises RuntimeError: if ``MOVES`` does not have it.
        """
        if state not in MOVES[self.state]:
            raise RuntimeError(f"a chunk that is {self.state} cannot become {state}")
        self.state = state

    def note(self, once: bool, remember: bool) -> bool:  # noqa: FBT001 -- the two that may have to know
        """Note that the next try must know of it, or the next run; return whether either does not know yet."""
        before = self.noted, self.remembered
        self.noted, self.remembered = self.noted or once, self.remembered or remember
        return before != (self.noted, self.remembered)

    def is_exhausted(self, successes: int, *, too_much: bool) -> bool:
        """Return whether it fails by itself: others have succeeded since, and it has had its tries.

        :param successes: how many requests have succeeded by now.
        :param too_much: whether it timed out this time.
        """
        most = MOST_TIMEOUTS if too_much else MOST_ATTEMPTS
        return self.maybe_acted and self.attempts >= most and successes > (self.successes_before or 0)

    def halves(self) -> tuple[Delivery, Delivery]:
        """Return what takes its place; the second one is behind the first if it must not overtake it."""
        parts = self.chunk.halves()
        first, second = (self._part(part) for part in parts)
        second.then = self.then
        if self.chunk.searches or self.then is not None or not set(parts[0].keys).isdisjoint(parts[1].keys):
            first.then, second.state = second, State.BEHIND
        return first, second

    def _part(self, chunk: Chunk) -> Delivery:
        part = Delivery(chunk, self.changes, State.READY)
        part.remembered = self.remembered
        part.noted, part.maybe_acted, part.successes_before = self.noted, self.maybe_acted, self.successes_before
        return part
