"""How many elements came to what, and which kinds of error there were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.outcomes.records import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure
    from airflow_provider_vcc.documents import ErrorRow, Summary

__all__ = ["Tally"]

MAX_SAMPLES = 10
MAX_ERRORS = 500
OTHER_ERRORS = "(other errors, each of another kind)"


class Tally:
    """Counts of outcomes, a table of errors and the first failed records, of bounded size whatever the input.

    :param id_name: the name that a record's id has in the input.
    :param criteria: those of searches that the DAG's author names.
    """

    def __init__(
        self,
        project_id: int | str | None = None,
        failures_path: str | None = None,
        id_name: str = "numberid",
        criteria: Collection[str] = (),
    ) -> None:
        self.project_id = project_id
        self.failures_path = failures_path
        self.counts: dict[Outcome, int] = dict.fromkeys(Outcome, 0)
        self.requests = 0
        self.resumed = 0
        self.unchanged: int | None = None
        """How many elements were left out, beside the total, since the service has them; None if none are looked up."""
        self.validate_only = False
        """Whether nothing is meant to be sent."""
        self.duration = 0.0
        self.failed_records = Failed(id_name, criteria)
        self.line_of: Callable[[int], int | None] = no_line
        """Tells the line of an element in the input; None if it has none."""
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
        """Count failed elements, and return the kinds of error that are new."""
        new = []
        for failure in failures:
            self.counts[failure.outcome] += 1
            row = self._row(failure)
            if not row["count"]:
                new.append(row)
            row["count"] += 1
            if len(row["positions"]) < MAX_SAMPLES:
                row["positions"].append(failure.position)
                row["records"].append(self.failed_records.record(failure))
            if not self.failed_records.full:
                self.failed_records.add(failure, self.line_of(failure.position))
        return new

    def _row(self, failure: Failure) -> ErrorRow:
        key = (failure.errorcode, failure.errormessage)
        row = self._errors.get(key)
        if row is None:
            if len(self._errors) >= MAX_ERRORS:
                key = (None, OTHER_ERRORS)
            row = self._errors.setdefault(key, new_row(*key))
        return row

    def errors(self) -> list[ErrorRow]:
        """Return a row for each distinct error, the most frequent first."""
        return sorted(self._errors.values(), key=lambda row: -row["count"])

    def summary(self) -> Summary:
        """Return the task's result, as the contract has it."""
        counts, total, failed = self.counts, self.total, self.failed
        sent = counts[Outcome.APPLIED] - self.resumed + failed - counts[Outcome.INVALID]
        summary: Summary = {
            "project_id": self.project_id,
            "total": total,
            "applied": counts[Outcome.APPLIED],
            "rejected": counts[Outcome.REJECTED],
            "invalid": counts[Outcome.INVALID],
            "unknown": counts[Outcome.UNKNOWN],
            "not_sent": counts[Outcome.NOT_SENT],
            "failed": failed,
            "error_rate": failed / total if total else 0.0,
            "requests": self.requests,
            "resumed": self.resumed,
            "errors": [copied(row) for row in self.errors()],
            "failures_path": self.failures_path,
            "duration": round(self.duration, 3),
            "elements_per_second": round(sent / self.duration, 1) if self.duration > 0 else 0.0,
        }
        if self.unchanged is not None:
            summary["unchanged"] = self.unchanged
        if self.validate_only:
            summary["validate_only"] = True
        return summary


def no_line(_position: int) -> None:
    """Return None: this input has no lines."""


def new_row(errorcode: int | str | None, errormessage: str) -> ErrorRow:
    """Return the row of an error that has not occurred yet."""
    return {"errorcode": errorcode, "errormessage": errormessage, "count": 0, "positions": [], "records": []}


def copied(row: ErrorRow) -> ErrorRow:
    """Return a copy that does not change any more."""
    return {**row, "positions": row["positions"][:], "records": row["records"][:]}
