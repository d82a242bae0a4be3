"""How long to wait: full jitter, and what the server asks for."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Any

from tenacity import RetryCallState, wait_random_exponential

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["jitter", "retry_after"]

LONGEST_WAIT = 30.0
"""Seconds that a ``Retry-After`` is honoured for at most."""

_NOBODY: Any = None
_wait = wait_random_exponential(multiplier=0.5, max=8)


def jitter(attempt: int) -> float:
    """Give seconds to wait after the ``attempt``-th failure in a row, from 1: full jitter up to 8 s."""
    state = RetryCallState(_NOBODY, None, (), {})
    state.attempt_number = attempt
    return float(_wait(state))


def retry_after(value: str | None, now: Callable[[], float] = time) -> float | None:
    """Read a ``Retry-After`` header, in seconds or as an HTTP date: seconds from now, at most 30."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124 -- nan
