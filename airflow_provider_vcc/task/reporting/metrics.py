"""Figures of a run for whoever watches Airflow: metrics, a span's attributes, extras of asset events.

All are side-shows: what goes wrong with them is logged, and the task goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import Asset, Stats
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_vcc._compat import Context
    from airflow_provider_vcc.task.endpoints import TaskLog

__all__ = ["COUNTS", "describe_assets", "emit"]

COUNTS = ("total", *(outcome.value for outcome in Outcome), "failed", "requests", "resumed")


def emit(summary: Mapping[str, Any], context: Context, log: TaskLog) -> None:
    """Count a run in Airflow's metrics as ``vcc.elements.applied`` and so on, and on the task's span."""
    try:
        _count(summary, context)
        _annotate(summary)
    except Exception as error:  # noqa: BLE001 -- a side-show
        log.debug("No metrics (%s)", type(error).__name__)


def _count(summary: Mapping[str, Any], context: Context) -> None:
    instance = context["ti"]
    tags = {"dag_id": instance.dag_id, "task_id": instance.task_id, "project_id": str(summary["project_id"])}
    for outcome in Outcome:
        if summary[outcome.value]:
            Stats.incr(f"vcc.elements.{outcome.value}", summary[outcome.value], tags=tags)
    if summary["requests"]:
        Stats.incr("vcc.requests", summary["requests"], tags=tags)
    Stats.timing("vcc.duration", summary["duration"] * 1000, tags=tags)


def _annotate(summary: Mapping[str, Any]) -> None:
    try:
        from opentelemetry import trace
    except ImportError:
        return
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes({f"vcc.{name}": summary[name] for name in ("project_id", *COUNTS, "duration")})


def describe_assets(outlets: Iterable[object], summary: Mapping[str, Any], context: Context) -> None:
    """Put the counts into the ``extra`` of the events of the task's outlet assets."""
    for outlet in outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update({f"vcc_{name}": summary[name] for name in COUNTS})
