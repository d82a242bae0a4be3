"""The sandbox's memory, in SQLite: records, what was set on them, and everything that arrived.

One connection behind one lock: SQLite has one writer anyway. A file is in WAL mode, so that another process can read
it at any time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Criteria", "Store", "Target"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY, at REAL NOT NULL, connection INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    bytes INTEGER, elements INTEGER, parallel INTEGER NOT NULL, acted INTEGER NOT NULL DEFAULT 0,
    status INTEGER, fault TEXT, seconds REAL);
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, request INTEGER NOT NULL, idx INTEGER NOT NULL, record INTEGER NOT NULL,
    dispositionid TEXT, userid TEXT, next_calldate TEXT, description TEXT);
CREATE INDEX IF NOT EXISTS of_record ON events (record);
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY, request INTEGER NOT NULL, idx INTEGER NOT NULL, record INTEGER NOT NULL,
    dispositionid TEXT, text TEXT);
CREATE TABLE IF NOT EXISTS rejections (
    request INTEGER NOT NULL, idx INTEGER NOT NULL, numberid TEXT, errorcode, errormessage TEXT);
CREATE TABLE IF NOT EXISTS bodies (request INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""
STATE_COLUMNS = {"numberid": "numberid", "pref_userid": "pref_userid", "act_status": "act_status"}
EVENT = ("dispositionid", "userid", "next_calldate", "description")
MOST_VARIABLES = 900

Target = tuple[int, bool]
"""A record's row and whether an agent has it in call."""
Criteria = dict[str, str]
Row = tuple[Any, ...]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _keep_private(path: str) -> None:
    """Check that only a file's owner may read it. What SQLite puts beside it gets the same rights."""
    if path in {":memory:", ""}:
        return
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(handle, 0o600)
    finally:
        os.close(handle)


class Store:
    """One sandbox's data, in ``path`` (``:memory:`` for none that lasts).

    :param fields: the names of the records' custom fields.
    """

    def __init__(self, path: str, fields: Sequence[str]) -> None:
        self.path = path
        self.lock = threading.RLock()
        _keep_private(path)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
        weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.executescript(SCHEMA)
        self.fields = self._create_records(fields)
        self._columns = STATE_COLUMNS | {field: f"f_{field}" for field in self.fields}

    def _create_records(self, fields: Sequence[str]) -> tuple[str, ...]:
        custom = "".join(f", {_quoted('f_' + field)} TEXT" for field in fields)
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records"
            " (id INTEGER PRIMARY KEY, project INTEGER NOT NULL, numberid TEXT NOT NULL,"
            " in_call INTEGER NOT NULL DEFAULT 0, act_status TEXT, pref_userid TEXT, next_calldate TEXT"
            f"{custom}, UNIQUE (project, numberid))"
        )
        columns = [row[1] for row in self.query("PRAGMA table_info(records)")]
        return tuple(column.removeprefix("f_") for column in columns if column.startswith("f_"))

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        """Read rows."""
        with self.lock:
            return self._connection.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Write one thing, in a transaction of its own where none is open."""
        with self.lock:
            self._connection.execute(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, and nobody else in between."""
        with self.lock:
            self._connection.execute("BEGIN")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def write(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows to ``events``, ``messages``, ``rejections`` or ``records``."""
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- names of our own

    def begin_request(self, row: Row) -> None:
        """Note that a request has arrived: ``(number, at, connection, method, path, parallel)``."""
        self.execute(
            "INSERT INTO requests (number, at, connection, method, path, parallel) VALUES (?, ?, ?, ?, ?, ?)", row
        )

    def end_request(self, row: Row) -> None:
        """Note what became of it: ``(bytes, elements, acted, status, fault, seconds, number)``."""
        self.execute(
            "UPDATE requests SET bytes = ?, elements = ?, acted = ?, status = ?, fault = ?, seconds = ?"
            " WHERE number = ?",
            row,
        )

    def keep_body(self, number: int, body: bytes) -> None:
        """Keep a request's body."""
        self.execute("INSERT INTO bodies VALUES (?, ?)", [number, body])

    def next_number(self) -> int:
        """Return the number of the next request."""
        return int(self.query("SELECT coalesce(max(number) + 1, 0) FROM requests")[0][0])

    def add_records(self, project: int, records: Iterable[Mapping[str, object]]) -> None:
        """Add records: ``numberid``, ``in_call`` and custom fields. Those that are there already stay as they are."""
        rows = (
            (project, str(r["numberid"]), int(bool(r.get("in_call"))), *(_text(r.get(field)) for field in self.fields))
            for r in records
        )
        names = ", ".join(["project", "numberid", "in_call", *(_quoted(f"f_{field}") for field in self.fields)])
        marks = ", ".join("?" * (3 + len(self.fields)))
        with self.transaction():
            self._connection.executemany(f"INSERT OR IGNORE INTO records ({names}) VALUES ({marks})", rows)  # noqa: S608

    def find(self, project: int, numberids: Iterable[str]) -> dict[str, Target]:
        """Look records up by number."""
        found = {}
        wanted = iter(numberids)
        while some := list(islice(wanted, MOST_VARIABLES)):
            marks = ",".join("?" * len(some))
            rows = self.query(
                f"SELECT numberid, id, in_call FROM records WHERE project = ? AND numberid IN ({marks})",  # noqa: S608
                [project, *some],
            )
            found.update({numberid: (record, bool(in_call)) for numberid, record, in_call in rows})
        return found

    def search(self, project: int, alternatives: Sequence[Criteria]) -> list[Target]:
        """Find the records that match at least one of the alternatives in all of its criteria."""
        found: set[Target] = set()
        for criteria in alternatives:
            clause = " AND ".join(f"{self._searchable(name)} = ?" for name in criteria)
            sql = f"SELECT id, in_call FROM records WHERE project = ? AND {clause}"  # noqa: S608
            rows = self.query(sql, [project, *criteria.values()])
            found.update((record, bool(in_call)) for record, in_call in rows)
        return sorted(found)

    def can_search(self, name: str) -> bool:
        """Return whether records have such a field."""
        return name in self._columns

    def _searchable(self, name: str) -> str:
        column = _quoted(self._columns[name])
        if name in self.fields:
            self.execute(f"CREATE INDEX IF NOT EXISTS {_quoted('by_' + name)} ON records (project, {column})")
        return column

    def show(self, project: int, numberid: str) -> dict[str, Any] | None:
        """Return a record as its detail page does; None if there is none."""
        columns = ["id", "in_call", *(_quoted(f"f_{field}") for field in self.fields)]
        sql = f"SELECT {', '.join(columns)} FROM records WHERE project = ? AND numberid = ?"  # noqa: S608 -- our own
        with self.lock:
            rows = self.query(sql, [project, numberid])
            if not rows:
                return None
            record, in_call, *values = rows[0]
            events = self.query(f"SELECT {', '.join(EVENT)} FROM events WHERE record = ? ORDER BY seq", [record])  # noqa: S608
        data = dict(zip(self.fields, values, strict=True))
        return {
            "contacts": [{"contactid": record, "phone": data.get("phone"), "in_call": bool(in_call)}],
            "data": {"numberid": numberid, **data},
            "cdrs": [],
            "events": [dict(zip(EVENT, event, strict=True)) for event in events],
        }

    def link(self, rows: Sequence[Row]) -> None:
        """Note what was set last on records: rows of ``(dispositionid, userid, next_calldate, record)``."""
        self._connection.executemany(
            "UPDATE records SET act_status = ?, pref_userid = coalesce(?, pref_userid), next_calldate = ? WHERE id = ?",
            rows,
        )

    def fill(self, record: int, form: Mapping[str, str | None]) -> None:
        """Change a record's custom fields."""
        changes = ", ".join(f"{_quoted('f_' + name)} = ?" for name in form)
        if form:
            self.execute(f"UPDATE records SET {changes} WHERE id = ?", [*form.values(), record])  # noqa: S608

    def set_in_call(self, project: int, numberid: str, *, in_call: bool) -> None:
        """Let an agent take a record, or leave it."""
        self.execute(
            "UPDATE records SET in_call = ? WHERE project = ? AND numberid = ?", [int(in_call), project, numberid]
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)
