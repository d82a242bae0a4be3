"""Whether a run went well enough, and the sentence that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import AirflowSkipException
from airflow_provider_vcc.exceptions import DispositionThresholdExceeded
from airflow_provider_vcc.task.wording import counted, positions, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold

__all__ = ["judge", "sentence"]

MOST_REASONS = 3
FAILED = ("rejected", "invalid", "unknown")


def judge(summary: Mapping[str, Any], threshold: Threshold, *, soft_fail: bool) -> bool:
    """Say whether the threshold is broken, by raising what the task is to end with.

    :raises DispositionThresholdExceeded: where it is.
    :raises AirflowSkipException: likewise, with ``soft_fail``.
    """
    if not threshold.breached(summary["failed"], summary["total"]):
        return False
    message = sentence(summary, threshold)
    if soft_fail:
        raise AirflowSkipException(message)
    raise DispositionThresholdExceeded(message, summary=dict(summary))


def sentence(summary: Mapping[str, Any], threshold: Threshold) -> str:
    """Say how many failed, how many were tolerated, the first reasons, and where the failures are."""
    kinds = ", ".join(f"{summary[name]:,} {name}" for name in FAILED if summary[name])
    tolerated = _tolerance(threshold, summary["total"])
    said = [f"{summary['failed']:,} of {counted(summary['total'])} failed ({kinds}), {tolerated}"]
    said.append(f"Reasons: {_reasons(summary['errors'])}")
    if summary["not_sent"]:
        said.append(f"{summary['not_sent']:,} were not sent")
    if summary["failures_path"]:
        said.append(f"The failed elements are in {summary['failures_path']}")
    return ". ".join(said)


def _tolerance(threshold: Threshold, total: int) -> str:
    given = {"max_errors": threshold.max_errors, "max_error_rate": threshold.max_error_rate}
    said = " and ".join(f"{name}={value:g}" for name, value in given.items() if value is not None)
    if not said:
        return "and none is tolerated, since neither max_errors nor max_error_rate is given"
    return f"more than the {threshold.allowed(total) or 0:,} tolerated ({said})"


def _reasons(errors: list[Mapping[str, Any]]) -> str:
    said = [
        f"{row['count']:,} x {reason(row['errorcode'], row['errormessage'])} ({positions(row)})"
        for row in errors[:MOST_REASONS]
    ]
    if len(errors) > MOST_REASONS:
        said.append(f"and {len(errors) - MOST_REASONS} more kinds")
    return "; ".join(said)
