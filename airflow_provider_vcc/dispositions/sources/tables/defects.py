"""What the reader of workbooks does not tell of a sheet: cells with an error, and how much memory the sheet will take.

It gives an error (``#N/A``) as an empty cell, as it does a formula of which nobody has calculated the value, so that a
field would be left out in silence. And it makes a rectangle of all cells, however far apart the few are that are there.
"""

from __future__ import annotations

import html
import re
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Defects", "look_at"]

_BLOCK = 1024 * 1024
_LONGEST = 8 * _BLOCK
_X = rb"(?:\w+:)?"
_PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_FILLED = re.compile(rb"<" + _X + rb"""c\b[^>]*?\br=["']([A-Z]{1,3})([0-9]{1,7})["'][^>]*(?<!/)>""")
_UNPLACED = re.compile(rb"<" + _X + rb"""c(?![^>]*\br=["'])(?: [^>]*)?(?<!/)>""")
_ERROR = re.compile(rb"<" + _X + rb"""c\b([^>]*?\bt=["']e["'][^>]*)(?<!/)>""")
_NOT_CALCULATED = re.compile(
    rb"<%bc\b((?:(?!\bt=[\"']str)[^>])*)>\s*<%bf\b[^>]*(?:/>|>[^<]*</%bf>)\s*(?:<%bv\s*/>|<%bv>\s*</%bv>)?\s*</%bc>"
    % ((_X,) * 7)
)
_FORMULA = re.compile(rb"<%bc\b([^>]*)>\s*<%bf\b" % ((_X,) * 2))
_TO_BE_CALCULATED = re.compile(rb"""\bfullCalcOnLoad=["'](?:1|true)["']""")
"""What libraries write into a workbook whose formulas nobody has calculated yet: a value beside one may be any."""
_SHARED = re.compile(rb"""\bt=["']s["'][^>]*>\s*<""" + _X + rb"v>([0-9]+)<")
_SHEET = re.compile(rb"<" + _X + rb"sheet\b[^>]*>")
_RELATION = re.compile(rb"<" + _X + rb"Relationship\b[^>]*>")
_ATTRIBUTE = re.compile(rb"""([\w:-]+)\s*=\s*["']([^"']*)["']""")
_OF_ODS = re.compile(rb"<table:(table-row|table-cell|covered-table-cell|table)(?=[ >/])([^>]*)>")
_REPEATED = re.compile(rb'repeated="([0-9]+)"')
_OF_XLS = re.compile(
    rb"(\x09\x08\x10\x00\x00\x06\x10\x00)"  # the beginning of a sheet
    rb"|\x05\x02\x08\x00(..)(..)..[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]\x01"  # a cell with an error
    rb"|\x06\x00..(..)(..)..\x02\x00[\x00\x07\x0f\x17\x1d\x24\x2a\x2b]\x00\x00\x00\xff\xff",  # or a formula with one
    re.DOTALL,
)
_AN_ERROR, _NO_VALUE = "has an error", "has a formula that was not calculated; open the file in Excel and save it"


class Defects:
    """What is wrong in one sheet, by its rows from 0."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}
        self.cells = 0
        """How many cells the reader will make."""
        self.text = 0
        """How many bytes the texts will take that several cells share."""

    def add(self, column: str, row: int, what: str) -> None:
        """Note a cell, the first one of its row."""
        self.rows.setdefault(row, f"cell {column}{row + 1} {what}")


def look_at(data: bytes, kind: str, name: str, number: int) -> Defects:
    """Return what is wrong in a sheet.

    :param kind: what the file is by its first bytes.
    :param name: the sheet's.
    :param number: of the sheet among those that have cells.
    """
    if kind == ".xls":
        return _of_xls(data, number)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        parts = {part.lower(): part for part in archive.namelist()}
        return _of_ods(archive, name) if kind == ".ods" else _of_xlsx(archive, parts, name)


def _of_xlsx(archive: zipfile.ZipFile, parts: dict[str, str], name: str) -> Defects:
    defects = Defects()
    part = parts.get(_part(archive, parts, name).lower())
    if part is None:
        return defects
    lengths = _lengths(archive, parts.get("xl/sharedstrings.xml"))
    book = archive.read(parts["xl/workbook.xml"])
    formulas = _FORMULA if _TO_BE_CALCULATED.search(book) else _NOT_CALCULATED
    rows: set[bytes] = set()
    columns: set[bytes] = set()
    height = widest = 0
    for piece in _pieces(archive, part, rb"c"):
        for column, row in _FILLED.findall(piece):
            columns.add(column)
            rows.add(row)
        if _UNPLACED.search(piece):
            widest = max(widest, *(len(_UNPLACED.findall(one)) for one in piece.split(b"</row>")))
        height += piece.count(b"</row>") + piece.count(b"<row/>")
        defects.text += sum(lengths[number] for number in map(int, _SHARED.findall(piece)) if number < len(lengths))
        for pattern, what in ((_ERROR, _AN_ERROR), (formulas, _NO_VALUE)):
            for attributes in pattern.findall(piece):
                if place := _PLACE.search(attributes):
                    defects.add(place[1].decode(), int(place[2]) - 1, what)
    numbers = list(map(int, rows)) or [0]
    indexes = list(map(_index, columns)) or [0]
    defects.cells = (max(numbers) - min(numbers) + 1) * (max(indexes) - min(indexes) + 1)
    defects.cells = max(defects.cells, height * widest)
    return defects


def _part(archive: zipfile.ZipFile, parts: dict[str, str], name: str) -> str:
    """Return the name of the part that holds a sheet; nothing if it is not found."""
    both = [parts.get(part) for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels")]
    book, relations = (archive.read(part) if part else b"" for part in both)
    sheets = (_attributes(tag) for tag in _SHEET.findall(book))
    key = next((sheet.get("id") for sheet in sheets if sheet.get("name") == name), None)
    targets = (_attributes(tag) for tag in _RELATION.findall(relations))
    target = next((one.get("Target", "") for one in targets if key is not None and one.get("Id") == key), "")
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _attributes(tag: bytes) -> dict[str, str]:
    found = _ATTRIBUTE.findall(tag)
    return {key.decode().rpartition(":")[2]: html.unescape(value.decode("utf-8", "replace")) for key, value in found}


def _lengths(archive: zipfile.ZipFile, part: str | None) -> list[int]:
    """Return the length of each text that cells share."""
    if part is None:
        return []
    end = re.compile(rb"</" + _X + rb"si>")
    return [len(text) for piece in _pieces(archive, part, rb"si") for text in end.split(piece)[:-1]]


def _pieces(archive: zipfile.ZipFile, part: str, tag: bytes) -> Iterator[bytes]:
    """Yield a part in pieces that end where an element of this name does."""
    rest = b""
    with archive.open(part) as file:
        while block := file.read(_BLOCK):
            text = rest + block
            cut = max(text.rfind(b"/" + tag + b">"), text.rfind(b":" + tag + b">")) + len(tag) + 2
            if cut < len(tag) + 2:
                cut = 0 if len(text) < _LONGEST else len(text)
            yield text[:cut]
            rest = text[cut:]
    yield rest


def _index(column: bytes) -> int:
    index = 0
    for letter in column:
        index = index * 26 + letter - 64
    return index


def _letters(index: int) -> str:
    """Return a column's letters by its number from 0."""
    letters, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _of_ods(archive: zipfile.ZipFile, name: str) -> Defects:
    defects = Defects()
    row = column = height = 0
    is_it = False
    for piece in _pieces(archive, "content.xml", b"table:table-cell"):
        for kind, attributes in _OF_ODS.findall(piece):
            if kind == b"table":
                is_it, row, height = _attributes(attributes).get("name") == name, 0, 0
            elif is_it and kind == b"table-row":
                row, height, column = row + height, _times(attributes), 0
            elif is_it:
                if b'value-type="error"' in attributes:
                    defects.add(_letters(column), row, _AN_ERROR)
                column += _times(attributes)
    return defects


def _times(attributes: bytes) -> int:
    repeated = _REPEATED.search(attributes)
    return int(repeated[1]) if repeated else 1


def _of_xls(data: bytes, number: int) -> Defects:
    defects, sheet = Defects(), -1
    for begins, row, column, row_of_formula, column_of_formula in _OF_XLS.findall(data):
        if begins:
            sheet += 1
        elif sheet == number:
            place = int.from_bytes(column or column_of_formula, "little")
            defects.add(_letters(place), int.from_bytes(row or row_of_formula, "little"), _AN_ERROR)
    return defects
