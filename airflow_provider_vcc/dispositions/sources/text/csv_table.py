"""CSV with a header: rows of a table, all cells texts, empty ones absent."""

from __future__ import annotations

import csv
import io
import re
from itertools import accumulate, compress, islice, repeat
from operator import contains
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch, weighed
from airflow_provider_vcc.dispositions.sources.bytes.encoding import LongLine, as_utf8, whole_lines
from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import InvalidText, TableRows
from airflow_provider_vcc.dispositions.sources.text.csv_header import NEWLINE, line_end, read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_vcc.dispositions.sources.bytes.streams import Stream
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns
    from airflow_provider_vcc.exceptions import VccInputError

__all__ = ["CsvSource"]

_ROWS = 2000
_STEP = 8
"""Rows after which it is asked how large they are."""
_LARGE = LONGEST
_MOST = 9 * LONGEST
"""Bytes of so many rows, which may be of many quoted lines each."""
_CELL = str | None
_BARE_RETURN = re.compile(r"\r(?!\n)")
_BARE_NEWLINE = re.compile(r'(?<![\r"])\n')
# No text that was decoded has halves of characters: these stand for what csv would take for something else.
_RETURN, _TOO_LONG = "\udc0d", "\udc00"
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

    def read(self, size: int) -> Iterator[TableRows]:
        """Return batches of exactly ``size`` rows but for the last.

        :raises VccInputError: if the header cannot be used, or the input breaks off.
        """
        blocks = as_utf8(self._stream.blocks(), self.name, self._encoding)
        table = _Table(self.name, blocks, self._delimiter, self._check_columns)
        self._lines = table.numbers
        start = 0
        for values in rebatch(weighed(table.rows(), size, table.weigh, self.name), size):
            yield TableRows(start, table.columns, values)
            start += len(values)

    def share(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1."""
        return self._stream.share()

    def line(self, position: int) -> int | None:
        """Return the line in which a row begins."""
        return self._lines.of(position)


class _Lines:
    """The lines of a text, and what is odd about them: csv itself takes a bare CR for the end of a row."""

    def __init__(self, blocks: Iterable[bytes], name: str) -> None:
        self._end, blocks = line_end(blocks)
        self._pieces = whole_lines(blocks, name, self._end[-1:])
        self._name = name
        self._quotes = 0
        self.given = 0
        """How many bytes were given since somebody set it to 0."""
        self.unended = False
        """Whether the last line has no end."""
        self.odd = False
        """Whether anything stands for something else."""
        self.torn = False
        """Whether a line of a text whose lines end in CR and LF ends in LF alone."""

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            if isinstance(piece, LongLine):
                yield self._too_long(piece)
                continue
            self._quotes += piece.count(b'"')
            self.given += len(piece)
            if self.given > _MOST:
                raise csv.Error(f"{_STEP} rows take more than {_MOST >> 20} MiB together; is a quote not closed?")
            self.unended = not piece.endswith(self._end[-1:])
            yield from io.StringIO(self._marked(piece.decode()), newline="")

    def _marked(self, text: str) -> str:
        if self._end == b"\r":
            return text.replace("\r", "\n")
        if "\r" not in text and self._end == b"\n":
            return text
        pairs = text.count("\r\n")
        if text.count("\r") != pairs:
            self.odd = True
            text = _BARE_RETURN.sub(_RETURN, text)
        if self._end == b"\r\n" and text.count("\n") != pairs:
            self.odd = self.torn = True
            text = _BARE_NEWLINE.sub(NEWLINE + "\n", text)
        return text

    def _too_long(self, piece: LongLine) -> str:
        """Return a line in place of one that is too long, if it is no part of a quoted cell."""
        if self._quotes % 2 or piece.quotes % 2:
            raise broken(self._name, "cannot be read as CSV", None, "a quoted cell is too long; is a quote not closed?")
        self.odd = True
        return f"{_TOO_LONG}{piece.reason}\n"


class _Table:
    """The header of a CSV text, and the rows under it."""

    def __init__(self, name: str, blocks: Iterable[bytes], delimiter: str | None, check: CheckColumns | None) -> None:
        self._name = name
        self._lines = _Lines(blocks, name)
        lines = iter(self._lines)
        self._header = read_header(lines, name, delimiter, check)
        if csv.field_size_limit() < LONGEST:  # it holds for the whole process, and Python's own is a 32nd of a line
            csv.field_size_limit(LONGEST)
        self._reader = csv.reader(lines, delimiter=self._header.delimiter, strict=True)
        self._is_torn = False
        self._weight = 0
        self.columns = self._header.columns
        self.numbers = Lines()
        self._begin = 1 + self._header.lines
        """The line in which the next row begins."""

    def rows(self) -> Iterator[list[tuple[object, ...]]]:
        """Return the rows in pieces. The last row is held back: only the end of the text tells whether it is whole."""
        held: list[list[str]] = []
        while True:
            rows, before = held, len(held)
            try:
                self._collect(rows)
            except csv.Error as error:
                yield self._cleaned(rows)
                raise self._broken(error) from None
            except Exception:
                yield self._cleaned(rows)
                raise
            if len(rows) == before:
                break
            held = [rows.pop()]
            yield self._cleaned(rows, held)
        if held and self._lines.unended and 0 < len(held[0]) < self._header.width:
            raise self._cut(len(held[0]))
        yield self._cleaned(held)

    def _collect(self, rows: list[list[str]]) -> None:
        """Add rows, fewer of them if they are large."""
        self._weight = 0
        for _ in range(_ROWS // _STEP):
            self._lines.given, before = 0, len(rows)
            # Unlike list(), this keeps what came before an error.
            rows.extend(islice(self._reader, _STEP))
            self._weight += self._lines.given
            if len(rows) == before or self._weight > _LARGE:
                return

    def weigh(self, _: object) -> int:
        """Return how many bytes the rows of the last piece took."""
        return self._weight

    def _cut(self, cells: int) -> VccInputError:
        why = f"its last row has {cells} of {self._header.width} cells and no end of a line"
        return broken(self._name, "breaks off", f"line {self._line()}", why)

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
        if self._line() - begin + 1 == len(rows) + held:  # each is one line
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
        if row and row[0].startswith(_TOO_LONG):
            return self._misfit(InvalidText(row[0].removeprefix(_TOO_LONG).encode()))
        return [cell.replace(_RETURN, "\r").replace(NEWLINE, "") if _is_odd(cell) else cell for cell in row]

    def _without_halves(self, rows: list[list[str]], found: list[list[object]]) -> list[list[object]]:
        """Take out the row before and the one behind a bare LF, unless both are whole."""
        width = self._header.width
        for index, row in enumerate(rows):
            was_torn, self._is_torn = self._is_torn, bool(row) and row[-1].endswith(NEWLINE)
            if was_torn and index and {len(rows[index - 1]), len(row)} != {width}:
                found[index - 1] = found[index] = self._misfit(_TORN)
        return found

    def _line(self) -> int:
        return self._reader.line_num + self._header.lines

    def _broken(self, error: csv.Error) -> VccInputError:
        reason = str(error)
        if "unexpected end" in reason:
            reason = "it ends within a quoted cell"
        if "expected after" in reason:
            reason += "; a quote within a quoted cell is written twice (Spark: option escape)"
        if "field limit" in reason:
            reason = f"a cell is longer than {csv.field_size_limit()} characters; is a quote not closed?"
        return broken(self._name, "cannot be read as CSV", f"line {self._line()}", reason)


def _says_something(cell: object) -> bool:
    return bool(cell) and not (isinstance(cell, str) and cell.isspace())


def _is_odd(cell: str) -> bool:
    return _RETURN in cell or NEWLINE in cell
