"""How much is measured: all of it, or enough to see that nothing has got worse."""

from __future__ import annotations

import sys
from dataclasses import dataclass

__all__ = ["CHECK", "FULL", "Plan"]


@dataclass(frozen=True)
class Plan:
    """How often and how large."""

    rounds: int
    """Of what takes less than a second."""
    slow_rounds: int
    """Of what takes longer; 0 leaves it out."""
    sources: tuple[str, ...]
    """Kinds of inputs whose memory is measured."""
    sizes: tuple[int, ...]
    """Elements, for the growth."""
    dlt_python: str = sys.executable
    """The Python that has dlt."""


KINDS = ("jsonl", "json", "csv", "parquet", "jsonl.gz", "lazy")
FULL = Plan(rounds=7, slow_rounds=3, sources=KINDS, sizes=(100_000, 300_000, 1_000_000, 3_000_000))
CHECK = Plan(rounds=5, slow_rounds=0, sources=("jsonl", "parquet"), sizes=(100_000, 1_000_000))
