"""The limit that is found while sending, against fixed windows, in real time: over sockets, to a sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Capacity, Fault, Latency
from benchmarks.alone import alone
from benchmarks.measures.limit import AS_GOOD, FOUR

if TYPE_CHECKING:
    from benchmarks.plan import Plan

WINDOWS = (1, 2, 4, 8, 16, 32)
CHUNK = 20
"""Few elements, so that the sandbox's own work is not what limits."""


@dataclass(frozen=True)
class Case:
    """A service.

    :param requests: how many are sent.
    :param fewest: the smallest window that is tried: a smaller one would only take long.
    """

    faults: Fault
    requests: int
    fewest: int = 1


CASES = {
    "waits only, 0.25 s": Case(Latency(0.25), 400, fewest=4),
    "8 at a time, 0.2 to 0.3 s": Case(Capacity(8) + Latency(0.2, 0.3), 200, fewest=4),
    "one at a time, 0.08 to 0.12 s": Case(Capacity(1) + Latency(0.08, 0.12), 100),
}


def measure(plan: Plan) -> dict[str, Any]:  # noqa: ARG001 -- it takes its time however often the rest is measured
    """Return for each service what the best fixed window reaches, and what the limit that is found does beside it."""
    return {name: _compared(case) for name, case in CASES.items()}


def _compared(case: Case) -> dict[str, float]:
    fixed = {window: _run(case, window) for window in WINDOWS if window >= case.fewest}
    best = min(run["seconds"] for run in fixed.values())
    small = min(window for window, run in fixed.items() if best >= AS_GOOD * run["seconds"])
    auto, most = _run(case, "auto"), fixed[WINDOWS[-1]]
    return {
        "requests": case.requests,
        "best": case.requests / best,
        "small": small,
        "rate": best / auto["seconds"],
        "p95": auto["p95"] / fixed[small]["p95"],
        "four": best / fixed[FOUR]["seconds"],
        "most_p95": most["p95"] / fixed[small]["p95"],
    }


def _run(case: Case, window: int | str) -> dict[str, float]:
    count = case.requests * CHUNK
    with Sandbox.process(records=count, token="token", keep_bodies=0, faults=case.faults) as sandbox:
        return alone("timed", port=sandbox.port, count=count, chunk_size=CHUNK, max_in_flight=window)
