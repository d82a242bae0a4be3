"""How long to wait between attempts: full jitter."""

from __future__ import annotations

from typing import Any

from tenacity import RetryCallState, wait_random_exponential

__all__ = ["jitter"]

_NOBODY: Any = None
_wait = wait_random_exponential(multiplier=0.5, max=8)


def jitter(attempt: int) -> float:
    """Give seconds to wait after the ``attempt``-th failure in a row, from 1: full jitter up to 8 s."""
    state = RetryCallState(_NOBODY, None, (), {})
    state.attempt_number = attempt
    return float(_wait(state))
