"""What differs between database drivers: who streams, how, and which values come as texts."""

from __future__ import annotations

from contextlib import closing, suppress
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias
from uuid import uuid4

from airflow_provider_vcc.dispositions.elements.fields import IDS
from airflow_provider_vcc.transfers.databases.dialects import dialect_of, driver_of, unwrapped

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from airflow_provider_vcc.transfers.databases.described import Row

__all__ = ["Cursor", "abandon", "describe", "fetch_texts", "fetched", "keep_alive", "reads_ahead", "streaming_cursor"]

Driver: TypeAlias = Any
"""What is a driver's own: a connection, a cursor, what reads values. What these have differs from one to the next."""
POSTGRES = frozenset({"psycopg", "psycopg2"})
MYSQL = frozenset({"mysql", "pymysql", "MySQLdb", "mariadb"})
IN_PROCESS = frozenset({"sqlite3", "duckdb"})
STREAM_BY_THEMSELVES = frozenset(
    {"sqlite3", "oracledb", "cx_Oracle", "pyodbc", "snowflake", "trino", "prestodb", "databricks", "duckdb", "pymssql"}
    | {"google"}
)
"""Drivers whose ordinary cursors fetch as they are asked."""
PORTION = 2_000
"""Rows that fit into a processor's cache and a socket's buffer."""
TIMESTAMP = 1114
DATE, TIMESTAMPTZ = 1082, 1184
INTEGERS = (20, 21, 23)
"""Types by the numbers that PostgreSQL's catalogue gives them: timestamp without zone; bigint, smallint, integer."""
LONGEST_WRITE = 31_536_000 // 12
"""Seconds that MariaDB and MySQL wait for a reader, instead of 60: a month."""


class Cursor(Protocol):
    """What is needed of a driver's cursor. Its connection is the driver's own, and so is what can be asked of it."""

    connection: Driver

    @property
    def description(self) -> Sequence[Sequence[object]] | None:
        """One item for each column; None where there are none, or they are not known yet."""

    def fetchmany(self, size: int, /) -> Sequence[Row]:
        """Return the next rows."""

    def close(self) -> object:
        """Let go of the result."""


def streaming_cursor(connection: object, fetch_size: int) -> Driver:
    """Return a cursor that leaves the result on the server; None where the driver has none that is known."""
    raw: Driver = unwrapped(connection)
    driver = driver_of(connection)
    if driver in POSTGRES:
        cursor = raw.cursor(name=f"vcc_{uuid4().hex}", **_plain_rows(driver))
        cursor.itersize = fetch_size
        return cursor
    if driver == "mysql":
        return raw.cursor(buffered=False)
    if (unbuffered := _unbuffered(driver)) is not None:
        return raw.cursor(unbuffered)
    if driver in STREAM_BY_THEMSELVES:
        return raw.cursor()
    return None


def _unbuffered(driver: str) -> object:
    """Return the class of cursors that fetch as they are asked, by MySQLdb's name for it, which others took over."""
    with suppress(ImportError):
        return getattr(import_module(f"{driver}.cursors"), "SSCursor", None)
    return None


def keep_alive(connection: object) -> str | None:
    """Make the server bear with a reader who waits for an answer between two fetches.

    :returns: the statement that ends the query from another connection, for servers that cannot be told by this one.
    """
    raw: Driver = unwrapped(connection)
    driver = driver_of(connection)
    if driver in POSTGRES:
        if not raw.autocommit:
            _ask(raw, "SET LOCAL idle_in_transaction_session_timeout = 0")
        return None
    if dialect_of(raw)[0].name != "mysql":
        return None
    _ask(raw, f"SET SESSION net_write_timeout = {LONGEST_WRITE}")
    found = _ask(raw, "SELECT CONNECTION_ID()")
    return f"KILL QUERY {int(found[0])}" if found else None


def abandon(cursor: Driver) -> None:
    """Keep a cursor that cannot be closed from trying it once more when it is collected, as PyMySQL's do."""
    with suppress(Exception):
        cursor._result.unbuffered_active = False  # noqa: SLF001 -- nothing public tells it
        cursor.connection = None


def _ask(connection: Driver, sql: str) -> Driver:
    """Run a statement that may be refused; return its first row if it has one."""
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute(sql)
            return cursor.fetchone() if cursor.description else None
    except Exception:  # noqa: BLE001 -- an older server, a pooler
        with suppress(Exception):
            connection.rollback()
    return None


def reads_ahead(connection: object) -> bool:
    """Return whether all should be read as fast as it comes: the rest is kept alive, and holds nothing back."""
    return driver_of(connection) not in POSTGRES and dialect_of(connection)[0].name != "mysql"


def _plain_rows(driver: str) -> dict[str, object]:
    """Return what makes the rows tuples, whatever the hook was told."""
    if driver == "psycopg":
        from psycopg.rows import tuple_row

        return {"row_factory": tuple_row}
    from psycopg2.extensions import cursor

    return {"cursor_factory": cursor}


def describe(cursor: Cursor) -> None:
    """Make the cursor know its columns before the first row: psycopg2's named one does not."""
    if cursor.description is None and driver_of(cursor) == "psycopg2":
        cursor.fetchmany(0)


def fetched(cursor: Cursor, statement: tuple[object, ...], fetch_size: int) -> Generator[list[Row]]:
    """Yield the rows of a statement that was executed, in pieces of at most ``fetch_size``."""
    if driver_of(cursor) == "psycopg" and _streams():
        yield from _streamed(cursor, statement, min(fetch_size, PORTION))
        return
    if driver_of(cursor) in MYSQL | IN_PROCESS:  # rows are on their way, or here, so a smaller piece costs nothing
        fetch_size = min(fetch_size, PORTION)
    while rows := cursor.fetchmany(fetch_size):
        yield list(rows)


def _streams() -> bool:
    from psycopg import capabilities

    return capabilities.has_stream_chunked()


def _streamed(cursor: Cursor, statement: tuple[object, ...], size: int) -> Generator[list[Row]]:
    """Make the server send while we work: with a cursor each waits for the other."""
    cursor.close()
    with closing(cursor.connection.cursor(**_plain_rows("psycopg")).stream(*statement, size=size)) as rows:
        while piece := list(islice(rows, size)):
            yield piece


def fetch_texts(cursor: Cursor, targets: Sequence[str | None]) -> None:
    """Read values that go out as texts as texts, if the driver can: nothing is made of them in between.

    :param targets: the field of each column, in the query's order; None for one whose values are wanted as they are.
    """
    driver = driver_of(cursor)
    if driver in POSTGRES:
        _bear_with_infinity(driver, cursor)
    if driver not in POSTGRES or not _dates_in_iso(cursor.connection):
        return
    wanted = {TIMESTAMP: frozenset({"next_calldate"}), **dict.fromkeys(INTEGERS, frozenset(IDS))}
    types = [column[1] for column in cursor.description or ()]
    for number, fields in wanted.items():
        found = {target for target, kind in zip(targets, types, strict=True) if kind == number}
        if found and found <= fields:
            _load_as_text(driver, cursor, number)


def _dates_in_iso(connection: Driver) -> bool:
    ask = getattr(connection, "get_parameter_status", None) or connection.info.parameter_status
    return bool(ask("DateStyle").startswith("ISO"))


def _load_as_text(driver: str, cursor: Driver, number: int) -> None:
    if driver == "psycopg":
        from psycopg.types.string import TextLoader

        for place in (cursor, cursor.connection):
            place.adapters.register_loader(number, TextLoader)
    else:
        from psycopg2.extensions import UNICODE, new_type, register_type

        register_type(new_type((number,), "VCC_TEXT", UNICODE), cursor)


def _bear_with_infinity(driver: str, cursor: Driver) -> None:
    """Read a time that Python cannot have as a text: a row is then invalid by itself, and ends no query."""
    there = {column[1] for column in cursor.description or ()}
    for number in there & {TIMESTAMP, DATE, TIMESTAMPTZ}:
        if driver == "psycopg":
            for place in (cursor, cursor.connection):
                place.adapters.register_loader(number, _tolerant_loader(place.adapters, number))
        else:
            from psycopg2.extensions import new_type, register_type

            register_type(new_type((number,), "VCC_TIME", _tolerant_caster(number)), cursor)


def _tolerant_loader(adapters: Driver, number: int) -> Driver:
    from psycopg import DataError
    from psycopg.adapt import Loader
    from psycopg.pq import Format

    inner: Driver = adapters.get_loader(number, Format.TEXT)  # which may be in C, and then takes no subclass

    class Tolerant(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._inner = inner(oid, context)

        def load(self, data: bytes | bytearray | memoryview) -> object:
            try:
                return self._inner.load(data)
            except DataError:
                return bytes(data).decode()

    return Tolerant


def _tolerant_caster(number: int) -> Driver:
    from psycopg2 import extensions

    names = {TIMESTAMP: "PYDATETIME", DATE: "PYDATE", TIMESTAMPTZ: "PYDATETIMETZ"}
    cast: Driver = getattr(extensions, names[number])

    def tolerant(value: str | None, cursor: object) -> object:
        if value is not None and value.endswith("infinity"):
            return value
        try:
            return cast(value, cursor)
        except ValueError:  # before Christ, after the year 9999
            return value

    return tolerant
