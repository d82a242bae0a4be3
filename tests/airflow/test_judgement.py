"""Whether a task is green, red or skipped, and what it says and leaves behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.operators import outcomes

from airflow_provider_vcc.sandbox.faults import Latency

pytestmark = pytest.mark.airflow

MIXED = "[{'numberid': 1}, {'numberid': 404}, {'numberid': 2}, {'numberd': 3}, {'numberid': 405}]"
"""Two applied, two rejected, one invalid."""


def test_by_default_no_failed_element_is_tolerated_and_the_message_says_what_and_where(run, tmp_path):
    path = tmp_path / "failures.jsonl"
    result = run(f"Batch(elements={MIXED}, disposition=two, failures_path={str(path)!r})")
    assert result.tasks == {"sync": "failed"}
    assert outcomes(result.summary) == [2, 2, 1, 0, 0]
    assert (
        "DispositionThresholdExceeded: 3 of 5 elements failed (2 rejected, 1 invalid), and none is tolerated, since "
        "neither max_errors nor max_error_rate is given. "
        "Reasons: 2 x 417 error.unknown_record (records 404, 405 at positions 1, 4); "
        "1 x 'numberd' is not a field of an element; "
        f"did you mean 'numberid'? (at position 3). The failed elements are in {path}"
    ) in result.log


@pytest.mark.parametrize(
    ("threshold", "state"),
    [
        ("max_errors=3", "success"),
        ("max_errors=2", "failed"),
        ("max_error_rate=0.6", "success"),
        ("max_error_rate=0.59", "failed"),
        ("max_errors=3, max_error_rate=0.1", "failed"),
        ("max_errors=1, max_error_rate=1", "failed"),
        ("max_errors=0", "failed"),
    ],
)
def test_the_task_fails_only_where_a_threshold_is_broken(run, threshold, state):
    result = run(f"Batch(elements={MIXED}, disposition=two, {threshold})")
    assert result.tasks == {"sync": state}
    assert result.summary["failed"] == 3


def test_a_broken_threshold_says_how_many_were_tolerated(run):
    result = run(f"Batch(elements={MIXED}, disposition=two, max_errors=2, max_error_rate=0.4)")
    assert "more than the 2 tolerated (max_errors=2 and max_error_rate=0.4)" in result.log


def test_soft_fail_skips_the_task_and_leaves_the_summary_and_the_report(run):
    result = run(f"Batch(elements={MIXED}, disposition=two, soft_fail=True)")
    assert result.tasks == {"sync": "skipped"}
    assert outcomes(result.summary) == [2, 2, 1, 0, 0]
    assert result.xcoms["sync"]["report"]["breached"] is True
    assert "3 of 5 elements failed" in result.log


def test_the_rest_is_not_sent_where_stop_on_breach_is_set(run, sandbox):
    result = run("""
        bad = [{"numberid": 1000 + n} for n in range(5)]
        good = [{"numberid": n} for n in range(1, 96)]
        Batch(elements=bad + good, disposition=two, chunk_size=5, max_in_flight=1, stop_on_breach=True, max_errors=4)
    """)
    assert result.tasks == {"sync": "failed"}
    assert result.summary["not_sent"] >= 90
    assert sum(outcomes(result.summary)) == result.summary["total"] == 100
    assert result.summary["applied"] == len(sandbox.ledger.events())
    assert f"{result.summary['not_sent']} were not sent" in result.log


def test_without_it_everything_is_sent_and_then_judged(run, sandbox):
    run("Batch(elements=[{'numberid': 404}] + [{'numberid': n} for n in range(1, 10)], disposition=two, chunk_size=2)")
    assert len(sandbox.ledger.events()) == 9


def test_the_failures_file_can_be_given_back_as_it_is(run, sandbox, tmp_path):
    path = str(tmp_path / "failures.jsonl")
    first = run(f"""
        Batch(elements=[{{"numberid": 1}}, {{"numberid": 404, "description": "née"}}, {{"numberid": None}}],
              disposition=two, failures_path={path!r}, max_errors=2)
    """)
    rows = list(map(json.loads, Path(path).read_text().splitlines()))
    assert [(row["position"], row["outcome"], row["errorcode"]) for row in rows] == [
        (2, "invalid", None),
        (1, "rejected", 417),
    ]
    assert rows[1]["element"] == {"numberid": "404", "description": "née"}
    assert first.summary["failures_path"] == path
    sandbox.store.add_records(17, [{"numberid": "404"}])
    second = run(f"Batch(elements_path={path!r}, disposition=two, max_errors=1)")
    assert outcomes(second.summary) == [1, 0, 1, 0, 0]
    assert sandbox.ledger.descriptions("404") == ["née"]


def test_the_failures_may_not_overwrite_the_input(run, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"numberid": 1}\n')
    result = run(
        f"Batch(elements_path={str(path)!r}, disposition=two, failures_path={str(path.parent)!r} + '/./data.jsonl')"
    )
    assert result.tasks == {"sync": "failed"}
    assert "which would be overwritten; write another name" in result.log
    assert path.read_text() == '{"numberid": 1}\n'


def test_checking_only_sends_nothing_and_judges_what_is_invalid(run, sandbox):
    result = run(f"Batch(elements={MIXED}, disposition=two, validate_only=True, max_errors=1, chunk_size=2)")
    assert result.tasks == {"sync": "success"}
    assert outcomes(result.summary) == [0, 0, 1, 0, 4]
    assert sandbox.ledger.requests("PUT") == []
    assert "4 elements are well-formed, and were not looked up. It would be 2 requests" in result.log
    assert "Project 17 exists: " in result.log
    assert result.summary["validate_only"] is True
    failed = run(f"Batch(elements={MIXED}, disposition=two, validate_only=True)")
    assert failed.tasks == {"sync": "failed"}


def test_checking_only_shows_the_first_request_with_personal_values_masked(run, sandbox):
    result = run("""
        Batch(elements=[{"numberid": 1, "description": "Jane is ill"}, {"search": {"name": "Green"}}],
              disposition={"dispositionid": 2, "description": "Jane again"}, avoid_in_call=False, validate_only=True)
    """)
    assert f"PUT {sandbox.url}/v2/projects/17/records/dispositions" in result.log
    for line in (
        '"numberid": "1"',
        '"description": "***"',
        '"name": "***"',
        '"dispositionid": 2',
        '"avoid_in_call": false',
    ):
        assert line in result.log
    assert "Jane" not in result.log
    assert "Green" not in result.log


def test_checking_only_needs_neither_a_server_nor_a_token(run):
    result = run("Batch(elements=[{'numberid': 1}], disposition=two, validate_only=True)", connection={"password": ""})
    assert result.tasks == {"sync": "success"}
    assert "Nothing could be sent with this connection" in result.log
    result = run("Batch(elements=[{'numberid': 1}], disposition=two, validate_only=True, vcc_conn_id='nowhere')")
    assert result.tasks == {"sync": "success"}


def test_checking_only_leaves_the_progress_alone(run, sandbox):
    result = run("""
        Batch(elements=[{"numberid": 404}], disposition=two, validate_only=True)
        Batch(task_id="other", elements=[{"numberid": 1}], disposition=two)
    """)
    assert result.tasks == {"sync": "success", "other": "success"}
    assert result.xcoms["sync"]["summary"]["not_sent"] == 1


def test_an_element_that_is_too_large_for_a_request_is_invalid_also_where_nothing_is_sent(run):
    body = (
        "Batch(elements=[{{'numberid': 1, 'description': 'x' * 500}}, {{'numberid': 2}}], disposition=two,"
        " max_chunk_bytes=300, max_errors=1{more})"
    )
    assert outcomes(run(body.format(more="")).summary) == [1, 0, 1, 0, 0]
    assert outcomes(run(body.format(more=", validate_only=True")).summary) == [0, 0, 1, 0, 1]


def test_the_log_says_where_the_run_stands_and_ends_with_one_table(run, sandbox):
    sandbox.faults = Latency(0.4)
    result = run(
        "Batch(elements=[{'numberid': n} for n in range(1, 31)], disposition=two, chunk_size=1, max_in_flight=2)"
    )
    assert "elements (" in result.log
    assert "per second, about" in result.log
    assert "::group::30 elements: 30 applied" in result.log
    assert 1 <= len(re.findall(r"per second, about", result.log)) < 10


def test_each_kind_of_error_is_logged_when_it_first_occurs_and_then_only_counted(run):
    result = run(
        "Batch(elements=[{'numberid': 404 + n} for n in range(50)], disposition=two, chunk_size=10, max_in_flight=1)"
    )
    assert set(re.findall(r"Record 404 at position (\d+): 417 error.unknown_record", result.log)) == {"0"}
    assert (
        "50 x 417 error.unknown_record (records 404, 405, 406, 407, 408 ... at positions 0, 1, 2, 3, 4 ...)"
        in result.log
    )


def test_the_report_has_the_curve_and_what_was_tolerated(run):
    report = run(f"Batch(elements={MIXED}, disposition=two, max_error_rate=0.5)").xcoms["sync"]["report"]
    assert report["curve"][0] == [0, 0, 0]
    assert report["curve"][-1][1:] == [5, 3]
    assert report["threshold"] == {"max_errors": None, "max_error_rate": 0.5}
    assert (report["state"], report["breached"], report["expected"], report["share"]) == ("done", True, 5, 1.0)
    assert report["error"] is None
