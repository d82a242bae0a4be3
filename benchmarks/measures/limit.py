"""The limit that is found while sending, against every fixed window from 1 to 32, in simulated time."""

from __future__ import annotations

from statistics import mean
from typing import TYPE_CHECKING, Any

from benchmarks.services import SERVICES
from benchmarks.simulated import CHUNK, play

if TYPE_CHECKING:
    from benchmarks.plan import Plan
    from benchmarks.services import Work

WINDOWS = range(1, 33)
CHUNKS = 400
"""200,000 elements."""
SHORT = 10
FOUR = 4
SEEDS, ONE_SEED = range(1, 7), range(1, 2)
"""The constants were chosen by the first two; the others show how far that holds."""
NOISES, ONE_NOISE = (0.0, 0.1, 0.5), (0.1,)
AS_GOOD = 0.95
"""Of the best rate: the smallest window that reaches it is the one whose answer times count."""
JUDGED = ("rate", "p95", "short")
DRAWN = ("one at a time, 2 ms an element", "8 workers", "32 workers", "8 workers, then 1, then 8, every 10 s")


def measure(plan: Plan) -> dict[str, Any]:
    """Return for each service and each noise the rates and the answer times, and how the limit went in some."""
    noises, seeds = (NOISES, SEEDS) if plan.others else (ONE_NOISE, ONE_SEED)
    cells = {
        name: {f"{noise:.0%}": summed_up([run(work, noise, seed) for seed in seeds]) for noise in noises}
        for name, work in SERVICES.items()
    }
    lines = {name: play(SERVICES[name], 0.1, None, 1, CHUNKS).limits for name in DRAWN}
    saves = summed_up([run(SERVICES["8 workers"], 0.1, 1, save=0.013)])
    return {"cells": cells, "lines": lines, "saves": saves}


def run(work: Work, noise: float, seed: int, *, save: float = 0.0) -> dict[str, float]:
    """Return how the limit that is found fares against every fixed window, by one seed."""
    fixed = against(work, noise, seed, save)
    auto = play(work, noise, None, seed, CHUNKS, save=save)
    short = play(work, noise, None, seed, SHORT, save=save)
    return {
        "best": CHUNKS * CHUNK / fixed["seconds"],
        "small": fixed["small"],
        "rate": fixed["seconds"] / auto.seconds,
        "p95": auto.p95 / fixed["p95"],
        "four": fixed["seconds"] / fixed["four"],
        "most_p95": fixed["most_p95"] / fixed["p95"],
        "short": short.seconds / fixed["short"],
    }


def against(work: Work, noise: float, seed: int, save: float) -> dict[str, float]:
    """Return what the fixed windows reach: the best seconds, and the answer times of the smallest that is as good."""
    fixed = {window: play(work, noise, window, seed, CHUNKS, save=save) for window in WINDOWS}
    best = min(played.seconds for played in fixed.values())
    small = min(window for window, played in fixed.items() if best >= AS_GOOD * played.seconds)
    return {
        "seconds": best,
        "small": small,
        "p95": fixed[small].p95,
        "four": fixed[FOUR].seconds,
        "most_p95": fixed[WINDOWS[-1]].p95,
        "short": play(work, noise, FOUR, seed, SHORT, save=save).seconds,
    }


def summed_up(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Return the means over the seeds, and the least and the most of what is judged."""
    found: dict[str, Any] = {name: mean(played[name] for played in runs) for name in runs[0]}
    found["small"] = sorted(played["small"] for played in runs)[len(runs) // 2]
    for name in JUDGED:
        values = [played[name] for played in runs]
        found[f"{name}s"] = [min(values), max(values)]
    return found
