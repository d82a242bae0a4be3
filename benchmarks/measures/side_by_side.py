"""Elements per second, ours beside what people use instead, in interleaved rounds; the best round of each counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.alone import alone
from benchmarks.environment import others_python
from benchmarks.inputs import make
from benchmarks.ours import ours
from benchmarks.serving import Serving, serving

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 200_000
FEW = 10_000
"""For what takes too long: the rate is that between the first and the last request, by the server's clock."""
FAST = ("ours", "ceiling", "by_hand", "thread_pool")
OTHERS = ("parallel_bulk", "dlt_destination")


def measure(plan: Plan) -> dict[str, Any]:
    """Return for each contender its best round: elements per second, CPU microseconds an element, growth of memory."""
    rounds: dict[str, list[dict[str, Any]]] = {}
    with serving() as server:
        for number in range(plan.rounds):
            others = OTHERS if plan.others and number < plan.slow_rounds else ()
            for name in (*FAST, *others):
                rounds.setdefault(name, []).append(_one(server, name))
        if plan.others:
            rounds["http_operator"] = [_http_operator(server)]
    return {name: _best(runs) for name, runs in rounds.items()}


def _one(server: Serving, name: str) -> dict[str, Any]:
    if name == "ours":
        run = ours(server.port, "jsonl", COUNT)
    else:
        python = {"python": others_python()} if name in OTHERS else {}
        run = alone(f"contenders.{name}", **python, path=make("jsonl", COUNT), port=server.port)
    seen = server.seen()
    arrived = sum(count for _, count in seen["seen"])
    if not run["elements"] == arrived == COUNT:
        raise RuntimeError(f"{name} sent {arrived} and settled {run['elements']} of {COUNT} elements")
    return {
        "elements_per_second": COUNT / run["seconds"],
        "cpu_us": run["cpu"] / COUNT * 1e6,
        "growth_mib": run["growth_kib"] / 1024,
        "server_us": seen["cpu"] / COUNT * 1e6,
    }


def _http_operator(server: Serving) -> dict[str, Any]:
    path = make("jsonl", FEW)
    run = alone("contenders.in_airflow", others_python(), dag="by_http_operator", path=path, port=server.port)
    (first, _), *rest = server.seen()["seen"]
    per_second = sum(count for _, count in rest) / (rest[-1][0] - first)
    return {"elements_per_second": per_second, "cpu_us": run["cpu"] / FEW * 1e6}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    best = max(runs, key=lambda run: run["elements_per_second"])
    return {**best, "all": [round(run["elements_per_second"]) for run in runs]}
