"""The parameters that a query brings: what each may be, and what to write where it is something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.task.parameters import NOTHING, a_connection, a_flag, an_object, at_least_one, is_template
from airflow_provider_vcc.task.rendering.rendered import bare

__all__ = ["a_table", "bound", "check_query", "rows_at_a_time"]

MOST_ROWS = 1_000_000
NEEDS = {"watermark_initial": "watermark_column", "results_conn_id": "results_table", "send_unchanged": "synced_table"}
"""What says nothing without another one."""


def check_query(operator: Any) -> None:
    """Check what is known when the DAG is parsed, or all of it once the templates are rendered.

    :raises VccConfigurationError: with what to write instead.
    """
    sql: object = bare(operator.sql)
    if not is_template(sql) and not (isinstance(sql, str) and sql.strip()):
        raise VccConfigurationError("sql must be one query, or the path of a .sql file")
    for name, check in CHECKS.items():
        value = bare(getattr(operator, name))
        if not is_template(value):
            check(name, value)
    for name, other in NEEDS.items():
        value = bare(getattr(operator, name))
        is_given = not is_template(value) and value not in (None, False, *NOTHING)
        if is_given and getattr(operator, other) is None:
            raise VccConfigurationError(f"{name} is given without {other}; give that as well, or leave {name} out")


def bound(name: str, value: object) -> Mapping[str, object] | Sequence[object] | None:
    """Take what is bound: names with values, or values in their order; also as the JSON that a template gives."""
    value = an_object(name, value)
    if value is None or isinstance(value, Mapping):
        return value
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return value
    raise VccConfigurationError(
        f"{name} must be a dict or a list, such as {{'day': '2026-12-01'}}, got the type {type(value).__name__}"
    )


def a_table(name: str, value: object) -> str | None:
    """Take the name of a table, or nothing."""
    if value is None or (isinstance(value, str) and value in NOTHING):
        return None
    if not isinstance(value, str):
        raise VccConfigurationError(f"{name} must be the name of a table, got the type {type(value).__name__}")
    if not value.strip():
        raise VccConfigurationError(f"{name} is empty; write the name of a table, or leave it out")
    return value.strip()


def rows_at_a_time(name: str, value: object) -> int:
    """Take how many rows come at a time."""
    rows = at_least_one(name, value)
    if rows > MOST_ROWS:
        raise VccConfigurationError(f"{name} must be at most {MOST_ROWS:,}, got {rows}; 10,000 is much already")
    return rows


def _a_column(name: str, value: object) -> None:
    if value is not None and not (isinstance(value, str) and value.strip()):
        raise VccConfigurationError(f"{name} must be the name of a column, got {value!r:.60}")


def _hook_params(name: str, value: object) -> None:
    if value is not None and not (isinstance(value, Mapping) and all(isinstance(key, str) for key in value)):
        raise VccConfigurationError(
            f"{name} must be a dict of keywords for the hook, got the type {type(value).__name__}"
        )


def _maybe_connection(name: str, value: object) -> None:
    if value is not None:
        a_connection(name, value)


CHECKS: dict[str, Any] = {
    "sql_conn_id": a_connection,
    "results_conn_id": _maybe_connection,
    "parameters": bound,
    "sql_hook_params": _hook_params,
    "fetch_size": rows_at_a_time,
    "watermark_column": _a_column,
    "results_table": a_table,
    "synced_table": a_table,
    "send_unchanged": a_flag,
}
