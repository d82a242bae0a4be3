"""Rows as csv reads them, and what stands for those that it cannot read."""

from __future__ import annotations

import csv
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.text.csv_lines import STEP, UNREADABLE, TooMuch
from airflow_provider_vcc.dispositions.sources.text.csv_quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_vcc.dispositions.sources.text.csv_header import Header
    from airflow_provider_vcc.dispositions.sources.text.csv_lines import CsvLines
    from airflow_provider_vcc.dispositions.sources.text.csv_quotes import Misquoted
    from airflow_provider_vcc.exceptions import VccInputError

__all__ = ["CsvRows"]

_ROWS = 2000
_LARGE = LONGEST


class CsvRows:
    """The rows behind a header.

    :param lines: of the text.
    :param coming: those that come behind the header.
    """

    def __init__(self, lines: CsvLines, coming: Iterator[str], header: Header, name: str) -> None:
        if csv.field_size_limit() < LONGEST:  # it holds for the whole process, and Python's own is a 32nd of a line
            csv.field_size_limit(LONGEST)
        self._lines = lines
        self._coming = coming
        self._delimiter = header.delimiter
        self._quotes = Quotes(header.delimiter, header.width)
        self._name = name
        self._again: deque[str] | None = None
        self._read_otherwise = header.lines
        """How many lines were read, less those that were given back, but for the reader's own."""
        self._reader = csv.reader(coming, delimiter=header.delimiter, strict=True)
        self.weight = 0
        """How many bytes the latest rows took."""

    @property
    def line(self) -> int:
        """The line that was read last, from 1."""
        return self._reader.line_num + self._read_otherwise

    def collect(self, rows: list[list[str]], begin: int) -> None:
        """Add rows, fewer of them if they are large. What was read before an error is added, too.

        :param begin: the line in which the first of ``rows`` begins.
        :raises VccInputError: where it cannot be told any more where a row ends.
        """
        self.weight = known = 0
        for _ in range(_ROWS // STEP):
            self._lines.mark()
            before, error = len(rows), None
            try:
                # Unlike list(), this keeps what came before an error.
                rows.extend(islice(self._reader, STEP))
            except csv.Error as raised:
                error = raised
            if error is not None or self._lines.has_escapes:
                begin += sum(map(_height, rows[known:before]))
                begin = self._look_at(rows, before, begin, error)
                known = len(rows)
            self.weight += self._lines.given
            if len(rows) == before or self.weight > _LARGE:
                return

    def _look_at(self, rows: list[list[str]], number: int, begin: int, error: csv.Error | None) -> int:
        """Replace what is misquoted among the latest rows, and return the line behind them.

        :param number: the place of the first of these.
        :param begin: its line.
        :param error: what ended them.
        """
        for place in range(number, len(rows)):
            if self._quotes.is_doubtful(rows[place]) and (height := self._otherwise(begin, self._quotes.escaped)):
                del rows[place:]
                return self._replace(rows, begin, height)
            begin += _height(rows[place])
        if error is None:
            return begin
        height = None if isinstance(error, TooMuch) else self._otherwise(begin, self._quotes.end_of)
        if height is None:
            raise self._broken(begin, error) from None
        return self._replace(rows, begin, height)

    def _otherwise(self, begin: int, read: Callable[[list[str], Iterator[str]], Misquoted | None]) -> Misquoted | None:
        """Read a row in another way than csv, and put back the lines behind it."""
        lines = self._lines.taken(begin, self.line)
        taken = len(lines)
        found = read(lines, self._coming)
        self._read_otherwise += len(lines) - taken
        self._give_back(lines[found.lines if found else taken :])
        return found

    def _replace(self, rows: list[list[str]], begin: int, row: Misquoted) -> int:
        self._lines.odd = True
        rows.append([UNREADABLE + row.reason + "\n" * (row.lines - 1)])
        return begin + row.lines

    def _give_back(self, lines: list[str]) -> None:
        if not lines:
            return
        if self._again is None:
            self._again = deque()
            self._read_otherwise = self.line
            self._coming = _Returned(self._again, self._coming)
            self._reader = csv.reader(self._coming, delimiter=self._delimiter, strict=True)
        self._again.extendleft(reversed(lines))
        self._read_otherwise -= len(lines)

    def _broken(self, begin: int, error: csv.Error) -> VccInputError:
        reason = str(error)
        if "unexpected end" in reason:
            reason = "it ends within a quoted cell"
        if "expected after" in reason:
            reason += "; a quote within a quoted cell is written twice (Spark: option escape)"
        if "field limit" in reason:
            reason = f"a cell is longer than {csv.field_size_limit()} characters; is a quote not closed?"
        place = f"line {begin}" if begin == self.line else f"lines {begin} to {self.line}"
        return broken(self._name, "cannot be read as CSV", place, reason)


class _Returned:
    """Lines that are read once more, before those that are still to come."""

    def __init__(self, again: deque[str], coming: Iterator[str]) -> None:
        self._again = again
        self._coming = coming

    def __iter__(self) -> _Returned:
        return self

    def __next__(self) -> str:
        return self._again.popleft() if self._again else next(self._coming)


def _height(row: list[str]) -> int:
    return 1 + sum(cell.count("\n") for cell in row)
