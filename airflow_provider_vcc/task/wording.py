"""Figures and reasons in words, as logs and messages have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["counted", "duration", "outcomes", "positions", "reason", "tidy"]

MOST_TEXT = 300
MOST_POSITIONS = 5
MINUTE, HOUR = 60, 3600


def tidy(text: str) -> str:
    """Give a text from elsewhere on one line, without control characters, and not too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= MOST_TEXT else line[: MOST_TEXT - 3] + "..."


def counted(count: int) -> str:
    """Say how many elements."""
    return f"{count:,} element" if count == 1 else f"{count:,} elements"


def outcomes(summary: Mapping[str, Any]) -> str:
    """Say what the elements came to: ``12 applied, 3 rejected``."""
    names = ("applied", "rejected", "invalid", "unknown", "not_sent")
    said = [f"{summary[name]:,} {name.replace('_', ' ')}" for name in names if summary[name]]
    return ", ".join(said) or "none"


def reason(errorcode: Any, errormessage: str) -> str:
    """Say an error as its code and its message."""
    return tidy(errormessage if errorcode is None else f"{errorcode} {errormessage}")


def positions(row: Mapping[str, Any]) -> str:
    """Say where an error occurred: ``at position 3``, ``at positions 1, 2, 3 ...``."""
    shown = ", ".join(map(str, row["positions"][:MOST_POSITIONS]))
    if row["count"] == 1:
        return f"at position {shown}"
    return f"at positions {shown}{' ...' if row['count'] > MOST_POSITIONS else ''}"


def duration(seconds: float) -> str:
    """Say a time to the precision that matters: ``48 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
