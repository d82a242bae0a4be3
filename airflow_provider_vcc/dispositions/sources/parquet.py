"""Parquet: rows of a table, by pyarrow, which is imported only here."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.dispositions.sources.table import check_table
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.streams import FileStream
    from airflow_provider_vcc.dispositions.sources.table import CheckColumns

__all__ = ["ParquetSource"]

_ROWS = 2000
_BATCHES_TO_RELEASE = 10
_READ_AHEAD = 64 * 1024
_POOL = "ARROW_DEFAULT_MEMORY_POOL"
_MOST_DIGITS = 18
_OUT_OF_RANGE = "a time that is out of range"


class ParquetSource:
    """The rows of a Parquet file, a few thousand at a time, whatever the size of its row groups.

    :param check_columns: is given the columns before any row is read, and raises where one is unknown.
    """

    repeatable = True

    def __init__(self, stream: FileStream, check_columns: CheckColumns | None = None) -> None:
        self.name = stream.name
        self._stream = stream
        self._check_columns = check_columns
        self._given = 0

    @cached_property
    def total(self) -> int | None:
        """How many rows the file says that it has; None where it cannot be read."""
        try:
            with self._stream.open() as raw:
                return int(self._open(raw).metadata.num_rows)
        except VccInputError:
            return None

    def read(self, size: int) -> Iterator[TableRows]:
        """Give batches of exactly ``size`` rows but for the last.

        :raises VccInputError: where the file, or a part of it, is no Parquet, or pyarrow is not installed.
        """
        self._given = 0
        with self._stream.open() as raw:
            file = self._open(raw)
            columns = tuple(file.schema_arrow.names)
            check_table(columns, self._check_columns, self.name)
            for values in rebatch(self._pieces(file), size):
                start = self._given
                self._given += len(values)
                yield TableRows(start, columns, values)

    def share(self) -> float | None:
        """Say how much of the file has been read, from 0 to 1."""
        return self._given / self.total if self.total else None

    def _open(self, raw: Any) -> Any:
        pyarrow = _pyarrow(self.name)
        try:
            # Without a buffer of its own, a column of a row group would be read as a whole.
            return pyarrow.parquet.ParquetFile(raw, pre_buffer=False, buffer_size=_READ_AHEAD)
        except Exception as error:  # noqa: BLE001 -- pyarrow and file systems raise what they like
            self._stream.fail(error, "cannot be read as Parquet")

    def _pieces(self, file: Any) -> Iterator[list[tuple[Any, ...]]]:
        pool = sys.modules["pyarrow"].default_memory_pool()
        row = 0
        try:
            for number, batch in enumerate(file.iter_batches(_ROWS, use_threads=False), 1):
                yield list(zip(*map(_values, batch.columns), strict=True))
                row += len(batch)
                if number % _BATCHES_TO_RELEASE == 0:
                    pool.release_unused()
        except Exception as error:  # noqa: BLE001 -- pyarrow and file systems raise what they like
            self._stream.fail(error, "breaks off", f"row {row}")


def _pyarrow(name: str) -> Any:
    """Import pyarrow so that it gives back the memory that it no longer needs, unless somebody imported it before.

    Its usual allocator keeps tens of MiB.
    """
    ours = "pyarrow" not in sys.modules and _POOL not in os.environ
    if ours:
        os.environ[_POOL] = "system"
    try:
        import pyarrow as pa
        import pyarrow.parquet

        pa.default_memory_pool()
    except ImportError:
        raise VccInputError(f"{name} needs pyarrow: pip install 'airflow-provider-vcc[parquet]'", source=name) from None
    finally:
        if ours:
            del os.environ[_POOL]
    return pyarrow


def _values(column: Any) -> list[Any]:
    """Give a column's values as Python has them."""
    types = sys.modules["pyarrow"].types
    kind = column.type
    if types.is_timestamp(kind):
        return _times(column)
    if types.is_decimal(kind) and kind.scale == 0 and kind.precision <= _MOST_DIGITS:
        return list(column.cast("int64").to_pylist())
    if types.is_binary(kind) or types.is_large_binary(kind):
        return _texts(column)
    if types.is_nested(kind):
        return [_without_nulls(value, kind) for value in column.to_pylist()]
    return list(column.to_pylist())


def _texts(column: Any) -> list[Any]:
    """Give texts that were written without saying that they are, as some engines do."""
    pa = sys.modules["pyarrow"]
    try:
        return list(column.cast("string").to_pylist())
    except pa.ArrowInvalid:
        return list(column.to_pylist())


def _times(column: Any) -> list[Any]:
    """Give a time without a zone as the text that the API takes, and one with a zone as a datetime.

    Both are to the second. Arrow's own way to datetimes costs a microsecond each.
    """
    pa = sys.modules["pyarrow"]
    if column.type.tz is None:
        return list(column.cast(pa.timestamp("s"), safe=False).cast("string").to_pylist())
    seconds = column.cast(pa.timestamp("s", "UTC"), safe=False).cast("int64").to_pylist()
    return [None if second is None else _moment(second) for second in seconds]


def _moment(second: int) -> datetime | str:
    try:
        return datetime.fromtimestamp(second, UTC)
    except (ValueError, OverflowError, OSError):
        return _OUT_OF_RANGE


def _without_nulls(value: Any, kind: Any) -> Any:
    """Leave out what a struct has no value for, since each of its rows has all of its names."""
    if value is None:
        return None
    types = sys.modules["pyarrow"].types
    if types.is_map(kind):
        return dict(value)
    if types.is_struct(kind):
        return {
            field.name: _without_nulls(value[field.name], field.type) for field in kind if value[field.name] is not None
        }
    return [_without_nulls(one, kind.value_type) for one in value] if types.is_nested(kind) else value
