"""What the page shows, read from ``summary`` and ``report``, whatever version of the package wrote them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice, pairwise, zip_longest
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.report.reading.tolerant import (
    flag,
    listed,
    mapping,
    masked,
    moment,
    number,
    numbers,
    rows,
    text,
    whole,
)
from airflow_provider_vcc.wording import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

__all__ = ["ErrorLine", "FailedLine", "Figures", "Shard", "Try", "has_figures", "read_figures"]

FAILED = (Outcome.UNKNOWN, Outcome.INVALID, Outcome.REJECTED)
MOST_ERRORS = 500
MOST_FAILED = 1_000
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
    records: tuple[str, ...] = ()
    """Beside the positions; empty for a search, or if it is not known."""


@dataclass(frozen=True)
class FailedLine:
    """One failed element."""

    position: int
    record: str
    outcome: str
    code: str
    message: str
    search: str = ""
    line: int | None = None


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
    unchanged: int | None = None
    project_id: str = ""
    project_name: str = ""
    disposition: Mapping[str, str] = field(default_factory=dict)
    requests: int | None = None
    resumed: int = 0
    duration: float | None = None
    rate: float | None = None
    errors: tuple[ErrorLine, ...] = ()
    more_errors: int = 0
    failures: tuple[FailedLine, ...] = ()
    failures_path: str = ""
    running: bool = False
    started: datetime | None = None
    updated: datetime | None = None
    zone: ZoneInfo | None = None
    try_number: int | None = None
    source: str = ""
    share: float | None = None
    read: int | None = None
    threshold: Threshold | None = None
    breached: bool | None = None
    soft_fail: bool = False
    validate_only: bool = False
    error: str = ""
    error_kind: str = ""
    disposition_name: str = ""
    form: Mapping[str, str] = field(default_factory=dict)
    curve: tuple[tuple[float, ...], ...] = ()
    chunks: tuple[tuple[float, ...], ...] = ()
    sizes: tuple[int, int] | None = None
    most_at_once: int | None = None
    limit: tuple[tuple[float, ...], ...] = ()
    answer_times: tuple[tuple[float, ...], ...] = ()
    held_back_by: str = ""
    halvings: int | None = None
    retries: int | None = None
    waits: float | None = None
    tries: tuple[Try, ...] = ()
    shards: tuple[Shard, ...] = field(default=())
    more_shards: int = 0

    @property
    def size(self) -> int:
        """How many elements there are, as far as it is known; of a running task, estimated by the bytes read."""
        if not self.running:
            return self.total
        if self.expected is not None:
            return max(self.total, self.expected)
        return max(self.total, round((self.read or self.total) / self.share) if self.share else 0)

    @property
    def size_known(self) -> bool:
        """Whether the number of elements is known, and not only estimated."""
        return not self.running or self.expected is not None

    @property
    def settled(self) -> int:
        """How many elements are done, whatever became of them."""
        return self.total - self.counts[Outcome.NOT_SENT]

    @property
    def allowed(self) -> int | None:
        """How many failed elements are tolerated; None if it is not known."""
        if self.threshold is None:
            return None
        return self.threshold.allowed(self.size if self.size_known else None)

    @property
    def over(self) -> int:
        """How many more elements failed than are tolerated."""
        return max(0, self.failed - self.allowed) if self.allowed is not None else 0


def count_failed(counts: Counts) -> int:
    """Sum the outcomes that count as failed."""
    return sum(counts[outcome] for outcome in FAILED)


def has_figures(summary: object) -> bool:
    """Return whether an XCom ``summary`` is one of ours, with counts: another operator may use the same key."""
    given = mapping(summary)
    counted = any(whole(given.get(outcome.value)) is not None for outcome in Outcome)
    return counted and whole(given.get("total")) is not None


def read_figures(summary: object, report: object) -> Figures:
    """Read both XComs, or what stands under ``vcc_report``; neither has to be there or whole."""
    s, r = mapping(summary), mapping(report)
    counts, total = _counts(s)
    kinds = sorted(rows(s.get("errors")), key=lambda row: -(whole(row.get("count")) or 0))
    shards = [_shard(row) for row in rows(r.get("shards"))]
    known = any(outcome.value in s for outcome in FAILED)
    return Figures(
        counts=counts,
        total=total,
        failed=count_failed(counts) if known else whole(s.get("failed")) or 0,
        expected=whole(r.get("expected")),
        unchanged=whole(s.get("unchanged")),
        project_id=text(s.get("project_id"), 64),
        requests=whole(s.get("requests")),
        resumed=min(whole(s.get("resumed")) or 0, counts[Outcome.APPLIED]),
        duration=number(s.get("duration")),
        rate=number(s.get("elements_per_second")),
        errors=tuple(map(_error, kinds[:MOST_ERRORS])),
        more_errors=len(kinds[MOST_ERRORS:]),
        failures_path=masked(s.get("failures_path")),
        failures=_failures(r.get("failed")),
        shards=tuple(shards[:MOST_SHARDS]),
        more_shards=len(shards[MOST_SHARDS:]),
        **_progress(r),
    )


def _progress(r: Mapping[str, object]) -> dict[str, Any]:
    share = number(r.get("share"))
    return {
        "running": r.get("state") == "running",
        "started": moment(r.get("started")),
        "updated": moment(r.get("updated")),
        "zone": zone_of(text(r.get("timezone"), 64)),
        "project_name": text(r.get("project_name"), 100),
        "disposition": _disposition(r.get("disposition")),
        "try_number": whole(r.get("try_number")),
        "source": masked(r.get("source")),
        "share": None if share is None else min(share, 1.0),
        "read": whole(r.get("read")),
        "threshold": _threshold(r.get("threshold")),
        "breached": flag(r.get("breached")),
        "soft_fail": flag(r.get("soft_fail")) or False,
        "validate_only": flag(r.get("validate_only")) or False,
        "error": masked(r.get("error"), 1000),
        "error_kind": text(r.get("error_kind"), 64),
        "disposition_name": text(r.get("disposition_name"), 64),
        "form": _form(r.get("form")),
        "curve": _ascending(r.get("curve"), 3),
        "chunks": _ascending(r.get("chunks"), 2),
        "sizes": _sizes(r.get("sizes")),
        "most_at_once": whole(r.get("most_at_once")),
        "limit": _ascending(r.get("limit"), 2),
        "answer_times": _ascending(r.get("answer_times"), 2),
        "held_back_by": text(r.get("held_back_by"), 300),
        "halvings": whole(r.get("halvings")),
        "retries": whole(r.get("retries")),
        "waits": number(r.get("waits")),
        "tries": tuple(map(_try, islice(rows(r.get("tries")), MOST_TRIES))),
    }


def _counts(row: Mapping[str, object]) -> tuple[Counts, int]:
    counts = {outcome: whole(row.get(outcome.value)) or 0 for outcome in Outcome}
    return counts, max(sum(counts.values()), whole(row.get("total")) or 0)


def _error(row: Mapping[str, object]) -> ErrorLine:
    places = islice(zip_longest(listed(row.get("positions")), listed(row.get("records"))), 2 * MOST_POSITIONS)
    read = [(whole(position), text(record, 64)) for position, record in places]
    known = [(position, record) for position, record in read if position is not None][:MOST_POSITIONS]
    return ErrorLine(
        code=text(row.get("errorcode"), 64),
        message=masked(row.get("errormessage")),
        count=whole(row.get("count")) or 0,
        positions=tuple(position for position, _ in known),
        records=tuple(record for _, record in known),
    )


def _failures(value: object) -> tuple[FailedLine, ...]:
    """Read the failed elements one by one, leaving out what makes no sense."""
    document = mapping(value)
    pairs = ([*listed(pair), None, None][:2] for pair in listed(document.get("reasons"))[:MOST_FAILED])
    reasons = [(text(code, 64), masked(message)) for code, message in pairs]
    given = islice(map(listed, listed(document.get("rows"))), MOST_FAILED)
    return tuple(line for row in given if (line := _failure(row, reasons)) is not None)


def _failure(row: list[object], reasons: list[tuple[str, str]]) -> FailedLine | None:
    position, record, outcome, reason, search, line = [*row, *[None] * 6][:6]
    at, number = whole(position), whole(reason)
    if at is None:
        return None
    code, message = reasons[number] if number is not None and number < len(reasons) else ("", "")
    return FailedLine(at, text(record, 64), text(outcome, 16), code, message, text(search, 250), whole(line))


def _disposition(value: object) -> dict[str, str]:
    return {text(name, 32): text(item, 64) for name, item in islice(mapping(value).items(), 8)}


def _form(value: object) -> dict[str, str]:
    return {text(name, 64): text(title, 64) for name, title in islice(mapping(value).items(), 20)}


def _sizes(value: object) -> tuple[int, int] | None:
    least, most = ([whole(item) for item in listed(value)] + [None, None])[:2]
    return None if least is None or most is None else (least, most)


def _threshold(value: object) -> Threshold | None:
    if not isinstance(value, dict):
        return None
    rate = number(value.get("max_error_rate"))
    return Threshold(whole(value.get("max_errors")), None if rate is None else min(rate, 1.0))


def _ascending(value: object, width: int) -> tuple[tuple[float, ...], ...]:
    """Read points in the order of their time, the first of each moment."""
    given = islice(numbers(value, width), MOST_POINTS)
    points = sorted(((round(point[0], 3), *point[1:]) for point in given), key=lambda point: point[0])
    return (*points[:1], *(later for earlier, later in pairwise(points) if later[0] > earlier[0]))


def _try(row: Mapping[str, object]) -> Try:
    return Try(
        number=whole(row.get("try_number")),
        counts=_counts(row)[0],
        requests=whole(row.get("requests")),
        duration=number(row.get("duration")),
        error=masked(row.get("error")),
    )


def _shard(row: Mapping[str, object]) -> Shard:
    counts, total = _counts(row)
    return Shard(whole(row.get("map_index")), counts, total)
