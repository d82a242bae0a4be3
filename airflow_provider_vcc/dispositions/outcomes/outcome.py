"""What elements come to, how that is counted, and when it is too bad."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ErrorRow", "Failure", "Outcome", "Tally", "Threshold"]

MAX_SAMPLES = 10
MAX_ERRORS = 500
OTHER_ERRORS = "(other errors, each of another kind)"


class Outcome(StrEnum):
    """The five things that an element of the input can come to."""

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


class ErrorRow(msgspec.Struct):
    """How often one kind of error occurred, and where, for example."""

    errorcode: int | str | None
    errormessage: str
    count: int
    positions: list[int]


class Threshold(msgspec.Struct, frozen=True):
    """How many failed elements are tolerated: none, where neither limit is given.

    :param max_errors: the most failed elements.
    :param max_error_rate: the highest failed / total, from 0 to 1. Either one breaks.
    """

    max_errors: int | None = None
    max_error_rate: float | None = None

    def allowed(self, total: int | None) -> int | None:
        """Give the most failures among ``total`` elements that are tolerated; None where the total must be known."""
        limits = []
        if self.max_errors is not None:
            limits.append(self.max_errors)
        if self.max_error_rate is not None:
            if total is None:
                return None
            limits.append(_most_within(self.max_error_rate, total))
        return min(limits, default=0)

    def breached(self, failed: int, total: int) -> bool:
        """Judge a finished run."""
        allowed = self.allowed(total)
        return allowed is not None and failed > allowed

    def hopeless(self, failed: int, total: int | None) -> bool:
        """Say whether the threshold cannot be kept any more, however the rest ends."""
        if self.max_errors is not None and failed > self.max_errors:
            return True
        allowed = self.allowed(total)
        return allowed is not None and failed > allowed


def _most_within(rate: float, total: int) -> int:
    most = int(rate * total)
    return most + 1 if most < total and (most + 1) / total <= rate else most


class Tally:
    """Counts of outcomes and a table of errors, of bounded size whatever the input."""

    def __init__(self, project_id: int | str | None = None, failures_path: str | None = None) -> None:
        self.project_id = project_id
        self.failures_path = failures_path
        self.counts: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.requests = 0
        self.resumed = 0
        self.duration = 0.0
        self._errors: dict[tuple[int | str | None, str], ErrorRow] = {}

    @property
    def total(self) -> int:
        """How many elements have an outcome."""
        return sum(self.counts.values())

    @property
    def failed(self) -> int:
        """Rejected, invalid and unknown ones."""
        counts = self.counts
        return counts[Outcome.REJECTED] + counts[Outcome.INVALID] + counts[Outcome.UNKNOWN]

    def add(self, outcome: Outcome, count: int) -> None:
        """Count elements that need no entry in the table of errors."""
        self.counts[outcome] += count

    def fail(self, failures: Iterable[Failure]) -> list[ErrorRow]:
        """Count failed elements, and give the kinds of error that are new."""
        new = []
        for failure in failures:
            self.counts[failure.outcome] += 1
            row = self._row(failure)
            if not row.count:
                new.append(row)
            row.count += 1
            if len(row.positions) < MAX_SAMPLES:
                row.positions.append(failure.position)
        return new

    def _row(self, failure: Failure) -> ErrorRow:
        key = (failure.errorcode, failure.errormessage)
        row = self._errors.get(key)
        if row is None:
            if len(self._errors) >= MAX_ERRORS:
                key = (None, OTHER_ERRORS)
            row = self._errors.setdefault(key, ErrorRow(*key, 0, []))
        return row

    def errors(self) -> list[ErrorRow]:
        """Give a row for each distinct error, the most frequent first."""
        return sorted(self._errors.values(), key=lambda row: -row.count)

    def summary(self) -> dict[str, Any]:
        """Give the task's result, as the contract has it. ``duration`` is in seconds."""
        total, failed = self.total, self.failed
        sent = self.counts[Outcome.APPLIED] - self.resumed + failed - self.counts[Outcome.INVALID]
        return {
            "project_id": self.project_id,
            "total": total,
            **{outcome.value: count for outcome, count in self.counts.items()},
            "failed": failed,
            "error_rate": failed / total if total else 0.0,
            "requests": self.requests,
            "resumed": self.resumed,
            "errors": [msgspec.structs.asdict(row) for row in self.errors()],
            "failures_path": self.failures_path,
            "duration": round(self.duration, 3),
            "elements_per_second": round(sent / self.duration, 1) if self.duration > 0 else 0.0,
        }
