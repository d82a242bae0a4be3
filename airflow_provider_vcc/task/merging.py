"""Many summaries as one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.outcomes.outcome import MAX_ERRORS, MAX_SAMPLES, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold

__all__ = ["merged", "report"]

MOST_SHARDS = 64
COUNTS = (*(outcome.value for outcome in Outcome), "total", "failed", "requests", "resumed")


def merged(shards: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Add summaries up. Shards run side by side, so the longest duration is that of all."""
    counts = {name: sum(shard.get(name) or 0 for shard in shards) for name in COUNTS}
    duration = max((shard.get("duration") or 0.0 for shard in shards), default=0.0)
    sent = counts["total"] - counts["resumed"] - counts["invalid"] - counts["not_sent"]
    projects = {shard.get("project_id") for shard in shards}
    return {
        "project_id": projects.pop() if len(projects) == 1 else None,
        **counts,
        "error_rate": counts["failed"] / counts["total"] if counts["total"] else 0.0,
        "errors": _errors(shards),
        "failures_path": None,
        "duration": duration,
        "elements_per_second": round(sent / duration, 1) if duration else 0.0,
    }


def _errors(shards: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add the tables of errors up. Positions are those within a shard, so no more than the samples are kept."""
    rows: dict[tuple[Any, str], dict[str, Any]] = {}
    for shard in shards:
        for row in shard.get("errors") or ():
            key = (row["errorcode"], row["errormessage"])
            mine = rows.setdefault(key, {"errorcode": key[0], "errormessage": key[1], "count": 0, "positions": []})
            mine["count"] += row["count"]
            mine["positions"] = [*mine["positions"], *row["positions"]][:MAX_SAMPLES]
    return sorted(rows.values(), key=lambda row: -row["count"])[:MAX_ERRORS]


def report(
    shards: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    threshold: Threshold,
    error: str | None,
    soft_fail: bool,  # noqa: FBT001 -- a value of the report
) -> dict[str, Any]:
    """Give the XCom ``report`` of the judging task: what its page shows beside the summary.

    :param error: what is wrong with the number of shards. Where some are missing, nobody knows which ones are there.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "version": 1,
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
        "shards": [
            {"map_index": None if error else index, **{name: shard.get(name) for name in (*COUNTS, "duration")}}
            for index, shard in enumerate(shards[:MOST_SHARDS])
        ],
    }
