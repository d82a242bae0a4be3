"""Peak memory of 1,000,000 elements over that of 10,000, each in a fresh process, from every source.

The state is saved and the failures are written in all of them; the server rejects nothing, or each fifth element. How
many requests are in flight is found, as it is by default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import Serving, serving
from benchmarks.warehouse import postgres

if TYPE_CHECKING:
    from benchmarks.plan import Plan

FEW, MANY = 10_000, 1_000_000
REJECTED = 0.2
RUNS = 3


def measure(plan: Plan) -> dict[str, Any]:
    """Return for each source and share of failures ``{"few_mib", "many_mib", "growth_mib"}``."""
    found = {}
    for share in (0.0, REJECTED):
        with serving(reject=share) as server, postgres() as host:
            for kind in plan.kinds:
                name = f"{kind}, {share:.0%} rejected" if share else kind
                found[name] = _growth(server, kind, host)
    return found


def _growth(server: Serving, kind: str, host: str) -> dict[str, float]:
    few, many = (_peak(server, kind, count, host) for count in (FEW, MANY))
    return {"few_mib": few, "many_mib": many, "growth_mib": many - few}


def _peak(server: Serving, kind: str, count: int, host: str) -> float:
    """Return the peak in MiB, the median of several: buffers that happen to be alive together add some."""
    peaks = []
    for _ in range(RUNS):
        run = ours(server.port, kind, count, host=host)
        peaks.append(run["peak_kib"] / 1024)
        server.seen()
    return float(sorted(peaks)[RUNS // 2])
