"""What Airflow's 13 ms a write do to the rate: each write carries at most what the window holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.measures.window import AIRFLOWS_WRITE
from benchmarks.ours import ours
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 200_000
IN_FLIGHT = (2, 4, 8, 16)
CHUNK_SIZES = (500, 1000, 2000)


def measure(plan: Plan) -> dict[str, Any]:
    """Return elements per second by ``chunk_size`` and ``max_in_flight``, the best of several, and how many writes."""
    found: dict[str, Any] = {}
    with serving() as server:
        for size in CHUNK_SIZES:
            for window in IN_FLIGHT:
                runs = [
                    ours(
                        server.port,
                        "jsonl",
                        COUNT,
                        cost=AIRFLOWS_WRITE,
                        chunk_size=size,
                        max_in_flight=window,
                    )
                    for _ in range(plan.slow_rounds)
                ]
                best = min(runs, key=lambda run: run["seconds"])
                found.setdefault(str(size), {})[str(window)] = {
                    "elements_per_second": COUNT / best["seconds"],
                    "writes": best["writes"],
                }
    return found
