"""Numbers, times and the verdict, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.wording import count, elements, percent, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.figures import Figures

__all__ = [
    "guess",
    "left",
    "nothing_yet",
    "positions",
    "threshold",
    "verdict",
]

LEADS = {
    "running": "Running",
    "deferred": "Running",
    "success": "Done",
    "failed": "Failed",
    "skipped": "Skipped",
    "up_for_retry": "Failed, to be tried again",
}


def positions(line: tuple[int, ...], total: int) -> str:
    """Write sample positions: ``3, 17, 11204, …`` where there are more."""
    return ", ".join(map(str, line)) + (", …" if total > len(line) > 0 else "")


def threshold(figures: Figures) -> str:
    """Write what is tolerated: ``25 tolerated``, ``120 tolerated (1%)``; empty where it is not known."""
    limits = figures.threshold
    if limits is None:
        return ""
    rate = "" if limits.max_error_rate is None else percent(limits.max_error_rate, 1)
    if figures.allowed is None:
        return f"{rate} tolerated"
    by_rate = bool(rate) and figures.allowed != limits.max_errors
    if not figures.allowed and not by_rate:
        return "none tolerated"
    return f"{count(figures.allowed)} tolerated" + (f" ({rate})" if by_rate else "")


def left(figures: Figures) -> str:
    """Write how long a running task will take yet: ``about 3 min left``; empty where nobody can say."""
    share = figures.share or (figures.settled / figures.size if figures.expected and figures.size else 0)
    if not figures.running or not figures.duration or not 0.01 <= share < 1:  # noqa: PLR2004 -- too early to say
        return ""
    return f"about {seconds(round(figures.duration * (1 - share) / share))} left"


def nothing_yet(state: str, *, mapped: bool) -> str:
    """Say in one sentence that there are no figures."""
    if mapped:
        return "Choose a mapped task instance."
    if state in ("success", "failed", "skipped", "up_for_retry"):
        return f"{LEADS[state]}: there is no report."
    return "Running: nothing to report yet." if state in LEADS else "There is nothing to report."


def verdict(figures: Figures, state: str | None) -> str:
    """Say in one sentence what became of the run: ``Failed: 37 of 12,000 elements failed, 12 more than …``.

    :param state: what Airflow says of the task instance; None where nobody asked it.
    """
    lead = LEADS.get(state or guess(figures), "Earlier try")
    clauses = _running(figures) if figures.running else _finished(figures)
    return f"{lead}: {'; '.join(filter(None, clauses))}."


def guess(figures: Figures) -> str:
    """Say in which state a task with these figures should be."""
    if figures.running:
        return "running"
    if figures.breached or figures.over:
        return "skipped" if figures.soft_fail else "failed"
    return "failed" if figures.error else "success"


def _running(figures: Figures) -> list[str]:
    seen = figures.total if figures.validate_only else figures.settled
    known = f"{count(seen)} of {elements(figures.size)}" if figures.expected else elements(seen)
    done = "checked" if figures.validate_only else "settled"
    failed = f"{count(figures.failed)} of them failed" + (f" ({threshold(figures)})" if figures.threshold else "")
    return [f"{known} {done}", failed if figures.failed else "none failed so far" if seen else ""]


def _finished(figures: Figures) -> list[str]:
    if not figures.total and not figures.failed:
        return ["the run ended before the first element" if figures.error else "the input holds no elements"]
    early = "the run ended early" if figures.error and not figures.breached else ""
    unsent = figures.counts[Outcome.NOT_SENT]
    not_sent = f"{count(unsent)} {'was' if unsent == 1 else 'were'} not sent" if unsent else ""
    checked = "nothing was sent, only checked" if figures.validate_only else ""
    return [checked, early, _failed(figures) or _applied(figures), "" if figures.validate_only else not_sent]


def _failed(figures: Figures) -> str:
    if not figures.failed:
        return ""
    word = "are invalid" if figures.validate_only else "failed"
    return f"{count(figures.failed)} of {elements(figures.total)} {word}{_judgement(figures)}"


def _judgement(figures: Figures) -> str:
    if figures.allowed is None:
        return ""
    if figures.over and not figures.allowed:
        return ", and none is tolerated"
    if figures.over:
        return f", {count(figures.over)} more than the {count(figures.allowed)} tolerated"
    return f", within the {count(figures.allowed)} tolerated"


def _applied(figures: Figures) -> str:
    applied = figures.counts[Outcome.APPLIED]
    if figures.validate_only:
        return f"all {elements(figures.total)} are valid" if figures.total != 1 else "the one element is valid"
    if applied == figures.total:
        return f"all {elements(applied)} were applied" if applied != 1 else "the one element was applied"
    return f"{count(applied)} of {elements(figures.total)} {'was' if applied == 1 else 'were'} applied"
