"""CSV files."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.exceptions import VccInputError

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00")).map(lambda text: text or None)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS).filter(any), max_size=12)


def in_memory(data, **options):
    return open_path("table.csv", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data), **options)


def read_all(source, size=3):
    """Give the rows and the error that ended them; see that positions are consecutive and batches full."""
    found, error = [], None
    try:
        for rows in source.read(size):
            assert rows.start == len(found)
            assert rows.start % size == 0
            found += rows.values
    except VccInputError as raised:
        error = raised
    return found, error


@given(TABLES, st.sampled_from(",;\t"), st.sampled_from(["\r\n", "\n"]), st.booleans())
def test_rows_come_out_as_a_csv_writer_wrote_them_with_empty_cells_as_none(table, delimiter, end, bom):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["numberid", "userid", "description"], *table])
    source = in_memory(out.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    assert [rows.columns for rows in source.read(3)] == [("numberid", "userid", "description")] * -(-len(table) // 3)
    assert read_all(source) == (table, None)
    assert (source.total, source.repeatable, source.share()) == (None, True, 1.0)


def test_cells_with_line_ends_and_separators_of_unicode_stay_whole_over_the_border_of_blocks():
    cell = "line one\r\nline two\u2028\x0b\x1c\n" * 20_000
    data = f'numberid,description\n1,"{cell}"\n2,x\n'.encode()
    csv.field_size_limit(1_000_000)
    try:
        assert read_all(in_memory(data)) == ([("1", cell), ("2", "x")], None)
    finally:
        csv.field_size_limit(131_072)


def test_short_rows_are_filled_up_and_long_ones_stay_long_unless_the_rest_is_empty():
    data = b"numberid,userid\n1\n2,3,,\n4,5,6\n\n7,8"
    assert read_all(in_memory(data)) == ([("1", None), ("2", "3"), ("4", "5", "6"), ("7", "8")], None)


@pytest.mark.parametrize(
    "data", [b"\n\nnumberid, userid \n1,2\n", b'"numberid",userid\n1,2', b"numberid\tuserid\r\n1\t2\r\n"]
)
def test_header_may_have_spaces_quotes_and_blank_lines_before_it(data):
    (rows,) = in_memory(data).read(10)
    assert (rows.columns, rows.values) == (("numberid", "userid"), [("1", "2")])


def test_comma_decides_where_a_header_has_several_marks():
    (rows,) = in_memory(b'numberid,"a;b"\n1,2\n').read(10)
    assert rows.columns == ("numberid", "a;b")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "begins with the names of its columns"),
        (b"\n \n", "begins with the names of its columns"),
        (b"numberid,,userid\n1,2,3\n", "no name for column 2"),
        (b"numberid,userid,numberid\n", "column 'numberid' twice"),
        (b'"numberid\n1\n', "within a quoted cell"),
        ("numberid\n1\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_header_that_cannot_be_used_is_named(data, said):
    found, error = read_all(in_memory(data))
    assert found == []
    assert said in str(error)
    assert "table.csv" in str(error)


@pytest.mark.parametrize(
    "data", [b"7,Ann Smith\n", b"Ann Smith,7\n", b"A7;Ann Smith;2026-12-01 10:00:00\n", b"7,Ann Smith,Ann Smith\n"]
)
def test_first_row_that_holds_values_is_told_from_a_header_and_not_shown(data):
    """What a person wrote about a record stands in no message."""
    with pytest.raises(VccInputError, match=r"table\.csv has no header") as caught:
        list(in_memory(data, check_columns=ColumnPlan).read(10))
    assert "Smith" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (b'4,"cut', "within a quoted cell"),
        (b'4,"x"y\n5,6\n', "cannot be read as CSV at line 5"),
        (b'4,"' + b"x" * 200_000 + b'\n"\n', "is a quote not closed?"),
        (b"4,\xff\n5,6\n", "no UTF-8 at line 5, byte 30"),
    ],
)
def test_table_that_breaks_off_gives_the_rows_before_and_the_place(end, said):
    found, error = read_all(in_memory(b"numberid,userid\n1,2\n2,2\n3,2\n" + end))
    assert found == [("1", "2"), ("2", "2"), ("3", "2")]
    assert said in str(error)
    assert error.place


def test_columns_are_checked_before_rows_are_read_and_their_table_is_named():
    def check(columns):
        raise VccInputError(f"{columns[0]} is no field")

    found, error = read_all(in_memory(b'nope\n"broken', check_columns=check))
    assert found == []
    assert str(error) == "table.csv: nope is no field"
