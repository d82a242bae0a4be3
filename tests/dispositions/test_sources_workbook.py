"""Workbooks of Excel and LibreOffice."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from functools import partial
from pathlib import Path

import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import Reading, open_path
from airflow_provider_vcc.dispositions.sources.rows import InvalidText
from airflow_provider_vcc.exceptions import VccInputError

openpyxl = pytest.importorskip("openpyxl")
xlwt = pytest.importorskip("xlwt")
OpenDocumentSpreadsheet = pytest.importorskip("odf.opendocument").OpenDocumentSpreadsheet
odf_table = pytest.importorskip("odf.table")
P = pytest.importorskip("odf.text").P
Table, TableCell, TableRow = odf_table.Table, odf_table.TableCell, odf_table.TableRow

WHEN = dt.datetime(2026, 12, 1, 9, 20, 7)  # noqa: DTZ001 -- a wall clock
HEADER = ["numberid", "next_calldate"]
EXPORTS = Path(__file__).parents[1] / "data" / "libreoffice"


def in_memory(data, name="book.xlsx", sheet=None):
    return open_path(
        name,
        opener=lambda _: io.BytesIO(data),
        sizer=lambda _: len(data),
        check_columns=partial(ColumnPlan, field_map=None),
        reading=Reading(sheet=sheet),
    )


def read_all(source, size=1000):
    return [row for rows in source.read(size) for row in rows.values]


def xlsx(*rows, change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(*rows):
    book = xlwt.Workbook()
    sheet = book.add_sheet("One")
    style = xlwt.easyxf(num_format_str="DD.MM.YYYY HH:MM")
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(number, column, value, style if isinstance(value, dt.datetime) else xlwt.Style.default_style)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(*rows):
    document, table = OpenDocumentSpreadsheet(), Table(name="One")
    for row in rows:
        line = TableRow()
        for value in row:
            if isinstance(value, dt.datetime):
                cell = TableCell(valuetype="date", datevalue=value.isoformat())
            elif isinstance(value, int):
                cell = TableCell(valuetype="float", value=str(value))
            else:
                cell = TableCell(valuetype="string")
            cell.addElement(P(text=str(value)))
            line.addElement(cell)
        table.addElement(line)
    document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


@pytest.mark.parametrize(("name", "make"), [("book.xlsx", xlsx), ("book.XLS", xls), ("book.ods", ods)])
def test_numbers_texts_and_times_come_out_of_each_kind(name, make):
    source = in_memory(make(HEADER, [123456, WHEN], ["A-7", "01.12.2026 09:20"]), name)
    for _ in range(2):
        assert read_all(source) == [(123456, WHEN), ("A-7", "01.12.2026 09:20")]
    assert (source.repeatable, source.total, source.share()) == (True, None, 1.0)


def test_every_second_of_a_day_comes_out_as_it_was_typed():
    times = [WHEN.replace(hour=0, minute=0, second=0) + dt.timedelta(seconds=97 * n) for n in range(890)]
    found = [when for _, when in read_all(in_memory(xlsx(HEADER, *([n, when] for n, when in enumerate(times)))))]
    midnight = dt.time()
    assert [one if isinstance(one, dt.datetime) else dt.datetime.combine(one, midnight) for one in found] == times


def test_hidden_rows_are_read_and_empty_ones_are_no_elements():
    def hide(book):
        book.active.row_dimensions[2].hidden = True
        book.active.cell(9, 1).number_format = "@"

    data = xlsx([], HEADER, [1, None], [None, None], [2, None], change=hide)
    assert read_all(in_memory(data)) == [(1, None), (2, None)]


def test_columns_without_a_name_must_be_empty():
    rows = read_all(in_memory(xlsx([*HEADER, None], [1, None, None], [2, None, "x"])))
    assert rows[0] == (1, None)
    assert isinstance(rows[1][0], InvalidText)
    assert len(rows[1]) == 3


def test_a_title_above_the_header_is_named_by_its_row_and_not_shown():
    with pytest.raises(VccInputError) as raised:
        read_all(in_memory(xlsx(["Callbacks of Ann Smith"], [], HEADER, [1, None])))
    assert "row 1 of the sheet is not a header, but row 3 is; delete the rows above it" in str(raised.value)
    assert "Smith" not in str(raised.value)


def two_sheets(book):
    book.create_sheet("Második").append(HEADER)
    book["Második"].append([5, None])


def test_the_first_sheet_is_read_or_the_one_that_is_named():
    data = xlsx(HEADER, [1, None], change=two_sheets)
    assert read_all(in_memory(data)) == [(1, None)]
    assert read_all(in_memory(data, sheet="Második")) == [(5, None)]
    with pytest.raises(VccInputError, match="has no sheet 'Third'; its sheets are 'Sheet', 'Második'"):
        read_all(in_memory(data, sheet="Third"))


def test_a_hidden_sheet_is_not_the_first_one():
    def hide(book):
        two_sheets(book)
        book["Sheet"].sheet_state = "hidden"

    assert read_all(in_memory(xlsx(["x"], change=hide))) == [(5, None)]


def encrypted():
    """Return the beginning of what Excel makes of a workbook with a password: a container of OLE with such a stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le") + bytes(500)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty, which no workbook is"),
        (b"numberid,userid\n1,2\n", "is not a workbook: is it a text"),
        (b"<html><table>", "a web page that Excel opens as well"),
        (b"PAR1xxxx", "let its name end in .parquet"),
        (encrypted(), "has a password; save a copy without one"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot be read as a workbook"),
        (xlsx(HEADER)[:-100], "cannot be read as a workbook"),
        (xlsx(), "is empty; a sheet begins with the names of its columns"),
    ],
    ids=["nothing", "csv", "html", "parquet", "password", "ole", "cut", "empty"],  # its bytes hold the time
)
def test_what_is_no_workbook_is_named_for_what_it_is(data, said):
    with pytest.raises(VccInputError) as raised:
        read_all(in_memory(data))
    assert said in str(raised.value)
    assert "book.xlsx" in str(raised.value)


def judged(data, name="book.xlsx"):
    """Return the records that go out, and the reasons of the others."""
    sent, reasons = [], []
    for rows in in_memory(data, name).read(1000):
        batch = Checker().check(rows)
        sent += [element.numberid for element in batch.elements]
        reasons += [failure.errormessage for failure in batch.failures]
    return sent, reasons


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_cell_with_an_error_makes_its_row_invalid_and_is_no_empty_cell(kind):
    sent, reasons = judged((EXPORTS / f"errors.{kind}").read_bytes(), f"errors.{kind}")
    assert reasons[:3] == ["cell B2 has an error", "cell B3 has an error", "cell A4 has an error"]
    assert reasons[-1] == "cell A9 has an error"
    assert sent[:3] == ["4", "5", "6"]


def test_a_formula_that_nobody_has_calculated_makes_its_row_invalid_and_one_that_gives_no_text_is_empty():
    sent, reasons = judged(xlsx(HEADER, [1, "=NOW()"], ["=1+1", None], [3, None]))
    assert sent == ["3"]
    assert [reason[:31] for reason in reasons] == ["cell B2 has a formula that was ", "cell A3 has a formula that was "]


@pytest.mark.parametrize(("flag", "sent"), [("", ["0", "7"]), ('<calcPr fullCalcOnLoad="1"/>', ["7"])])
def test_a_value_beside_a_formula_counts_unless_the_workbook_says_that_nothing_was_calculated(flag, sent):
    rows = (
        '<c r="A1" t="inlineStr"><is><t>numberid</t></is></c>',
        '<c r="A2"><f>B1</f><v>0</v></c>',
        '<c r="A3"><v>7</v></c>',
    )
    data = parts("".join(f'<row r="{number}">{row}</row>' for number, row in enumerate(rows, 1)), [])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as given, zipfile.ZipFile(out, "w") as made:
        for name in given.namelist():
            made.writestr(name, given.read(name).replace(b"</workbook>", f"{flag}</workbook>".encode()))
    assert judged(out.getvalue())[0] == sent


def test_a_row_that_shares_a_merged_cell_with_the_one_above_it_is_invalid():
    def merge(book):
        book.active.merge_cells("B2:B4")
        book.active.merge_cells("A6:A7")

    sent, reasons = judged(xlsx(HEADER, [1, WHEN], [2, None], [3, None], [5, None], [6, None], [], change=merge))
    assert sent == ["1", "5", "6"]
    assert [reason[:50] for reason in reasons] == ["a cell is merged with the one in row 2 above it; s"] * 2


def test_rows_of_blanks_are_no_elements():
    assert judged(xlsx(HEADER, [1, None], ["  ", " "], [2, None])) == (["1", "2"], [])


def test_a_chart_on_a_sheet_of_its_own_is_not_the_first_sheet():
    assert judged(xlsx(HEADER, [1, None], change=lambda book: book.create_chartsheet("Chart", 0))) == (["1"], [])


def test_cells_that_are_far_apart_are_refused_before_a_rectangle_is_made_of_them():
    data = xlsx(HEADER, [1, None], change=lambda book: book.active.cell(1_048_576, 16_384, "x"))
    with pytest.raises(VccInputError, match="its first and its last cell are 17,179,869,184 cells"):
        read_all(in_memory(data))


def parts(sheet, texts, flag=""):
    """Return a workbook with these rows, and with these texts, which stand in a part of their own, once each."""
    own = {
        "xl/worksheets/sheet1.xml": f"<worksheet><sheetData>{sheet}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst>{''.join(f'<si><t>{text}</t></si>' for text in texts)}</sst>",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(EXPORTS / "callbacks.xlsx") as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            part = own.get(name, "").encode() or given.read(name)
            made.writestr(name, part.replace(b"</workbook>", f"{flag}</workbook>".encode()))
    return out.getvalue()


def test_a_long_text_that_many_cells_share_is_refused_before_it_is_copied_for_each():
    cells = (f'<row r="{row}"><c r="A{row}" t="s"><v>{int(row > 1)}</v></c></row>' for row in range(1, 20_001))
    with pytest.raises(VccInputError, match=r"too large for a workbook \(610 MiB of texts\)"):
        read_all(in_memory(parts("".join(cells), ["numberid", "x" * 32_000])))


def test_cells_that_do_not_say_where_they_are_count_as_well():
    sheet = f"<row><c><v>1</v></c></row>{'<row></row>' * 20_000}<row>{'<c><v>1</v></c>' * 1000}</row>"
    with pytest.raises(VccInputError, match="its first and its last cell are 20,002,000 cells apart"):
        read_all(in_memory(parts(sheet, [])))


def test_a_workbook_that_is_damaged_anywhere_is_named_for_it():
    data = xlsx(HEADER, *([number, None] for number in range(100)))
    for at in range(0, len(data), len(data) // 40):
        damaged = data[:at] + bytes(byte ^ 0x55 for byte in data[at : at + 4]) + data[at + 4 :]
        try:
            read_all(in_memory(damaged))
        except VccInputError as error:
            assert "book.xlsx" in str(error)  # noqa: PT017 -- or it is read, as where only a time stamp is damaged


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read():
    data = bytearray(xlsx(HEADER))
    size = data.rindex(b"PK\x01\x02") + 24
    data[size : size + 4] = (520 << 20).to_bytes(4, "little")
    with pytest.raises(VccInputError, match=r'too large for a workbook \(520 MiB unpacked\); save it as "CSV UTF-8"'):
        read_all(in_memory(bytes(data)))
