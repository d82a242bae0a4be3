"""How many chunks may be in the air, or answered and not yet saved, at a time.

The window asks ``now`` before it sends, and tells what it sees. A limit is pure: it has no clock and no thread of its
own, every instant is handed in. When ``now`` shrinks, nothing in the air is aborted; nothing new goes out until fewer
than ``now`` chunks are in the air or unsaved.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

__all__ = ["Fixed", "Limit", "Sent", "Trouble"]


class Trouble(StrEnum):
    """What a limit is told of a request that failed."""

    TIMEOUT = "timeout"
    """No answer within the time-out, or a status that says the same (408, 504, 524)."""
    SLOW_DOWN = "slow_down"
    """429: the service asks for less."""
    OVERLOADED = "overloaded"
    """503: the service cannot keep up."""
    OTHER = "other"
    """A broken connection, another status of 500 and above, a request that is too large: says little about load."""


class Sent(NamedTuple):
    """A request that went out."""

    among: int
    """How many places were taken, with its own."""
    at: float


class Limit(Protocol):
    """Decides how many chunks may be in the air or unsaved.

    All instants are in seconds of one monotonic clock.
    """

    @property
    def now(self) -> int:
        """Return how many chunks may be in the air or unsaved at this moment, at least 1."""

    @property
    def most(self) -> int:
        """Return the largest value that ``now`` can ever have: connections and bounds are laid out for it."""

    @property
    def most_unrepeatable(self) -> int:
        """Return how many may be in the air or unsaved when a request goes out that must not be sent twice."""

    def expect(self, requests: int | None) -> None:
        """Note how many requests the run will have in all, as far as is known by now; None: nobody knows."""

    def sent(self, among: int, now: float) -> Sent:
        """Note that a request goes out; what is returned comes back with its answer.

        :param among: how many places are taken, with its own.
        """

    def answered(self, sent: Sent, count: int, now: float) -> None:
        """Note that a request was answered and its place is free again: after the save, if there is a store.

        Requests with a search are not told of, since they go alone and take a time of their own.

        :param count: how many elements the request had.
        """

    def failed(self, trouble: Trouble, now: float) -> None:
        """Note a request that failed."""


class Fixed:
    """A limit that is kept to.

    :param most: how many chunks at a time.
    """

    def __init__(self, most: int) -> None:
        self.now = self.most = self.most_unrepeatable = most

    def expect(self, requests: int | None) -> None:
        """Change nothing."""

    def sent(self, among: int, now: float) -> Sent:
        """Change nothing."""
        return Sent(among, now)

    def answered(self, sent: Sent, count: int, now: float) -> None:
        """Change nothing."""

    def failed(self, trouble: Trouble, now: float) -> None:
        """Change nothing."""
