"""Elements per second from each kind of input, and with answers that reject some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import serving
from benchmarks.warehouse import postgres

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 1_000_000
REJECTED = (0.01, 0.2)


def measure(plan: Plan) -> dict[str, Any]:
    """Return the best of several rounds by kind of input, then JSON Lines with shares that are rejected."""
    cases = [(kind, 0.0) for kind in (*plan.kinds, "seconds.jsonl")] + [("jsonl", share) for share in REJECTED]
    return {f"{kind}, {share:.0%} rejected" if share else kind: _rate(plan, kind, share) for kind, share in cases}


def _rate(plan: Plan, kind: str, share: float) -> float:
    with serving(reject=share) as server, postgres() as host:
        runs = [ours(server.port, kind, COUNT, host=host) for _ in range(plan.slow_rounds)]
    return COUNT / min(float(run["seconds"]) for run in runs)
