"""Which record an element is about, as far as that may be shown: ids are not personal, search values are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.redaction.vocabulary import CRITERIA
from airflow_provider_vcc.wording import plural

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure
    from airflow_provider_vcc.documents import FailedRecords, FailedRow

__all__ = ["Failed", "record_of", "search_of", "trimmed"]

MOST_RECORDS = 1_000
MOST_REASON = 300
REASON = 3
"""Where a row has the index of its reason."""
MOST_REASON_BYTES = 60_000
SHORT_REASON = 40
LONGEST_ID = 64
MOST_CRITERIA = 5
ID = re.compile(r"[\w.:/-]{1,64}")


def record_of(element: object, id_name: str = "numberid", *, checked: bool = True) -> str | None:
    """Return an element's ``numberid``, or None if it has none.

    :param element: an element, or what an input gave in its place.
    :param id_name: the name that the id has in the input.
    :param checked: whether it is a valid element. In another one anything can stand in the id's place, so that what
        does not look like an id is left out.
    """
    value = getattr(element, "numberid", None)
    if isinstance(element, dict):
        value = element.get(id_name, element.get("numberid"))
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value)[: LONGEST_ID + 1].strip()
    return text[:LONGEST_ID] if text and (checked or ID.fullmatch(text)) else None


def search_of(element: object, ours: Collection[str] = ()) -> str | None:
    """Return the names of the criteria that an element searches by (``name, city``), or None if it does not search.

    :param ours: criteria that the DAG's author names. Others that nobody documents may be anything, and are counted.
    """
    search = element.get("search") if isinstance(element, dict) else getattr(element, "search", None)
    criteria = [one for one in (search if isinstance(search, list) else [search]) if isinstance(one, dict)]
    names = dict.fromkeys(name for one in criteria for name in one)
    if not names:
        return None
    known = [str(name) for name in names if name in CRITERIA or name in ours]
    shown, others = known[:MOST_CRITERIA], len(names) - len(known[:MOST_CRITERIA])
    return ", ".join([*shown, *([plural(others, "other field")] if others else [])])


class Failed:
    """The first 1,000 failed elements, one by one, by id and reason.

    :param id_name: the name that the id has in the input.
    :param criteria: those that the DAG's author names.
    """

    def __init__(self, id_name: str = "numberid", criteria: Collection[str] = ()) -> None:
        self._id_name = id_name
        self._criteria = criteria
        self._reasons: dict[tuple[int | str | None, str], int] = {}
        self._room = MOST_REASON_BYTES
        self._rows: list[FailedRow] = []

    @property
    def full(self) -> bool:
        """Whether it takes no more."""
        return len(self._rows) >= MOST_RECORDS

    def record(self, failure: Failure) -> str | None:
        """Return the record that a failed element is about."""
        return record_of(failure.element, self._id_name, checked=failure.outcome is not Outcome.INVALID)

    def add(self, failure: Failure, line: int | None = None) -> None:
        """Keep a failed element's id, reason and line in the input, unless it is full."""
        if self.full:
            return
        record = self.record(failure)
        search = None if record is not None else search_of(failure.element, self._criteria)
        number = self._number((failure.errorcode, failure.errormessage))
        self._rows.append([failure.position, record, failure.outcome.value, number, search, line])

    def _number(self, reason: tuple[int | str | None, str]) -> int:
        code, message = reason
        if self._room <= 0:
            message = message[:SHORT_REASON]
        short = (code, message[:MOST_REASON])
        if short not in self._reasons:
            self._room -= len(short[1].encode("utf-8", "replace"))
            self._reasons[short] = len(self._reasons)
        return self._reasons[short]

    def document(self, most: int = MOST_RECORDS) -> FailedRecords:
        """Return the first of them, in the order of the input."""
        rows = sorted(self._rows[:most], key=_position)
        return trimmed([[code, message] for code, message in self._reasons], rows)


def trimmed(reasons: list[list[int | str | None]], rows: list[FailedRow]) -> FailedRecords:
    """Return failed records with those reasons that they name. Later rows name later reasons."""
    used = 1 + max((number for row in rows if isinstance(number := row[REASON], int)), default=-1)
    return {"reasons": reasons[:used], "rows": rows}


def _position(row: FailedRow) -> int:
    return row[0] if isinstance(row[0], int) else 0
