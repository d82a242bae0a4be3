"""How much is measured: all of it, or enough to see whether something has got worse."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CHECK", "FULL", "Plan"]


@dataclass(frozen=True)
class Plan:
    """How often and how large.

    :param measures: modules of ``benchmarks.measures``, in this order.
    :param rounds: of what takes less than a second.
    :param slow_rounds: of what takes longer.
    :param others: whether to measure what needs an environment of its own.
    :param kinds: of inputs.
    :param sizes: elements, for the growth.
    """

    measures: tuple[str, ...]
    rounds: int
    slow_rounds: int
    others: bool
    kinds: tuple[str, ...]
    sizes: tuple[int, ...]


GOALS = ("imports", "limit", "side_by_side", "window", "retry", "growth", "pace", "sources", "memory")
FULL = Plan(
    measures=(*GOALS, "sandbox", "synced", "mariadb", "spreadsheets", "store", "airflow"),
    rounds=7,
    slow_rounds=3,
    others=True,
    kinds=("jsonl", "json", "csv", "parquet", "jsonl.gz", "csv.gz", "lazy", "sqlite", "postgres"),
    sizes=(100_000, 300_000, 1_000_000, 3_000_000),
)
CHECK = Plan(
    measures=GOALS,
    rounds=5,
    slow_rounds=3,
    others=False,
    kinds=("jsonl", "csv.gz", "parquet", "postgres"),
    sizes=(100_000, 1_000_000),
)
