"""What one request carries. A chunk never changes; what happens to it on its way stands in its ``Delivery``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec

from airflow_provider_vcc.dispositions.elements.checker import AnyElement
from airflow_provider_vcc.dispositions.elements.fields import Element
from airflow_provider_vcc.dispositions.elements.values import as_json
from airflow_provider_vcc.redaction.shapes import shape

__all__ = ["UNENCODABLE", "Chunk", "Key", "chunk_of", "is_encodable", "plain_chunk"]

UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)
"""What encoding raises for an element that cannot be written as JSON."""

Key = str | int | None
"""A record's ``numberid``: a text, once it has been checked."""

_encode = msgspec.json.Encoder(enc_hook=as_json).encode
_decode = msgspec.json.Decoder(list[Element]).decode


class Chunk(msgspec.Struct, frozen=True, eq=False):
    """The elements of one request."""

    positions: Sequence[int]
    keys: Sequence[str]
    """The records that it names, in any order, some of them twice."""
    body: bytes
    """The JSON array of its elements."""
    searches: bool = False
    """Whether it must be alone in the air."""
    messages: bool = False
    """Whether it asks for SMS or email."""
    held: Sequence[AnyElement] | None = None
    """Its elements, unless they are read from the body when somebody asks: on their way they would take five times the
    memory, and what has left the processor's caches is slow to free."""

    __repr__ = shape

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def elements(self) -> Sequence[AnyElement]:
        """What it holds. Ask once: they may be read anew each time."""
        return self.held if self.held is not None else _decode(self.body)

    def without_content(self) -> Chunk:
        """Return what is left of it to know once its outcome is written down: how many elements, and of which kind."""
        return Chunk(range(len(self)), (), b"", self.searches, self.messages)

    def halves(self) -> tuple[Chunk, Chunk]:
        """Return its first and its second half."""
        middle = len(self) // 2
        elements = self.elements
        return self._part(elements[:middle], 0), self._part(elements[middle:], middle)

    def first(self, count: int) -> Chunk:
        """Return its first elements as a chunk of their own."""
        return self._part(self.elements[:count], 0)

    def _part(self, elements: Sequence[AnyElement], start: int) -> Chunk:
        positions = self.positions[start : start + len(elements)]
        if self.held is None:
            return plain_chunk(elements, positions)
        return chunk_of(elements, positions, searches=self.searches, messages=self.messages)


def chunk_of(
    elements: Sequence[AnyElement], positions: Sequence[int], *, searches: bool = False, messages: bool = False
) -> Chunk:
    """Encode elements as a chunk that holds them.

    :raises Exception: one of ``UNENCODABLE``, if an element cannot be written as JSON.
    """
    keys = [one for element in elements if isinstance(one := element.numberid, str)]
    return Chunk(positions, keys, _encode(elements), searches, messages, elements)


def plain_chunk(
    elements: Sequence[AnyElement], positions: Sequence[int], keys: Sequence[str] | None = None, *, hold: bool = False
) -> Chunk:
    """Encode elements without search and messages, which JSON gives back as they are.

    :param keys: their ids, if they are at hand.
    :raises Exception: one of ``UNENCODABLE``, if an element cannot be written as JSON.
    """
    if keys is None:
        keys = cast("list[str]", [element.numberid for element in elements])
    return Chunk(positions, keys, _encode(elements), held=elements if hold else None)


def is_encodable(element: AnyElement) -> bool:
    """Return whether an element can be written as JSON."""
    try:
        _encode(element)
    except UNENCODABLE:
        return False
    return True
