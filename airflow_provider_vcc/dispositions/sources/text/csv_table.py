"""CSV with a header: rows of a table, all cells texts, empty ones absent."""

from __future__ import annotations

from itertools import accumulate, compress, repeat
from operator import contains
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch, weighed
from airflow_provider_vcc.dispositions.sources.bytes.encoding import as_utf8
from airflow_provider_vcc.dispositions.sources.bytes.streams import broken
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import InvalidText, TableRows
from airflow_provider_vcc.dispositions.sources.text.csv_header import NEWLINE, read_header
from airflow_provider_vcc.dispositions.sources.text.csv_lines import RETURN, UNREADABLE, CsvLines
from airflow_provider_vcc.dispositions.sources.text.csv_rows import CsvRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from airflow_provider_vcc.dispositions.sources.bytes.streams import Stream
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["CsvSource"]

_BLOCK_OF_A_DISK = 4096
_ENOUGH = 20
"""Rows of which all last cells have the same length, so that a shorter one behind them is no chance."""
_END_OF_FILE = "\x1a"
"""What DOS ended texts with, and some programs still do."""
_TORN = InvalidText(b"a line break that is not quoted tears it from its other half")


class CsvSource:
    """The rows of a CSV file. One that does not fit its header stays so, for the column plan to report.

    :param check_columns: is given the columns before any row is read, and raises if one is unknown.
    :param encoding: of the bytes; None for what their byte order mark says, else UTF-8.
    :param delimiter: what separates the cells; None for what the header tells.
    """

    total: int | None = None
    repeatable = True

    def __init__(
        self,
        stream: Stream,
        check_columns: CheckColumns | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.name = stream.name
        self._stream = stream
        self._check_columns = check_columns
        self._encoding = encoding
        self._delimiter = delimiter
        self._lines = Lines()
        self._size = 0

    def read(self, size: int) -> Iterator[TableRows]:
        """Yield batches of exactly ``size`` rows but for the last.

        :raises VccInputError: if the header cannot be used, or the input breaks off.
        """
        blocks = as_utf8(self._counted(self._stream.blocks()), self.name, self._encoding)
        table = _Table(self.name, lambda: self._size, blocks, self._delimiter, self._check_columns)
        self._lines = table.numbers
        start = 0
        for values in rebatch(weighed(table.rows(), size, table.weigh, self.name), size):
            yield TableRows(start, table.columns, values)
            start += len(values)

    def _counted(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        self._size = 0
        for block in blocks:
            self._size += len(block)
            yield block

    def share(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1."""
        return self._stream.share()

    def line(self, position: int) -> int | None:
        """Return the line in which a row begins."""
        return self._lines.of(position)


class _Table:
    """The header of a CSV text, and the rows under it."""

    def __init__(
        self,
        name: str,
        size: Callable[[], int],
        blocks: Iterable[bytes],
        delimiter: str | None,
        check: CheckColumns | None,
    ) -> None:
        self._name = name
        self._size = size
        self._lines = CsvLines(blocks, name)
        coming = iter(self._lines)
        self._header = read_header(coming, name, delimiter, check)
        self._rows = CsvRows(self._lines, coming, self._header, name)
        self._is_torn = False
        self.columns = self._header.columns
        self.numbers = Lines()
        self._begin = 1 + self._header.lines
        """The line in which the next row begins."""

    def rows(self) -> Iterator[list[tuple[object, ...]]]:
        """Yield the rows in pieces. The last row is held back: only the end of the text tells whether it is whole."""
        held: list[list[str]] = []
        above: list[list[str]] = []
        while True:
            rows, before = held, len(held)
            try:
                self._rows.collect(rows, self._begin)
            except Exception:
                yield self._cleaned(rows)
                raise
            if len(rows) == before:
                break
            held, above = [rows.pop()], rows or above
            yield self._cleaned(rows, held)
        if held == [[_END_OF_FILE]]:
            return
        if held and self._lines.unended and (why := self._cut(held[0], above)):
            raise broken(self._name, "breaks off", f"line {self._rows.line}", f"its last row has {why}")
        yield self._cleaned(held)

    def weigh(self, rows: Sequence[object]) -> int:
        """Return how many bytes the rows of the last piece took; none if all were empty, and are gone."""
        return self._rows.weight if rows else 0

    def _cut(self, row: list[str], above: list[list[str]]) -> str | None:
        """Return why a row without an end of a line is one that was cut off, as far as it can be told."""
        if 0 < len(row) < self._header.width:
            return f"{len(row)} of {self._header.width} cells and no end of a line"
        lengths = {len(other[-1]) for other in above if other}
        if self._lines.closed:
            return None
        if row and len(above) >= _ENOUGH and len(lengths) == 1 and len(row[-1]) < min(lengths):
            return "a last cell that is shorter than those above it, and no end of a line"
        if self._size() % _BLOCK_OF_A_DISK == 0:
            return "no end of a line, and the file ends where a block of a disk does; if it is whole, end its last line"
        return None

    def _cleaned(self, rows: list[list[str]], held: Sequence[list[str]] = ()) -> list[tuple[object, ...]]:
        found: list[list[object]] = [*map(self._restored, rows)] if self._lines.odd else rows  # type: ignore[assignment]
        if self._lines.torn:
            found = self._without_halves(rows, found)
        numbers = self._numbers(rows, len(held))
        if not all(map(any, found)) or any(row[0].isspace() for row in rows if row):
            full = [any(map(_says_something, row)) for row in found]
            found, numbers = [*compress(found, full)], [*compress(numbers, full)]
        self.numbers.note(numbers)
        if any(map(contains, found, repeat(""))):
            found = [[cell or None for cell in row] for row in found]
        if self._header.width != len(self.columns):
            found = list(map(self._trimmed, found))
        return list(map(tuple, found))

    def _numbers(self, rows: list[list[str]], held: int) -> Sequence[int]:
        """Return the lines in which some rows begin, before those that are held back, and go on behind them."""
        begin = self._begin
        if self._rows.line - begin + 1 == len(rows) + held:  # each is one line
            self._begin += len(rows)
            return range(begin, self._begin)
        taken = [1 + sum(cell.count("\n") for cell in row) for row in rows]
        numbers = [*accumulate(taken, initial=begin)]
        self._begin = numbers.pop()
        return numbers

    def _trimmed(self, row: list[object]) -> list[object]:
        """Leave out what stands in columns without a name, unless there is something in them."""
        width = len(self.columns)
        if len(row) == self._header.width and not any(row[width:]):
            return row[:width]
        return (
            row
            if len(row) > width
            else self._misfit(
                InvalidText(f"the row has {len(row)} cells, and its table {self._header.width} columns".encode())
            )
        )

    def _misfit(self, reason: InvalidText) -> list[object]:
        """Return a row that cannot pass for one of the table's."""
        return [reason] * (len(self.columns) + 1)

    def _restored(self, row: list[str]) -> list[object]:
        if row and row[0].startswith(UNREADABLE):
            return self._misfit(InvalidText(row[0].removeprefix(UNREADABLE).rstrip("\n").encode()))
        return [cell.replace(RETURN, "\r").replace(NEWLINE, "") if _is_odd(cell) else cell for cell in row]

    def _without_halves(self, rows: list[list[str]], found: list[list[object]]) -> list[list[object]]:
        """Take out the row before and the one behind a bare LF, unless both are whole."""
        width = self._header.width
        for index, row in enumerate(rows):
            was_torn, self._is_torn = self._is_torn, bool(row) and row[-1].endswith(NEWLINE)
            if was_torn and index and {len(rows[index - 1]), len(row)} != {width}:
                found[index - 1] = found[index] = self._misfit(_TORN)
        return found


def _says_something(cell: object) -> bool:
    return bool(cell) and not (isinstance(cell, str) and cell.isspace())


def _is_odd(cell: str) -> bool:
    return RETURN in cell or NEWLINE in cell
