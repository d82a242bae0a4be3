"""Time and memory as the work grows, in interleaved rounds; the best round of each size counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan


def measure(plan: Plan) -> dict[str, Any]:
    """Return for each number of elements ``{"seconds", "us", "cpu_us", "peak_mib"}``."""
    runs: dict[int, list[dict[str, Any]]] = {}
    with serving() as server:
        for _ in range(plan.rounds):
            for size in plan.sizes:
                run = ours(server.port, "jsonl", size)
                runs.setdefault(size, []).append(run)
                server.seen()
    return {str(size): _best(size, found) for size, found in runs.items()}


def _best(size: int, runs: list[dict[str, Any]]) -> dict[str, float]:
    seconds = min(run["seconds"] for run in runs)
    return {
        "seconds": seconds,
        "us": seconds / size * 1e6,
        "cpu_us": min(run["cpu"] for run in runs) / size * 1e6,
        "peak_mib": min(run["peak_kib"] for run in runs) / 1024,
    }
