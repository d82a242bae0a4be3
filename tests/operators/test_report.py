"""The report stays small, whatever the run, and remembers earlier tries."""

from __future__ import annotations

import json
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.engine.limits.spent import HeldBy
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.exceptions import VccUnavailable
from airflow_provider_vcc.task.at_a_time import MOST_POINTS, AtATime, Curve, held_back, how_many
from airflow_provider_vcc.task.parameters import Parameters
from airflow_provider_vcc.task.reporting.report import MOST_TRIES, ReportBuilder, fitting, stored

SUMMARY = {
    "project_id": 17,
    "total": 3,
    "applied": 1,
    "rejected": 2,
    "invalid": 0,
    "unknown": 0,
    "not_sent": 0,
    "failed": 2,
    "requests": 1,
    "duration": 0.5,
    "errors": [],
}


@pytest.fixture
def parameters():
    values = dict.fromkeys(Parameters.__dataclass_fields__)
    return Parameters(**{**values, "max_errors": 5, "soft_fail": False, "validate_only": False})


@given(st.lists(st.floats(0, 1000), max_size=400))
def test_a_curve_has_at_most_120_points_and_keeps_its_ends(steps):
    curve, at = Curve(), 0.0
    curve.add(0, 0)
    for number, step in enumerate(steps, 1):
        at += step
        curve.add(at, number)
    points = curve.points()
    assert len(points) <= MOST_POINTS
    assert points[0] == [0, 0]
    assert points[-1][1] == len(steps)
    assert [point[0] for point in points] == sorted(point[0] for point in points)


def test_a_long_run_keeps_the_shape_of_its_curve():
    curve = Curve()
    for second in range(100_000):
        curve.add(second, second * 7)
    points = curve.points()
    assert len(points) > MOST_POINTS / 3
    assert all(abs(value - seconds * 7) < 1 for seconds, value in points)
    gaps = [after[0] - before[0] for before, after in pairwise(points)]
    assert max(gaps) < 100_000 / 30


def test_a_report_is_under_16_kb_after_a_long_and_troubled_run(parameters):
    earlier = None
    for number in range(1, 60):
        report = ReportBuilder(parameters, number, earlier)
        for second in range(2000):
            report.curve.add(second * 1e4 + 0.123456, 10**9 + second, 10**8 + second)
            report.requests.curve.add(second * 1e4 + 0.123456, 1 + second % 500)
        report.failed(VccUnavailable("x" * 5000))
        built = report.build(SimpleNamespace(name="s3://" + "n" * 5000, total=10**9, share=lambda: 0.1234567), None)
        assert len(json.dumps(built)) < 16_000
        earlier = {"summary": SUMMARY, "report": built}
    assert len(built["tries"]) == MOST_TRIES
    assert [entry["try_number"] for entry in built["tries"]] == list(range(39, 59))


def test_a_try_that_ended_without_a_word_was_lost(parameters):
    running = ReportBuilder(parameters, 1).build(None, None)
    [entry] = ReportBuilder(parameters, 2, {"summary": SUMMARY, "report": running}).build(None, None)["tries"]
    assert entry["error"] == "its worker was lost"
    assert (entry["try_number"], entry["applied"], entry["rejected"], entry["duration"]) == (1, 1, 2, 0.5)


def test_the_same_try_is_not_taken_for_an_earlier_one(parameters):
    running = ReportBuilder(parameters, 2).build(None, None)
    assert ReportBuilder(parameters, 2, {"summary": SUMMARY, "report": running}).build(None, None)["tries"] == []


@pytest.mark.parametrize("odd", [None, "text", 5, [], {}, {"report": {}, "summary": {}}, {"report": {"tries": None}}])
def test_what_another_version_left_does_no_harm(parameters, odd):
    assert ReportBuilder(parameters, 2, odd).build(None, None)["tries"] == []


def test_an_error_that_is_not_ours_is_named_by_its_kind_only(parameters):
    report = ReportBuilder(parameters, 1)
    report.failed(ValueError("Jane Doe"))
    assert report.error == "ValueError"


@given(st.integers(0, 500), st.integers(400, 50_000))
def test_a_summary_is_cut_to_the_most_frequent_errors_that_fit(count, size):
    errors = [{"errorcode": n, "errormessage": "é" * 50, "count": 1, "positions": [n]} for n in range(count)]
    cut = fitting({**SUMMARY, "errors": errors}, size)
    assert len(json.dumps(cut, ensure_ascii=False).replace(" ", "").encode()) <= size
    assert cut["errors"] == errors[: len(cut["errors"])]


def test_what_is_stored_is_plain_json_and_fits_the_state_store_whatever_failed(parameters):
    tally = Tally(17)
    tally.fail(
        Failure(n, Outcome.REJECTED, 417, f"error.{n} {'é' * 400}", {"numberid": "4" * 70}) for n in range(2_000)
    )
    built = ReportBuilder(parameters, 1).build(None, None, tally.failed_records.document())
    kept = stored(tally.summary(), built)
    for document in (built, kept):
        assert json.loads(json.dumps(document)) == document
    assert len(json.dumps(kept, ensure_ascii=False).encode()) < 65_535
    assert len(json.dumps(built, ensure_ascii=False).encode()) < 300_000
    assert len(built["failed"]["rows"]) == 1_000
    assert kept["report"]["failed"]["rows"] == built["failed"]["rows"][: len(kept["report"]["failed"]["rows"])] != []


class TestAtATime:
    def test_the_limit_and_the_times_of_answers_are_kept_over_the_run(self):
        it = AtATime()
        for second in range(4):
            it.answered(0.2)
            it.answered(0.4)
            it.sample(float(second), 6 + second)
        it.sample(4.0, 9)
        assert it.limit.points() == [[0.0, 6], [1.0, 7], [2.0, 8], [3.0, 9], [4.0, 9]]
        assert it.answer_times.points() == [[second, 0.3] for second in (0.0, 1.0, 2.0, 3.0)]

    def test_it_is_said_once_that_the_limit_has_settled_and_again_when_another_has(self):
        it = AtATime()
        it.answered(0.3)
        said = []
        for second, limit in enumerate([6, 18, 10, 10, 10, 10, 10, 10, 5, 5, 5, 5, 5]):
            it.sample(float(second), limit)
            said.append(it.settled(float(second)))
        assert [limit for limit in said if limit is not None] == [10, 5]

    @pytest.mark.parametrize(
        ("by", "words"),
        [
            (
                HeldBy.SERVICE,
                "The call centre's server: 80% of the time passed while it worked on 10 requests",
            ),
            (HeldBy.PACE, "The pace: 80% of the time was waited to keep max_elements_per_second=15."),
            (HeldBy.SAVES, "The saves of the progress: 80% of the time"),
            (HeldBy.INPUT, "The input: 80% of the time"),
            (HeldBy.WORKER, "This worker: 80% of the time"),
        ],
    )
    def test_what_held_the_rate_back_is_said_in_one_sentence(self, by, words):
        given = SimpleNamespace(max_in_flight="auto", max_elements_per_second=15.0)
        said = held_back(by, 0.8, "10 requests at a time", given)
        assert said.startswith(words)
        assert said.count(". ") == 0
        assert said.endswith(".")

    @pytest.mark.parametrize(
        ("limit", "setting", "sent", "most", "words"),
        [
            (10, "auto", 400, 18, "10 requests at a time (as many as it answered well)"),
            (4, "auto", 10, 4, "4 requests at a time (a short job gets no more)"),
            (4, "auto", 1, 1, "1 request at a time"),
            (10, "auto", 400, 4, "4 requests at a time"),
            (8, 8, 400, 8, "8 requests at a time (max_in_flight)"),
        ],
    )
    def test_how_many_requests_the_service_worked_on_is_said_as_it_was(self, limit, setting, sent, most, words):
        """A short job finds nothing out, and one of messages never has as many under way as the limit allows."""
        assert how_many(limit, most, sent, SimpleNamespace(max_in_flight=setting)) == words
