"""How fast a retry of the task passes over what is applied: all of it, or all but each hundredth element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.alone import alone
from benchmarks.inputs import make
from benchmarks.serving import serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 1_000_000
REJECTED = 0.01


def measure(plan: Plan) -> dict[str, Any]:
    """Return elements per second of the second try, the best of several."""
    make("jsonl", COUNT)
    found: dict[str, Any] = {}
    with serving() as good, serving(reject=REJECTED) as bad:
        for name, first in (("all applied", good), ("1 % scattered failures", bad)):
            runs = [
                alone("contenders.retry", count=COUNT, first=first.port, port=good.port)
                for _ in range(plan.slow_rounds)
            ]
            best = min(runs, key=lambda run: run["seconds"])
            found[name] = {
                "elements_per_second": COUNT / best["seconds"],
                "sent_again": best["sent_again"],
                "state_bytes": best["state_bytes"],
            }
            good.seen()
            bad.seen()
    return found
