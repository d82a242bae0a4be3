"""How many chunks may be in the air, or answered and not yet saved, at a time.

The window asks ``now`` before it sends, and tells what it sees. A limit is pure: it has no clock and no thread of its
own, every instant is handed in. When ``now`` shrinks, nothing in the air is aborted; nothing new goes out until fewer
than ``now`` chunks are in the air or unsaved.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

__all__ = ["Fixed", "Limit", "Trouble"]


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


class Limit(Protocol):
    """Decides how many chunks may be in the air or unsaved.

    All instants are in seconds of one monotonic clock. ``in_air`` counts requests that are on their way, without those
    whose results are being saved.
    """

    @property
    def now(self) -> int:
        """Return how many chunks may be in the air or unsaved at this moment, at least 1."""

    @property
    def most(self) -> int:
        """Return the largest value that ``now`` can ever have: connections and bounds are laid out for it."""

    def sent(self, in_air: int, now: float) -> None:
        """Note that a request goes out, as the ``in_air``-th at the same time."""

    def answered(self, count: int, seconds: float, in_air: int, now: float) -> None:
        """Note an answer to a request.

        :param count: how many elements the request had.
        :param seconds: from the moment the request went out to its answer.
        :param in_air: how many requests were in the air until now, this one included.
        """

    def failed(self, trouble: Trouble, in_air: int, now: float) -> None:
        """Note a request that failed; ``in_air`` as in :meth:`answered`."""


class Fixed:
    """A limit that is kept to.

    :param most: how many chunks at a time.
    """

    def __init__(self, most: int) -> None:
        self.now = self.most = most

    def sent(self, in_air: int, now: float) -> None:
        """Change nothing."""

    def answered(self, count: int, seconds: float, in_air: int, now: float) -> None:
        """Change nothing."""

    def failed(self, trouble: Trouble, in_air: int, now: float) -> None:
        """Change nothing."""
