import json
import textwrap

import pytest

from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccConfigurationError, VccError
from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.words.verdict import verdict

pytestmark = pytest.mark.airflow

DAG = """
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator

with DAG("judge", schedule=None) as dag:
    DispositionThresholdOperator(task_id="judge", summaries={summaries!r}, {parameters})
"""


def shard(applied=10, rejected=0, not_sent=0, message="error.unknown_record"):
    """Return the summary of a shard."""
    errors = [{"errorcode": 417, "errormessage": message, "count": rejected, "positions": list(range(rejected))}]
    return {
        "project_id": 17,
        "total": applied + rejected + not_sent,
        "applied": applied,
        "rejected": rejected,
        "invalid": 0,
        "unknown": 0,
        "not_sent": not_sent,
        "failed": rejected,
        "requests": 1,
        "resumed": 0,
        "errors": errors if rejected else [],
        "failures_path": None,
        "duration": 1.5,
        "elements_per_second": 10.0,
    }


@pytest.fixture
def judge(dag_runner, tmp_path):
    def run(summaries, parameters):
        path = tmp_path / "judge_dag.py"
        path.write_text(textwrap.dedent(DAG.format(summaries=summaries, parameters=parameters)))
        return dag_runner.run(path, "judge")

    return run


def test_gives_the_merged_summary(judge):
    """Counts are added, equal errors become one row, and the duration is that of the longest shard."""
    result = judge([shard(rejected=2), shard(rejected=3)], "expected=2, max_errors=5")
    assert result.state == "success", result.log
    summary = result.summary
    assert (summary["total"], summary["applied"], summary["rejected"], summary["failed"]) == (25, 20, 5, 5)
    assert [(row["errormessage"], row["count"]) for row in summary["errors"]] == [("error.unknown_record", 5)]
    assert (summary["project_id"], summary["duration"]) == (17, 1.5)


def test_one_too_many_over_all_shards_fails(judge):
    """No shard alone breaks the threshold, but all together do."""
    result = judge([shard(rejected=2), shard(rejected=2)], "expected=2, max_errors=3")
    assert result.state == "failed"
    assert "4 of 24 elements failed" in result.log
    assert result.summary["failed"] == 4


def test_soft_fail_skips(judge):
    """A broken threshold with soft_fail marks the task skipped."""
    result = judge([shard(rejected=2)], "expected=1, soft_fail=True")
    assert result.tasks["judge"] == "skipped"


@pytest.mark.parametrize("summaries", [[shard()], [shard(), None]])
def test_a_missing_shard_fails_even_softly(judge, summaries):
    """A shard without a summary fails the judgement, since nobody knows what became of its elements."""
    result = judge(summaries, "expected=2, max_error_rate=1.0, soft_fail=True")
    assert result.state == "failed"
    assert "1 of 2 shards left no summary" in result.log
    assert [one["map_index"] for one in result.xcoms["judge"]["report"]["shards"]] == [None]


def test_its_report_has_each_shard_by_its_index(judge):
    report = judge([shard(rejected=2), shard(7)], "expected=2, max_errors=5").xcoms["judge"]["report"]
    assert [(one["map_index"], one["applied"], one["failed"]) for one in report["shards"]] == [(0, 10, 2), (1, 7, 0)]


def test_what_was_not_sent_fails(judge):
    """A shard that stopped before its end is not taken for one that succeeded."""
    result = judge([shard(not_sent=7)], "expected=1, max_error_rate=1.0")
    assert result.state == "failed"
    assert "7 elements were not sent" in result.log


CHECKED = {"validate_only": True, "requests": 0}


def test_shards_that_only_checked_are_judged_by_what_is_invalid():
    """What was not meant to be sent is no fault of a shard; invalid elements count as they do in any other run."""
    shards = [shard(0, not_sent=7) | CHECKED, shard(0, not_sent=8) | CHECKED | {"total": 10, "invalid": 2}]
    summary = judged(shards, expected=2, max_errors=2)
    assert (summary["total"], summary["not_sent"], summary["failed"]) == (17, 15, 2)
    assert summary["validate_only"] is True
    with pytest.raises(DispositionThresholdExceeded) as caught:
        judged(shards, expected=2, max_errors=1)
    assert "were not sent" not in str(caught.value)


def test_among_shards_that_only_checked_one_that_was_to_send_still_has_to():
    """The elements of a shard that stopped count as not sent beside others that were only checked."""
    with pytest.raises(VccError, match=r"^5 elements were not sent"):
        judged([shard(0, not_sent=7) | CHECKED, shard(1, not_sent=5)], expected=2)


def test_a_check_that_ended_early_fails_the_judgement():
    """Nobody knows what a check would have found in what it did not read."""
    cut = shard(0, not_sent=7) | CHECKED | {"error": "data.csv: it breaks off"}
    with pytest.raises(VccError, match="1 of 2 shards ended early"):
        judged([cut, shard(0, not_sent=7) | CHECKED], expected=2)


@pytest.mark.parametrize("said", [None, False, "True", 1])
def test_only_a_summary_that_says_so_is_one_of_a_check(said):
    """A summary of a version that did not write it yet is judged as before."""
    with pytest.raises(VccError, match="7 elements were not sent"):
        judged([shard(0, not_sent=7) | {"validate_only": said}])


def test_the_report_of_a_judged_check_says_that_nothing_was_sent():
    """The page of the judging task speaks of a check as that of each shard does."""
    from support.operators import Instance

    instance = Instance()
    judged([shard(0, not_sent=7) | CHECKED], instance=instance)
    figures = read_figures(instance.xcoms["summary"], instance.xcoms["report"])
    assert verdict(figures) == "7 records are well-formed; nothing was sent, and they were not looked up"


def test_the_output_of_a_task_stands_for_its_summaries_which_a_failed_shard_has_too():
    """Naming the task is enough: its result is missing where it failed, its XCom ``summary`` is not."""
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
    from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator

    with DAG("sharded", schedule=None):
        sync = BatchDispositionOperator.partial(task_id="sync", project_id=17).expand(elements=[[], []])
        judged = DispositionThresholdOperator(task_id="judge", summaries=sync.output, expected=2)
        by_key = DispositionThresholdOperator(task_id="by_key", summaries=sync.output["summary"], expected=2)
    assert judged.summaries == by_key.summaries
    assert judged.summaries.key == "summary"
    assert judged.upstream_task_ids == {"sync"}


@pytest.mark.parametrize("summaries", [[], None, "[]", "None", ""])
def test_nothing_expected_and_nothing_there_passes(judge, summaries):
    """On some days there is nothing to do."""
    result = judge(summaries, "expected=0")
    assert (result.state, result.summary["total"]) == ("success", 0), result.log


def test_summaries_may_be_json_text(judge):
    """As a template gives them, the whole list or each of them."""
    shards = [shard(rejected=2), shard(rejected=3)]
    for given in (json.dumps(shards), [json.dumps(one) for one in shards]):
        result = judge(given, "expected='2', max_errors=5")
        assert (result.state, result.summary["rejected"]) == ("success", 5), result.log


def test_a_text_that_is_not_json_is_refused_with_what_to_write(judge):
    result = judge("[{'applied': 1}]", "expected=1")
    assert "summaries is a text that is not JSON. Write summaries=sync.output['summary']" in result.log


NOT_COUNTS = ["9", "", 9.5, float("nan"), float("inf"), -9, True, [9], {"n": 9}]


def judged(summaries, *, instance=None, **parameters):
    """Judge in this process, and return the merged summary."""
    from support.operators import Instance

    from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator

    given = {"task_id": "judge", "summaries": summaries, "expected": 1, "max_errors": 5} | parameters
    return DispositionThresholdOperator(**given).execute({"ti": instance or Instance()})


@pytest.mark.parametrize("value", NOT_COUNTS)
@pytest.mark.parametrize("name", ["total", "applied", "rejected", "failed", "requests", "unchanged"])
def test_a_count_that_is_none_is_refused(name, value):
    """A summary whose counts cannot be read is not taken for zeros, by which the judgement would pass."""
    with pytest.raises(VccConfigurationError, match=f"{name} is not a whole number"):
        judged([shard(rejected=1) | {name: value}])


@pytest.mark.parametrize("wrong", [{"applied": 3}, {"total": 0}, {"unknown": 1}, {"not_sent": 2}])
def test_outcomes_that_do_not_add_up_are_refused(wrong):
    """Elements that a summary does not account for are not judged as if they were not there."""
    with pytest.raises(VccConfigurationError, match="do not add up"):
        judged([shard(rejected=1) | wrong])


def test_what_failed_is_counted_anew():
    """The outcomes themselves are judged, whatever a summary says failed."""
    with pytest.raises(DispositionThresholdExceeded):
        judged([shard(rejected=3) | {"failed": 0}], max_errors=2)


@pytest.mark.parametrize("rows", ["none", [5], [{}], [{"errorcode": 1, "errormessage": "x", "count": "1"}], 7])
def test_errors_that_are_no_rows_are_refused(rows):
    """What is no table of errors is named as such, rather than failing with Python's own words."""
    with pytest.raises(VccConfigurationError, match="errors is not a list of rows"):
        judged([shard() | {"errors": rows}])


@pytest.mark.parametrize("summaries", [5, 1.5, True, "5", "true", [5], ["5"], {}, [[]], "[[]]"])
def test_what_is_no_summary_is_refused_in_words(summaries):
    """Whatever comes in the place of summaries is refused with what to write."""
    with pytest.raises(VccConfigurationError, match=r"write summaries=sync"):
        judged(summaries)


def test_whole_numbers_of_another_kind_are_counts():
    """What a backend that keeps numbers as floats gives back is read, and so is a summary of 0.1."""
    old = {name: value for name, value in shard(rejected=1).items() if name not in ("resumed", "requests")}
    floats = {name: float(value) if isinstance(value, int) else value for name, value in shard(rejected=1).items()}
    summary = judged([old, floats], expected=2)
    assert (summary["total"], summary["applied"], summary["rejected"], summary["resumed"]) == (22, 20, 2, 0)
