"""The goals, and what a run is compared by with the committed one: mostly ratios, since machines differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GOALS", "Goal", "worse"]

Results = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """One row of the table.

    :param value: reads the figure out of a run's results.
    :param limit: what it must reach, or not pass.
    :param slack: by how much it may be worse than the committed one: machines are noisy.
    :param per_hand: compare it with the committed one relative to the loop by hand, since it depends on the machine.
    """

    what: str
    value: Callable[[Results], float]
    limit: float
    form: str
    more: bool = True
    slack: float = 0.0
    per_hand: bool = False

    @property
    def text(self) -> str:
        """Return the goal in words."""
        return f"{'>=' if self.more else '<='} {self.form.format(self.limit)}"

    def met(self, results: Results) -> bool:
        """Return whether a run reaches it."""
        value = self.value(results)
        return value >= self.limit if self.more else value <= self.limit

    def comparable(self, results: Results) -> float:
        """Return the figure as it is compared between machines."""
        return self.value(results) / (_rate(results, "by_hand") if self.per_hand else 1)


def worse(goal: Goal, now: Results, before: Results) -> bool:
    """Return whether a figure is worse than the committed one by more than its slack, and misses the goal or is a rate.

    A figure that keeps a limit which does not depend on the machine is good, whatever it was.
    """
    if not goal.more and goal.met(now):
        return False
    value, old = goal.comparable(now), goal.comparable(before)
    return value < old * (1 - goal.slack) if goal.more else value > old + goal.slack


def _rate(results: Results, name: str) -> float:
    return float(results["side_by_side"][name]["elements_per_second"])


def _growth(results: Results, few: int, many: int) -> float:
    sizes = results["growth"]
    return float(sizes[str(many)]["seconds"] / sizes[str(few)]["seconds"] / (many / few))


def _steepest(results: Results) -> float:
    """Return the most that ten times the elements take, over ten times the time."""
    sizes = sorted(map(int, results["growth"]))
    pairs = [(size, 10 * size) for size in sizes if 10 * size in sizes]
    return max(_growth(results, few, many) for few, many in pairs)


def _cells(results: Results) -> list[dict[str, float]]:
    return [cell for noises in results["limit"]["cells"].values() for cell in noises.values()]


GOALS = (
    Goal(
        "auto: the rate over the best fixed window's, the worst service, mean of 6 seeds",
        lambda r: min(cell["rate"] for cell in _cells(r)),
        0.9,
        "{:.2f}",
        slack=0.05,
    ),
    Goal(
        "auto: p95 of answer times over the smallest good window's, likewise",
        lambda r: max(cell["p95"] for cell in _cells(r)),
        2.0,
        "{:.2f}",
        more=False,
        slack=0.1,
    ),
    Goal(
        "elements/s over the loop by hand",
        lambda r: _rate(r, "ours") / _rate(r, "by_hand"),
        3.0,
        "{:.2f}",
        slack=0.2,
    ),
    Goal(
        "elements/s over the msgspec ceiling",
        lambda r: _rate(r, "ours") / _rate(r, "ceiling"),
        0.6,
        "{:.2f}",
        slack=0.2,
    ),
    Goal(
        "memory, 1,000,000 elements over 10,000, the worst source",
        lambda r: max(row["growth_mib"] for row in r["memory"].values()),
        8.0,
        "{:.1f} MiB",
        more=False,
        slack=2.0,
    ),
    Goal(
        "answers after 0.25 s, 64 chunks, 8 in flight, over the ideal",
        lambda r: r["window"]["free store"]["share"],
        0.95,
        "{:.3f}",
        slack=0.05,
    ),
    Goal(
        "import of the operator, over airflow.sdk",
        lambda r: r["imports"]["ms"],
        50,
        "{:.0f} ms",
        more=False,
        slack=10,
    ),
    Goal(
        "modules among requests, pyarrow, fastapi that come along",
        lambda r: len({"requests", "pyarrow", "fastapi"}.intersection(r["imports"]["heavy"])),
        0,
        "{:.0f}",
        more=False,
    ),
    Goal(
        "a retry skips, all applied, a second",
        lambda r: r["retry"]["all applied"]["elements_per_second"],
        1e6,
        "{:,.0f}",
        slack=0.3,
        per_hand=True,
    ),
    Goal(
        "a retry with 1 % scattered failures, a second",
        lambda r: r["retry"]["1 % scattered failures"]["elements_per_second"],
        1e6,
        "{:,.0f}",
        slack=0.3,
        per_hand=True,
    ),
    Goal(
        "rows of PostgreSQL, over the elements of a file",
        lambda r: r["sources"]["postgres"] / r["sources"]["jsonl"],
        2 / 3,
        "{:.2f}",
        slack=0.2,
    ),
    Goal("10 times the elements, over 10 times the time", _steepest, 1.1, "{:.2f}", more=False, slack=0.1),
    Goal(
        "the worst second, over the pace",
        lambda r: max(case["worst_second"] for case in r["pace"].values()),
        1.0,
        "{:.3f}",
        more=False,
        slack=0.11,
    ),
    Goal(
        "the rate, over the pace",
        lambda r: min(case["rate"] for case in r["pace"].values()),
        0.95,
        "{:.3f}",
        slack=0.05,
    ),
)
