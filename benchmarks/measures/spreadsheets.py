"""The processor's time for an element of what people have, over that of JSON Lines: spreadsheets, frames, lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 200_000
KINDS = ("jsonl", "list", "pandas", "polars", "parquet", "csv", "windows-1250.csv", "xlsx")


def measure(plan: Plan) -> dict[str, Any]:
    """Return for each kind of input ``{"cpu_us", "over_jsonl", "growth_mib"}``, the best of several rounds in turn."""
    best: dict[str, dict[str, float]] = {}
    with serving() as server:
        for _ in range(plan.slow_rounds):
            for kind in KINDS:
                run = ours(server.port, kind, COUNT)
                before = best.get(kind)
                if before is None or run["cpu"] < before["cpu"]:
                    best[kind] = run
    return {
        kind: {
            "cpu_us": run["cpu"] / COUNT * 1e6,
            "over_jsonl": run["cpu"] / best["jsonl"]["cpu"],
            "growth_mib": run["growth_kib"] / 1024,
        }
        for kind, run in best.items()
    }
