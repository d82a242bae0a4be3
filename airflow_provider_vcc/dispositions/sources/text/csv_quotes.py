"""Rows whose quotes are not written as CSV has them, and where they end as far as that is certain."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Misquoted", "Quotes"]

_MOST_LINES = 100
_ESCAPED = r"a quote in it is written as \", and CSV has it as two quotes (Spark: option('escape', '\"'))"
_NOT_DOUBLED = "a quote within a quoted cell is not written as two quotes, so where its cells end is a guess"


class Misquoted(NamedTuple):
    """A row that cannot be read, and can be told from the next one."""

    lines: int
    """How many lines it takes."""
    reason: str


class Quotes:
    """How the rows of one table may be misquoted.

    :param width: how many cells a row has: only where there are as many is the end of a row certain.
    """

    def __init__(self, delimiter: str, width: int) -> None:
        mark = re.escape(delimiter)
        # Two quotes are never the end of a cell: in CSV, they are a quote in its text.
        cell = rf'(?:"(?:[^"]|""|"(?!{mark}|$))*+"|[^"{mark}][^{mark}]*+|)'
        self._line = re.compile(rf"{cell}(?:{mark}{cell}){{{width - 1}}}", re.DOTALL)
        self._joint = re.compile(rf'\\"(?:{mark}|[\r\n])')
        self._delimiter = delimiter
        self._width = width

    def is_doubtful(self, row: list[str]) -> bool:
        """Return whether a row may be another one for those that escape quotes by a backslash."""
        return any(cell.endswith("\\") or self._joint.search(cell) for cell in row)

    def end_of(self, lines: list[str], more: Iterator[str]) -> Misquoted | None:
        """Return where a row ends that is not CSV; None if that is not certain.

        :param lines: those that it begins with. Some of ``more`` are added if it goes on.
        """
        if found := self.escaped(lines, more):
            return found
        first = lines[0]
        whole = first.endswith("\n") and self._line.fullmatch(first.rstrip("\r\n"))
        return Misquoted(1, _NOT_DOUBLED) if whole else None

    def escaped(self, lines: list[str], more: Iterator[str]) -> Misquoted | None:
        """Return where a row ends if a backslash escapes quotes; None if it is not a row then either."""
        coming = chain(tuple(lines), _added(lines, more))
        try:
            reader = csv.reader(coming, delimiter=self._delimiter, escapechar="\\", strict=True)
            row = next(reader)
        except (csv.Error, ValueError, StopIteration):
            return None
        end = reader.line_num
        if len(row) != self._width or not lines[end - 1].endswith("\n") or '\\"' not in "".join(lines[:end]):
            return None
        return Misquoted(end, _ESCAPED)


def _added(lines: list[str], more: Iterator[str]) -> Iterator[str]:
    while len(lines) < _MOST_LINES and (line := next(more, None)) is not None:
        lines.append(line)
        yield line
