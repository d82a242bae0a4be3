"""Which line of a text, or row of a sheet, an element came from."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Lines"]

_MOST = 100_000


class Lines:
    """The line of each position. Only where the two do not go up together is anything kept.

    That is hardly anywhere: at blank lines and cells of several lines. Of more such places than ``most``, those that
    were read last are kept, since it is soon after reading that somebody asks.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._positions = array("q")
        self._offsets = array("q")
        self._next = 0

    def note(self, lines: Sequence[int]) -> None:
        """Note the lines of the next elements."""
        if isinstance(lines, range):  # one after another, as they mostly are
            if lines:
                self._turn(self._next, lines.start)
        else:
            for position, line in enumerate(lines, self._next):
                self._turn(position, line)
        self._next += len(lines)

    def _turn(self, position: int, line: int) -> None:
        offset = line - position
        if self._offsets and self._offsets[-1] == offset:
            return
        if len(self._offsets) >= self._most:
            half = self._most // 2
            del self._positions[:half], self._offsets[:half]
        self._positions.append(position)
        self._offsets.append(offset)

    def of(self, position: int) -> int | None:
        """Return the line of a position, or None if it is not known, or not any more."""
        place = bisect_right(self._positions, position) - 1
        return position + self._offsets[place] if place >= 0 and position < self._next else None
