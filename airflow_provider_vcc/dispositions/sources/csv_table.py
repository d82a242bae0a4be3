"""CSV with a header: rows of a table, all cells texts, empty ones absent."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain, islice, repeat
from operator import contains
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.dispositions.sources.streams import broken
from airflow_provider_vcc.dispositions.sources.table import check_table
from airflow_provider_vcc.dispositions.sources.utf8 import whole_lines
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_vcc.dispositions.sources.streams import Stream
    from airflow_provider_vcc.dispositions.sources.table import CheckColumns

__all__ = ["CsvSource"]

_ROWS = 2000
_VALUE = re.compile(r"[0-9][0-9.,:/T Z+-]*")


class CsvSource:
    """The rows of a CSV file. A row that is too long stays so, for the column plan to report; a short one is filled up.

    :param check_columns: is given the columns before any row is read, and raises where one is unknown.
    """

    total: int | None = None
    repeatable = True

    def __init__(self, stream: Stream, check_columns: CheckColumns | None = None) -> None:
        self.name = stream.name
        self._stream = stream
        self._check_columns = check_columns

    def read(self, size: int) -> Iterator[TableRows]:
        """Give batches of exactly ``size`` rows but for the last.

        :raises VccInputError: where the header cannot be used, or the input breaks off.
        """
        table = _Table(self.name, self._stream.blocks())
        self._check(table.columns)
        start = 0
        for values in rebatch(table.rows(), size):
            yield TableRows(start, table.columns, values)
            start += len(values)

    def _check(self, columns: tuple[str, ...]) -> None:
        wrong: VccInputError | None = None
        try:
            check_table(columns, self._check_columns, self.name)
        except VccInputError as error:
            wrong = error
        if wrong is not None:
            _refuse_values(columns, self.name)
            raise wrong

    def share(self) -> float | None:
        """Say how much of the input has been read, from 0 to 1."""
        return self._stream.share()


class _Table:
    """The header of a CSV text, and the rows under it."""

    def __init__(self, name: str, blocks: Iterable[bytes]) -> None:
        self._name = name
        lines = _lines(blocks, name)
        header = next((line for line in lines if line.strip()), None)
        if header is None:
            raise broken(name, "is empty; a CSV file begins with the names of its columns", None)
        self._reader = csv.reader(chain([header], lines), delimiter=_delimiter(header), strict=True)
        self.columns = self._header()

    def rows(self) -> Iterator[list[tuple[str | None, ...]]]:
        while True:
            rows: list[list[str]] = []
            try:
                # Unlike list(), this keeps what came before an error.
                rows.extend(islice(self._reader, _ROWS))
            except csv.Error as error:
                yield self._cleaned(rows)
                raise self._broken(error) from None
            except Exception:
                yield self._cleaned(rows)
                raise
            if not rows:
                return
            yield self._cleaned(rows)

    def _header(self) -> tuple[str, ...]:
        try:
            columns = tuple(name.strip() for name in next(self._reader))
        except csv.Error as error:
            raise self._broken(error) from None
        for number, name in enumerate(columns, 1):
            if not name:
                raise broken(self._name, f"has no name for column {number} in its header", None)
            if columns.index(name) != number - 1:
                _refuse_values(columns, self._name)
                raise broken(self._name, f"has the column {name!r} twice in its header", None)
        return columns

    def _cleaned(self, rows: list[list[str]]) -> list[tuple[str | None, ...]]:
        if not all(rows):
            rows = [row for row in rows if row]
        if any(map(contains, rows, repeat(""))):
            emptied = [[cell or None for cell in row] for row in rows]
            return self._fitted([tuple(row) for row in emptied])
        return self._fitted(list(map(tuple, rows)))

    def _fitted(self, rows: list[tuple[str | None, ...]]) -> list[tuple[str | None, ...]]:
        width = len(self.columns)
        if set(map(len, rows)) <= {width}:
            return rows
        # Empty cells beyond the last column are what some spreadsheets write, and say nothing.
        return [row[:width] + (None,) * (width - len(row)) if not any(row[width:]) else row for row in rows]

    def _broken(self, error: csv.Error) -> VccInputError:
        reason = str(error)
        if "unexpected end" in reason:
            reason = "it ends within a quoted cell"
        if "field limit" in reason:
            reason = f"a cell is longer than {csv.field_size_limit()} characters; is a quote not closed?"
        return broken(self._name, "cannot be read as CSV", f"line {self._reader.line_num}", reason)


def _refuse_values(columns: tuple[str, ...], name: str) -> None:
    """Complain of a first row that holds values, without showing them: they may be personal."""
    for number, cell in enumerate(columns, 1):
        if _VALUE.fullmatch(cell):
            what = "has no header: its first row has a number or a date"
            raise broken(name, what, f"column {number}", "put the names of the columns into the first line")


def _lines(blocks: Iterable[bytes], name: str) -> Iterator[str]:
    for text in whole_lines(blocks, name):
        yield from io.StringIO(text.decode(), newline="")


def _delimiter(header: str) -> str:
    """Tell commas from semicolons and tabs, neither of which is in a field's name."""
    return next((mark for mark in ",;\t" if mark in header), ",")
