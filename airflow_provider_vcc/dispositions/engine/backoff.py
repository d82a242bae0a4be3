"""How long to wait between attempts: full jitter."""

from __future__ import annotations

from random import uniform
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["jitter"]

SHORTEST_WAIT = 0.5
DOUBLINGS = 4
MOST_JITTER = 8.0
"""Seconds: the longest that ``jitter`` gives after the first failure, and after any."""


def jitter(attempt: int, between: Callable[[float, float], float] = uniform) -> float:
    """Return the seconds to wait after the ``attempt``-th failure in a row, from 1: full jitter up to 8 s."""
    return between(0.0, min(SHORTEST_WAIT * 2 ** min(attempt - 1, DOUBLINGS), MOST_JITTER))
