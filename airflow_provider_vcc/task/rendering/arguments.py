"""The types of keywords that one operator hands on to another, so that type checkers see a misspelt one.

Nobody makes these dictionaries: they stand in ``Unpack[...]`` only. What they hold is kept by a test: all parameters of
Airflow's own operator in ``TaskArguments``, and those of ``BatchDispositionOperator`` in ``SendingArguments``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, MutableMapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import DAG, RetryPolicy, TaskGroup

    from airflow_provider_vcc._compat import XComArg
    from airflow_provider_vcc.task.rendering.templated import FilePath, OnAmbiguous, OnEmpty, Templated

__all__ = ["SendingArguments", "TaskArguments"]


class TaskArguments(TypedDict, total=False):
    """What any operator takes, in the Airflows that are supported: see ``BaseOperator``.

    Types are those of Airflow's, but for callbacks and the like, whose types it keeps in private modules.
    """

    task_id: Required[str]
    owner: str
    email: str | Sequence[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int | None
    retry_delay: timedelta | float
    retry_exponential_backoff: float
    max_retry_delay: timedelta | float | None
    retry_policy: RetryPolicy | None
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    dag: DAG | None
    params: MutableMapping[str, Any] | None
    default_args: dict[str, Any] | None
    priority_weight: int
    weight_rule: Any
    queue: str
    pool: str | None
    pool_slots: int
    sla: timedelta | None
    execution_timeout: timedelta | None
    on_execute_callback: Any
    on_failure_callback: Any
    on_success_callback: Any
    on_retry_callback: Any
    on_skipped_callback: Any
    pre_execute: Any
    post_execute: Any
    trigger_rule: str
    resources: dict[str, Any] | None
    run_as_user: str | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, Any] | None
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: Collection[Any] | Any
    outlets: Collection[Any] | Any
    task_group: TaskGroup | None
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    task_display_name: str | None
    logger_name: str | None
    allow_nested_operators: bool
    render_template_as_native_obj: bool | None


class SendingArguments(TaskArguments, total=False):
    """What ``BatchDispositionOperator`` takes, but for ``elements`` and ``elements_path``."""

    project_id: Required[Templated[int]]
    encoding: str | XComArg | None
    delimiter: str | XComArg | None
    sheet: str | XComArg | None
    date_format: Templated[Sequence[str]] | None
    field_map: Templated[Mapping[str, str]] | None
    disposition: Templated[Mapping[str, object]] | None
    avoid_in_call: bool | None
    vcc_conn_id: str | XComArg
    chunk_size: int
    max_chunk_bytes: int
    max_in_flight: int | Literal["auto"]
    max_elements_per_second: Templated[float] | None
    max_errors: Templated[int] | None
    max_error_rate: Templated[float] | None
    soft_fail: bool
    stop_on_breach: bool
    on_ambiguous: OnAmbiguous
    failures_path: FilePath | None
    on_empty: OnEmpty
    validate_only: Templated[bool]
