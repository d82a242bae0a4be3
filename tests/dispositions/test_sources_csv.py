"""CSV files."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import Reading, open_path
from airflow_provider_vcc.dispositions.sources.bytes.encoding import check_encoding
from airflow_provider_vcc.dispositions.sources.text.csv_table import CsvSource
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00")).map(lambda text: text or None)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS).filter(lambda row: "".join(filter(None, row)).strip()), max_size=12)


def in_memory(data, **options):
    delimiter = options.pop("delimiter", None)
    options.setdefault("reading", Reading(delimiter=delimiter))
    return open_path("table.csv", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data), **options)


def read_all(source, size=3):
    """Return the rows and the error that ended them; see that positions are consecutive and batches full."""
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
    assert read_all(in_memory(data)) == ([("1", cell), ("2", "x")], None)


def judged(data, field_map=None, **options):
    """Return the elements that go out, the reasons of the others by position, and the error at the end."""
    checker, sent, reasons, error = Checker(field_map), [], {}, None
    check = partial(ColumnPlan, field_map=field_map)
    try:
        for rows in in_memory(data, check_columns=check, **options).read(1000):
            batch = checker.check(rows)
            sent += map(msgspec.to_builtins, batch.elements)
            reasons |= {failure.position: failure.errormessage for failure in batch.failures}
    except VccInputError as raised:
        error = str(raised)
    return sent, reasons, error


def test_a_row_with_more_or_fewer_cells_than_the_header_is_invalid_and_the_others_go_on():
    sent, reasons, error = judged(b"numberid,userid\n1\n2,3,,\n4,5,6\n\n7,8")
    assert sent == [{"numberid": "7", "userid": "8"}]
    assert reasons == {
        0: "the row has 1 cells, and its table 2 columns",
        1: "the row has 4 cells, and its table 2 columns",
        2: "the row has 3 cells, and its table 2 columns",
    }
    assert error is None


def test_rows_of_nothing_but_delimiters_are_no_elements():
    assert read_all(in_memory(b"numberid;userid\n;\n;;;\n1;2\n\n;\n")) == ([("1", "2")], None)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_that_the_end_of_the_file_cuts_off_is_a_break_after_the_rows_before(end):
    whole = f"name;city{end}Green;Wien{end}Green;Pest{end}"
    field_map = {"name": "search.name", "city": "search.city"}
    for cut in range(len(f"name;city{end}"), len(whole)):
        sent, reasons, error = judged(whole[:cut].encode(), field_map)
        assert all(set(element["search"]) == {"name", "city"} for element in sent)
        last = whole[:cut].rsplit(end, maxsplit=1)[-1].rstrip("\r")
        assert (error is not None) == (bool(last) and ";" not in last), whole[:cut]
    sent, reasons, error = judged(b"dispositionid,numberid\n1,123455\n2")
    assert (sent, reasons) == ([{"numberid": "123455", "dispositionid": "1"}], {})
    assert error == "table.csv breaks off at line 3: its last row has 1 of 2 cells and no end of a line"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bare_return_in_a_text_is_part_of_the_text_and_makes_no_second_record(end):
    data = f'numberid,description{end}1,one\rtwo{end}2,"three\rfour"{end}3,x{end}'.encode()
    assert judged(data)[0] == [
        {"numberid": "1", "description": "one\rtwo"},
        {"numberid": "2", "description": "three\rfour"},
        {"numberid": "3", "description": "x"},
    ]


def test_a_line_break_that_is_not_quoted_makes_no_record_of_either_half():
    data = b'description,numberid\r\na,1\r\none\ntwo,2\r\n"three\nfour",3\r\nb,4\r\n'
    sent, reasons, _error = judged(data)
    assert [element["numberid"] for element in sent] == ["1", "3", "4"]
    assert sent[1]["description"] == "three\nfour"
    assert reasons == dict.fromkeys([1, 2], "a line break that is not quoted tears it from its other half")
    data = b"numberid,description\r\n1,one\ntwo\r\n3,x\n4,y\n"
    sent, reasons, _ = judged(data)
    assert [element["numberid"] for element in sent] == ["3", "4"]
    assert list(reasons) == [0, 1]


def test_lines_may_end_in_cr_alone():
    data = b'numberid,description\r1,"a\rb"\r2,c\r'
    assert judged(data)[0] == [{"numberid": "1", "description": "a\nb"}, {"numberid": "2", "description": "c"}]


@pytest.mark.parametrize("mark", list(",;\t|"))
@pytest.mark.parametrize("first", ["", "sep={}\r\n", '"sep={}"\n'])
def test_what_separates_the_cells_is_told_by_the_header_as_csv(mark, first):
    other = ";" if mark == "," else ","
    text = first.format(mark) + f'"city{other}x{other}y{other}z"{mark}numberid{mark}description\nWien{mark}1{mark}x\n'
    sent, _, error = judged(text.encode(), {f"city{other}x{other}y{other}z": "userid"})
    assert (sent, error) == ([{"numberid": "1", "userid": "Wien", "description": "x"}], None)


def test_what_is_given_as_delimiter_separates_the_cells_whatever_the_header_looks_like():
    assert judged(b"sep=,\nnumberid:userid\n1:2\n", delimiter=":")[0] == [{"numberid": "1", "userid": "2"}]


def test_columns_without_a_name_at_the_end_may_be_there_and_empty():
    sent, reasons, _ = judged(b"numberid;userid;;\n1;2;;\n3;4;x;\n5;6\n7;8;;;\n")
    assert sent == [{"numberid": "1", "userid": "2"}]
    assert list(reasons) == [1, 2, 3]


HUNGARIAN = "numberid;description\r\n1;ő és ű\r\n2;árvíztűrő\r\n"


@pytest.mark.parametrize(
    ("encoding", "given"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-8-sig", "utf-8"),
        ("utf-16", None),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-32", None),
        ("windows-1250", "windows-1250"),
        ("iso-8859-2", "latin2"),
    ],
)
@pytest.mark.parametrize("block", [1, 7, 1 << 18])
def test_a_text_is_read_in_the_encoding_that_its_mark_or_somebody_says(encoding, given, block):
    source = CsvSource(Pieces(HUNGARIAN.encode(encoding), block), None, given)
    assert read_all(source) == ([("1", "ő és ű"), ("2", "árvíztűrő")], None)


class Pieces:
    """Bytes in blocks of one size."""

    name = "table.csv"

    def __init__(self, data, size):
        self._blocks = [data[at : at + size] for at in range(0, len(data), size)]

    def blocks(self):
        return iter(self._blocks)

    def share(self):
        return None


def test_a_text_that_is_not_utf8_says_where_and_what_excel_calls_the_way_out():
    found, error = read_all(in_memory(HUNGARIAN.encode("windows-1250")))
    assert found == []
    assert str(error) == (
        'table.csv is not UTF-8 (line 2, byte 24). If it comes from Excel, save it as "CSV UTF-8", '
        'or set encoding="windows-1250"'
    )
    assert error.place == "line 2, byte 24"


def test_a_text_that_is_not_in_the_given_encoding_gives_the_rows_before_and_the_place():
    data = "numberid;description\n1;ő\n".encode("windows-1250") + b"2;\x81\n"
    found, error = read_all(in_memory(data, reading=Reading(encoding="windows-1250")))
    assert found == [("1", "ő")]
    assert error.place == "line 3, byte 27"


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (HUNGARIAN.encode("utf-8-sig"), "windows-1250", "begins with the byte order mark of UTF-8"),
        (HUNGARIAN.encode("utf-16"), "utf-8", "begins with the byte order mark of UTF-16"),
        ("numberid\n1\n".encode("utf-16-le"), None, "set encoding='utf-16-le'"),
        (b"PK\x03\x04" + b"x" * 99, None, "workbook of Excel (.xlsx)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, None, "let its name end in .xls"),
        (gzip.compress(b"numberid\n1\n", mtime=0), None, "compressed (.gz); let its name end in .gz"),
        (b"PAR1xxxx", None, "is not a text but Parquet"),
    ],
)
def test_a_file_that_is_something_else_is_named_for_what_it_is(data, encoding, said):
    found, error = read_all(in_memory(data, reading=Reading(encoding=encoding)))
    assert found == []
    assert said in str(error)


@pytest.mark.parametrize("name", ["windows1250x", "", "a\0b", "base64", 5])
def test_an_encoding_that_python_does_not_know_is_a_mistake_in_the_configuration(name):
    with pytest.raises(VccConfigurationError, match="windows-1250"):
        check_encoding(name)


def test_a_line_that_is_too_long_is_invalid_and_takes_a_bounded_piece_of_memory():
    def blocks():
        yield b"numberid,description\n1,a\n2,"
        for _ in range(512):
            yield b"x" * 262_144
        yield b"\n3,c\n"

    stream = Pieces(b"", 1)
    stream.blocks = blocks
    tracemalloc.start()
    rows, error = read_all(CsvSource(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ([row[:1] for row in rows if len(row) == 2], error) == ([("1",), ("3",)], None)
    assert rows[1][0].reason == "the line is longer than 4 MiB"
    assert peak < 32 * 1024 * 1024


def test_a_quote_that_is_not_closed_is_a_break_and_takes_a_bounded_piece_of_memory():
    stream = Pieces(b"", 1)
    stream.blocks = lambda: iter([b'numberid,description\n1,a\n2,"', *[b"x" * 262_144] * 512])
    tracemalloc.start()
    rows, error = read_all(CsvSource(stream))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows == [("1", "a")]
    assert "is a quote not closed?" in str(error)
    assert peak < 32 * 1024 * 1024


ESCAPED = r"a quote in it is written as \", and CSV has it as two quotes (Spark: option('escape', '\"'))"
NOT_DOUBLED = "a quote within a quoted cell is not written as two quotes, so where its cells end is a guess"
SPARK_CELLS = st.text(st.sampled_from('"",;\n ab'), min_size=1, max_size=6)


def as_spark_writes(cell):
    escaped = cell.replace('"', '\\"')
    return f'"{escaped}"' if set(cell) & set('",\n') else cell


@given(st.lists(st.tuples(SPARK_CELLS, SPARK_CELLS), min_size=1, max_size=12), st.sampled_from(["\r\n", "\n", "\r"]))
def test_rows_whose_quotes_are_escaped_by_a_backslash_are_invalid_and_their_neighbours_are_not(cells, end):
    """Nothing is taken for another row or cell."""
    rows = [["numberid", "description", "userid"], *([f"n{index}", *row] for index, row in enumerate(cells))]
    text = "".join(",".join(map(as_spark_writes, row)) + "\n" for row in rows)
    found, error = read_all(in_memory(text.replace("\n", end).encode()))
    assert error is None
    assert len(found) == len(cells)
    for index, (row, written) in enumerate(zip(found, cells, strict=True)):
        if any('"' in cell for cell in written):
            assert len(row) == 4
        else:
            assert row == (f"n{index}", *(cell.replace("\n", "\n" if end == "\r" else end) for cell in written))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([r'4,"He said \"hi\""'], ESCAPED),
        ([r'4,"He said \"hi\"', 'and left"'], ESCAPED),
        ([r'4,"ends with one \""'], ESCAPED),
        (['4,"He said "hi" and left"'], NOT_DOUBLED),
        (['4,"6" of it"'], NOT_DOUBLED),
    ],
)
def test_a_row_with_a_quote_that_is_not_doubled_is_invalid_if_its_end_is_certain(rows, reason):
    """The lines of those behind it are right, too."""
    data = "\n".join(["numberid,description", "3,x", *rows, "5,y", *rows, '6,"z"', ""])
    source = in_memory(data.encode())
    found, error = read_all(source, 1)
    assert error is None
    assert [row[0] for row in found if len(row) == 2] == ["3", "5", "6"]
    assert [row[0].reason for row in found if len(row) == 3] == [reason] * 2
    height = len(rows)
    assert [source.line(place) for place in range(5)] == [2, 3, 3 + height, 4 + height, 4 + 2 * height]


@pytest.mark.parametrize("rows", [['4,"size 6""'], ['4,"x"y'], ['4,"He said "hi", and left"'], ['4,"x']])
def test_a_row_with_a_quote_that_is_not_doubled_is_a_break_if_its_end_is_not_certain(rows):
    """What looks like a row behind it may be a part of its text."""
    found, error = read_all(in_memory("\n".join(["numberid,description", "3,x", *rows, '5,"y"', "6,z", ""]).encode()))
    assert found == [("3", "x")]
    assert "cannot be read as CSV at line" in str(error)
    assert "3" in error.place


def test_texts_with_backslashes_before_quotes_stay_as_they_are_where_the_quotes_are_doubled():
    text = r'{"a": "he said \"hi\", ok", "path": "C:\\"}'
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["numberid", "description"], ["1", text], ["2", "C:\\"]])
    assert read_all(in_memory(out.getvalue().encode())) == ([("1", text), ("2", "C:\\")], None)


ROWS_OF_ONE_LENGTH = "".join(f"{number % 7},{number}\n" for number in range(123400, 123456))


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("1,1234", "a last cell that is shorter than those above it, and no end of a line"),
        ("1", "1 of 2 cells and no end of a line"),
    ],
)
def test_a_last_row_that_can_be_seen_to_be_cut_off_is_a_break(end, why):
    found, error = read_all(in_memory(f"userid,numberid\n{ROWS_OF_ONE_LENGTH}{end}".encode()))
    assert len(found) == 56
    assert str(error) == f"table.csv breaks off at line 58: its last row has {why}"


def test_a_file_that_ends_with_a_block_of_a_disk_and_without_the_end_of_a_line_is_cut_off():
    rows = b"numberid,description\n" + b"1,x\n" * 1000 + b"2,"
    found, error = read_all(in_memory(rows.ljust(4096, b"x")))
    assert len(found) == 1000
    assert "the file ends where a block of a disk does" in str(error)
    assert read_all(in_memory(rows.ljust(4095, b"x"))) == ([*[("1", "x")] * 1000, ("2", "x" * 72)], None)


@pytest.mark.parametrize("end", ["1,123456", '1,"1234"'])
def test_a_last_row_that_is_whole_needs_no_end_of_a_line(end):
    """Google Sheets writes none."""
    found, error = read_all(in_memory(f"userid,numberid\n{ROWS_OF_ONE_LENGTH}{end}".encode()))
    assert (len(found), error) == (57, None)


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
        (b"numberid,userid,numberid\n", "the same name twice in its header, in columns 1 and 3"),
        (b'"numberid\n1\n', "within a quoted cell"),
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
        (b'4,"' + b"xxxxxxx\n" * 600_000 + b'"\n', "is a quote not closed?"),
        (b"4" + (b',"' + b"x" * 10_000 + b'\n"') * 4000 + b"\n", "8 rows take more than 36 MiB together"),
        (b"4,\xff\n5,6\n", "is not UTF-8 (line 5, byte 30)"),
    ],
    ids=["cut in a quote", "behind a quote", "a long cell", "many cells", "encoding"],
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


def test_rows_of_blanks_are_no_elements_wherever_they_stand():
    rows = b"numberid,userid\n  \n1,2\n\t,  \n ,3\n\n"
    assert read_all(in_memory(rows)) == ([("1", "2"), (" ", "3")], None)


def test_the_end_of_file_of_dos_is_no_row():
    assert read_all(in_memory(b"numberid,userid\r\n1,2\r\n\x1a")) == ([("1", "2")], None)


def test_a_second_byte_order_mark_is_no_part_of_a_name():
    (rows,) = in_memory("\ufeff\ufeffnumberid,userid\n1,2\n".encode()).read(10)
    assert rows.columns == ("numberid", "userid")


@pytest.mark.parametrize("encoding", ["utf-16", "shift_jis"])
def test_a_text_that_ends_within_a_character_is_cut_off(encoding):
    data = "numberid,description\n1,a\n2,\u65e5".encode(encoding)
    given = None if encoding == "utf-16" else encoding
    found, error = read_all(in_memory(data[:-1], reading=Reading(encoding=given)))
    assert found == [("1", "a")]
    assert "breaks off at line 3" in str(error)
    assert "its last character is cut off" in str(error)


def test_one_zero_byte_in_a_text_is_part_of_its_cell_and_not_another_encoding():
    assert read_all(in_memory(b"numberid,userid\n1,a\0b\n2,c\n")) == ([("1", "a\0b"), ("2", "c")], None)


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        ("numberid\n1\n".encode("utf-16-be"), None, "set encoding='utf-16-be'"),
        ("numberid\n1\n".encode("utf-16-le"), None, "set encoding='utf-16-le'"),
        (b"numberid\n1\n", "utf-16", "it has no byte order mark; set encoding='utf-16-le' or 'utf-16-be'"),
        ("numberid\nárvíztűrő\n".encode(), "windows-1250", "is UTF-8, and encoding says 'cp1250'; leave encoding out"),
        ("numberid\nárvíztűrő\n".encode(), "iso-8859-2", "is UTF-8, and encoding says"),
    ],
)
def test_a_wrong_encoding_is_named_instead_of_read_as_other_letters(data, encoding, said):
    found, error = read_all(in_memory(data, reading=Reading(encoding=encoding)))
    assert found == []
    assert said in str(error)
