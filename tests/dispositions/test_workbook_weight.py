"""How much a workbook holds is seen before its reader is let at it, which makes all that it is told to."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import pytest

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.dispositions.sources.tables import weight as weights
from airflow_provider_vcc.dispositions.sources.tables import workbook
from airflow_provider_vcc.dispositions.sources.tables.biff import lengths, records
from airflow_provider_vcc.dispositions.sources.tables.weight import weigh
from airflow_provider_vcc.exceptions import VccInputError

pytest.importorskip("python_calamine")
xlwt = pytest.importorskip("xlwt")

EXPORTS = Path(__file__).parents[1] / "data" / "libreoffice"
TABLE_OF_TEXTS = 0x00FC


def read_all(name, data):
    source = open_path(name, opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data), check_columns=ColumnPlan)
    return [row for rows in source.read(1000) for row in rows.values]


def remade(name, changes):
    """Return one of LibreOffice's files with some texts in its parts replaced, once each."""
    out = io.BytesIO()
    with zipfile.ZipFile(EXPORTS / name) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for part in given.infolist():
            text = given.read(part)
            for old, new in changes.get(part.filename, {}).items():
                assert old in text
                text = text.replace(old, new, 1)
            made.writestr(part, text)
    return out.getvalue()


def cell(text, repeated=1):
    return (
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{repeated}">'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def ods(*rows, before=""):
    """Return a sheet that begins with these rows: how often each is repeated, and its cells."""
    body = "".join(f'<table:table-row table:number-rows-repeated="{n}">{cells}</table:table-row>' for n, cells in rows)
    table, row = b"<table:table ", b"<table:table-row"
    return remade("errors.ods", {"content.xml": {table: before.encode() + table, row: body.encode() + row}})


def xls(*sheets):
    """Return a workbook: for each sheet, its cells by their places."""
    book = xlwt.Workbook()
    for number, cells in enumerate(sheets):
        sheet = book.add_sheet(f"S{number}")
        for (row, column), value in cells.items():
            sheet.write(row, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ods((100_000, cell("x" * 10_000))), r"\(95\d MiB of texts\)"),
        (lambda: ods((1, cell("x" * 100_000, repeated=16_384))), r"\(156\d MiB of texts\)"),
        (lambda: ods((1_048_576, cell("1", repeated=16_384))), r"are 17,179,869,184 cells apart"),
        (lambda: ods((4_294_967_296, cell("1", repeated=17))), r"are 17,825,792 cells apart"),
        (lambda: ods(before='<table:table table:name="x"></table:table>' * 20_000), r"\(20,00\d sheets\)"),
    ],
    ids=["rows", "columns", "cells", "too many rows", "sheets"],
)
def test_a_small_archive_that_says_how_often_something_is_repeated_is_refused(make, said):
    """The reader would make each copy, and a process that asks for too much memory is ended, with no word of it."""
    data = make()
    assert len(data) < 200_000
    with pytest.raises(VccInputError, match=said):
        read_all("a.ods", data)


def test_rows_and_cells_that_are_empty_count_only_before_those_that_are_not():
    """LibreOffice fills a sheet up with them, to its last row and column."""
    empty = '<table:table-cell table:number-columns-repeated="16000"/>'
    assert weigh(ods(), ".ods").cells == 9 * 3
    assert weigh(ods((5, ""), (10, cell("x") + empty), (1000, empty)), ".ods").cells == (9 + 1015) * 3
    assert weigh(ods((10, empty + cell("x"))), ".ods").cells == (9 + 10) * 16_001


@pytest.mark.parametrize("block", [64, 1000])
def test_an_archive_weighs_the_same_however_it_is_cut_into_blocks(monkeypatch, block):
    data = ods((7, cell("text", repeated=3)), (2, cell("y")), before='<table:table table:name="x"></table:table>')
    whole = vars(weigh(data, ".ods"))
    monkeypatch.setattr(weights, "_BLOCK", block)
    assert vars(weigh(data, ".ods")) == whole
    assert whole["text"] >= 7 * 3 * len("text")


@pytest.mark.parametrize(
    ("part", "old", "new", "said"),
    [
        ("xl/sharedStrings.xml", b"</sst>", b"<si/>" * 300 + b"<si><t>a</t></si>" * 300 + b"</sst>", "60[0-9] texts"),
        (
            "xl/worksheets/sheet1.xml",
            b"</sheetData>",
            b"</sheetData><mergeCells>" + b'<mergeCell ref="A1:A2"/>' * 501 + b"</mergeCells>",
            "501 stretches of merged cells",
        ),
        ("xl/workbook.xml", b"<sheet ", b'<sheet name="x" r:id="x"/>' * 500 + b"<sheet ", "501 sheets"),
    ],
    ids=["texts", "merged", "sheets"],
)
def test_what_takes_far_more_memory_than_its_bytes_is_counted(monkeypatch, part, old, new, said):
    """An empty text takes 5 bytes of a part that is packed 1,000 times smaller, and 24 in memory."""
    for name in ("_MOST_CELLS", "_MOST_MERGED", "_MOST_SHEETS"):
        monkeypatch.setattr(workbook, name, 500)
    with pytest.raises(VccInputError, match=rf"too large for a workbook \({said}"):
        read_all("a.xlsx", remade("errors.xlsx", {part: {old: new}}))


def test_a_text_that_many_cells_of_an_xls_share_is_refused_before_it_is_copied_for_each():
    cells = {(row, 0): "x" * 30_000 if row else "numberid" for row in range(20_000)}
    with pytest.raises(VccInputError, match=r"too large for a workbook \(572 MiB of texts\)"):
        read_all("a.xls", xls({(0, 0): "numberid"}, cells))


def test_sheets_of_an_xls_with_a_few_cells_far_apart_are_refused_together():
    corners = {(0, 0): "numberid", (65_535, 127): 1}
    with pytest.raises(VccInputError, match="are 25,165,824 cells apart"):
        read_all("a.xls", xls(corners, corners, corners))


@pytest.mark.parametrize("size", [(0, 0x00FFFFFF, 0, 256), (0, 0xFFFFFFFF, 0, 0xFFFF), (9, 2, 0, 2)])
def test_an_xls_that_says_it_is_larger_than_any_is_refused(size):
    """The reader takes memory for as many cells before it reads one, and ends the process if there is not so much."""
    data = bytearray(xls({(0, 0): "numberid", (1, 0): 5}))
    at = data.index(b"\x00\x02\x0e\x00") + 4
    data[at : at + 12] = struct.pack("<IIHH", *size)
    with pytest.raises(VccInputError, match="cells apart"):
        read_all("a.xls", bytes(data))


@pytest.mark.parametrize(("count", "letters", "longest"), [(3000, "ab", 40), (2000, "abő", 3000), (60, "ő€", 32_000)])
def test_the_texts_of_an_xls_are_measured_across_its_records(count, letters, longest):
    """A record ends in the middle of a text, which may go on in another width."""
    numbers = random.Random(1)
    texts = ["".join(numbers.choices(letters, k=numbers.randint(1, longest))) for _ in range(count)]
    data = xls({(row, 0): text for row, text in enumerate(texts)})
    found = next(lengths(parts) for kind, parts in records(data) if kind == TABLE_OF_TEXTS)
    distinct = list(dict.fromkeys(texts))
    assert len(found) == len(distinct)
    for text, size in zip(distinct, found, strict=True):
        assert len(text.encode()) <= size <= 3 * len(text)
    assert weigh(data, ".xls").text >= sum(len(text.encode()) for text in texts)


def test_an_xls_with_formats_within_its_texts_is_measured():
    book = xlwt.Workbook()
    sheet = book.add_sheet("One")
    for row in range(2000):
        sheet.write_rich_text(row, 0, ((f"bold {row}", xlwt.easyfont("bold on")), f" and plain {row}"))
    out = io.BytesIO()
    book.save(out)
    found = next(lengths(parts) for kind, parts in records(out.getvalue()) if kind == TABLE_OF_TEXTS)
    assert list(found) == [len(f"bold {row} and plain {row}") for row in range(2000)]


@pytest.mark.parametrize("name", ["callbacks.xls", "callbacks.xlsx", "callbacks.ods"])
def test_a_workbook_as_programs_write_it_weighs_what_is_in_it(name):
    weight = weigh((EXPORTS / name).read_bytes(), name[name.index(".") :])
    assert weight.cells == (0 if name.endswith("x") else 1001 * 3)
    assert weight.sheets <= 2
    assert weight.text < 100_000


def test_an_xls_that_is_damaged_anywhere_is_named_for_it_or_read():
    """Its reader gives up at some bytes in a way that Python takes for a stop, and no error."""
    data = (EXPORTS / "errors.xls").read_bytes()
    numbers = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(4):
            damaged[numbers.randrange(len(data))] = numbers.choice([0, 255, numbers.randrange(256)])
        try:
            read_all("a.xls", bytes(damaged))
        except VccInputError as error:
            assert "a.xls" in str(error)  # noqa: PT017 -- or it is read


def test_what_the_reader_gives_up_at_is_an_error_of_the_input(monkeypatch):
    class PanicException(BaseException):
        pass

    def give_up(*_):
        raise PanicException("out of bounds")

    monkeypatch.setattr(workbook, "_cell", give_up)
    with pytest.raises(VccInputError, match=r"a.xls cannot be read as a workbook at row 2: out of bounds"):
        read_all("a.xls", (EXPORTS / "errors.xls").read_bytes())
