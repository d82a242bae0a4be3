"""The limit that is found while sending, against fixed windows, in real time: over sockets, to a sandbox."""

from __future__ import annotations

import time
from dataclasses import dataclass
from math import ceil
from statistics import mean
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.sources import from_elements
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Capacity, Fault, Latency
from benchmarks.engine import Store, send
from benchmarks.measures.limit import AS_GOOD, FOUR
from benchmarks.simulated import Times

if TYPE_CHECKING:
    from benchmarks.plan import Plan

WINDOWS = (1, 2, 4, 8, 16, 32)
RUNS = 6
"""How often the limit is found: what comes first at the service is left to chance, and it learns from it."""
TOKEN = "token"
"""What the bench's client signs in with."""
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


def _compared(case: Case) -> dict[str, Any]:
    with Sandbox.process(records=case.requests * CHUNK, token=TOKEN, keep_bodies=0, faults=case.faults) as sandbox:
        fixed = {window: _run(case, sandbox.port, window) for window in WINDOWS if window >= case.fewest}
        found = [_run(case, sandbox.port, "auto") for _ in range(RUNS)]
    best = min(run["seconds"] for run in fixed.values())
    small = min(window for window, run in fixed.items() if best >= AS_GOOD * run["seconds"])
    rates = [best / auto["seconds"] for auto in found]
    times = [auto["p95"] / fixed[small]["p95"] for auto in found]
    return {
        "requests": case.requests,
        "best": case.requests / best,
        "small": small,
        "rate": mean(rates),
        "rates": [min(rates), max(rates)],
        "p95": mean(times),
        "p95s": [min(times), max(times)],
        "four": best / fixed[FOUR]["seconds"],
        "most_p95": fixed[WINDOWS[-1]]["p95"] / fixed[small]["p95"],
    }


def _run(case: Case, port: int, window: int | str) -> dict[str, float]:
    """Send all of it; return the seconds, and the 95th percentile of answer times."""
    elements = [{"numberid": number, "dispositionid": 1} for number in range(1, case.requests * CHUNK + 1)]
    times, began = Times(), time.perf_counter()
    summary = send(from_elements(elements), port, Store(), observer=times, chunk_size=CHUNK, max_in_flight=window)
    seconds = time.perf_counter() - began
    if summary["failed"]:
        raise RuntimeError(f"not what was to be measured: {summary}")
    return {"seconds": seconds, "p95": sorted(times.seconds)[ceil(0.95 * len(times.seconds)) - 1]}
