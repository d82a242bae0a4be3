"""What arrived, in which order, and how often: questions to a sandbox's SQLite tables."""

from __future__ import annotations

import sqlite3
import weakref
from bisect import bisect_right
from collections import Counter
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.sandbox.storage.store import Row

    Query = Callable[[str, Sequence[object]], list[Row]]

COUNTED = ("requests", "events", "messages", "rejections")

__all__ = ["Event", "Ledger", "Message", "Rejection", "Request"]


class Request(NamedTuple):
    """One request that arrived.

    ``number`` counts from 0 in the order of arrival; ``at`` and ``seconds`` are seconds (since the epoch; until it was
    answered or cut, None while it is being worked on); ``elements`` is None if its body was not read or held none;
    ``parallel`` counts the requests that waited for an answer when it was seen, itself among them unless its client had
    given up; ``acted`` says whether it took effect; ``status`` is None if no answer was sent; ``fault`` names what
    was done to it.
    """

    number: int
    at: float
    connection: int
    method: str
    path: str
    bytes: int | None
    elements: int | None
    parallel: int
    acted: bool
    status: int | None
    fault: str | None
    seconds: float | None


class Event(NamedTuple):
    """One disposition that was set on one record; ``seq`` orders all of them."""

    seq: int
    request: int
    index: int  # type: ignore[assignment]  # the API's word; nobody misses tuple's method of that name
    project: int
    numberid: str
    dispositionid: str | None
    userid: str | None
    next_calldate: str | None
    description: str | None


class Message(NamedTuple):
    """One SMS that would have been sent."""

    seq: int
    request: int
    index: int  # type: ignore[assignment]  # the API's word; nobody misses tuple's method of that name
    project: int
    numberid: str
    dispositionid: str | None
    text: str


class Rejection(NamedTuple):
    """One error that was given for one element."""

    request: int
    index: int  # type: ignore[assignment]  # the API's word; nobody misses tuple's method of that name
    numberid: str | None
    errorcode: int | str
    errormessage: str


class Ledger:
    """Answers questions about what arrived.

    :param query: runs SQL and gives rows.
    """

    def __init__(self, query: Query, close: Callable[[], object] = int) -> None:
        self.query = query
        self.close = weakref.finalize(self, close)

    @classmethod
    def open(cls, path: str | Path) -> Ledger:
        """Read the file of a sandbox that runs, or ran, in another process."""
        connection = sqlite3.connect(Path(path).as_uri() + "?mode=ro", uri=True, check_same_thread=False)
        return cls(lambda sql, values: connection.execute(sql, values).fetchall(), connection.close)

    def requests(self, method: str | None = None) -> list[Request]:
        """Return all requests in the order of arrival, or those with one method."""
        rows = self.query("SELECT * FROM requests WHERE ? IS NULL OR method = ? ORDER BY number", [method, method])
        return [Request(*row)._replace(acted=bool(row[8])) for row in rows]

    def events(self, numberid: str | None = None) -> list[Event]:
        """Return all dispositions that were set, in order, or those of one record."""
        columns = "t.dispositionid, t.userid, t.next_calldate, t.description"
        return [Event(*row) for row in self._about_records("events", columns, numberid)]

    def descriptions(self, numberid: str) -> list[str | None]:
        """Return the descriptions that were set on one record, in order."""
        return [event.description for event in self.events(numberid)]

    def counts(self) -> Counter[tuple[str, str | None]]:
        """Count how often each ``(numberid, description)`` was set."""
        rows = self.query(
            "SELECT numberid, description, count(*) FROM events e JOIN records r ON r.id = e.record GROUP BY 1, 2", []
        )
        return Counter({(numberid, description): count for numberid, description, count in rows})

    def messages(self, numberid: str | None = None) -> list[Message]:
        """Return all messages that would have been sent, in order, or those to one record."""
        return [Message(*row) for row in self._about_records("messages", "t.dispositionid, t.text", numberid)]

    def _about_records(self, table: str, columns: str, numberid: str | None) -> list[Row]:
        one = "" if numberid is None else "WHERE t.record IN (SELECT id FROM records WHERE numberid = ?)"
        return self.query(
            f"SELECT t.seq, t.request, t.idx, r.project, r.numberid, {columns}"  # noqa: S608 -- names of our own
            f" FROM {table} t JOIN records r ON r.id = t.record {one} ORDER BY t.seq",
            [] if numberid is None else [numberid],
        )

    def message_counts(self) -> Counter[str]:
        """Count the messages to each record."""
        return Counter(message.numberid for message in self.messages())

    def rejections(self) -> list[Rejection]:
        """Return all errors that were given for elements, whether the answer arrived or not."""
        return [Rejection(*row) for row in self.query("SELECT * FROM rejections ORDER BY rowid", [])]

    def body(self, number: int) -> bytes | None:
        """Return a request's body as it arrived; None if it was not kept."""
        rows = self.query("SELECT body FROM bodies WHERE request = ?", [number])
        return bytes(rows[0][0]) if rows else None

    def most_parallel(self) -> int:
        """Return the greatest number of requests that waited for their answers at once."""
        return int(self.query("SELECT coalesce(max(parallel), 0) FROM requests", [])[0][0])

    def most_elements_within(self, seconds: float = 1.0) -> int:
        """Return the greatest number of elements that arrived within any span of that many seconds."""
        rows = self.query("SELECT at, elements FROM requests WHERE elements IS NOT NULL ORDER BY at", [])
        times = [at for at, _ in rows]
        sums = [0, *accumulate(elements for _, elements in rows)]
        return max((sums[bisect_right(times, at + seconds)] - sums[i] for i, at in enumerate(times)), default=0)

    def totals(self) -> dict[str, int]:
        """Count ``requests``, ``events``, ``messages`` and ``rejections``."""
        return {name: int(self.query(f"SELECT count(*) FROM {name}", [])[0][0]) for name in COUNTED}  # noqa: S608
