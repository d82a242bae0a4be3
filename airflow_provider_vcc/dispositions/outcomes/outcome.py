"""What becomes of elements, and when it is too bad."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["Failure", "Outcome", "Threshold"]


class Outcome(StrEnum):
    """The five things that can become of an element of the input."""

    APPLIED = "applied"
    """The API answered ``true`` for it."""
    REJECTED = "rejected"
    """The API returned an error for its index, or answered ``false``."""
    INVALID = "invalid"
    """It cannot be a valid element, so it was never sent."""
    UNKNOWN = "unknown"
    """It was sent, and nobody can say whether it took effect."""
    NOT_SENT = "not_sent"
    """The run stopped before its chunk."""


class Failure(msgspec.Struct, frozen=True, gc=False):
    """An element that failed: a row of the failures file. ``element`` is personal."""

    position: int
    outcome: Outcome
    errorcode: int | str | None
    errormessage: str
    element: Any

    def __repr__(self) -> str:
        """Leave the element out, since it may be printed."""
        return f"Failure({self.position}, {self.outcome}, {self.errorcode!r}, {self.errormessage!r})"


class Threshold(msgspec.Struct, frozen=True):
    """How many failed elements are tolerated: none, if neither limit is given.

    :param max_errors: the most failed elements.
    :param max_error_rate: the highest failed / total, from 0 to 1. Either one breaks.
    """

    max_errors: int | None = None
    max_error_rate: float | None = None

    def allowed(self, total: int | None) -> int | None:
        """Return the most failures that are tolerated among so many elements; None if the total must be known first."""
        limits = []
        if self.max_errors is not None:
            limits.append(self.max_errors)
        if self.max_error_rate is not None:
            if total is None:
                return None
            limits.append(_most_within(self.max_error_rate, total))
        return min(limits, default=0)

    def breached(self, failed: int, total: int) -> bool:
        """Return whether a finished run has too many failures."""
        allowed = self.allowed(total)
        return allowed is not None and failed > allowed

    def hopeless(self, failed: int, total: int | None) -> bool:
        """Return whether the threshold cannot be kept any more, however the rest ends."""
        if self.max_errors is not None and failed > self.max_errors:
            return True
        allowed = self.allowed(total)
        return allowed is not None and failed > allowed


def _most_within(rate: float, total: int) -> int:
    most = int(rate * total)
    return most + 1 if most < total and (most + 1) / total <= rate else most
