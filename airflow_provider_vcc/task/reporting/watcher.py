"""Follows a run: lines in the log, and a live report in the state store."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.documents import REPORT_KEY
from airflow_provider_vcc.task.reporting.log import ProgressLog
from airflow_provider_vcc.task.reporting.report import stored

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.engine.recorder import Snapshot
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import ErrorRow, FailedRecords, Summary
    from airflow_provider_vcc.task.endpoints import TaskLog
    from airflow_provider_vcc.task.reporting.report import ReportBuilder

__all__ = ["Watcher"]

SAMPLE_EVERY = 0.5
LIVE_EVERY = 2.0


class Watcher(Observer):
    """Is told by the sync what happens, and looks at snapshots of it for figures.

    :param log: the task's logger.
    :param source: what is read.
    """

    live_every = LIVE_EVERY

    def __init__(self, log: TaskLog, report: ReportBuilder, source: Source) -> None:
        self._log = ProgressLog(log)
        self._report = report
        self._source = source
        self._sample_at = 0.0

    def new_error(self, row: ErrorRow, line: int | None) -> None:
        """Log an error of a new kind."""
        self._log.new_error(row, line)

    def trouble(self, reason: str, seconds: float) -> None:
        """Log that a request failed."""
        self._log.trouble(reason, seconds)

    def halved(self, size: int) -> None:
        """Log that requests are smaller from now on."""
        self._log.halved(size)

    def sent(self, size: int, at_once: int) -> None:
        """Note how large a request is."""
        self._report.requests.sent(size, at_once)

    def answered(self, seconds: float) -> None:
        """Note how long an answer took."""
        self._report.at_a_time.answered(seconds)

    def tick(self, look: Callable[[], Snapshot]) -> None:
        """Take a sample and log the progress, if it is time."""
        now = monotonic()
        if now < self._sample_at:
            return
        self._sample_at = now + SAMPLE_EVERY
        snapshot = look()
        self._report.sample(snapshot)
        limit = self._report.settled_limit()
        if limit is not None:
            self._log.settled(limit, self._report.at_a_time.mean)
        if self._log.due(now):
            self._log.progress(snapshot)

    def live(self, snapshot: Snapshot, summary: Summary, failed: FailedRecords) -> tuple[str, object] | None:
        """Return the report as it stands."""
        return REPORT_KEY, stored(summary, self._report.build(self._source, snapshot, failed))
