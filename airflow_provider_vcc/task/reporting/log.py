"""A run in words: where it stands every few seconds, each kind of error when it first occurs, one summary."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.wording import elements, one_line, outcomes, places, reason, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.engine.recorder import Snapshot
    from airflow_provider_vcc.documents import ErrorRow, Summary
    from airflow_provider_vcc.task.endpoints import TaskLog

__all__ = ["ProgressLog", "log_summary"]

EVERY = 5.0
"""Seconds from one line on the progress to the next."""
RECENT = 6
"""Lines over which the rate is taken."""
TROUBLE_EVERY = 5.0
MOST_ERRORS = 20
MOST_ROWS = 20


class ProgressLog:
    """Writes lines while a run goes on.

    :param log: the task's logger.
    """

    def __init__(self, log: TaskLog) -> None:
        self._log = log
        self._next = monotonic() + EVERY
        self._recent: deque[tuple[float, int]] = deque([(monotonic(), 0)], RECENT)
        self._quiet_until = 0.0
        self._untold = 0
        self._errors = 0

    def due(self, now: float) -> bool:
        """Return whether it is time for a line."""
        return now >= self._next

    def progress(self, snapshot: Snapshot) -> None:
        """Log where the run stands."""
        now = monotonic()
        self._next = now + EVERY
        fresh = snapshot.done - snapshot.resumed
        since, before = self._recent[0]
        rate = (fresh - before) / max(now - since, 0.001)
        self._recent.append((now, fresh))
        said = [f"{_of_all(snapshot)}, {snapshot.failed:,} failed, {rate:,.0f} per second"]
        left = _left(snapshot)
        if left is not None and rate > 0:
            said.append(f"about {seconds(left / rate)} left")
        self._log.info("%s", ", ".join(said))

    def new_error(self, row: ErrorRow, line: int | None = None) -> None:
        """Log an error of a kind that did not occur before.

        :param line: the first one's, if the input has lines.
        """
        self._errors += 1
        if self._errors <= MOST_ERRORS:
            said = reason(row["errorcode"], row["errormessage"])
            self._log.warning("%s: %s (each kind of error is logged once)", _where(row, line), said)
        elif self._errors == MOST_ERRORS + 1:
            self._log.warning("There are more kinds of error; the summary counts them")

    def trouble(self, why: str, seconds: float) -> None:
        """Log that a request failed, unless that was logged just now."""
        now = monotonic()
        self._untold += 1
        if now < self._quiet_until:
            return
        more = f" ({self._untold} requests since the last such line)" if self._untold > 1 else ""
        self._log.warning("%s%s; going on in %.1f s", one_line(why), more, seconds)
        self._quiet_until, self._untold = now + TROUBLE_EVERY, 0

    def settled(self, limit: int, seconds: float | None) -> None:
        """Log that the number of requests at a time has settled."""
        self._log.info("The limit has settled at %d requests at a time; an answer takes %.2f s", limit, seconds or 0.0)

    def halved(self, size: int) -> None:
        """Log that requests are made smaller."""
        self._log.info("A request was too much for the server; from now on at most %s in one", elements(size))


def _where(row: ErrorRow, line: int | None) -> str:
    """Return where the first error of a kind occurred: ``Record 4711 at position 3, line 5``."""
    if not row["positions"]:
        return "An element"
    position, record = row["positions"][0], row["records"][0]
    found = f"Position {position}" if record is None else f"Record {record} at position {position}"
    return found if line is None else f"{found}, line {line}"


def _of_all(snapshot: Snapshot) -> str:
    done, total, share = snapshot.done, snapshot.expected, snapshot.share
    if total:
        return f"{done:,} of {elements(total)} ({done / total:.0%})"
    if share and snapshot.read:
        return f"{elements(done)} ({min(share * done / snapshot.read, 1.0):.0%} of the input)"
    return elements(done)


def _left(snapshot: Snapshot) -> float | None:
    """Return about how many elements are to come, or None if nobody can say."""
    total = snapshot.expected
    if total is None and snapshot.share:
        total = round(snapshot.read / snapshot.share)
    return None if total is None else max(total - snapshot.done, 0)


def log_summary(log: TaskLog, summary: Summary) -> None:
    """Write what became of everything as a small table, in a group that Airflow folds."""
    log.info("::group::%s: %s", elements(summary["total"]), outcomes(summary))
    for line in _table(summary):
        log.info("%s", line)
    log.info("::endgroup::")


def _table(summary: Summary) -> list[str]:
    counts = [summary["applied"], summary["rejected"], summary["invalid"], summary["unknown"], summary["not_sent"]]
    figures = [(outcome.value, f"{count:,}") for outcome, count in zip(Outcome, counts, strict=True)]
    figures += [
        ("failed", f"{summary['failed']:,} ({summary['error_rate']:.2%})"),
        ("requests", f"{summary['requests']:,}"),
        ("duration", f"{seconds(summary['duration'])}, {summary['elements_per_second']:,.0f} elements per second"),
    ]
    if summary.get("unchanged"):
        read = summary["total"] + summary["unchanged"]
        figures.append(("changed", f"{summary['total']:,} of {read:,} rows; the others were left out"))
    if summary["resumed"]:
        figures.append(("resumed", f"{summary['resumed']:,} applied by earlier tries"))
    if summary["failures_path"]:
        figures.append(("failures in", summary["failures_path"]))
    lines = [f"{name:<12} {value}" for name, value in figures]
    lines += [
        f"{row['count']:>12,} x {reason(row['errorcode'], row['errormessage'])} ({places(row)})"
        for row in summary["errors"][:MOST_ROWS]
    ]
    if len(summary["errors"]) > MOST_ROWS:
        lines.append(f"and {len(summary['errors']) - MOST_ROWS} more kinds of error, in the XCom `summary`")
    return lines
