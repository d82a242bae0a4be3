"""What goes into the next request: by count, by bytes, and so that elements for one record keep their order.

An element waits while another one for its record is in the air; one with ``search`` waits for all, and all wait for it.
What waits is bounded by the window.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.elements.checker import Batch
from airflow_provider_vcc.dispositions.engine.chunks.busy import Busy
from airflow_provider_vcc.dispositions.engine.chunks.chunk import UNENCODABLE, chunk_of, is_encodable, plain_chunk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import AnyElement
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk, Key

__all__ = ["Packer"]

Waiting = tuple[int, "AnyElement"]


def joined(first: Sequence[int], second: Sequence[int]) -> Sequence[int]:
    """Join positions, as a range where they are consecutive."""
    if isinstance(first, range) and isinstance(second, range) and first.stop == second.start:
        return range(first.start, second.stop)
    return [*first, *second]


class Packer:
    """Packs a stream of checked batches into chunks.

    :param most_bytes: the most bytes of a chunk's JSON array.
    :param most_waiting: how many elements may wait for their record before reading on stops.
    :param hold: whether chunks hold their elements, since somebody asks for them again and again.
    """

    def __init__(self, batches: Iterator[Batch], most_bytes: int, most_waiting: int, *, hold: bool = False) -> None:
        self._batches = batches
        self._most_bytes = most_bytes
        self._most_waiting = most_waiting
        self._hold = hold
        self._fitting = 1 << 30
        self.busy = Busy()
        """The records that are in the air or being retried; whoever sends and settles keeps it up to date."""
        self.waiting: deque[Waiting] = deque()
        self.too_large: list[Waiting] = []
        """Elements that alone are larger than a request may be, for the caller to take away."""
        self.unencodable: list[Waiting] = []
        """Elements that cannot be written as JSON, likewise."""
        self.exhausted = False
        self._batch: Batch | None = None
        self._ahead: Batch | None = None
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether everything has been packed."""
        return not self.waiting and self._current() is None

    def next(self, size: int, *, alone: bool) -> Chunk | None:
        """Return a chunk of at most ``size`` elements; None if nothing may be sent now.

        :param alone: whether nothing is in the air, so that a search may go.
        """
        size = min(size, self._fitting)
        chunk = None
        if not self.waiting:
            chunk = self._plain(size)
        if chunk is None:
            chunk = self._picked(size, alone=alone)
        return self._fit(chunk) if chunk is not None else None

    def _current(self) -> Batch | None:
        """Return the batch that is being packed, the next one if it is used up, None at the end."""
        while self._batch is None or self._at >= len(self._batch.elements):
            self._batch, self._at = self._read(), 0
            if self._batch is None:
                return None
        return self._batch

    def _read(self) -> Batch | None:
        batch, self._ahead = self._ahead, None
        if batch is None and not self.exhausted:
            batch = next(self._batches, None)
            self.exhausted = batch is None
        return batch

    def _plain(self, size: int) -> Chunk | None:
        """Pack plain elements without looking at each; None, and nothing taken, where that cannot be done."""
        batch = self._current()
        while batch is not None and batch.plain and len(batch.elements) - self._at < size and not self.exhausted:
            self._ahead = self._read()
            if self._ahead is None or not self._ahead.plain:
                break
            batch = self._join(batch, self._ahead)
        if batch is None or not batch.plain:
            return None
        end = min(self._at + size, len(batch.elements))
        try:
            records = None if batch.records is None else batch.records[self._at : end]
            elements, positions = batch.elements[self._at : end], batch.positions[self._at : end]
            chunk = plain_chunk(elements, positions, records, hold=self._hold)
        except UNENCODABLE:
            return None
        if self.busy.meets(chunk):
            return None
        self._at = end
        return chunk

    def _join(self, first: Batch, second: Batch) -> Batch:
        rest = first.positions[self._at :]
        elements = [*first.elements[self._at :], *second.elements]
        self._batch, self._at, self._ahead = (
            Batch(first.start, 0, elements, joined(rest, second.positions), plain=True),
            0,
            None,
        )
        return self._batch

    def _picked(self, size: int, *, alone: bool) -> Chunk | None:
        pick = _Pick(size, self.busy, alone=alone)
        held: deque[Waiting] = deque()
        waiting = self.waiting
        while waiting and not pick.closed:
            pair = waiting.popleft()
            if not pick.take(*pair):
                held.append(pair)
        held.extend(waiting)
        self.waiting = held
        while not pick.closed and len(held) < self._most_waiting:
            pair_or_none = self._pull()
            if pair_or_none is None:
                break
            if not pick.take(*pair_or_none):
                held.append(pair_or_none)
        return pick.chunk(self.unencodable)

    def _pull(self) -> Waiting | None:
        batch = self._current()
        if batch is None:
            return None
        self._at += 1
        return batch.positions[self._at - 1], batch.elements[self._at - 1]

    def _fit(self, chunk: Chunk) -> Chunk | None:
        """Keep to the most bytes: what is too much goes back to the front."""
        if len(chunk.body) <= self._most_bytes:
            self._fitting = max(self._fitting, len(chunk) + len(chunk) // 8 + 1)
            return chunk
        if len(chunk) == 1:
            self.too_large.append((chunk.positions[0], chunk.elements[0]))
            return None
        count = max(1, min(len(chunk) - 1, len(chunk) * self._most_bytes // len(chunk.body)))
        self._fitting = count
        self.put_back(chunk, count)
        return self._fit(chunk.first(count))

    def put_back(self, chunk: Chunk, start: int) -> None:
        """Take back the elements from ``start`` on of a chunk that was not sent, before all that wait."""
        pairs = zip(reversed(chunk.positions[start:]), reversed(chunk.elements[start:]), strict=True)
        self.waiting.extendleft(pairs)


class _Pick:
    """Chooses elements one by one: what conflicts with what is in the air, or with what is held before it, is held."""

    def __init__(self, size: int, busy: Busy, *, alone: bool) -> None:
        self._size = size
        self._busy = busy
        self._alone = alone
        self._held: set[Key] = set()
        self._elements: list[AnyElement] = []
        self._positions: list[int] = []
        self._searches = False
        self._messages: bool | None = None
        self.closed = False
        """Whether nothing more can be chosen."""

    def take(self, position: int, element: AnyElement) -> bool:
        """Choose an element, or say that it must be held."""
        key = element.numberid
        messages = bool(element.sendDispositionMessages)
        other_mode = self._messages is not None and messages != self._messages
        if key is None:
            if other_mode or self._held or not self._alone:
                self.closed = True
                return False
            self._searches = True
        elif other_mode or key in self._busy or key in self._held:
            self._held.add(key)
            return False
        self._messages = messages
        self._elements.append(element)
        self._positions.append(position)
        self.closed = len(self._elements) >= self._size
        return True

    def chunk(self, unencodable: list[Waiting]) -> Chunk | None:
        """Return what was chosen, except the elements that cannot be encoded, which go to ``unencodable``."""
        flags = {"searches": self._searches, "messages": bool(self._messages)}
        try:
            chunk = chunk_of(self._elements, self._positions, **flags)
        except UNENCODABLE:
            pairs = list(zip(self._positions, self._elements, strict=True))
            unencodable += [pair for pair in pairs if not is_encodable(pair[1])]
            good = [pair for pair in pairs if is_encodable(pair[1])]
            chunk = chunk_of([element for _, element in good], [position for position, _ in good], **flags)
        return chunk if len(chunk) else None
