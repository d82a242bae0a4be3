"""Elements that are in memory, or come from a generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.dispositions.sources.text import from_text
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["IterableSource", "SequenceSource", "from_elements"]


def from_elements(value: Any) -> Source:
    """Give the source for whatever an ``elements`` parameter holds.

    That is a list, also a lazy one and also of lists, or a text: a JSON array or JSON Lines.

    :raises VccConfigurationError: where it is anything else, with what to write instead.
    """
    if isinstance(value, (str, bytes, bytearray)):
        return from_text(value)
    if isinstance(value, Sequence):
        return SequenceSource(value)
    if isinstance(value, Iterator):
        return IterableSource(lambda: value, "elements")
    raise VccConfigurationError(_what_instead(value))


def _what_instead(value: Any) -> str:
    if value is None:
        return "elements is None: did the upstream task return nothing? Give a list of elements; an empty one is []"
    if isinstance(value, Mapping):
        return "elements is a single object; wrap it in a list: elements=[{...}]"
    if hasattr(value, "to_dict"):
        return "elements is a data frame; give a list of elements: elements=frame.to_dict('records')"
    kind = type(value).__name__
    return f"elements must be a list of elements, a JSON array or JSON Lines, and is of the type {kind}"


class SequenceSource:
    """A list of elements, or of lists of elements, also one that fetches its items when asked for them."""

    name = "elements"
    repeatable = True

    def __init__(self, value: Sequence[Any]) -> None:
        self.total = _count(value)
        self._value = value
        self._given = 0

    def read(self, size: int) -> Iterator[ObjectRows]:
        """Give batches of exactly ``size`` elements but for the last."""
        self._given = 0
        for rows in _rows(self._value, size):
            self._given += len(rows)
            yield rows

    def share(self) -> float | None:
        """Say how much of the list has been read, from 0 to 1."""
        return self._given / self.total if self.total else None


class IterableSource:
    """What a function yields or returns, read once.

    :param make: gives something to iterate over; lists in it are read one after another.
    """

    total: int | None = None
    repeatable = False

    def __init__(self, make: Callable[[], Iterable[Any]], name: str) -> None:
        self.name = name
        self._make = make

    def read(self, size: int) -> Iterator[ObjectRows]:
        """Give batches of exactly ``size`` elements but for the last.

        What the function raises is passed on as it is, after what came before has been given.
        """
        return _rows(self._make(), size)

    def share(self) -> float | None:
        """Nobody knows how much there is to come."""
        return None


def _rows(value: Iterable[Any], size: int) -> Iterator[ObjectRows]:
    start = 0
    for objects in rebatch(_pieces(value, size), size):
        yield ObjectRows(start, objects)
        start += len(objects)


def _pieces(value: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Walk elements in slices, and lists among them one after another."""
    if not isinstance(value, (list, tuple)):
        yield from _walk(value, size)
        return
    for low in range(0, len(value), size):
        part = list(value[low : low + size])
        if any(map(_is_list, set(map(type, part)))):
            yield from _walk(part, size)
        else:
            yield part


def _walk(value: Iterable[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    try:
        for item in value:
            nested = _is_list(item.__class__)
            if not nested:
                part.append(item)
            if part and (nested or len(part) == size):
                yield part
                part = []
            if nested:
                yield from _pieces(item, size)
    except Exception:
        if part:
            yield part
        raise
    if part:
        yield part


def _is_list(kind: type) -> bool:
    return kind is not dict and issubclass(kind, Sequence) and not issubclass(kind, (str, bytes, bytearray))


def _count(value: Sequence[Any]) -> int | None:
    """Count elements as far as that is cheap: a lazy list would fetch all to say so."""
    if not isinstance(value, (list, tuple)):
        return None
    if not any(map(_is_list, set(map(type, value)))):
        return len(value)
    total = 0
    for item in value:
        count = _count(item) if _is_list(item.__class__) else 1
        if count is None:
            return None
        total += count
    return total
