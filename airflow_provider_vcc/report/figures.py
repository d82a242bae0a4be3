"""What the page shows, read from ``summary`` and ``report``, whatever version of the package wrote them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.report.tolerant import flag, mapping, masked, moment, number, numbers, rows, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["ErrorLine", "Figures", "Shard", "Try", "read_figures"]

FAILED = (Outcome.UNKNOWN, Outcome.INVALID, Outcome.REJECTED)
MOST_ERRORS = 500
MOST_POINTS = 500
MOST_POSITIONS = 10
MOST_SHARDS = 300
MOST_TRIES = 20

Counts = dict[Outcome, int]


@dataclass(frozen=True)
class ErrorLine:
    """One kind of error, how often it occurred and where, for example."""

    code: str
    message: str
    count: int
    positions: tuple[int, ...]


@dataclass(frozen=True)
class Try:
    """What an earlier try of the task had done. ``duration`` is in seconds."""

    number: int | None
    counts: Counts
    requests: int | None
    duration: float | None
    error: str


@dataclass(frozen=True)
class Shard:
    """What one of many workers came to."""

    map_index: int | None
    counts: Counts
    total: int

    @property
    def failed(self) -> int:
        """Rejected, invalid and unknown ones."""
        return count_failed(self.counts)


@dataclass(frozen=True)
class Figures:
    """All that is known of a run. None stands for what is not known; seconds for times."""

    counts: Counts
    total: int
    failed: int
    expected: int | None = None
    project_id: str = ""
    requests: int | None = None
    resumed: int = 0
    duration: float | None = None
    rate: float | None = None
    errors: tuple[ErrorLine, ...] = ()
    more_errors: int = 0
    failures_path: str = ""
    running: bool = False
    started: datetime | None = None
    updated: datetime | None = None
    try_number: int | None = None
    source: str = ""
    share: float | None = None
    threshold: Threshold | None = None
    breached: bool | None = None
    soft_fail: bool = False
    validate_only: bool = False
    error: str = ""
    curve: tuple[tuple[float, ...], ...] = ()
    chunks: tuple[tuple[float, ...], ...] = ()
    halvings: int | None = None
    retries: int | None = None
    waits: float | None = None
    tries: tuple[Try, ...] = ()
    shards: tuple[Shard, ...] = field(default=())
    more_shards: int = 0

    @property
    def size(self) -> int:
        """How many elements there are, as far as it is known."""
        return max(self.total, self.expected or 0) if self.running else self.total

    @property
    def settled(self) -> int:
        """How many elements have come to something."""
        return self.total - self.counts[Outcome.NOT_SENT]

    @property
    def allowed(self) -> int | None:
        """How many failed elements are tolerated; None where it is not known."""
        if self.threshold is None:
            return None
        known = not self.running or self.expected is not None
        return self.threshold.allowed(self.size if known else None)

    @property
    def over(self) -> int:
        """How many more elements failed than are tolerated."""
        return max(0, self.failed - self.allowed) if self.allowed is not None else 0


def count_failed(counts: Counts) -> int:
    """Sum the outcomes that count as failed."""
    return sum(counts[outcome] for outcome in FAILED)


def read_figures(summary: Any, report: Any) -> Figures:
    """Read both XComs, or what stands under ``vcc_report``; neither has to be there or whole."""
    s, r = mapping(summary), mapping(report)
    counts, total = _counts(s)
    kinds = sorted(_errors(s), key=lambda line: -line.count)
    shards = [_shard(row) for row in rows(r.get("shards"))]
    known = any(outcome.value in s for outcome in FAILED)
    return Figures(
        counts=counts,
        total=total,
        failed=count_failed(counts) if known else whole(s.get("failed")) or 0,
        expected=whole(r.get("expected")),
        project_id=text(s.get("project_id"), 64),
        requests=whole(s.get("requests")),
        resumed=min(whole(s.get("resumed")) or 0, counts[Outcome.APPLIED]),
        duration=number(s.get("duration")),
        rate=number(s.get("elements_per_second")),
        errors=tuple(kinds[:MOST_ERRORS]),
        more_errors=len(kinds[MOST_ERRORS:]),
        failures_path=masked(s.get("failures_path")),
        shards=tuple(shards[:MOST_SHARDS]),
        more_shards=len(shards[MOST_SHARDS:]),
        **_progress(r),
    )


def _progress(r: Mapping[str, Any]) -> dict[str, Any]:
    share = number(r.get("share"))
    return {
        "running": r.get("state") == "running",
        "started": moment(r.get("started")),
        "updated": moment(r.get("updated")),
        "try_number": whole(r.get("try_number")),
        "source": masked(r.get("source")),
        "share": None if share is None else min(share, 1.0),
        "threshold": _threshold(r.get("threshold")),
        "breached": flag(r.get("breached")),
        "soft_fail": flag(r.get("soft_fail")) or False,
        "validate_only": flag(r.get("validate_only")) or False,
        "error": masked(r.get("error"), 1000),
        "curve": _ascending(r.get("curve"), 3),
        "chunks": _ascending(r.get("chunks"), 2),
        "halvings": whole(r.get("halvings")),
        "retries": whole(r.get("retries")),
        "waits": number(r.get("waits")),
        "tries": tuple(map(_try, islice(rows(r.get("tries")), MOST_TRIES))),
    }


def _counts(row: Mapping[str, Any]) -> tuple[Counts, int]:
    counts = {outcome: whole(row.get(outcome.value)) or 0 for outcome in Outcome}
    return counts, max(sum(counts.values()), whole(row.get("total")) or 0)


def _errors(summary: Mapping[str, Any]) -> list[ErrorLine]:
    return [_error(row) for row in rows(summary.get("errors"))]


def _error(row: Mapping[str, Any]) -> ErrorLine:
    given = row.get("positions")
    positions = [whole(item) for item in given[: 2 * MOST_POSITIONS]] if isinstance(given, list) else []
    known = tuple(item for item in positions if item is not None)
    return ErrorLine(
        code=text(row.get("errorcode"), 64),
        message=masked(row.get("errormessage")),
        count=whole(row.get("count")) or 0,
        positions=known[:MOST_POSITIONS],
    )


def _threshold(value: Any) -> Threshold | None:
    if not isinstance(value, dict):
        return None
    rate = number(value.get("max_error_rate"))
    return Threshold(whole(value.get("max_errors")), None if rate is None else min(rate, 1.0))


def _ascending(value: Any, width: int) -> tuple[tuple[float, ...], ...]:
    """Read points in the order of their time, the first of each moment."""
    given = islice(numbers(value, width), MOST_POINTS)
    points = sorted(((round(point[0], 3), *point[1:]) for point in given), key=lambda point: point[0])
    return (*points[:1], *(later for earlier, later in pairwise(points) if later[0] > earlier[0]))


def _try(row: Mapping[str, Any]) -> Try:
    return Try(
        number=whole(row.get("try_number")),
        counts=_counts(row)[0],
        requests=whole(row.get("requests")),
        duration=number(row.get("duration")),
        error=masked(row.get("error")),
    )


def _shard(row: Mapping[str, Any]) -> Shard:
    counts, total = _counts(row)
    return Shard(whole(row.get("map_index")), counts, total)
