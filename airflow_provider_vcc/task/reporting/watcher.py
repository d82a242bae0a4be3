"""Follows a run: lines in the log, and a live report in the state store."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.documents import REPORT_KEY
from airflow_provider_vcc.task.reporting.log import ProgressLog
from airflow_provider_vcc.task.reporting.report import stored

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.engine.sync import Sync
    from airflow_provider_vcc.documents import ErrorRow
    from airflow_provider_vcc.task.endpoints import TaskLog
    from airflow_provider_vcc.task.reporting.report import ReportBuilder

__all__ = ["Watcher"]

SAMPLE_EVERY = 0.5
LIVE_EVERY = 2.0


class Watcher(Observer):
    """Is told by the sync what happens; looks at the sync itself for figures.

    :param log: the task's logger.
    """

    live_every = LIVE_EVERY

    def __init__(self, log: TaskLog, report: ReportBuilder) -> None:
        self._log = ProgressLog(log)
        self._report = report
        self._sync: Sync | None = None
        self._sample_at = 0.0

    def follow(self, sync: Sync) -> None:
        """Look at this sync from now on."""
        self._sync = sync

    def new_error(self, row: ErrorRow) -> None:
        """Log an error of a new kind."""
        line = self._sync.tally.line_of(row["positions"][0]) if self._sync is not None and row["positions"] else None
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

    def tick(self) -> None:
        """Take a sample and log the progress, if it is time."""
        now = monotonic()
        if now < self._sample_at or self._sync is None:
            return
        self._sample_at = now + SAMPLE_EVERY
        self._report.sample(self._sync)
        limit = self._report.at_a_time.settled(self._report.seconds)
        if limit is not None and self._sync.settings.max_in_flight == "auto":
            self._log.settled(limit, self._report.at_a_time.mean)
        if self._log.due(now):
            self._log.progress(self._sync)

    def live(self) -> tuple[str, object] | None:
        """Return the report as it stands."""
        sync = self._sync
        if sync is None:
            return None
        sync.tally.duration = sync.elapsed
        return REPORT_KEY, stored(sync.tally.summary(), self._report.build(sync.source, sync, sync.tally))
