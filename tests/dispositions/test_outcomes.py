"""Counts, the table of errors, and the threshold's judgement."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome, Threshold
from airflow_provider_vcc.dispositions.outcomes.records import search_of
from airflow_provider_vcc.dispositions.outcomes.tally import MAX_ERRORS, MAX_SAMPLES, Tally


def failure(position, outcome=Outcome.REJECTED, code=417, message="error.x"):
    """Return a failure."""
    return Failure(position, outcome, code, message, {"numberid": "1", "description": "secret"})


class TestThreshold:
    """Too bad is more than either limit allows; without limits, anything is too bad."""

    @pytest.mark.parametrize(
        ("max_errors", "max_error_rate", "failed", "total", "breached"),
        [
            (None, None, 0, 100, False),
            (None, None, 1, 100, True),
            (5, None, 5, 100, False),
            (5, None, 6, 100, True),
            (0, None, 0, 0, False),
            (None, 0.05, 5, 100, False),
            (None, 0.05, 6, 100, True),
            (None, 0.0, 1, 100, True),
            (None, 1.0, 100, 100, False),
            (50, 0.05, 6, 100, True),
            (5, 0.5, 6, 100, True),
            (None, 0.29, 29, 100, False),
            (None, 0.07, 7, 100, False),
            (None, 1 / 3, 1, 3, False),
            (None, 0.01, 0, 0, False),
        ],
    )
    def test_either_limit_breaks_it(self, max_errors, max_error_rate, failed, total, breached):
        assert Threshold(max_errors, max_error_rate).breached(failed, total) is breached

    @given(rate=st.floats(0, 1), failed=st.integers(0, 2000), rest=st.integers(0, 2000))
    @example(rate=0.09999999999999999, failed=1, rest=9)
    def test_the_rate_is_failed_by_total_and_nothing_else(self, rate, failed, rest):
        total = failed + rest
        assert Threshold(max_error_rate=rate).breached(failed, total) is (total > 0 and failed / total > rate)

    @given(
        errors=st.none() | st.integers(0, 50),
        rate=st.none() | st.floats(0, 1),
        failed=st.integers(0, 100),
        more=st.data(),
    )
    def test_it_is_hopeless_exactly_when_the_best_end_would_break_it(self, errors, rate, failed, more):
        threshold, total = Threshold(errors, rate), more.draw(st.integers(failed, 200))
        assert threshold.hopeless(failed, total) is threshold.breached(failed, total)

    def test_without_a_known_total_only_a_number_can_be_hopeless(self):
        assert not Threshold(max_error_rate=0.0).hopeless(5, None)
        assert Threshold(max_errors=4, max_error_rate=0.5).hopeless(5, None)
        assert Threshold().hopeless(1, None)


class TestTally:
    """Counts of every outcome, and a bounded table of errors."""

    def test_every_element_is_counted_once(self):
        tally = Tally(17, "/tmp/x.jsonl")
        tally.add(Outcome.APPLIED, 90)
        tally.add(Outcome.NOT_SENT, 5)
        tally.fail([failure(1), failure(2, Outcome.UNKNOWN), failure(3, Outcome.INVALID), failure(4), failure(5)])
        tally.duration = 2.0
        summary = tally.summary()
        assert summary == {
            "project_id": 17,
            "total": 100,
            "applied": 90,
            "rejected": 3,
            "invalid": 1,
            "unknown": 1,
            "not_sent": 5,
            "failed": 5,
            "error_rate": 0.05,
            "requests": 0,
            "resumed": 0,
            "errors": [
                {
                    "errorcode": 417,
                    "errormessage": "error.x",
                    "count": 5,
                    "positions": [1, 2, 3, 4, 5],
                    "records": ["1"] * 5,
                }
            ],
            "failures_path": "/tmp/x.jsonl",
            "duration": 2.0,
            "elements_per_second": 47.0,
        }
        assert json.loads(json.dumps(summary)) == summary

    def test_an_empty_input_is_no_division_by_nothing(self):
        assert Tally().summary()["error_rate"] == 0.0

    def test_the_most_frequent_error_comes_first_with_a_few_positions(self):
        tally = Tally()
        tally.fail(failure(n, message="rare") for n in range(3))
        tally.fail(failure(n, message="often") for n in range(1000))
        rows = tally.errors()
        assert [(row["errormessage"], row["count"]) for row in rows] == [("often", 1000), ("rare", 3)]
        assert rows[0]["positions"] == list(range(MAX_SAMPLES))

    def test_new_kinds_of_error_are_told_once(self):
        tally = Tally()
        assert [row["errormessage"] for row in tally.fail([failure(1), failure(2), failure(3, message="y")])] == [
            "error.x",
            "y",
        ]
        assert tally.fail([failure(4)]) == []

    def test_however_many_kinds_of_error_there_are_the_table_stays_small(self):
        tally = Tally()
        tally.fail(failure(n, code=n) for n in range(5 * MAX_ERRORS))
        rows = tally.errors()
        assert len(rows) == MAX_ERRORS + 1
        assert sum(row["count"] for row in rows) == 5 * MAX_ERRORS == tally.failed


def test_a_failure_does_not_show_its_element():
    assert "secret" not in repr(failure(1))
    assert pickle.loads(pickle.dumps(failure(1))) == failure(1)


def test_outcomes_are_their_names():
    assert json.dumps(list(Outcome)) == '["applied", "rejected", "invalid", "unknown", "not_sent"]'


@pytest.mark.parametrize(
    ("search", "shown"),
    [
        ({"name": "x"}, "name"),
        ([{"name": "x"}, {"town": "y", "act_status": 1}], "name, town, act_status"),
        ({"name": "x", "Jane Doe": 1}, "name, 1 other field"),
        ({"Jane": 1, "Doe": 1}, "2 other fields"),
        ({}, None),
    ],
)
def test_a_search_is_shown_by_the_criteria_that_somebody_named_and_others_are_counted(search, shown):
    assert search_of({"search": search}, {"town"}) == shown
