"""What was left by other versions, or is not a report at all, is read for what it is worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import report, summary

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.reading.tolerant import masked, moment, number, text, whole
from airflow_provider_vcc.report.words.failed import failed_rows


@pytest.mark.parametrize("value", [True, -1, 1.5, float("nan"), float("inf"), 10**400, "x", "1e3", None, [], {}])
def test_what_is_no_count_is_none(value):
    assert whole(value) is None


@pytest.mark.parametrize(("value", "read"), [(3, 3), (3.0, 3), ("17", 17), (0, 0)])
def test_counts_are_read_from_numbers_and_digits(value, read):
    assert whole(value) == read


def test_numbers_are_finite_and_not_negative():
    assert [number(value) for value in (1.5, float("nan"), float("-inf"), -0.1, True, "1")] == [1.5, *[None] * 5]


def test_texts_lose_controls_lone_surrogates_and_all_beyond_their_length():
    assert text("a\x00b\nc\u202ed") == "a b c d"
    assert text("\ud800").encode() == b"?"
    assert text("x" * 600) == "x" * 499 + "…"
    assert text({}) == text(None) == text(True) == text(10**5000) == ""


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("s3://conn_id@bucket/failed.jsonl", "s3://conn_id@bucket/failed.jsonl"),
        ("s3://key:secret@bucket/x", "s3://key:***@bucket/x"),
        ("https://token@host/x", "https://***@host/x"),
        ("https://host/x?sig=secret&se=1", "https://host/x?***"),
        ("cannot read ftp://me:hush@host/x, sorry", "cannot read ftp://me:***@host/x, sorry"),
        ("/data/a@b.jsonl", "/data/a@b.jsonl"),
    ],
)
def test_credentials_in_urls_are_masked(given_text, shown):
    assert masked(given_text) == shown


def test_times_are_read_in_any_zone_and_shown_in_utc():
    assert moment("2026-11-24T07:00:00+01:00") == moment("2026-11-24T06:00:00")
    assert moment("yesterday") is moment(17) is moment("0001-01-01T00:00:00+14:00") is None


def test_the_parts_add_up_where_an_older_version_gave_no_total():
    figures = read_figures({"applied": 5, "rejected": 2}, None)
    assert (figures.total, figures.failed, figures.settled) == (7, 2, 7)


def test_a_total_beyond_the_outcomes_is_kept():
    figures = read_figures({"total": 10, "applied": 5, "failed": 3}, None)
    assert (figures.total, figures.failed, figures.counts[Outcome.APPLIED]) == (10, 3, 5)


def test_a_running_task_has_the_size_of_its_input_where_that_is_known():
    assert read_figures(summary(5), report(summary(5), state="running", expected=50)).size == 50
    assert read_figures(summary(5), report(summary(5), state="running", expected=None)).size == 5
    assert read_figures(summary(5), report(summary(5), expected=50)).size == 5


def test_points_of_a_curve_are_put_in_order_and_nonsense_is_left_out():
    curve = [[2, 20, 0], "x", [1, 10, 0], [1, 11, 0], [3, None, 0], [4], [5, 50, float("nan")]]
    assert read_figures({"total": 1}, {"curve": curve}).curve == ((1, 10, 0), (2, 20, 0))


def test_the_most_frequent_errors_stand_first_and_no_more_than_500():
    rows = [{"errormessage": str(i), "count": i, "positions": list(range(50))} for i in range(600)]
    figures = read_figures({"errors": rows}, None)
    assert [line.count for line in figures.errors[:2]] == [599, 598]
    assert (len(figures.errors), figures.more_errors, len(figures.errors[0].positions)) == (500, 100, 10)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(given_summary=JSON, given_report=JSON)
def test_anything_at_all_can_be_read(given_summary, given_report):
    figures = read_figures(given_summary, given_report)
    assert figures.total >= sum(figures.counts.values()) >= 0


@pytest.mark.parametrize(
    ("source", "line", "where"),
    [
        ("callbacks.csv", 1205, "line 1205"),
        ("Callbacks.XLSX", 7, "row 7 of the sheet"),
        ("callbacks.json", None, "row 4"),
        ("elements", None, "row 4"),
    ],
)
def test_a_failed_record_is_found_again_by_the_line_or_row_that_its_file_shows(source, line, where):
    failed = {"reasons": [[417, "error.unknown_record"]], "rows": [[3, "404", "rejected", 0, None, line]]}
    [row] = failed_rows(read_figures({"rejected": 1}, {"source": source, "failed": failed}))
    assert row.where == where
