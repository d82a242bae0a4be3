"""Arrow's columns as Python has them. pyarrow is imported only here."""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["Arrow", "Row", "bytes_of", "import_pyarrow", "is_index", "rows_of", "slices", "times_of"]

Row = tuple[object, ...]
Arrow: TypeAlias = Any
"""A file, a batch, a schema, a column or a scalar of pyarrow's, which publishes no types."""

_ROWS = 2000
_BYTES = 16 * 1024 * 1024
_POOL = "ARROW_DEFAULT_MEMORY_POOL"
_MOST_DIGITS = 18
_INDEX = re.compile(r"__index_level_[0-9]+__")
_EXACT_FLOATS = {16: 2**11, 32: 2**24}
"""Up to where a float of so many bits has all whole numbers."""
_UNREADABLE = b"a value that cannot be read"
"""Is no text, no number and no time, so that it is invalid in each field."""


def import_pyarrow(name: str) -> Any:
    """Import pyarrow so that it gives back the memory that it no longer needs, unless somebody imported it before.

    Its usual allocator keeps tens of MiB.

    :raises VccInputError: if it is not installed.
    """
    ours = "pyarrow" not in sys.modules and _POOL not in os.environ
    if ours:
        os.environ[_POOL] = "system"
    try:
        import pyarrow as pa
        import pyarrow.parquet

        pa.default_memory_pool()
    except ImportError:
        raise VccInputError(f"{name} needs pyarrow: pip install 'airflow-provider-vcc[arrow]'", source=name) from None
    finally:
        if ours:
            del os.environ[_POOL]
    return pyarrow


def is_index(column: str) -> bool:
    """Return whether a column is pandas' own: an index without a name."""
    return _INDEX.fullmatch(column) is not None


def slices(batch: Arrow) -> Iterator[Arrow]:
    """Cut a batch of records into pieces that take little memory as Python's values."""
    rows = len(batch)
    size = min(_ROWS, max(1, _BYTES * rows // max(batch.nbytes, 1)))
    for start in range(0, rows, size):
        yield batch.slice(start, size)


def times_of(schema: Arrow, columns: Collection[int]) -> frozenset[int]:
    """Return which of some columns of a schema have times that ``rows_of`` gives as texts, by place among them."""
    is_time = sys.modules["pyarrow"].types.is_timestamp
    kinds = [schema.field(number).type for number in columns]
    return frozenset(place for place, kind in enumerate(kinds) if is_time(kind) and kind.tz is None)


def bytes_of(batch: Arrow) -> int:
    """Return how many bytes a batch of records takes; a dictionary's values are shared, and not counted."""
    is_dictionary = sys.modules["pyarrow"].types.is_dictionary
    return sum(column.indices.nbytes if is_dictionary(column.type) else column.nbytes for column in batch.columns)


def rows_of(batch: Arrow, instants: Collection[int] = (), *, whole_times: bool = False) -> list[Row]:
    """Return the rows of a batch of records.

    :param instants: the columns whose times are instants in UTC, though their type does not say so.
    :param whole_times: give times without a zone as such instead of as texts.
    """
    columns = [_values(column, instant=number in instants) for number, column in enumerate(batch.columns)]
    for number in times_of(batch.schema, range(batch.num_columns)) if whole_times else ():
        columns[number] = [None if text is None else _whole_time(text) for text in columns[number]]
    return list(zip(*columns, strict=True)) if columns else []


def _values(column: Arrow, *, instant: bool = False) -> list[object]:
    types = sys.modules["pyarrow"].types
    kind = column.type
    if types.is_timestamp(kind):
        return _times(column, instant=instant)
    if types.is_decimal(kind) and kind.scale == 0 and kind.precision <= _MOST_DIGITS:
        return list(column.cast("int64").to_pylist())
    special = next((read for is_kind, read in _SPECIAL if getattr(types, is_kind)(kind)), _listed)
    return special(column.storage if hasattr(column, "storage") else column)


def _listed(column: Arrow) -> list[Any]:
    try:
        return list(column.to_pylist())
    except Exception:  # noqa: BLE001 -- a value that Python does not have: only this one is invalid
        return list(map(_scalar, column))


def _scalar(value: Arrow) -> object:
    try:
        return value.as_py()
    except Exception:  # noqa: BLE001 -- likewise
        return _UNREADABLE


def _of_dictionary(column: Arrow) -> list[object]:
    """Return values that share one object each, so that a large one that is repeated takes no memory."""
    known = _values(column.dictionary)
    return [None if index is None else known[index] for index in column.indices.to_pylist()]


def _of_map(column: Arrow) -> list[object]:
    return [None if value is None else dict(value) for value in _listed(column)]


def _of_floats(column: Arrow) -> list[object]:
    most = _EXACT_FLOATS[column.type.bit_width]
    return [_exact(value, most) for value in column.to_pylist()]


def _exact(value: float | None, most: int) -> float | None:
    """Return a number of less than double precision, and infinity for a whole one whose last digits are lost."""
    return value if value is None or abs(value) < most or value % 1 else float("inf")


def _texts(column: Arrow) -> list[object]:
    """Return texts that were written without saying that they are, as some engines do."""
    try:
        return list(column.cast("string").to_pylist())
    except sys.modules["pyarrow"].ArrowInvalid:
        return list(column.to_pylist())


_SPECIAL = (
    ("is_dictionary", _of_dictionary),
    ("is_binary", _texts),
    ("is_large_binary", _texts),
    ("is_float32", _of_floats),
    ("is_float16", _of_floats),
    ("is_map", _of_map),
)


def _times(column: Arrow, *, instant: bool) -> list[object]:
    """Return a time without a zone as the text that the API takes, and one with a zone as a datetime.

    Both are to the second. Arrow's own way to datetimes costs a microsecond each.
    """
    pa = sys.modules["pyarrow"]
    if column.type.tz is None and not instant:
        return list(column.cast(pa.timestamp("s"), safe=False).cast("string").to_pylist())
    if column.type.tz is None:
        column = column.cast(pa.timestamp(column.type.unit, "UTC"))
    seconds = column.cast(pa.timestamp("s", "UTC"), safe=False).cast("int64").to_pylist()
    return [None if second is None else _moment(second) for second in seconds]


def _whole_time(text: object) -> datetime | bytes:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:  # a year that Python does not have
        return _UNREADABLE


def _moment(second: int) -> datetime | bytes:
    try:
        return datetime.fromtimestamp(second, UTC)
    except (ValueError, OverflowError, OSError):
        return _UNREADABLE
