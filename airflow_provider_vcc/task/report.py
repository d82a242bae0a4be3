"""What the report page shows of a run beside its summary: small, whatever the run."""

from __future__ import annotations

from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.exceptions import VccError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_vcc.dispositions.engine.sync import Sync
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.task.parameters import Parameters

__all__ = ["KEY", "Curve", "Report", "fitting"]

KEY = "vcc_report"
"""Where the state store keeps the report of a run that goes on, or has failed."""
VERSION = 1
MOST_POINTS = 120
MOST_TRIES = 20
MOST_TEXT = 300
FINEST = 0.5
KEPT = ("applied", "rejected", "invalid", "unknown", "not_sent", "requests", "duration")
LOST = "its worker was lost"


class Curve:
    """Values over time: at most 120 points however long it goes on, the last one always among them."""

    def __init__(self) -> None:
        self._points: list[list[float]] = []
        self._step = FINEST

    def add(self, seconds: float, *values: float) -> None:
        """Note values at a time. Points that are too close to the one before replace it."""
        point = [round(seconds, 2), *values]
        points = self._points
        if len(points) > 1 and seconds - points[-2][0] < self._step:
            points[-1] = point
            return
        points.append(point)
        if len(points) > MOST_POINTS:
            self._step *= 2
            self._points = [points[0], *points[2:-1:2], points[-1]]

    def points(self) -> list[list[float]]:
        """Give them, in order."""
        return [*self._points]


class Report:
    """The XCom ``report``, as it grows.

    :param earlier: what an earlier try left in the state store.
    """

    def __init__(self, given: Parameters, try_number: int, earlier: Any = None) -> None:
        self._given = given
        self._try_number = try_number
        self._tries = _tries(earlier, try_number)
        self._started = datetime.now(UTC)
        self._began = monotonic()
        self.curve = Curve()
        self.curve.add(0, 0, 0)
        self.chunks = Curve()
        self.error: str | None = None
        self.breached: bool | None = None
        self.done = False

    @property
    def seconds(self) -> float:
        """How long it has gone on."""
        return monotonic() - self._began

    def sample(self, sync: Sync) -> None:
        """Note where a run stands."""
        tally = sync.tally
        settled = tally.total - tally.resumed - tally.counts[Outcome.NOT_SENT]
        self.curve.add(self.seconds, settled, tally.failed)
        self.resized(sync.sizes.now)

    def resized(self, size: int) -> None:
        """Note how large chunks are, where that has changed."""
        points = self.chunks.points()
        if not points or points[-1][1] != size:
            self.chunks.add(self.seconds, size)

    def failed(self, error: BaseException) -> None:
        """Note why the run ended early. Of errors that are not ours only the kind: their texts may be personal."""
        self.error = (str(error) if isinstance(error, VccError) else type(error).__name__)[:MOST_TEXT]

    def build(self, source: Source | None, sync: Sync | None) -> dict[str, Any]:
        """Give the report as it stands."""
        given = self._given
        service = sync.service if sync else None
        return {
            "version": VERSION,
            "state": "done" if self.done else "running",
            "started": self._started.isoformat(timespec="milliseconds"),
            "updated": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "try_number": self._try_number,
            "source": source.name[:MOST_TEXT] if source else None,
            "expected": source.total if source else None,
            "share": _rounded(source.share()) if source else None,
            "threshold": {"max_errors": given.max_errors, "max_error_rate": given.max_error_rate},
            "breached": self.breached,
            "soft_fail": given.soft_fail,
            "validate_only": given.validate_only,
            "error": self.error,
            "curve": self.curve.points(),
            "chunks": self.chunks.points(),
            "halvings": sync.sizes.halvings if sync else 0,
            "retries": sync.retries if sync else 0,
            "waits": round(service.waited, 3) if service else 0.0,
            "tries": self._tries,
        }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _tries(earlier: Any, try_number: int) -> list[dict[str, Any]]:
    """Read what earlier tries came to; whatever an older or newer package left there."""
    try:
        report, summary = earlier["report"], earlier["summary"]
        tries = [entry for entry in report["tries"] if isinstance(entry, dict)]
        if report["try_number"] < try_number:
            error = LOST if report["state"] == "running" else report["error"]
            tries.append(_entry(report["try_number"], summary, error))
    except (KeyError, TypeError, AttributeError):
        return []
    return tries[-MOST_TRIES:]


def _entry(try_number: int, summary: Mapping[str, Any], error: str | None) -> dict[str, Any]:
    kept = {name: summary.get(name) for name in KEPT}
    return {"try_number": try_number, **kept, "error": error[:MOST_TEXT] if error else None}


def fitting(summary: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Give a summary with as many of its most frequent errors as fit into so many bytes."""
    errors: Sequence[Any] = summary["errors"]
    room = size - len(msgspec.json.encode({**summary, "errors": []}))
    count = 0
    for row in errors:
        room -= len(msgspec.json.encode(row)) + 1
        if room < 0:
            break
        count += 1
    return {**summary, "errors": list(errors[:count])}
