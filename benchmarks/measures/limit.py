"""The limit that is found while sending, against every fixed window from 1 to 32, in simulated time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.services import SERVICES
from benchmarks.simulated import CHUNK, Played, play

if TYPE_CHECKING:
    from benchmarks.plan import Plan
    from benchmarks.services import Work

WINDOWS = range(1, 33)
CHUNKS = 400
"""200,000 elements."""
SHORT = 10
FOUR = 4
SEED = 1
ENOUGH, MORE = 8, 1.002
AS_GOOD = 0.95
"""Of the best rate: the smallest window that reaches it is the one whose answer times count."""
DRAWN = ("one at a time, 2 ms an element", "8 workers", "32 workers", "8 workers, then 1, then 8, every 10 s")


def measure(plan: Plan) -> dict[str, Any]:
    """Give for each service and each noise the rates and the answer times, and how the limit went in some."""
    noises = (0.1, 0.5) if plan.others else (0.1,)
    cells = {name: {f"{noise:.0%}": _cell(work, noise) for noise in noises} for name, work in SERVICES.items()}
    lines = {name: play(SERVICES[name], 0.1, None, 1, CHUNKS).limits for name in DRAWN}
    saves = _cell(SERVICES["8 workers"], 0.1, save=0.013)
    return {"cells": cells, "lines": lines, "saves": saves}


def _cell(work: Work, noise: float, *, save: float = 0.0) -> dict[str, Any]:
    fixed = _fixed(work, noise, save)
    rates = {window: _rate(run) for window, run in fixed.items()}
    best = max(rates.values())
    small = min(window for window in rates if rates[window] >= AS_GOOD * best)
    p95 = fixed[small].p95
    auto = play(work, noise, None, SEED, CHUNKS, save=save)
    short = play(work, noise, None, SEED, SHORT, save=save)
    four = play(work, noise, FOUR, SEED, SHORT, save=save)
    return {
        "best": best,
        "small": small,
        "rate": _rate(auto) / best,
        "p95": auto.p95 / p95,
        "four": rates[FOUR] / best,
        "most_p95": fixed[WINDOWS[-1]].p95 / p95,
        "short": short.seconds / four.seconds,
    }


def _fixed(work: Work, noise: float, save: float) -> dict[int, Played]:
    """Send with each window, upwards until eight in a row have brought nothing more, and with the largest."""
    runs: dict[int, Played] = {}
    best = nothing_more = 0.0
    for window in WINDOWS:
        if nothing_more >= ENOUGH and window != WINDOWS[-1]:
            continue
        runs[window] = play(work, noise, window, SEED, CHUNKS, save=save)
        nothing_more = 0 if _rate(runs[window]) > best * MORE else nothing_more + 1
        best = max(best, _rate(runs[window]))
    return runs


def _rate(run: Played) -> float:
    return CHUNKS * CHUNK / run.seconds
