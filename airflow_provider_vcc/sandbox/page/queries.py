"""What the pages ask the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.sandbox.storage.store import Row, Store

__all__ = [
    "Change",
    "Element",
    "Record",
    "Records",
    "RequestRow",
    "changes",
    "counts",
    "elements_of",
    "projects",
    "records",
    "requests",
]

REQUEST = "SELECT number, at, method, path, elements, acted, status, fault, seconds FROM requests"
CHANGE = (
    "SELECT e.seq, e.request, q.at, r.project, r.numberid, e.dispositionid, e.userid, e.next_calldate, e.description"
    " FROM events e JOIN records r ON r.id = e.record LEFT JOIN requests q ON q.number = e.request"
)
LARGE = -1  # SQLite's word for no limit


class RequestRow(NamedTuple):
    """One request as the ledger has it, and how many of its elements were rejected."""

    number: int
    at: float
    method: str
    path: str
    elements: int | None
    acted: int
    status: int | None
    fault: str | None
    seconds: float | None
    rejected: int


class Change(NamedTuple):
    """One disposition that was set on one record, and when."""

    seq: int
    request: int
    at: float | None
    project: int
    numberid: str
    dispositionid: str | None
    userid: str | None
    next_calldate: str | None
    description: str | None


class Record(NamedTuple):
    """One record as it stands now."""

    numberid: str
    fields: tuple[str | None, ...]
    in_call: bool
    dispositionid: str | None
    userid: str | None
    next_calldate: str | None
    history: int


class Records(NamedTuple):
    """One page of a project's records."""

    rows: list[Record]
    total: int


class Element(NamedTuple):
    """What became of one element of a request."""

    position: int
    about: str
    records: int
    error: str | None


def counts(store: Store) -> dict[str, int]:
    """Count what the ledger holds."""
    tables = ("requests", "events", "rejections", "messages")
    return {name: int(store.query(f"SELECT count(*) FROM {name}")[0][0]) for name in tables}  # noqa: S608 -- our own


def projects(store: Store) -> dict[int, tuple[int, int, int]]:
    """Count each project's records, those with a disposition, and those in call."""
    rows = store.query("SELECT project, count(*), count(act_status), sum(in_call) FROM records GROUP BY project")
    return {project: (total, done, in_call) for project, total, done, in_call in rows}


def requests(store: Store, limit: int, number: int | None = None) -> list[RequestRow]:
    """Read the latest requests, the newest first, or one of them."""
    sql = f"{REQUEST} WHERE ? IS NULL OR number = ? ORDER BY number DESC LIMIT ?"
    rows = store.query(sql, [number, number, limit])
    first = min((row[0] for row in rows), default=0)
    rejected: dict[int, int] = dict(
        store.query("SELECT request, count(*) FROM rejections WHERE request >= ? GROUP BY request", [first])
    )
    return [RequestRow(*(*row, rejected.get(row[0], 0))) for row in rows]


def changes(
    store: Store, limit: int = LARGE, *, project: int | None = None, numberid: str | None = None
) -> list[Change]:
    """Read what was set last, the newest first: anywhere, in a project, or on one record."""
    if numberid is not None:
        where = "WHERE e.record = (SELECT id FROM records WHERE project = ? AND numberid = ?)"
        rows = store.query(f"{CHANGE} {where} ORDER BY e.seq DESC LIMIT ?", [project, numberid, limit])
    else:
        where = "WHERE ? IS NULL OR r.project = ?"
        rows = store.query(f"{CHANGE} {where} ORDER BY e.seq DESC LIMIT ?", [project, project, limit])
    return [Change(*row) for row in rows]


def records(  # noqa: PLR0913 -- one page of a list that is searched
    store: Store, project: int, *, text: str = "", done: bool = False, start: int = 0, limit: int = 50
) -> Records:
    """Read one page of a project's records, in their order.

    :param text: the start of a record's number, or of one of its custom fields.
    :param done: only those with a disposition.
    """
    columns = [f'"f_{field}"' for field in store.fields]
    named = " OR ".join(f"{column} LIKE ? ESCAPE '!'" for column in ["numberid", *columns])
    where = f"project = ? AND ({named})" + (" AND act_status IS NOT NULL" if done else "")
    values = [project, *[_starts_with(text)] * (1 + len(columns))]
    [(total,)] = store.query(f"SELECT count(*) FROM records WHERE {where}", values)  # noqa: S608 -- names of our own
    history = "(SELECT count(*) FROM events WHERE record = records.id)"
    shown = ", ".join(["numberid", "in_call", "act_status", "pref_userid", "next_calldate", history, *columns])
    rows = store.query(
        f"SELECT {shown} FROM records WHERE {where} ORDER BY id LIMIT ? OFFSET ?",  # noqa: S608 -- likewise
        [*values, limit, start],
    )
    return Records([_record(row) for row in rows], int(total))


def _record(row: Row) -> Record:
    numberid, in_call, disposition, user, callback, history, *fields = row
    return Record(numberid, tuple(fields), bool(in_call), disposition, user, callback, history)


def _starts_with(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"{text}%"


def elements_of(store: Store, number: int, limit: int) -> list[Element]:
    """Return what became of each element of a request, as far as its body was kept or something became of it."""
    done = store.query(
        "SELECT idx, count(*), min(r.numberid) FROM events e JOIN records r ON r.id = e.record"
        " WHERE e.request = ? GROUP BY idx ORDER BY idx LIMIT ?",
        [number, limit],
    )
    refused = store.query(
        "SELECT idx, numberid, errorcode, errormessage FROM rejections WHERE request = ? ORDER BY idx LIMIT ?",
        [number, limit],
    )
    counted = {index: (count, f"record {numberid}") for index, count, numberid in done}
    errors = {index: (f"{code} {message}", numberid) for index, numberid, code, message in refused}
    names = _names(store, number, limit)
    if not names:
        names = {index: about for index, (_, about) in counted.items()}
        names |= {index: f"record {numberid}" if numberid else "" for index, (_, numberid) in errors.items()}
    return [
        Element(index, about, counted.get(index, (0, ""))[0], errors.get(index, (None, None))[0])
        for index, about in sorted(names.items())[:limit]
    ]


def _names(store: Store, number: int, limit: int) -> dict[int, str]:
    rows = store.query("SELECT body FROM bodies WHERE request = ?", [number])
    try:
        elements = json.loads(rows[0][0])["elements"] if rows else []
        return {index: _about(element) for index, element in enumerate(elements[:limit])}
    except (ValueError, TypeError, KeyError):
        return {}


def _about(element: object) -> str:
    if not isinstance(element, dict):
        return "not an object"
    named: Mapping[str, object] = element
    if named.get("numberid") is not None:
        return f"record {named['numberid']}"
    return f"search {json.dumps(named.get('search'), ensure_ascii=False)}"
