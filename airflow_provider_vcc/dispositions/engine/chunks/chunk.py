"""What one request carries. A chunk never changes; what happens to it on its way stands in its ``Delivery``."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import msgspec

from airflow_provider_vcc.dispositions.elements.checker import AnyElement
from airflow_provider_vcc.dispositions.elements.values import as_json
from airflow_provider_vcc.redaction.shapes import shape

__all__ = ["UNENCODABLE", "Chunk", "Key", "chunk_of", "is_encodable"]

UNENCODABLE = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)
"""What encoding raises for an element that cannot be written as JSON."""

Key = str | int | None
"""A record's ``numberid``: a text, once it has been checked."""

_encode = msgspec.json.Encoder(enc_hook=as_json).encode


class Chunk(msgspec.Struct, frozen=True, eq=False):
    """The elements of one request."""

    elements: Sequence[AnyElement]
    positions: Sequence[int]
    keys: AbstractSet[Key]
    """The records that it names."""
    body: bytes
    """The JSON array of its elements."""
    searches: bool = False
    """Whether it must be alone in the air."""
    messages: bool = False
    """Whether it asks for SMS or email."""

    __repr__ = shape

    def __len__(self) -> int:
        return len(self.elements)

    def halves(self) -> tuple[Chunk, Chunk]:
        """Return its first and its second half."""
        middle = len(self) // 2
        return self.part(0, middle), self.part(middle, len(self))

    def part(self, low: int, high: int) -> Chunk:
        """Return the elements from index ``low`` to before ``high`` as a chunk of their own."""
        return chunk_of(
            self.elements[low:high], self.positions[low:high], searches=self.searches, messages=self.messages
        )


def chunk_of(
    elements: Sequence[AnyElement], positions: Sequence[int], *, searches: bool = False, messages: bool = False
) -> Chunk:
    """Encode elements as a chunk.

    :raises Exception: one of ``UNENCODABLE``, if an element cannot be written as JSON.
    """
    keys: set[Key] = {element.numberid for element in elements}
    keys.discard(None)
    return Chunk(elements, positions, keys, _encode(elements), searches, messages)


def is_encodable(element: AnyElement) -> bool:
    """Return whether an element can be written as JSON."""
    try:
        _encode(element)
    except UNENCODABLE:
        return False
    return True
