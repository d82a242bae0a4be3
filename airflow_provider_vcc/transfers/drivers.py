"""What differs between database drivers: who streams, how, and which values come as texts."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_provider_vcc.dispositions.elements.fields import IDS

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

__all__ = ["describe", "driver_of", "fetch_texts", "fetched", "streaming_cursor"]

POSTGRES = frozenset({"psycopg", "psycopg2"})
MYSQL = frozenset({"MySQLdb", "pymysql"})
STREAM_BY_THEMSELVES = frozenset(
    {"sqlite3", "oracledb", "cx_Oracle", "pyodbc", "snowflake", "trino", "prestodb", "databricks", "duckdb", "pymssql"}
)
"""Drivers whose ordinary cursors fetch as they are asked."""
PORTION = 2_000
"""Rows that fit into a processor's cache and a socket's buffer."""
TIMESTAMP = 1114
INTEGERS = (20, 21, 23)
"""Types by the numbers that PostgreSQL's catalogue gives them: timestamp without zone; bigint, smallint, integer."""


def driver_of(connection: Any) -> str:
    """Give the name of the driver's package."""
    return type(_raw(connection)).__module__.partition(".")[0]


def _raw(connection: Any) -> Any:
    return getattr(connection, "driver_connection", None) or connection


def streaming_cursor(connection: Any, fetch_size: int) -> Any:
    """Give a cursor that leaves the result on the server; None where the driver has none that is known."""
    raw, driver = _raw(connection), driver_of(connection)
    if driver in POSTGRES:
        cursor = raw.cursor(name=f"vcc_{uuid4().hex}", **_plain_rows(driver))
        cursor.itersize = fetch_size
        return cursor
    if driver in MYSQL:
        from importlib import import_module

        return raw.cursor(import_module(f"{driver}.cursors").SSCursor)
    if driver in STREAM_BY_THEMSELVES:
        return raw.cursor()
    return None


def _plain_rows(driver: str) -> dict[str, Any]:
    """Give what makes the rows tuples, whatever the hook was told."""
    if driver == "psycopg":
        from psycopg.rows import tuple_row

        return {"row_factory": tuple_row}
    from psycopg2.extensions import cursor

    return {"cursor_factory": cursor}


def describe(cursor: Any) -> None:
    """Have the cursor know its columns before the first row: psycopg2's named one does not."""
    if cursor.description is None and driver_of(cursor) == "psycopg2":
        cursor.fetchmany(0)


def fetched(cursor: Any, statement: tuple[Any, ...], fetch_size: int) -> Generator[list[Any]]:
    """Give the rows of a statement that was executed, in pieces of at most ``fetch_size``."""
    if driver_of(cursor) == "psycopg" and _streams():
        yield from _streamed(cursor, statement, min(fetch_size, PORTION))
        return
    while rows := cursor.fetchmany(fetch_size):
        yield list(rows)


def _streams() -> bool:
    from psycopg import capabilities

    return capabilities.has_stream_chunked()


def _streamed(cursor: Any, statement: tuple[Any, ...], size: int) -> Generator[list[Any]]:
    """Have the server send while we work: with a cursor each waits for the other."""
    cursor.close()
    with closing(cursor.connection.cursor(**_plain_rows("psycopg")).stream(*statement, size=size)) as rows:
        while piece := list(islice(rows, size)):
            yield piece


def fetch_texts(cursor: Any, targets: Sequence[str | None]) -> None:
    """Have values that go out as texts come as texts, where the driver can: nothing is made of them in between.

    :param targets: the field of each column, in the query's order; None for one whose values are wanted as they are.
    """
    driver = driver_of(cursor)
    if driver not in POSTGRES or not _dates_in_iso(cursor.connection):
        return
    wanted = {TIMESTAMP: frozenset({"next_calldate"}), **dict.fromkeys(INTEGERS, frozenset(IDS))}
    types = [column[1] for column in cursor.description]
    for number, fields in wanted.items():
        found = {target for target, kind in zip(targets, types, strict=True) if kind == number}
        if found and found <= fields:
            _load_as_text(driver, cursor, number)


def _dates_in_iso(connection: Any) -> bool:
    ask = getattr(connection, "get_parameter_status", None) or connection.info.parameter_status
    return bool(ask("DateStyle").startswith("ISO"))


def _load_as_text(driver: str, cursor: Any, number: int) -> None:
    if driver == "psycopg":
        from psycopg.types.string import TextLoader

        for place in (cursor, cursor.connection):
            place.adapters.register_loader(number, TextLoader)
    else:
        from psycopg2.extensions import UNICODE, new_type, register_type

        register_type(new_type((number,), "VCC_TEXT", UNICODE), cursor)
