"""How much the reader of workbooks would make of one: it makes all that a file tells it to, whatever memory there is.

A file of a few KiB can tell it to repeat a text ten million times, and a process ends at once that asks for too much.
"""

from __future__ import annotations

import re
import struct
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.tables.biff import lengths, records

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Weight", "weigh"]

_BLOCK = 1024 * 1024
_LONGEST = 8 * _BLOCK
_MOST_ROWS, _MOST_COLUMNS = 1 << 20, 1 << 14
_OF_ODS = re.compile(rb"<(/?)table:(table-row|table-cell|covered-table-cell|table)(?=[ />])([^>]*)>")
_REPEATED = re.compile(rb'repeated="([0-9]{1,9})')
_BEGIN, _END, _SIZE, _ENCRYPTED = 0x0809, 0x000A, 0x0200, 0x002F
_TEXTS, _SHARED, _SEVERAL = 0x00FC, 0x00FD, 0x00BD
_CELLS = frozenset({_SHARED, _SEVERAL, 0x0006, 0x0203, 0x0204, 0x0205, 0x027E, 0x00D6})
"""The records of ``.xls`` that give a cell a value."""
_MOST = 0xFFFFFFFF
_LAYOUTS = {10: struct.Struct("<4H").unpack_from, 14: struct.Struct("<IIHH").unpack_from}
"""Of the size of a sheet, by the length of its record: of older versions, the rows have two bytes as well."""


class Weight:
    """What a workbook has, of all the sheets that the reader reads to open it."""

    def __init__(self) -> None:
        self.sheets = 0
        self.cells = 0
        """From the first one of a sheet to the last, empty ones between them included."""
        self.text = 0
        """Bytes of texts, each as often as it stands in a cell."""
        self.texts = 0
        """How many texts there are that cells may share."""
        self.merged = 0
        """How many stretches of cells are merged."""


def weigh(data: bytes, kind: str) -> Weight:
    """Return what a workbook has, as far as its reader does not stop by itself.

    :param kind: what the file is by its first bytes.
    :raises ValueError: if it cannot be told, since the file is damaged.
    """
    if kind == ".xls":
        return _of_xls(data)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return _of_ods(archive) if kind == ".ods" else _of_xlsx(archive)


def _of_xlsx(archive: zipfile.ZipFile) -> Weight:
    weight = Weight()
    for part in archive.infolist():
        name = part.filename.lower()
        for block in _blocks(archive, part):
            if name.endswith("/sharedstrings.xml"):
                weight.texts += (block.count(b"si>") + 1) // 2 + block.count(b"si/>")
            elif name.endswith("/workbook.xml"):
                weight.sheets += block.count(b"sheet ")
            else:
                weight.merged += block.count(b"mergeCell ")
    return weight


def _blocks(archive: zipfile.ZipFile, part: zipfile.ZipInfo | str) -> Iterator[bytes]:
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            yield block


def _of_ods(archive: zipfile.ZipFile) -> Weight:
    weight, sheet = Weight(), _Sheet()
    rest, base = b"", 0
    for block in _blocks(archive, "content.xml"):
        text = rest + block
        cut = text.rfind(b"<")
        if b">" in text[cut:] or len(text) - cut > _LONGEST:
            cut = len(text)
        for found in _OF_ODS.finditer(text, 0, cut):
            if found[2] == b"table":
                sheet.add_to(weight)
                sheet = _Sheet()
                weight.sheets += not found[1]
            else:
                sheet.see(found, base)
        base += cut
        rest = text[cut:]
    sheet.add_to(weight)
    return weight


class _Sheet:
    """One sheet of an ``.ods``, in which rows and cells say how often they are repeated."""

    def __init__(self) -> None:
        self._row = self._height = self._width = self._text = 0
        self._times = self._column = self._last = self._row_text = 0
        self._begun, self._columns = 0, 1

    def add_to(self, weight: Weight) -> None:
        """Add what was seen."""
        weight.cells += self._height * self._width
        weight.text += self._text

    def see(self, found: re.Match[bytes], base: int) -> None:
        """See the tag of a row or a cell.

        :param base: where the text begins that it was found in.
        """
        closes, kind, attributes = found.groups()
        if kind != b"table-row":
            self._cell(found, base)
        elif closes:
            self._end_row()
        else:
            self._times = min(_repeated(attributes), _MOST_ROWS)
            self._column = self._last = self._row_text = 0
            if attributes.endswith(b"/"):
                self._end_row()

    def _cell(self, found: re.Match[bytes], base: int) -> None:
        closes, _, attributes = found.groups()
        if closes:
            self._row_text += (base + found.start() - self._begun) * self._columns
            self._last = self._column
            return
        self._begun, self._columns = base + found.end(), min(_repeated(attributes), _MOST_COLUMNS)
        self._column = min(self._column + self._columns, _MOST_COLUMNS)
        if b"string-value" in attributes:
            self._row_text += len(attributes) * self._columns
        if b"value" in attributes:
            self._last = self._column

    def _end_row(self) -> None:
        self._row = min(self._row + self._times, _MOST_ROWS)
        if self._last:
            self._height, self._width = self._row, max(self._width, self._last)
            self._text += self._row_text * self._times


def _repeated(attributes: bytes) -> int:
    found = _REPEATED.search(attributes)
    return int(found[1]) if found else 1


def _of_xls(data: bytes) -> Weight:
    book = _Book()
    for kind, parts in records(data):
        if kind == _ENCRYPTED:
            return Weight()
        book.see(kind, parts)
    book.weight.cells = max(book.weight.cells, book.largest)
    return book.weight


class _Book:
    """An ``.xls``. The reader reads all of its sheets to open it."""

    def __init__(self) -> None:
        self.weight = Weight()
        self.largest = 0
        """The cells of the largest sheet, as it says itself: for so many, the reader takes memory before it reads."""
        self._sizes = lengths([])
        self._bounds: tuple[int, int, int, int] | None = None

    def see(self, kind: int, parts: list[bytes]) -> None:
        """See a record."""
        content = parts[0]
        if kind in _CELLS and len(content) >= 6:  # noqa: PLR2004 -- row, column, format
            self._cell(kind, content)
        elif kind in {_BEGIN, _END}:
            if self._bounds is not None:
                top, left, bottom, right = self._bounds
                self.weight.cells += (bottom - top + 1) * (right - left + 1)
            self._bounds = None
            self.weight.sheets += kind == _BEGIN
        elif kind == _TEXTS:
            self._sizes = lengths(parts)
        elif kind == _SIZE:
            self.largest = max(self.largest, _extent(content))

    def _cell(self, kind: int, content: bytes) -> None:
        row, column = content[0] | content[1] << 8, content[2] | content[3] << 8
        last = content[-2] | content[-1] << 8 if kind == _SEVERAL else column
        top, left, bottom, right = self._bounds or (row, column, row, last)
        self._bounds = (min(top, row), min(left, column), max(bottom, row), max(right, last))
        if kind == _SHARED and (number := int.from_bytes(content[6:10], "little")) < len(self._sizes):
            self.weight.text += self._sizes[number]


def _extent(content: bytes) -> int:
    """Return how many cells the reader takes memory for: it counts in 32 bits, also backwards."""
    layout = _LAYOUTS.get(len(content))
    if layout is None:
        return 0
    first_row, end_row, first_column, end_column = map(int, layout(content))
    if not end_row or not end_column:
        return 1
    return ((end_row - 1 - first_row & _MOST) + 1) * ((end_column - 1 - first_column & _MOST) + 1)
