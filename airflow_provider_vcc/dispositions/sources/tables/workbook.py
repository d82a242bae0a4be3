"""Workbooks: rows of a sheet of Excel or OpenDocument, by python-calamine, which is imported only here."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.bytes.signatures import signature
from airflow_provider_vcc.dispositions.sources.bytes.streams import broken
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import InvalidText, TableRows
from airflow_provider_vcc.dispositions.sources.tables.defects import look_at
from airflow_provider_vcc.dispositions.sources.tables.table import check_header
from airflow_provider_vcc.dispositions.sources.tables.weight import weigh
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from python_calamine import CalamineSheet, CalamineWorkbook, SheetMetadata

    from airflow_provider_vcc.dispositions.sources.bytes.streams import CountedFile, FileStream
    from airflow_provider_vcc.dispositions.sources.tables.arrow import Row
    from airflow_provider_vcc.dispositions.sources.tables.defects import Defects
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["WORKBOOKS", "WorkbookSource"]

WORKBOOKS = (".xlsx", ".xls", ".ods")
_MOST = 64 * 1024 * 1024
_MOST_UNPACKED = 512 * 1024 * 1024
_MOST_CELLS = 1 << 24
"""As many as an ``.xls`` can have."""
_MOST_SHEETS = 1 << 14
_MOST_MERGED = 1 << 20
_ROWS = 200
_TITLE_ROWS = 20
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PANIC = "PanicException"
"""What Python gets of an assertion that does not hold in the reader: no ``Exception``, as it were a stop."""
_HALF = timedelta(milliseconds=500)
_OUTSIDE = InvalidText(b"the row has something in a column without a name")


class WorkbookSource:
    """The rows of one sheet, hidden ones included. The reader holds the sheet in memory; its size is bounded.

    :param check_columns: is given the columns before any row is read, and raises if one is unknown.
    :param sheet: its name; None for the first one.
    """

    total: int | None = None
    repeatable = True

    def __init__(self, stream: FileStream, check_columns: CheckColumns | None = None, sheet: str | None = None) -> None:
        self.name = stream.name
        self._stream = stream
        self._check_columns = check_columns
        self._sheet = sheet
        self._rows = self._read = 0
        self._lines = Lines()

    def read(self, size: int) -> Iterator[TableRows]:
        """Yield batches of exactly ``size`` rows but for the last.

        :raises VccInputError: if it is not a workbook, has a password, has no such sheet or no header.
        """
        self._read = 0
        try:
            yield from self._batches(size)
        except BaseException as error:
            if type(error).__name__ != _PANIC:
                raise
            where = f"row {self._read + 1}" if self._read else None
            raise broken(self.name, "cannot be read as a workbook", where, error) from None

    def _batches(self, size: int) -> Iterator[TableRows]:
        with self._stream.open() as raw:
            data = self._bytes(raw)
        workbook = self._opened(data)
        name = self._chosen(workbook)
        defects = self._looked_at(data, workbook, name)
        sheet = self._sheet_of(workbook, name)
        self._rows, self._read = sheet.height, 0
        self._lines = Lines()
        rows = self._counted(sheet)
        columns = self._header(rows)
        merged = _merged(sheet, self._read)
        start = 0
        for values in rebatch(self._pieces(rows, len(columns), defects.rows, merged), size):
            yield TableRows(start, columns, values)
            start += len(values)

    def share(self) -> float | None:
        """Return how much of the sheet has been read, from 0 to 1."""
        return self._read / self._rows if self._rows else None

    def line(self, position: int) -> int | None:
        """Return an element's row in the sheet."""
        return self._lines.of(position)

    def _bytes(self, raw: CountedFile) -> bytes:
        try:
            data: bytes = raw.read(_MOST + 1)
            while len(data) <= _MOST and (more := raw.read(_MOST + 1 - len(data))):
                data += more
        except Exception as error:  # noqa: BLE001 -- file systems raise what they like
            self._stream.fail(error, "breaks off")
        if len(data) > _MOST:
            raise self._too_large(f"more than {_MOST >> 20} MiB")
        return data

    def _too_large(self, what: str) -> VccInputError:
        return broken(self.name, f'is too large for a workbook ({what}); save it as "CSV UTF-8"', None)

    def _opened(self, data: bytes) -> CalamineWorkbook:
        self._check(data)
        try:
            import python_calamine
        except ImportError:
            what = "needs python-calamine: pip install 'airflow-provider-vcc[excel]'"
            raise VccInputError(f"{self.name} {what}", source=self.name) from None
        try:
            return python_calamine.load_workbook(io.BytesIO(data))
        except Exception as error:  # noqa: BLE001 -- its errors are of many kinds
            if "assword" in f"{type(error).__name__} {error}":
                raise self._protected() from None
            raise broken(self.name, "cannot be read as a workbook", None, error) from None

    def _protected(self) -> VccInputError:
        return broken(self.name, "has a password; save a copy without one", None)

    def _check(self, data: bytes) -> None:
        if not data:
            raise broken(self.name, "is empty, which no workbook is", None)
        kind = signature(data)
        if kind == ".xls" and _ENCRYPTED in data:
            raise self._protected()
        if kind not in WORKBOOKS:
            what = f"let its name end in {kind}" if kind else "is it a text, or a web page that Excel opens as well?"
            raise broken(self.name, "is not a workbook", None, what)
        if kind != ".xls":
            self._check_archive(data)
        self._check_weight(data, kind)

    def _check_archive(self, data: bytes) -> None:
        try:
            size, damaged = _tested(data)
        except Exception as error:  # noqa: BLE001 -- zipfile and zlib raise what they like at damaged bytes
            raise broken(self.name, "cannot be read as a workbook", None, error) from None
        if size > _MOST_UNPACKED:
            raise self._too_large(f"{size >> 20} MiB unpacked")
        if damaged:
            raise broken(self.name, "cannot be read as a workbook", None, "it is damaged")

    def _check_weight(self, data: bytes, kind: str) -> None:
        """Check that the reader will not make too much of it: it reads most of a workbook as it opens it."""
        try:
            weight = weigh(data, kind)
        except Exception as error:  # noqa: BLE001 -- likewise
            raise broken(self.name, "cannot be read as a workbook", None, error) from None
        self._check_size(weight.cells, weight.text)
        for number, most, what in (
            (weight.sheets, _MOST_SHEETS, "sheets"),
            (weight.texts, _MOST_CELLS, "texts that cells share"),
            (weight.merged, _MOST_MERGED, "stretches of merged cells"),
        ):
            if number > most:
                raise self._too_large(f"{number:,} {what}")

    def _check_size(self, cells: int, text: int) -> None:
        if cells > _MOST_CELLS:
            raise self._too_large(f"its first and its last cell are {cells:,} cells apart")
        if text > _MOST_UNPACKED:
            raise self._too_large(f"{text >> 20} MiB of texts")

    def _chosen(self, workbook: CalamineWorkbook) -> str:
        names = list(workbook.sheet_names)
        wanted = self._sheet
        if wanted is None:
            tables = _tables(workbook)
            visible = [str(one.name) for one in tables if str(one.visible).endswith(".Visible")]
            wanted = next(iter(visible or [str(one.name) for one in tables] or names), None)
        if wanted is None or wanted not in names:
            has = f"its sheets are {', '.join(map(repr, names))}" if names else "it has none"
            raise broken(self.name, f"has no sheet {wanted!r}; {has}", None)
        return wanted

    def _looked_at(self, data: bytes, workbook: CalamineWorkbook, name: str) -> Defects:
        number = next((number for number, one in enumerate(_tables(workbook)) if str(one.name) == name), 0)
        try:
            defects = look_at(data, signature(data) or "", name, number)
        except Exception as error:  # noqa: BLE001 -- likewise
            raise broken(self.name, "cannot be read as a workbook", None, error) from None
        self._check_size(defects.cells, defects.text)
        return defects

    def _sheet_of(self, workbook: CalamineWorkbook, name: str) -> CalamineSheet:
        try:
            return workbook.get_sheet_by_name(name)
        except Exception as error:  # noqa: BLE001 -- its errors are of many kinds
            raise broken(self.name, f"has a sheet {name!r} that cannot be read", None, error) from None

    def _counted(self, sheet: CalamineSheet) -> Iterator[list[object]]:
        for row in sheet.iter_rows():
            self._read += 1
            yield list(map(_cell, row))

    def _pieces(
        self, rows: Iterator[list[object]], width: int, wrong: dict[int, str], merged: dict[int, str]
    ) -> Iterator[list[Row]]:
        number = self._read
        while some := list(islice(rows, _ROWS)):
            fitted: list[Row] = []
            numbers: list[int] = []
            for row in some:
                reason = wrong.get(number)
                if reason is None and any(map(_says_something, row)):
                    reason = merged.get(number, "")
                if reason is not None:
                    fitted.append((InvalidText(reason.encode()),) * (width + 1) if reason else _fitted(row, width))
                    numbers.append(number + 1)
                number += 1
            self._lines.note(numbers)
            yield fitted

    def _header(self, rows: Iterator[list[object]]) -> tuple[str, ...]:
        """Return the names of the columns."""
        for row in rows:
            if any(cell is not None for cell in row):
                columns = _names(row)
                try:
                    check_header(columns, self._check_columns, self.name)
                except VccInputError:
                    self._look_for_title(rows)
                    raise
                return columns
        raise broken(self.name, "is empty; a sheet begins with the names of its columns", None)

    def _look_for_title(self, rows: Iterator[list[object]]) -> None:
        """Raise if a header comes later on, below a title."""
        above = self._read
        for row in islice(rows, _TITLE_ROWS):
            try:
                check_header(_names(row), self._check_columns, self.name)
            except VccInputError:
                continue
            what = (
                f"has something above its header, such as a title: row {above} of the sheet is not a header, but row "
            )
            raise broken(self.name, f"{what}{self._read} is; delete the rows above it", None)


def _tested(data: bytes) -> tuple[int, str | None]:
    """Return the size of all parts of an archive, and the name of one that is damaged; large ones are not tested."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        return size, archive.testzip() if size <= _MOST_UNPACKED else None


def _tables(workbook: CalamineWorkbook) -> list[SheetMetadata]:
    """Return the sheets that have cells: a chart may have one of its own."""
    return [one for one in workbook.sheets_metadata if str(one.typ).endswith(".WorkSheet")]


def _merged(sheet: CalamineSheet, begin: int) -> dict[int, str]:
    """Return the rows of which a cell is merged with the one above it: nobody can say whether its value is theirs.

    :param begin: the first row under the header.
    """
    merged: dict[int, str] = {}
    for (top, _), (bottom, _) in getattr(sheet, "merged_cell_ranges", None) or ():
        what = f"a cell is merged with the one in row {top + 1} above it; split them, and fill in all of them"
        merged.update(dict.fromkeys(range(max(top + 1, begin), min(bottom, sheet.height) + 1), what))
    return merged


def _says_something(cell: object) -> bool:
    return cell is not None and not (isinstance(cell, str) and cell.isspace())


def _cell(value: object) -> object:
    """Return a cell's value, and None for an empty one; a time to the second, as it was typed."""
    if value == "":
        return None
    if isinstance(value, datetime) and value.microsecond:
        return (value + _HALF).replace(microsecond=0)
    return value


def _names(row: Sequence[object]) -> tuple[str, ...]:
    names = ["" if cell is None else str(cell).strip() for cell in row]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _fitted(row: list[object], width: int) -> Row:
    if all(cell is None for cell in row[width:]):
        return (*row[:width], *[None] * (width - len(row)))
    return (_OUTSIDE,) * (width + 1)
