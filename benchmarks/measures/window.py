"""How full the window is: answers that take 0.25 s, 64 chunks, 8 in flight take 2 s at best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

DELAY = 0.25
CHUNKS = 64
IN_FLIGHT = 8
CHUNK = 500
AIRFLOWS_WRITE = 0.013
"""Seconds that one write to Airflow's task state store takes."""


def measure(plan: Plan) -> dict[str, Any]:
    """Return the share of the ideal, with a store that costs nothing and with Airflow's: the best of several."""
    ideal = CHUNKS / IN_FLIGHT * DELAY
    shares: dict[str, list[float]] = {"free store": [], "13 ms a write": []}
    with serving(delay=DELAY) as server:
        for _ in range(plan.slow_rounds):
            for name, cost in zip(shares, (0.0, AIRFLOWS_WRITE), strict=True):
                run = ours(server.port, "jsonl", CHUNKS * CHUNK, cost=cost, max_in_flight=IN_FLIGHT)
                shares[name].append(ideal / run["seconds"])
    return {name: {"share": max(found), "all": found} for name, found in shares.items()}
