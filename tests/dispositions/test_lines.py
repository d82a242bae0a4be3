"""Each element of a file is found again by its line, whatever stands between the elements."""

from __future__ import annotations

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.sources import Reading, from_elements, open_path
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import HasLines
from airflow_provider_vcc.exceptions import VccInputError


def source_of(data, name, **reading):
    options = {"reading": Reading(**reading), "check_columns": None}
    return open_path(name, opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data), **options)


def ids_by_line(source, size=7):
    """Return what source says: line -> number in the first cell, or in the JSON text."""
    found, position = {}, 0
    try:
        for rows in source.read(size):
            for one in getattr(rows, "values", None) or rows.texts:
                text = one[0] if isinstance(one, tuple) else one.split(b":")[1].strip(b' "}').decode()
                found[source.line(position)] = text
                position += 1
    except VccInputError:
        pass
    return found


ROWS = st.lists(st.sampled_from(["plain", "blank", "commas", "two lines", "blank cells"]), max_size=40)


@given(ROWS, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["", "sep=,{}", "{}{}"]), st.integers(1, 50))
def test_a_row_of_a_csv_has_the_line_in_which_it_begins(kinds, end, before, repeated):
    lines, expected = [*before.format(end, end).split(end)[:-1], "numberid,description"], {}
    for number, kind in enumerate(kinds * repeated):
        at = str(number)
        if kind not in {"blank", "commas"}:
            expected[len(lines) + 1] = at
        lines += {
            "plain": [f"{at},x"],
            "blank": [""],
            "commas": [","],
            "two lines": [f'{at},"one', "", 'three"'],
            "blank cells": [f"{at},"],
        }[kind]
    assert ids_by_line(source_of((end.join(lines) + end).encode(), "a.csv")) == expected


@given(st.lists(st.sampled_from(["plain", "blank", "blanks"]), max_size=60), st.sampled_from(["\n", "\r\n"]))
def test_an_element_of_json_lines_has_its_line(kinds, end):
    lines, expected = [], {}
    for kind in kinds:
        expected |= {len(lines) + 1: str(len(lines))} if kind == "plain" else {}
        lines.append({"plain": f'{{"numberid": "{len(lines)}"}}', "blank": "", "blanks": "  "}[kind])
    text = end.join(lines)
    assert ids_by_line(source_of(gzip.compress(text.encode()), "a.jsonl.gz")) == expected
    if expected:
        assert ids_by_line(from_elements("\ufeff" + text)) == expected


def test_lines_are_known_up_to_where_a_file_breaks_off_and_behind_a_line_that_is_too_long():
    long = b'{"numberid": "2", "x": "' + b"x" * 5_000_000 + b'"}'
    text = b'{"numberid": "1"}\n' + long + b'\n\n{"numberid": "4"}\n{"numberid": "\xff"}\n'
    source = source_of(text, "a.jsonl")
    with pytest.raises(VccInputError, match="line 5"):
        list(source.read(1))
    assert [source.line(position) for position in range(4)] == [1, 2, 4, None]


def test_a_row_of_a_sheet_has_its_number_there_below_blank_rows_above_the_header_and_between():
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row, cell in ((3, "numberid"), (4, "1"), (7, "2"), (2500, "3")):
        book.active.cell(row, 2).value = cell
        book.active.cell(row, 1).value = "userid" if row == 3 else "5"
    out = io.BytesIO()
    book.save(out)
    source = source_of(out.getvalue(), "a.xlsx")
    assert sum(len(rows) for rows in source.read(2)) == 3
    assert [source.line(position) for position in range(4)] == [4, 7, 2500, None]


def test_what_is_no_file_of_lines_has_none():
    array = source_of(b'[{"numberid": "1"},\n\n{"numberid": "2"}]', "a.json")
    assert sum(len(rows) for rows in array.read(5)) == 2
    assert array.line(1) is None
    assert not isinstance(from_elements([{"numberid": "1"}]), HasLines)


@given(st.lists(st.integers(1, 3), max_size=60), st.integers(2, 8))
def test_the_lines_that_were_read_last_are_known_in_bounded_memory(steps, most):
    lines, at, given_lines = Lines(most), 0, []
    for step in steps:
        at += step
        given_lines.append(at)
        lines.note([at])
    known = [lines.of(position) for position in range(len(steps))]
    assert all(found in (None, line) for found, line in zip(known, given_lines, strict=True))
    assert known[-1:] == given_lines[-1:]
    assert all(found is not None for found in known[-(most // 2) :])
    assert len(lines._offsets) <= most
