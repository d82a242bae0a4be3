"""What Airflow says of the task: its state, how fresh the figures are, and why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.report.words.verdict import left
from airflow_provider_vcc.wording import clock, count, plural, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.context import Context
    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = [
    "ACTIVE",
    "ENDED",
    "OURS",
    "OUTCOMES",
    "REFUSALS",
    "REFUSED",
    "STATES",
    "UNKNOWN",
    "alerts",
    "facts",
    "live_line",
    "nothing_yet",
]

OUTCOMES = {
    "applied": ("Set", "VCC Live confirmed it"),
    "resumed": ("Set by earlier tries", "not sent again"),
    "rejected": ("Refused", "VCC Live gave a reason"),
    "invalid": ("Not valid", "not sent"),
    "unknown": ("Not known", "sent, but no answer came"),
    "not_sent": ("Not sent", "the run ended before"),
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
FAILED = ("failed", "upstream_failed")
NEVER = ("upstream_failed", "removed")
ENDED = ("success", "failed", "skipped", "up_for_retry")
UNKNOWN = (
    "Nothing is known of this run",
    (
        "The task ended without leaving any figures, so nobody can say here whether anything was set. Its log in "
        "Airflow says why it ended: ask the author of the DAG, or whoever looks after Airflow."
    ),
)
GIVEN = {"elements": "a list of records"}
"""What the input is where it has no name that says so."""
REFUSALS = {
    401: ("Sign in to see this report", "Your session has ended, or you have not signed in to Airflow."),
    403: (
        "No access to this report",
        "It is for those who may read the DAG's XComs: ask whoever looks after Airflow for that right.",
    ),
    404: ("There is no such report", "Airflow knows no such task in this run, or does not keep it any more."),
}
REFUSED = ("This did not work", "Airflow could not show this page. Try again; if it stays so, its log says why.")
OURS = ("BatchDispositionOperator", "SqlToVccOperator", "DispositionThresholdOperator", "@task.batch_disposition")


def facts(figures: Figures | None, context: Context) -> list[tuple[str, str]]:
    """Return what stands under the verdict, as pairs of a name and a value."""
    if figures is None:
        return []
    number = context.try_number or figures.try_number
    of = f" of {context.tries}" if number and context.tries and context.tries >= number else ""
    unchanged = figures.unchanged
    given = [
        ("Started", clock(figures.started, figures.zone)),
        ("Took", "" if figures.running or not figures.duration else seconds(figures.duration)),
        ("Input", GIVEN.get(figures.source, figures.source)),
        ("Changed", "" if unchanged is None else f"{count(figures.size)} of {plural(figures.size + unchanged, 'row')}"),
        ("Try", f"{number}{of}" if number and (number > 1 or of not in ("", " of 1")) else ""),
    ]
    return [(name, value) for name, value in given if value]


def live_line(figures: Figures | None, context: Context) -> str:
    """Return how fresh the page is, if the task is running."""
    if context.refresh is None and not context.paused:
        return ""
    age = (context.now - figures.updated).total_seconds() if figures and figures.updated and context.now else None
    parts = [
        left(figures).capitalize() if figures else "",
        "" if age is None else f"Figures from {seconds(max(0, round(age)))} ago",
        "Updates are paused" if context.paused else f"Updates every {context.refresh} s",
    ]
    return " · ".join(filter(None, parts))


def nothing_yet(state: str, context: Context) -> tuple[str, str]:
    """Return a headline and a sentence that say why there are no figures."""
    if context.instances:
        return _parts(context)
    if context.elsewhere:
        return "The report cannot be read from here", (
            f"The figures are kept at {context.elsewhere} by this Airflow's XCom backend, and the API server cannot "
            "read them there: whoever looks after Airflow can let it. The task's log says what became of the records."
        )
    if context.operator and not any(name in context.operator for name in OURS):
        return "There is no VCC report for this task", (
            f"It runs {context.operator}. Only tasks that set dispositions in VCC Live leave a report, and Airflow may "
            "have deleted it."
        )
    return _by_state(state, context)


def _parts(context: Context) -> tuple[str, str]:
    failed = sum(one.state in FAILED for one in context.instances)
    said = f"; {count(failed)} of them failed" if failed else ""
    return (
        f"The task has {plural(len(context.instances), 'part')}{said}",
        "Each has a report of its own, with its failed records: choose one.",
    )


def _by_state(state: str, context: Context) -> tuple[str, str]:
    if state in ACTIVE:
        return _just_started(context)
    if state in ENDED:
        return _ended(state)
    if state in NEVER:
        return "Nothing was set: the task did not run", (
            "A task before it failed, or it was removed from the DAG: look in Airflow at the tasks that come before it."
        )
    return "Waiting to start", "The task has not run yet. This page shows what happens as soon as it does."


def _just_started(context: Context) -> tuple[str, str]:
    if context.keeps_progress:
        return "Just started", "The first figures come within seconds."
    return "Running", (
        "This Airflow does not keep the progress of a running task, which Airflow 3.3 and later do. "
        "The report is here when the task has ended."
    )


def _ended(state: str) -> tuple[str, str]:
    if state == "success":
        return "There is no report", (
            "Airflow has deleted it, or the task does not set dispositions. Its log in Airflow may still say more."
        )
    return UNKNOWN


def alerts(figures: Figures, context: Context) -> list[tuple[str, str, str]]:
    """Return what needs to be said besides the figures: (kind, lead, sentence)."""
    found = []
    if figures.error and not figures.breached:
        found.append(("error", "Why it ended:", figures.error))
    if context.stand_in:
        found.append(("note", "", _stand_in(figures, context)))
    return found


def _stand_in(figures: Figures, context: Context) -> str:
    saved = f", saved at {clock(figures.updated, figures.zone)}" if figures.updated else ""
    if context.state in ENDED:
        return (
            f"The task ended without its final figures, as it does when it is killed. These are the last ones{saved}; "
            "more may have been set since."
        )
    return f"These are the last figures of an earlier try{saved}. This try has saved none yet."
