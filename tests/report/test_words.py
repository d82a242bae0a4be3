"""Numbers, times and the verdict, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import report, scenarios, summary

from airflow_provider_vcc.report import words
from airflow_provider_vcc.report.figures import read_figures


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 s"),
        (0.04, "under 0.1 s"),
        (0.4, "0.4 s"),
        (9.96, "10.0 s"),
        (42.4, "42 s"),
        (72, "1 min 12 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (273_600, "3 d 4 h"),
        (None, "–"),  # noqa: RUF001 -- the dash for what is not known
    ],
)
def test_time_spans_read_as_people_say_them(value, said):
    assert words.seconds(value) == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0%"),
        (0, 7, "0%"),
        (1, 100_000_000, "<0.01%"),
        (37, 12_000, "0.31%"),
        (1, 3, "33.3%"),
        (11_963, 12_000, "99.69%"),
        (99_999_999, 100_000_000, ">99.99%"),
        (7, 7, "100%"),
    ],
)
def test_shares_have_as_many_digits_as_say_something(part, whole, said):
    assert words.percent(part, whole) == said


@given(whole=st.integers(1, 10**12), data=st.data())
def test_a_share_reads_nought_or_all_only_where_it_is(whole, data):
    part = data.draw(st.integers(0, whole))
    assert (words.percent(part, whole) == "0%") == (part == 0)
    assert (words.percent(part, whole) == "100%") == (part == whole)


VERDICTS = {
    "running": "Running: 4,200 of 12,000 elements settled; 37 of them failed (125 tolerated).",
    "success": "Done: all 12,000 elements were applied.",
    "success-within": "Done: 120 of 12,000 elements failed, within the 240 tolerated.",
    "failed": "Failed: 37 of 12,000 elements failed, 12 more than the 25 tolerated.",
    "failed-none-tolerated": "Failed: 2 of 2 elements failed, and none is tolerated.",
    "failed-early": (
        "Failed: the run ended early; 37 of 12,000 elements failed, within the 100 tolerated; 7,963 were not sent."
    ),
    "up-for-retry": (
        "Failed, to be tried again: the run ended early; 37 of 12,000 elements failed, within the 100 tolerated; "
        "7,963 were not sent."
    ),
    "skipped": "Skipped: 37 of 12,000 elements failed, 12 more than the 25 tolerated.",
    "validate-only": (
        "Failed: nothing was sent, only checked; 37 of 12,000 elements are invalid, 12 more than the 25 tolerated."
    ),
    "empty": "Done: the input holds no elements.",
    "huge": "Done: 900 of 100,000,000 elements failed, within the 100,000 tolerated.",
    "older-version": "Done: 2 of 120 elements failed.",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_the_verdict_says_in_one_sentence_what_became_of_the_run(name):
    given_summary, given_report, context = scenarios()[name]
    assert words.verdict(read_figures(given_summary, given_report), context["state"]) == VERDICTS[name]


def test_without_a_state_from_airflow_the_figures_tell_how_it_ended():
    over = summary(1, 1)
    assert words.verdict(read_figures(over, report(over, breached=True)), None).startswith("Failed: ")
    assert words.verdict(read_figures(over, report(over, breached=True, soft_fail=True)), None).startswith("Skipped: ")
    assert words.verdict(read_figures(over, report(over, max_errors=1)), None).startswith("Done: ")
    assert words.verdict(read_figures(over, report(over, max_errors=1, error="down")), None).startswith("Failed: ")


def test_one_element_is_no_plural():
    one = summary(1)
    assert words.verdict(read_figures(one, report(one)), "success") == "Done: the one element was applied."


def test_what_is_tolerated_is_not_guessed_where_nobody_said_it():
    assert words.threshold(read_figures(summary(1, 1), None)) == ""
    assert words.verdict(read_figures(summary(1, 1), None), "success") == "Done: 1 of 2 elements failed."


def test_a_rate_without_a_known_size_is_shown_as_a_rate():
    figures = read_figures(summary(5), report(summary(5), max_error_rate=0.02, state="running", expected=None))
    assert figures.allowed is None
    assert words.threshold(figures) == "2.0% tolerated"


def test_time_left_follows_from_the_share_that_was_read():
    figures = read_figures(
        summary(100, duration=30.0), report(summary(100, duration=30.0), state="running", share=0.25)
    )
    assert words.left(figures) == "about 1 min 30 s left"
