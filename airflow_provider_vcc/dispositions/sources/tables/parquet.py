"""Parquet: rows of a table, by pyarrow."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch, weighed
from airflow_provider_vcc.dispositions.sources.bytes.signatures import check_named
from airflow_provider_vcc.dispositions.sources.bytes.streams import broken
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.dispositions.sources.tables.arrow import (
    Row,
    bytes_of,
    import_pyarrow,
    is_index,
    rows_of,
    times_of,
)
from airflow_provider_vcc.dispositions.sources.tables.pages import Budget
from airflow_provider_vcc.dispositions.sources.tables.table import check_table
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.bytes.streams import CountedFile, FileStream
    from airflow_provider_vcc.dispositions.sources.tables.arrow import Arrow
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["ParquetSource"]

_BATCHES_TO_RELEASE = 2
_BEGINNING = 128
_READ_AHEAD = 64 * 1024
_MOST_TEXT = 32 * 1024 * 1024
_MOST_CONTAINERS = 1_000_000


class ParquetSource:
    """The rows of a Parquet file, a few thousand at a time, whatever the size of its row groups.

    :param check_columns: is given the columns before any row is read, and raises if one is unknown.
    """

    repeatable = True

    def __init__(self, stream: FileStream, check_columns: CheckColumns | None = None) -> None:
        self.name = stream.name
        self._stream = stream
        self._check_columns = check_columns
        self._given = 0
        self._weight = 0

    @cached_property
    def total(self) -> int | None:
        """How many rows the file says that it has; None if it cannot be read."""
        try:
            with self._stream.open() as raw:
                return int(self._open(raw).metadata.num_rows)
        except VccInputError:
            return None

    def read(self, size: int) -> Iterator[TableRows]:
        """Yield batches of exactly ``size`` rows but for the last.

        :raises VccInputError: if the file, or a part of it, is not Parquet, or pyarrow is not installed.
        """
        self._given = 0
        with self._stream.open() as raw:
            file = self._open(raw)
            names = file.schema_arrow.names
            kept = [number for number, column in enumerate(names) if not is_index(column)]
            columns = tuple(names[number] for number in kept)
            check_table(columns, self._check_columns, self.name)
            budget = Budget(file, raw, self.name)
            times = times_of(file.schema_arrow, kept)
            if budget.shared:
                file = self._open(raw, budget.shared)
            pieces = weighed(self._pieces(file, budget, kept), size, lambda _: self._weight, self.name)
            for values in rebatch(pieces, size):
                start = self._given
                self._given += len(values)
                yield TableRows(start, columns, values, times)

    def share(self) -> float | None:
        """Return how much of the file has been read, from 0 to 1."""
        return self._given / self.total if self.total else None

    def _open(self, raw: CountedFile, shared: list[str] | None = None) -> Arrow:
        pyarrow = import_pyarrow(self.name)
        try:
            self._check_named(raw)
            # Without a buffer of its own, a column of a row group would be read as a whole.
            return pyarrow.parquet.ParquetFile(
                raw,
                pre_buffer=False,
                buffer_size=_READ_AHEAD,
                read_dictionary=shared,
                thrift_string_size_limit=_MOST_TEXT,
                thrift_container_size_limit=_MOST_CONTAINERS,
            )
        except VccInputError:
            raise
        except Exception as error:  # noqa: BLE001 -- pyarrow and file systems raise what they like
            self._stream.fail(error, "cannot be read as Parquet")

    def _check_named(self, raw: CountedFile) -> None:
        raw.seek(0)
        if wrong := check_named(raw.read(_BEGINNING), ".parquet"):
            raise broken(self.name, wrong, None)

    def _pieces(self, file: Arrow, budget: Budget, kept: list[int]) -> Iterator[list[Row]]:
        pool = sys.modules["pyarrow"].default_memory_pool()
        row = number = 0
        try:
            for group in range(file.metadata.num_row_groups):
                rows = budget.rows_at_a_time(group)
                for batch in file.iter_batches(rows, row_groups=[group], use_threads=False):
                    self._weight = bytes_of(batch)
                    yield rows_of(batch.select(kept), budget.instants)
                    row += len(batch)
                    number += 1
                    if number % _BATCHES_TO_RELEASE == 0:
                        pool.release_unused()
        except VccInputError:
            raise
        except Exception as error:  # noqa: BLE001 -- pyarrow and file systems raise what they like
            self._stream.fail(error, "breaks off", f"row {row}")
