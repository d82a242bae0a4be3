"""Elements that are in memory, or come from a generator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.dispositions.sources.tables.frames import FrameSource, is_table
from airflow_provider_vcc.dispositions.sources.text.from_text import from_text
from airflow_provider_vcc.dispositions.sources.text.json_array import REQUEST
from airflow_provider_vcc.dispositions.sources.walk import DEEPEST, is_list, is_read_once, walk
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.sources.rows import Rows, Source
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["IterableSource", "SequenceSource", "from_elements"]


def from_elements(value: object, check_columns: CheckColumns | None = None) -> Source:
    """Return the source for whatever an ``elements`` parameter holds.

    That is a table, a list, also a lazy one and also of lists or tables, or a text: a JSON array or JSON Lines.

    :param check_columns: is given a table's columns before any row is read, and raises if one is unknown.
    :raises VccConfigurationError: if it is anything else, with what to write instead.
    """
    if isinstance(value, (str, bytes, bytearray)):
        return from_text(value)
    if is_table(type(value)):
        return FrameSource(value, check_columns)
    if isinstance(value, Sequence):
        return SequenceSource(value)
    if isinstance(value, Iterator):
        return IterableSource(lambda: value, "elements")
    raise VccConfigurationError(_what_instead(value))


def _what_instead(value: object) -> str:
    if value is None:
        return "elements is None: did the upstream task return nothing? Give a list of elements; an empty one is []"
    if isinstance(value, Mapping):
        if "elements" in value:
            return f"elements {REQUEST}"
        return "elements is a single object; wrap it in a list: elements=[{...}]"
    if hasattr(value, "collect"):
        return "elements is a query that has not run yet; collect it: elements=frame.collect()"
    if hasattr(value, "to_dict"):
        return (
            "elements is a data frame that does not speak Arrow's C stream, as pandas does from 2.2 on; give a list of "
            "elements: elements=frame.to_dict('records')"
        )
    kind = type(value).__name__
    return f"elements must be a list of elements, a table, a JSON array or JSON Lines, got the type {kind}"


class SequenceSource:
    """A list of elements, or of lists of elements, also one that fetches its items when asked for them."""

    name = "elements"

    def __init__(self, value: Sequence[object]) -> None:
        self.total = _count(value)
        self.repeatable = _is_repeatable(value)
        self._value = value
        self._given = 0

    def read(self, size: int) -> Iterator[Rows]:
        """Yield batches of exactly ``size`` elements but for the last."""
        self._given = 0
        for rows in _rows(self._value, size, self.name):
            self._given += len(rows)
            yield rows

    def share(self) -> float | None:
        """Return how much of the list has been read, from 0 to 1."""
        return self._given / self.total if self.total else None


class IterableSource:
    """What a function yields or returns, read once.

    :param make: gives something to iterate over; lists and tables in it are read one after another.
    """

    total: int | None = None
    repeatable = False

    def __init__(self, make: Callable[[], Iterable[object]], name: str) -> None:
        self.name = name
        self._make = make

    def read(self, size: int) -> Iterator[Rows]:
        """Return batches of exactly ``size`` elements but for the last.

        What the function raises is passed on as it is, after what came before has been given.
        """
        return _rows(self._make(), size, self.name)

    def share(self) -> float | None:
        """Return None: nobody knows how much there is to come."""
        return None


def _rows(value: Iterable[object], size: int, name: str) -> Iterator[Rows]:
    start = 0
    for objects in rebatch(walk(value, size, name), size):
        yield ObjectRows(start, objects)
        start += len(objects)


def _count(value: Sequence[object], depth: int = 0) -> int | None:
    """Count elements as far as that is cheap: a lazy list would fetch all to say so."""
    if not isinstance(value, (list, tuple)):
        return None
    kinds = set(map(type, value))
    if any(map(is_table, kinds)) or any(map(is_read_once, kinds)):
        return None
    if depth == DEEPEST or not any(map(is_list, kinds)):
        return len(value)
    total = 0
    for item in value:
        count = _count(item, depth + 1) if is_list(type(item)) else 1
        if count is None:
            return None
        total += count
    return total


def _is_repeatable(value: object, depth: int = 0) -> bool:
    if not isinstance(value, (list, tuple)) or depth == DEEPEST:
        return True
    kinds = set(map(type, value))
    if any(map(is_read_once, kinds)):
        return False
    return not any(map(is_list, kinds)) or all(_is_repeatable(item, depth + 1) for item in value)
