"""The sentences around the figures: what is shown, how fresh it is, and why something is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.report.words import left
from airflow_provider_vcc.wording import clock, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.figures import Figures
    from airflow_provider_vcc.report.page import Context

__all__ = ["ACTIVE", "ENDED", "OUTCOMES", "STATES", "alerts", "facts", "live_line"]

OUTCOMES = {
    "applied": ("Applied", "the API answered true"),
    "resumed": ("Applied by earlier tries", "not sent again"),
    "rejected": ("Rejected", "the API returned an error"),
    "invalid": ("Invalid", "not valid, never sent"),
    "unknown": ("Unknown", "sent, its effect is not known"),
    "not_sent": ("Not sent", "the run stopped before it"),
}
STATES = {
    "none": "No status",
    "scheduled": "Scheduled",
    "queued": "Queued",
    "running": "Running",
    "deferred": "Deferred",
    "restarting": "Restarting",
    "success": "Success",
    "failed": "Failed",
    "skipped": "Skipped",
    "up_for_retry": "Up For Retry",
    "up_for_reschedule": "Up For Reschedule",
    "upstream_failed": "Upstream Failed",
    "removed": "Removed",
}
ACTIVE = ("running", "deferred", "restarting")
NEVER = ("upstream_failed", "removed")
ENDED = ("success", "failed", "skipped", "up_for_retry")


def facts(figures: Figures | None, context: Context) -> list[tuple[str, str]]:
    """Give what stands under the verdict, as pairs of a name and a value."""
    if figures is None:
        return []
    number = context.try_number or figures.try_number
    of = f" of {context.tries}" if number and context.tries and context.tries >= number else ""
    given = [
        ("Project", figures.project_id),
        ("Input", figures.source),
        ("Started", clock(figures.started)),
        ("Try", f"{number}{of}" if number and (number > 1 or of not in ("", " of 1")) else ""),
    ]
    return [(name, value) for name, value in given if value]


def live_line(figures: Figures | None, context: Context) -> str:
    """Say how fresh the page is, where the task is running."""
    if context.refresh is None and not context.paused:
        return ""
    age = (context.now - figures.updated).total_seconds() if figures and figures.updated and context.now else None
    parts = [
        left(figures).capitalize() if figures else "",
        "" if age is None else f"Figures from {seconds(max(0, round(age)))} ago",
        "Updates are paused" if context.paused else f"Updates every {context.refresh} s",
    ]
    return " · ".join(filter(None, parts))


def alerts(figures: Figures | None, context: Context) -> list[tuple[str, str, str]]:
    """Give what needs to be said besides the figures: (kind, lead, sentence)."""
    if context.instances:
        return [("note", "", "The task is mapped: each instance has a report of its own.")]
    if figures is None:
        return [("note", "", _why_nothing(context))]
    found = []
    if figures.error:
        found.append(("error", "Why it ended:", figures.error))
    if context.stand_in:
        found.append(("note", "", _stand_in(figures, context)))
    return found


def _stand_in(figures: Figures, context: Context) -> str:
    saved = f", saved at {clock(figures.updated)}" if figures.updated else ""
    if context.state in ENDED:
        return (
            f"The task ended without its final figures, as when its worker is killed. These are the last ones{saved}; "
            "more may have been applied since."
        )
    return f"These are the last figures of an earlier try{saved}. This try has saved none yet."


def _why_nothing(context: Context) -> str:
    if context.elsewhere:
        return (
            f"The figures are kept at {context.elsewhere} by this Airflow's XCom backend, and the API server cannot "
            "read them there."
        )
    if context.state in ACTIVE:
        if context.keeps_progress:
            return "The task has just started: its first figures come within seconds."
        return (
            "This Airflow does not keep the progress of a running task, which Airflow 3.3 and later do. "
            "The report is here when the task has ended."
        )
    if context.state in ENDED:
        return (
            "The task left no report: it failed before it read its first element, its XComs were deleted, or it is not "
            "a task of this provider (BatchDispositionOperator, SqlToVccOperator, DispositionThresholdOperator)."
        )
    return "The task did not run." if context.state in NEVER else "The task has not run yet."
