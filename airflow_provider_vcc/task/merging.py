"""Many summaries as one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.outcomes.tally import MAX_ERRORS, MAX_SAMPLES, new_row
from airflow_provider_vcc.documents import REPORT_VERSION
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
    from airflow_provider_vcc.documents import ErrorRow, Report, ShardRow, Summary

__all__ = ["checked", "merged", "report"]

MOST_SHARDS = 64
OUTCOMES = tuple(outcome.value for outcome in Outcome)
FAILED = (Outcome.REJECTED.value, Outcome.INVALID.value, Outcome.UNKNOWN.value)
COUNTS = (*OUTCOMES, "total", "failed", "requests", "resumed")
NOT_A_SUMMARY = (
    "summaries: what shard {} left is not a summary of this package: {}. Clear that shard, and this task runs again"
)


def checked(index: int, shard: Mapping[str, Any]) -> Summary:
    """Return a shard's summary with its counts as integers, so that a judgement rests on what it says.

    A key that an older version did not write stands for none.

    :raises VccConfigurationError: if a count is not one, or the outcomes do not add up to the total.
    """
    counts = {name: _whole(shard.get(name)) for name in (*COUNTS, "unchanged")}
    wrong = next((f"{name} is not a whole number" for name, count in counts.items() if count is None), None)
    known = {name: count or 0 for name, count in counts.items()}
    if wrong is None and sum(known[name] for name in OUTCOMES) != known["total"]:
        wrong = "its outcomes do not add up to its total"
    if wrong is None and not _are_rows(shard.get("errors")):
        wrong = "errors is not a list of rows"
    if wrong is not None:
        raise VccConfigurationError(NOT_A_SUMMARY.format(index, wrong))
    known["failed"] = sum(known[name] for name in FAILED)
    unchanged = {"unchanged": known.pop("unchanged")}
    duration = {"duration": _seconds(shard.get("duration"))}
    return cast("Summary", {**shard, **known, **duration, **(unchanged if "unchanged" in shard else {})})


def _whole(value: object) -> int | None:
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _are_rows(errors: object) -> bool:
    return errors is None or (isinstance(errors, list | tuple) and all(map(_is_row, errors)))


def _is_row(row: object) -> bool:
    return (
        isinstance(row, Mapping)
        and {"errorcode", "errormessage"} <= row.keys()
        and isinstance(row.get("count"), int)
        and isinstance(row.get("positions"), list)
        and isinstance(row.get("records", []), list | None)
    )


def _seconds(value: object) -> float:
    return value if isinstance(value, int | float) and isfinite(value) and value >= 0 else 0.0


def merged(shards: Sequence[Summary]) -> Summary:
    """Add summaries up. Shards run side by side, so the longest duration is that of all."""
    counts = {name: sum(cast("int", shard.get(name, 0)) for shard in shards) for name in (*COUNTS, "unchanged")}
    unchanged = counts.pop("unchanged")
    duration = max((shard["duration"] for shard in shards), default=0.0)
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
    if is_check(shards):
        summary["validate_only"] = True
    return cast("Summary", summary)


def is_check(shards: Sequence[Summary]) -> bool:
    """Return whether no shard was meant to send anything."""
    return bool(shards) and all(shard.get("validate_only") is True for shard in shards)


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
        "validate_only": is_check(shards),
        "error": error,
        "shards": [_shard(index if is_complete else None, shard) for index, shard in enumerate(shards[:MOST_SHARDS])],
    }


def _shard(index: int | None, shard: Summary) -> ShardRow:
    figures = {name: shard.get(name) for name in (*COUNTS, "duration")}
    return cast("ShardRow", {"map_index": index, **figures})
