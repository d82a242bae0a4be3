"""The documented fields of an element."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CRITERION", "FIELDS", "IDS", "is_criterion", "shown_name"]

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
CLOSE, FEW = 0.75, 3
"""How alike two names are of which one is the other misspelt, and by how many letters they differ in length."""
CRITERION = "search."
"""What a column's target begins with if the column gives one criterion of ``search``."""


def is_criterion(target: str) -> bool:
    """Return whether a column with this target gives one criterion."""
    return target.startswith(CRITERION)


def shown_name(name: str, number: int, ours: Iterable[str] = ()) -> str:
    """Return what a message may call a name that stands in the input.

    Where a header is missing its first row stands for one, and a row may hold anything of anybody. So a name is shown
    if it is one of ours or of the documentation, or one of these misspelt; any other is called by its place.

    :param number: its place, from 1.
    :param ours: names that the DAG's author wrote.
    """
    known = [*FIELDS, *ours]
    return repr(name) if name in known or any(_is_misspelt(name, one) for one in known) else f"number {number}"


def _is_misspelt(name: str, known: str) -> bool:
    if abs(len(name) - len(known)) > FEW:
        return False
    return SequenceMatcher(None, name.lower(), known.lower()).ratio() >= CLOSE
