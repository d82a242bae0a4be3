"""Many summaries as one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.outcomes.tally import MAX_ERRORS, MAX_SAMPLES, new_row
from airflow_provider_vcc.documents import REPORT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
    from airflow_provider_vcc.documents import ErrorRow, Report, ShardRow, Summary

__all__ = ["merged", "report"]

MOST_SHARDS = 64
COUNTS = (*(outcome.value for outcome in Outcome), "total", "failed", "requests", "resumed")


def merged(shards: Sequence[Summary]) -> Summary:
    """Add summaries up. Shards run side by side, so the longest duration is that of all."""
    counts = {name: sum(_number(shard, name) for shard in shards) for name in (*COUNTS, "unchanged")}
    unchanged = counts.pop("unchanged")
    duration = max((shard.get("duration") or 0.0 for shard in shards), default=0.0)
    sent = counts["total"] - counts["resumed"] - counts["invalid"] - counts["not_sent"]
    projects = {shard.get("project_id") for shard in shards}
    summary = {
        "project_id": projects.pop() if len(projects) == 1 else None,
        **counts,
        "error_rate": counts["failed"] / counts["total"] if counts["total"] else 0.0,
        "errors": _errors(shards),
        "failures_path": None,
        "duration": duration,
        "elements_per_second": round(sent / duration, 1) if duration else 0.0,
    }
    if any("unchanged" in shard for shard in shards):
        summary["unchanged"] = unchanged
    return cast("Summary", summary)


def _number(shard: Summary, name: str) -> int:
    value = shard.get(name)
    return value if isinstance(value, int) else 0


def _errors(shards: Sequence[Summary]) -> list[ErrorRow]:
    """Add the tables of errors up. Positions are those within a shard, so no more than the samples are kept."""
    rows: dict[tuple[int | str | None, str], ErrorRow] = {}
    for shard in shards:
        for row in shard.get("errors") or ():
            key = (row["errorcode"], row["errormessage"])
            mine = rows.setdefault(key, new_row(*key))
            mine["count"] += row["count"]
            mine["positions"] = [*mine["positions"], *row["positions"]][:MAX_SAMPLES]
            mine["records"] = [*mine["records"], *_records(row)][:MAX_SAMPLES]
    return sorted(rows.values(), key=lambda row: -row["count"])[:MAX_ERRORS]


def _records(row: ErrorRow) -> list[str | None]:
    """Return the records beside the positions; versions before 0.2 wrote none."""
    return row.get("records") or [None] * len(row["positions"])


def report(  # noqa: PLR0913 -- half of them are keywords
    shards: Sequence[Summary],
    summary: Summary,
    threshold: Threshold,
    error: str | None,
    *,
    soft_fail: bool,
    is_complete: bool,
) -> Report:
    """Return the XCom ``report`` of the judging task: what its page shows beside the summary.

    :param error: what is wrong with the shards, if anything is.
    :param is_complete: whether all shards are there. If some are missing, nobody knows which ones are there.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "version": REPORT_VERSION,
        "state": "done",
        "started": now,
        "updated": now,
        "source": f"{len(shards)} shards",
        "expected": summary["total"],
        "share": 1.0,
        "threshold": {"max_errors": threshold.max_errors, "max_error_rate": threshold.max_error_rate},
        "breached": threshold.breached(summary["failed"], summary["total"]),
        "soft_fail": soft_fail,
        "error": error,
        "shards": [_shard(index if is_complete else None, shard) for index, shard in enumerate(shards[:MOST_SHARDS])],
    }


def _shard(index: int | None, shard: Summary) -> ShardRow:
    figures = {name: shard.get(name) for name in (*COUNTS, "duration")}
    return cast("ShardRow", {"map_index": index, **figures})
