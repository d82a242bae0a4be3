"""What a DAG's author may write, for mypy alone: nobody runs this. A line that must be refused says so itself."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Asset, Context, ObjectStoragePath, Param, task

from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccError
from airflow_provider_vcc.notifications import summary_text
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.operators.retries import vcc_retry_policy
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.documents import Summary
    from airflow_provider_vcc.hooks.vcc import VccHook


def tell(context: Context) -> None:
    """Print what is to be said of a task that failed."""
    print(summary_text(context))


with DAG("values", schedule=None, params={"check_only": Param(default=True, type="boolean")}):

    @task
    def upstream() -> list[dict[str, object]]:
        return [{"numberid": 1}]

    @task
    def number() -> int:
        return 17

    @task.batch_disposition(project_id=17, max_error_rate="{{ params.rate }}")
    def streamed() -> Iterator[dict[str, object]]:
        yield {"numberid": 1}

    streamed()

    # Values of the parameter's own type.
    BatchDispositionOperator(
        task_id="own",
        project_id=17,
        elements=[{"numberid": 1, "search": None}, {"search": [{"name": "Green"}]}],
        field_map={"record": "numberid"},
        disposition={"dispositionid": 2, "next_calldate": None},
        avoid_in_call=True,
        max_elements_per_second=50,
        max_errors=10,
        max_error_rate=0.01,
        on_ambiguous="report",
        failures_path=Path("failed.jsonl"),
        validate_only=True,
        retries=2,
    )
    # Templates.
    BatchDispositionOperator(
        task_id="templates",
        project_id="{{ params.project }}",
        elements_path="s3://bucket/{{ ds }}.csv",
        field_map="{{ params.field_map }}",
        disposition="{{ params.disposition }}",
        vcc_conn_id="vcc_{{ params.centre }}",
        max_elements_per_second="{{ params.pace }}",
        max_errors="{{ params.max_errors }}",
        max_error_rate="{{ params.max_error_rate }}",
        failures_path="/tmp/{{ ds }}.jsonl",
        validate_only="{{ params.check_only }}",
    )
    # The results of other tasks.
    BatchDispositionOperator(task_id="results", project_id=number(), elements=upstream(), max_errors=number())
    BatchDispositionOperator(task_id="path", project_id=17, elements_path=ObjectStoragePath("s3://bucket/changes.csv"))
    sync = SqlToVccOperator.partial(task_id="sync", project_id=17, sql_conn_id="warehouse", sql="SELECT 1").expand(
        parameters=[{"shard": 0}]
    )
    DispositionThresholdOperator(task_id="judge", summaries=sync.output, expected=number(), max_errors="{{ params.n }}")

    # Airflow's own parameters, and all of the sending operator's for a query.
    BatchDispositionOperator(
        task_id="airflow",
        project_id=17,
        elements=[],
        retries=2,
        retry_delay=timedelta(minutes=5),
        retry_policy=vcc_retry_policy(passing=["error.record_in_call"]),
        on_failure_callback=tell,
        outlets=[Asset("vcc://mycc/projects/17")],
        trigger_rule="all_done",
    )
    SqlToVccOperator(
        task_id="query",
        project_id="{{ params.project }}",
        sql="callbacks.sql",
        sql_conn_id="warehouse",
        parameters={"since": "{{ ds }}"},
        field_map={"record": "numberid"},
        disposition=upstream(),
        max_errors="{{ params.n }}",
        max_in_flight="auto",
        on_empty="skip",
        watermark_initial=date(2026, 1, 1),
        synced_table="synced",
        send_unchanged="{{ params.all }}",
        validate_only="{{ params.check_only }}",
        pool="vcc",
    )

    @task.batch_disposition(project_id=17, disposition={"dispositionid": 2})
    async def awaited(hour: int) -> list[dict[str, object]]:
        return [{"numberid": hour}]

    awaited.expand(hour=[9, 14])

    # What must be refused: an ignore that nothing needs is an error.
    BatchDispositionOperator(task_id="a", project_id=17, elements=[1, 2])  # type: ignore[list-item]
    BatchDispositionOperator(task_id="b", project_id=17, elements=[], max_errors=[1])  # type: ignore[arg-type]
    BatchDispositionOperator(task_id="c", project_id=17, elements=[], on_ambiguous="maybe")  # type: ignore[arg-type]
    BatchDispositionOperator(task_id="d", elements=[])  # type: ignore[call-arg]
    BatchDispositionOperator(task_id="d2", project_id=17, elements=[], max_eror=1)  # type: ignore[call-arg]
    BatchDispositionOperator(task_id="d3", project_id=17, elements=[], retries="2")  # type: ignore[arg-type]
    BatchDispositionOperator(task_id="d4", project_id=17, elements={"numberid": 1})  # type: ignore[arg-type]
    BatchDispositionOperator(task_id="d5", project_id=17, elements=[], chunk_size="{{ 5 }}")  # type: ignore[arg-type]
    SqlToVccOperator(task_id="e", project_id=17, sql=["SELECT 1"], sql_conn_id="w")  # type: ignore[arg-type]
    SqlToVccOperator(task_id="e2", project_id=17, sql="SELECT 1", sql_conn_id="w", max_error=1)  # type: ignore[call-arg]
    SqlToVccOperator(task_id="e3", project_id=[1], sql="SELECT 1", sql_conn_id="w")  # type: ignore[arg-type]
    SqlToVccOperator(task_id="e4", sql="SELECT 1", sql_conn_id="w")  # type: ignore[call-arg]
    SqlToVccOperator(task_id="e5", project_id=1, sql="SELECT 1", sql_conn_id="w", elements=[])  # type: ignore[call-arg]
    DispositionThresholdOperator(task_id="f", summaries=[], expected=1, max_eror=1)  # type: ignore[call-arg]
    DispositionThresholdOperator(task_id="f2", summaries=[])  # type: ignore[call-arg]


def call(hook: VccHook) -> int:
    """Use the hook, and read what an error knows."""
    hook.batch_dispositions(17, [{"numberid": "1"}], disposition={"dispositionid": 2}, avoid_in_call=True)
    found, message = hook.test_connection()
    try:
        hook.run("GET", "/projects")
    except DispositionThresholdExceeded as error:
        raise VccError(str(error)) from error
    return len(message) if found else 0


def count(summary: Summary) -> str:
    """Read the task's result, key by key."""
    reasons = [f"{row['errorcode']} {row['errormessage']}" for row in summary["errors"]]
    return f"{summary['applied']} of {summary['total']}: {', '.join(reasons)}"


def misread(summary: Summary) -> object:
    """Read a key that a summary does not have."""
    return summary["aplied"]  # type: ignore[typeddict-item]
