"""The failed records as CSV are what a spreadsheet can open without harm."""

from __future__ import annotations

import csv

import pytest

from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.words.failed import failed_csv


def csv_of(record="7", message="error.unknown_record", code=417, search=None, position=3):
    rows = [[position, record, "rejected", 0, search, None]]
    return failed_csv(read_figures({"rejected": 1}, {"failed": {"reasons": [[code, message]], "rows": rows}}))


def test_a_failed_record_is_one_row_under_the_columns_of_the_contract():
    header, row = csv.reader(csv_of().splitlines())
    assert header == ["position", "record", "outcome", "errorcode", "reason"]
    assert row == ["3", "7", "rejected", "417", "There is no such record in the project"]


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r\n=1",
        " =1",
        "\uff1d1+1",
        "x;=1+1",
        "x; =1+1",
        "a,=1",
        'a",=1',
        "x\t=1",
    ],
)
def test_no_cell_is_a_formula_wherever_a_spreadsheet_splits_cells(evil):
    for text in (csv_of(record=evil), csv_of(message=evil), csv_of(code=evil), csv_of(record=None, search=evil)):
        [_, row] = csv.reader(text.splitlines())
        assert len(row) == 5
        for cell in row:
            for piece in cell.split(";"):
                assert not piece.strip().startswith(("=", "+", "-", "@", "\uff1d")), row


def test_excel_is_told_that_it_is_utf_8_only_where_that_makes_a_difference():
    assert csv_of(message="Nincs ilyen rekord: Balázs").startswith("\ufeffposition,")
    assert csv_of().startswith("position,")


def test_lines_end_as_in_rfc_4180_and_quotes_are_doubled():
    text = csv_of(message='say "no", twice')
    assert text.endswith('"Say ""no"", twice"\r\n')
    assert text.count("\r\n") == text.count("\n") == 2
