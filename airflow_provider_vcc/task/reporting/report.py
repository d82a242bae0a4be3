"""The XCom ``report`` as it grows: what the page shows beside the summary, small whatever the run."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, cast

import msgspec

from airflow_provider_vcc.dispositions.outcomes.records import trimmed
from airflow_provider_vcc.documents import REPORT_VERSION
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.task.at_a_time import AtATime, Curve, held_back, how_many

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.dispositions.engine.recorder import Snapshot
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.documents import FailedRecords, Report, StoredRun, Summary, TryRow
    from airflow_provider_vcc.task.parameters import Parameters

__all__ = ["Curve", "ReportBuilder", "earlier_tries", "fitting", "stored", "why"]

MOST_TRIES = 20
MOST_TEXT = 300
KEPT = ("applied", "rejected", "invalid", "unknown", "not_sent", "requests", "duration")
SETTINGS = ("dispositionid", "userid", "next_calldate")
"""What the page shows of the request's ``disposition``; its description is personal."""
LOST = "its worker was lost"
MOST_SUMMARY_BYTES = 30_000
MOST_FAILED_BYTES = 12_000
"""What the state store keeps; it warns of values over 65,535 bytes."""


class Requests:
    """How large the requests were that went out, and how many were under way at the same time."""

    def __init__(self) -> None:
        self.curve = Curve()
        self.most_at_once = self.count = 0
        self._fewest = self._most = self._recent = 0

    def sent(self, size: int, at_once: int) -> None:
        """Note a request that goes out."""
        self.count += 1
        self._fewest = min(size, self._fewest or size)
        self._most = max(size, self._most)
        self._recent = max(size, self._recent)
        self.most_at_once = max(at_once, self.most_at_once)

    def sample(self, seconds: float) -> None:
        """Note the largest size since the last sample, if it has changed."""
        points = self.curve.points()
        if self._recent and (not points or points[-1][1] != self._recent):
            self.curve.add(seconds, self._recent)
        self._recent = 0

    def sizes(self) -> list[int] | None:
        """Return the smallest and the largest size, or None if nothing was sent."""
        return [self._fewest, self._most] if self._most else None


class ReportBuilder:
    """Gathers what the report says.

    :param given: the task's parameters.
    :param earlier: what an earlier try left in the state store.
    """

    def __init__(self, given: Parameters, try_number: int, earlier: object = None) -> None:
        self._given = given
        self._try_number = try_number
        self._tries = earlier_tries(earlier, try_number)
        self._started = datetime.now(UTC)
        self._began = monotonic()
        self.curve = Curve()
        self.curve.add(0, 0, 0)
        self.requests = Requests()
        self.at_a_time = AtATime()
        self.held_back_by: str | None = None
        self.error: str | None = None
        self.error_kind: str | None = None
        self.breached: bool | None = None
        self.done = False
        self.project_name: str | None = None
        self.timezone: str | None = None
        self.disposition: Mapping[str, object] | None = None
        self.disposition_name: str | None = None
        self.form: Mapping[str, str] = {}

    @property
    def seconds(self) -> float:
        """How long it has gone on."""
        return monotonic() - self._began

    def sample(self, now: Snapshot) -> None:
        """Note where a run stands."""
        self.curve.add(self.seconds, now.done - now.resumed - now.not_sent, now.failed)
        self.requests.sample(self.seconds)
        self.at_a_time.sample(self.seconds, now.limit)
        requests = how_many(now.limit, self.requests.most_at_once, self.requests.count, self._given)
        self.held_back_by = held_back(now.held_by, now.held_share, requests, self._given)

    def settled_limit(self) -> int | None:
        """Return the limit once, when it has settled, if it is one that is found while sending."""
        limit = self.at_a_time.settled(self.seconds)
        return limit if self._given.max_in_flight == "auto" and not self._given.validate_only else None

    def failed(self, error: BaseException) -> None:
        """Note why the run ended early."""
        self.error, self.error_kind = why(error)

    def build(self, source: Source | None, now: Snapshot | None, failed: FailedRecords | None = None) -> Report:
        """Return the report as it stands."""
        return {
            "version": REPORT_VERSION,
            "state": "done" if self.done else "running",
            "started": self._started.isoformat(timespec="milliseconds"),
            "updated": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "timezone": self.timezone,
            "try_number": self._try_number,
            **self._task(),
            **_input(source),
            **self._requests(now),
            "failed": failed or {"reasons": [], "rows": []},
            "tries": self._tries,
        }

    def _task(self) -> Report:
        given = self._given
        return {
            "project_name": self.project_name,
            "disposition": {name: str(value) for name, value in (self.disposition or {}).items() if name in SETTINGS},
            "threshold": {"max_errors": given.max_errors, "max_error_rate": given.max_error_rate},
            "breached": self.breached,
            "soft_fail": given.soft_fail,
            "validate_only": given.validate_only,
            "error": self.error,
            "error_kind": self.error_kind,
            "disposition_name": self.disposition_name,
            "form": dict(self.form),
        }

    def _requests(self, now: Snapshot | None) -> Report:
        return {
            "read": now.read if now else None,
            "curve": self.curve.points(),
            "chunks": self.requests.curve.points(),
            "sizes": self.requests.sizes(),
            "most_at_once": self.requests.most_at_once or None,
            "limit": self.at_a_time.limit.points(),
            "answer_times": self.at_a_time.answer_times.points(),
            "held_back_by": self.held_back_by,
            "halvings": now.halvings if now else 0,
            "retries": now.retries if now else 0,
            "waits": round(now.waited, 3) if now else 0.0,
        }


def why(error: BaseException) -> tuple[str, str]:
    """Return what ended a run, and of what kind it is.

    Of errors that are not ours only the kind: their texts may be personal.
    """
    kind = type(error).__name__
    return (str(error) if isinstance(error, VccError) else kind)[:MOST_TEXT], kind


def _input(source: Source | None) -> Report:
    if source is None:
        return {"source": None, "expected": None, "share": None}
    share = source.share()
    return {
        "source": source.name[:MOST_TEXT],
        "expected": source.total,
        "share": None if share is None else round(share, 4),
    }


def earlier_tries(earlier: object, try_number: int) -> list[TryRow]:
    """Return what earlier tries did; whatever an older or newer package left there."""
    try:
        stored_run = cast("StoredRun", earlier)
        report, summary = stored_run["report"], stored_run["summary"]
        tries = [*report["tries"]]
        if report["try_number"] < try_number:
            error = LOST if report["state"] == "running" else report["error"]
            tries.append(_entry(report["try_number"], summary, error))
    except (KeyError, TypeError, AttributeError):
        return []
    return tries[-MOST_TRIES:]


def _entry(try_number: int, summary: Summary, error: str | None) -> TryRow:
    kept = {name: summary.get(name) for name in KEPT}
    entry = {"try_number": try_number, **kept, "error": error[:MOST_TEXT] if error else None}
    return cast("TryRow", entry)


def stored(summary: Summary, report: Report) -> StoredRun:
    """Return what the state store keeps of a run."""
    kept = _fitting_records(report["failed"], MOST_FAILED_BYTES)
    return {"summary": fitting(summary, MOST_SUMMARY_BYTES), "report": {**report, "failed": kept}}


def fitting(summary: Summary, size: int) -> Summary:
    """Return a summary with as many of its most frequent errors as fit into so many bytes."""
    room = size - len(msgspec.json.encode({**summary, "errors": []}))
    count = 0
    for row in summary["errors"]:
        room -= len(msgspec.json.encode(row)) + 1
        if room < 0:
            break
        count += 1
    return {**summary, "errors": summary["errors"][:count]}


def _fitting_records(failed: FailedRecords, size: int) -> FailedRecords:
    """Return the first of the failed records that fit into about so many bytes."""
    while (too_much := len(msgspec.json.encode(failed)) / size) > 1:
        rows = failed["rows"][: int(len(failed["rows"]) / too_much * 0.9)]
        failed = trimmed(failed["reasons"], rows)
    return failed
