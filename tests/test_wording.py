"""Counts, times, places and suggestions in words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc import wording

MOMENT = datetime(2026, 11, 24, 23, 30, 12, tzinfo=UTC)


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
def test_durations_read_as_people_say_them(value, said):
    assert wording.seconds(value) == said


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
    assert wording.percent(part, whole) == said


@given(whole=st.integers(1, 10**12), data=st.data())
def test_a_share_reads_nought_or_all_only_if_it_is(whole, data):
    part = data.draw(st.integers(0, whole))
    assert (wording.percent(part, whole) == "0%") == (part == 0)
    assert (wording.percent(part, whole) == "100%") == (part == whole)


def test_a_moment_is_said_by_the_call_centres_clock_with_utc_beside_it():
    assert wording.clock(MOMENT) == "24 Nov 2026, 23:30:12 UTC"
    there = wording.clock(MOMENT, wording.zone_of("Europe/Budapest"))
    assert there == "25 Nov 2026, 00:30:12 (24 Nov, 23:30 UTC)"
    early = MOMENT.replace(hour=6)
    assert wording.clock(early, wording.zone_of("Europe/Budapest")) == "24 Nov 2026, 07:30:12 (06:30 UTC)"


@pytest.mark.parametrize("name", [None, "", "Nowhere/Town", "../etc/passwd", "\0"])
def test_a_zone_that_does_not_exist_is_none(name):
    assert wording.zone_of(name) is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"count": 1, "positions": [3], "records": ["4711"]}, "record 4711 at position 3"),
        ({"count": 2, "positions": [3, 5], "records": ["7", "8"]}, "records 7, 8 at positions 3, 5"),
        ({"count": 9, "positions": [1, 2, 3, 4, 5, 6], "records": list("abcdef")}, None),
        ({"count": 2, "positions": [3, 5], "records": [None, "8"]}, "records 8 ... at positions 3, 5"),
        ({"count": 1, "positions": [3], "records": [None]}, "at position 3"),
        ({"count": 1, "positions": [3]}, "at position 3"),
        ({"count": 1, "positions": [], "records": []}, ""),
    ],
)
def test_places_name_records_and_positions(row, said):
    expected = "records a, b, c, d, e ... at positions 1, 2, 3, 4, 5 ..." if said is None else said
    assert wording.places(row) == expected


def test_the_nearest_name_is_suggested_whatever_its_case_and_hyphens():
    assert wording.did_you_mean("Number-Id", ["number_id", "search"]) == "; did you mean 'number_id'?"
    assert wording.did_you_mean("zzz", ["number_id", "search"]) == ""
    assert wording.nearest("EUROPE/Budapst", ["Europe/Budapest", "Europe/Paris"]) == "Europe/Budapest"
    assert wording.nearest("", ["search"]) is None


def test_a_text_from_elsewhere_is_one_line_of_bounded_length():
    assert wording.one_line("a\n\x1b[31m b\u202e") == "a [31m b"
    assert len(wording.one_line("x" * 5_000)) == 300
