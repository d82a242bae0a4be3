"""The beginning of a CSV text: how its lines end, what separates its cells, how its columns are called."""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.tables.table import check_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["NEWLINE", "Header", "line_end", "read_header"]

DELIMITERS = ",;\t|"
NEWLINE = "\udc0a"
"""Stands at the end of a line that ends otherwise than the first one; half of a character is in no decoded text."""
_SEPARATOR = re.compile(r'"?sep=([^"\w])"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_MOST_LINES = 100
EMPTY = "is empty; a CSV file begins with the names of its columns"


class Header:
    """The columns of a table.

    :param cells: the header's own, some of which at the end may be empty, as spreadsheets write them.
    """

    def __init__(self, cells: list[str], delimiter: str, lines: int) -> None:
        self.width = len(cells)
        names = [cell.replace(NEWLINE, "").strip().strip("\ufeff") for cell in cells]
        while names and not names[-1]:
            names.pop()
        self.columns = tuple(names)
        self.delimiter = delimiter
        self.lines = lines
        """How many lines it takes, with what stands before it."""


def line_end(blocks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    r"""Return what the first line ends with, ``\n``, ``\r\n`` or ``\r``, and the same blocks once more."""
    coming = iter(blocks)
    beginning = b""
    while len(beginning) <= LONGEST and (block := next(coming, None)) is not None:
        beginning += block
        found = re.search(rb"\r\n|\n|\r(?=.)", beginning, re.DOTALL)
        if found:
            return found[0], chain([beginning], coming)
    return b"\r" if beginning.endswith(b"\r") else b"\n", chain([beginning], coming)


def read_header(lines: Iterator[str], name: str, delimiter: str | None, check: CheckColumns | None) -> Header:
    """Read the header, with a first line ``sep=;`` before it if there is one.

    :param delimiter: what separates the cells; None for what the header itself tells.
    :raises VccInputError: if there is no header, or it cannot be used.
    """
    count, first = _first_line(lines)
    said = _SEPARATOR.fullmatch(first)
    if said:
        delimiter = delimiter or said[1]
        more, first = _first_line(lines)
        count += more
    if not first:
        raise broken(name, EMPTY, None)
    record = [first]
    while "".join(record).count('"') % 2 and len(record) < _MOST_LINES and (line := next(lines, None)):
        record.append(line)
    header = _best(record, delimiter, count + len(record) - 1, name, check)
    check_header(header.columns, check, name)
    return header


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    for count, line in enumerate(lines, 1):
        if line.strip():
            return count, line
    return 0, ""


def _best(record: list[str], delimiter: str | None, lines: int, name: str, check: CheckColumns | None) -> Header:
    """Return the header by the delimiter that gives columns which are known, or else most columns."""
    unquoted = _QUOTED.sub("", "".join(record))
    candidates = [delimiter] if delimiter else [mark for mark in DELIMITERS if mark in unquoted] or [","]
    headers = [_parsed(record, mark, lines, name) for mark in candidates]
    if len(headers) == 1:
        return headers[0]
    fitting = [header for header in headers if check is not None and _fits(header, check)]
    return max(fitting or headers, key=lambda header: len(header.columns))


def _fits(header: Header, check: CheckColumns) -> bool:
    try:
        check(header.columns)
    except Exception:  # noqa: BLE001 -- it is asked again for the one that is chosen, and says why
        return False
    return True


def _parsed(record: list[str], delimiter: str, lines: int, name: str) -> Header:
    try:
        return Header(next(csv.reader(record, delimiter=delimiter, strict=True)), delimiter, lines)
    except csv.Error as error:
        what = "it ends within a quoted cell" if "unexpected end" in str(error) else str(error)
        raise broken(name, "cannot be read as CSV", f"line {lines}", what) from None
