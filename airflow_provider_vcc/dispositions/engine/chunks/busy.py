"""The records that are being sent: an element for one of them waits, so that the order for each record is kept."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk, Key

__all__ = ["Busy"]

FIRST_LOOK = 64
"""Chunks after which it is seen whether they lie apart again; after twice as many each time that they did not."""


class Busy:
    """Inputs are mostly in the order of their ids, so that the ids of each chunk lie apart from those of the others.

    While they do, the first and the last id of each chunk say enough. Where they do not, each record is noted, which
    takes a twentieth of a run's time, until the chunks lie apart again.
    """

    def __init__(self) -> None:
        self._whole: list[Chunk] = []
        """The chunks of which all records are being sent; none is kept here while others are sent in parts."""
        self._records: set[Key] | None = None
        """All records that are being sent; None while the chunks lie apart."""
        self._in_parts = False
        self._bounds: dict[Chunk, tuple[str, str]] = {}
        self._added, self._look_after = 0, FIRST_LOOK

    def add(self, chunk: Chunk) -> None:
        """Note that a chunk is being sent."""
        if not chunk.keys:
            return
        if not self._in_parts:
            self._whole.append(chunk)
        if self._records is not None:
            self._records.update(chunk.keys)
            self._added += 1

    def free(self, chunk: Chunk, keys: Collection[str]) -> None:
        """Note that records of a chunk are not being sent any more: all, or some if it is a part of another."""
        if chunk in self._whole:
            self._whole.remove(chunk)
            self._bounds.pop(chunk, None)
        elif keys:
            self._each()
            self._whole, self._bounds, self._in_parts = [], {}, True
        if self._records is not None:
            self._records.difference_update(keys)
            if not self._records:
                self._records, self._in_parts = None, False

    def meets(self, chunk: Chunk) -> bool:
        """Return whether a record of a chunk is being sent."""
        if self._records is not None and self._added >= self._look_after and not self._in_parts:
            self._look_again()
        if self._records is None and chunk.keys:
            low, high = _bounds_of(chunk)
            if all(high < other_low or other_high < low for other_low, other_high in map(self._bounds_of, self._whole)):
                return False
        return not self._each().isdisjoint(chunk.keys)

    def __contains__(self, key: Key) -> bool:
        return key in self._each()

    def _each(self) -> set[Key]:
        if self._records is None:
            self._records = {key for chunk in self._whole for key in chunk.keys}
            self._added = 0
        return self._records

    def _look_again(self) -> None:
        """Forget each record, if the chunks lie apart."""
        self._added = 0
        ordered = sorted(map(self._bounds_of, self._whole))
        if all(before[1] < after[0] for before, after in pairwise(ordered)):
            self._records = None
        else:
            self._look_after *= 2

    def _bounds_of(self, chunk: Chunk) -> tuple[str, str]:
        found = self._bounds.get(chunk)
        if found is None:
            found = self._bounds[chunk] = _bounds_of(chunk)
        return found


def _bounds_of(chunk: Chunk) -> tuple[str, str]:
    ordered = sorted(chunk.keys)  # which is quick where they are in order already
    return ordered[0], ordered[-1]
