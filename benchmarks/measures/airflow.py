"""Our operator in a real Airflow (``dag.test()``), with its real task state store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.alone import alone
from benchmarks.inputs import make
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 1_000_000
SETTINGS = ((500, 4), (500, 16), (2000, 8))


def measure(plan: Plan) -> dict[str, Any]:  # noqa: ARG001 -- once: it takes half a minute
    """Return the operator's own ``elements_per_second`` by ``chunk_size`` and ``max_in_flight``."""
    found = {}
    with serving() as server:
        for size, window in SETTINGS:
            run = alone(
                "contenders.in_airflow",
                dag="by_our_operator",
                path=make("jsonl", COUNT),
                port=server.port,
                chunk_size=size,
                max_in_flight=window,
            )
            summary = run["summary"]
            if summary["applied"] != COUNT:
                raise RuntimeError(f"not what was to be measured: {summary}")
            found[f"{size} x {window}"] = summary["elements_per_second"]
    return found
