"""Whether a run went well enough, and the sentence that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import AirflowSkipException
from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccInputError
from airflow_provider_vcc.wording import elements, places, plural, reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
    from airflow_provider_vcc.documents import ErrorRow, Summary

__all__ = ["judge", "judge_empty", "sentence", "unsent"]

MOST_REASONS = 3


def judge(summary: Summary, threshold: Threshold, *, soft_fail: bool) -> bool:
    """Raise what the task is to end with if the threshold is broken; else return False.

    :raises DispositionThresholdExceeded: if it is.
    :raises AirflowSkipException: likewise, with ``soft_fail``.
    """
    if not threshold.breached(summary["failed"], summary["total"]):
        return False
    message = sentence(summary, threshold)
    if soft_fail:
        raise AirflowSkipException(message)
    raise DispositionThresholdExceeded(message, summary=summary)


def judge_empty(name: str, on_empty: str, unchanged: int = 0) -> None:
    """Raise what the task is to end with if there was nothing to do.

    :param name: the input's.
    :param unchanged: how many rows were left out, since they are what the service has.
    :raises VccInputError: if that fails the task.
    :raises AirflowSkipException: if that skips it.
    """
    what = f"none of {plural(unchanged, 'row')} of the {name} had changed" if unchanged else f"{name} has no elements"
    if on_empty == "skip":
        raise AirflowSkipException(f"{what}, and on_empty is 'skip'")
    if on_empty == "fail":
        raise VccInputError(f"{what}, and on_empty is 'fail'", source=name)


def sentence(summary: Summary, threshold: Threshold) -> str:
    """Return how many failed, how many are tolerated, the first reasons with record ids, and where the failures are."""
    counts = {"rejected": summary["rejected"], "invalid": summary["invalid"], "unknown": summary["unknown"]}
    kinds = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    tolerated = _tolerance(threshold, summary["total"])
    said = [f"{summary['failed']:,} of {elements(summary['total'])} failed ({kinds}), {tolerated}"]
    said.append(f"Reasons: {_reasons(summary['errors'])}")
    if left := unsent(summary):
        said.append(f"{left:,} were not sent")
    if summary["failures_path"]:
        said.append(f"The failed elements are in {summary['failures_path']}")
    return ". ".join(said)


def unsent(summary: Mapping[str, Any]) -> int:
    """Return how many elements were not sent that should have been; of a check, none."""
    return 0 if summary.get("validate_only") is True else summary.get("not_sent") or 0


def _tolerance(threshold: Threshold, total: int) -> str:
    given = {"max_errors": threshold.max_errors, "max_error_rate": threshold.max_error_rate}
    said = " and ".join(f"{name}={value:g}" for name, value in given.items() if value is not None)
    if not said:
        return "and none is tolerated, since neither max_errors nor max_error_rate is given"
    return f"more than the {threshold.allowed(total) or 0:,} tolerated ({said})"


def _reasons(errors: list[ErrorRow]) -> str:
    said = [
        f"{row['count']:,} x {reason(row['errorcode'], row['errormessage'])} ({places(row)})"
        for row in errors[:MOST_REASONS]
    ]
    if len(errors) > MOST_REASONS:
        said.append(f"and {len(errors) - MOST_REASONS} more kinds of error")
    return "; ".join(said)
