"""A task that ends before its run begins leaves the reason behind, for its page and for whoever judges it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.operators import Instance

from airflow_provider_vcc.decorators.batch_disposition import _BatchDispositionDecoratedOperator
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.report.page import render
from airflow_provider_vcc.report.reading.context import Context
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

SECRET = "Jane Doe"


class Running(Instance):
    """A task instance that is running, as Airflow 3 and 2 name its state."""

    def __init__(self, state="running"):
        super().__init__()
        self.state = state


def ends(operator, instance=None, **params):
    """Render and execute an operator as Airflow does; return its XComs and its page."""
    instance = instance or Running(SimpleNamespace(value="running"))
    context = {"ti": instance, "params": params}
    with pytest.raises(Exception) as caught:  # noqa: PT011, PT012 -- of many kinds, by either
        operator.render_template_fields(context)
        operator.execute(context)
    page = render(instance.xcoms.get("summary"), instance.xcoms.get("report"), Context(state="failed"))
    return SimpleNamespace(error=caught.value, xcoms=instance.xcoms, page=page)


def of(kind=BatchDispositionOperator, **given):
    return kind(**{"task_id": "sync", "project_id": 17, **given})


CASES = {
    "a bad value of a form": (
        lambda: of(project_id="{{ params.project }}", elements=[]),
        "project_id must be the project&#39;s number, such as 17, got &#39;seventeen&#39;",
    ),
    "a template with an unknown name": (
        lambda: of(max_errors="{{ nowhere.most }}", elements=[]),
        "max_errors: its template cannot be rendered (UndefinedError: &#39;nowhere&#39; is undefined)",
    ),
    "a private template": (
        lambda: of(elements=[{"numberid": "1", "description": "{{ nowhere.name }} " + SECRET}]),
        "elements: its template cannot be rendered",
    ),
    "a query": (
        lambda: of(
            SqlToVccOperator,
            sql="select 1",
            sql_conn_id="db",
            synced_table="seen",
            send_unchanged="{{ params.project }}",
        ),
        "send_unchanged must be True or False, got &#39;seventeen&#39;",
    ),
    "a function": (
        lambda: of(_BatchDispositionDecoratedOperator, python_callable=list, max_error_rate="{{ params.project }}"),
        "max_error_rate must be a share from 0 to 1",
    ),
    "a judge's template": (
        lambda: DispositionThresholdOperator(task_id="judge", summaries=[], expected="{{ nowhere.shards }}"),
        "expected: its template cannot be rendered (UndefinedError: &#39;nowhere&#39; is undefined)",
    ),
    "a judge": (
        lambda: DispositionThresholdOperator(task_id="judge", summaries=[], expected="{{ params.project }}"),
        "expected must be an integer of at least 0, got &#39;seventeen&#39;",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_page_says_why_and_what_to_do_whatever_ended_the_task_before_its_run(case):
    make, said = CASES[case]
    left = ends(make(), project="seventeen")
    assert said in left.page
    assert "Nothing was set: the task is not set up correctly" in left.page
    assert "to correct what is named above" in left.page
    assert "what came of them" not in left.page
    assert left.xcoms["summary"]["total"] == 0
    assert left.xcoms["summary"]["error"]
    assert SECRET not in f"{left.page}{left.xcoms}"


def test_the_project_is_named_where_it_is_known_and_a_check_reads_as_one():
    left = ends(of(elements=[], max_errors="{{ params.most }}", validate_only=True), most="few")
    assert left.xcoms["summary"]["project_id"] == 17
    assert "Nothing was checked: the task is not set up correctly" in left.page


def test_what_earlier_tries_set_is_not_forgotten():
    instance = Running()
    earlier = {"summary": {"applied": 600, "total": 600}, "report": {"tries": [], "try_number": 1, "state": "done"}}
    earlier["report"]["error"] = "the service is down"
    operator = of(elements="[]", max_errors="{{ params.project }}")
    instance.try_number = 2
    context = {"ti": instance, "params": {"project": "x"}, "task_state_store": {"vcc_report": earlier}}
    operator.render_template_fields(context)
    with pytest.raises(VccConfigurationError):
        operator.execute(context)
    page = render(instance.xcoms["summary"], instance.xcoms["report"], Context(state="failed"))
    assert "600 records set by earlier tries, and none by this one" in page
    assert "Earlier tries" in page


def test_rendering_for_the_ui_leaves_nothing_behind():
    assert ends(of(max_errors="{{ nowhere.most }}", elements=[]), Running("success")).xcoms == {}


def test_what_cannot_be_kept_does_not_hide_why_the_task_failed():
    class Broken(Running):
        def xcom_push(self, key, value):
            raise RuntimeError("no API server")

    assert isinstance(ends(of(project_id="{{ params.project }}", elements=[]), Broken(), project="x").error, VccError)


def shard(**more):
    """Return the summary of a shard that set ten records."""
    counts = {"total": 10, "applied": 10, "rejected": 0, "invalid": 0, "unknown": 0, "not_sent": 0, "failed": 0}
    return {"project_id": 17, **counts, "requests": 1, "resumed": 0, "errors": [], "duration": 1.0, **more}


@pytest.mark.parametrize("soft_fail", [False, True])
def test_a_shard_that_ended_before_its_time_is_not_taken_for_one_that_had_little_to_do(soft_fail):
    summaries = [shard(), shard(error="part-3.csv breaks off (line 7)")]
    judge = DispositionThresholdOperator(task_id="judge", summaries=summaries, expected=2, soft_fail=soft_fail)
    left = ends(judge)
    assert str(left.error).startswith("1 of 2 shards ended early")
    assert "part-3.csv breaks off (line 7). Look at these tasks" in str(left.error)
    assert left.xcoms["summary"]["applied"] == 20
    assert [one["map_index"] for one in left.xcoms["report"]["shards"]] == [0, 1]
