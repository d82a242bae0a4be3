"""The documented fields of an element."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CRITERION", "FIELDS", "IDS", "did_you_mean", "is_criterion", "nearest"]

FIELDS = (
    "numberid",
    "search",
    "dispositionid",
    "userid",
    "next_calldate",
    "description",
    "sendDispositionMessages",
)
IDS = ("numberid", "dispositionid", "userid")
CRITERION = "search."
"""What a column's target begins with if the column gives one criterion of ``search``."""


def is_criterion(target: str) -> bool:
    """Return whether a column with this target gives one criterion."""
    return target.startswith(CRITERION)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a name is most like, whatever its case."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(name.lower(), by_lower, 1, 0.5)
    return by_lower[near[0]] if near else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return a hint at the nearest choice; an empty text if there is none."""
    near = nearest(name, choices)
    return f"; did you mean {near!r}?" if near else ""
