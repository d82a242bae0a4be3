"""What differs between databases for a table of ours: names, column types, parameters, transactions.

All of it is asked of the connection that is there, so that no SQLAlchemy dialect has to be installed for a database.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Dialect", "bound", "dialect_of", "driver_of", "paramstyle_of", "unwrapped"]

SQL_DBMS_NAME = 17
"""ODBC's number for the question which database this is."""
NAME_PART = re.compile(r'"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|\[((?:[^\]]|\]\])*)\]|([^."`\[\]]+)')
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
DRIVERS = {
    "psycopg": "postgresql",
    "psycopg2": "postgresql",
    "pg8000": "postgresql",
    "redshift_connector": "redshift",
    "pymysql": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite3": "sqlite",
    "duckdb": "duckdb",
    "oracledb": "oracle",
    "cx_Oracle": "oracle",
    "pymssql": "mssql",
    "snowflake": "snowflake",
    "trino": "trino",
    "prestodb": "trino",
    "databricks": "databricks",
    "google": "bigquery",
    "clickhouse_driver": "clickhouse",
    "clickhouse_connect": "clickhouse",
    "chdb": "clickhouse",
}
PRODUCTS = {
    "postgres": "postgresql",
    "redshift": "redshift",
    "mysql": "mysql",
    "mariadb": "mysql",
    "microsoft sql": "mssql",
    "mssql": "mssql",
    "oracle": "oracle",
    "sqlite": "sqlite",
    "snowflake": "snowflake",
    "duckdb": "duckdb",
    "trino": "trino",
    "presto": "trino",
    "databricks": "databricks",
    "spark": "databricks",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
}
"""What a bridge such as ODBC or JDBC calls the database behind it, in part and in small letters."""


class Connection(Protocol):
    """What every DB-API connection has."""

    def cursor(self) -> object:
        """Return a cursor."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one family of databases writes a table of ours.

    :param key: the type of a text that is part of the key; ``{}`` is its length in characters.
    :param text: the type of a text of any length.
    :param time: the type of a moment in UTC, to the microsecond if there is one.
    :param time_value: how such a moment is bound: ``naive``, ``aware`` or as a ``text``.
    :param time_slot: how the parameter of a moment is written; ``{}`` is its placeholder.
    :param primary_key: how a key is declared, or an empty text where none is enforced.
    :param suffix: what follows the columns in CREATE TABLE.
    :param on_connect: statements that keep writers from waiting for each other for long; each may be refused.
    :param on_begin: statements that open a transaction.
    :param transactions: whether what was written can be rolled back.
    :param many_rows: whether one INSERT takes several rows.
    """

    name: str
    key: str = "VARCHAR({})"
    text: str = "TEXT"
    integer: str = "INTEGER"
    bigint: str = "BIGINT"
    time: str = "TIMESTAMP"
    time_value: str = "naive"
    time_slot: str = "{}"
    quotes: str = '""'
    folds_up: bool = False
    primary_key: str = "PRIMARY KEY"
    suffix: str = ""
    on_connect: tuple[str, ...] = ()
    on_begin: tuple[str, ...] = ()
    transactions: bool = True
    many_rows: bool = True

    def moment(self, at: datetime) -> object:
        """Return a moment as this database's drivers take it."""
        at = at.astimezone(UTC)
        if self.time_value == "aware":
            return at
        return str(at.replace(tzinfo=None)) if self.time_value == "text" else at.replace(tzinfo=None)

    def quoted(self, name: str) -> str:
        """Return a table's name as it goes into SQL: each part quoted, so that any name will do.

        Plain names are folded as the database folds them. Parts that somebody has quoted stay as they are.
        """
        return ".".join(self._quoted_part(part, as_is=as_is) for part, as_is in _parts(name))

    def _quoted_part(self, part: str, *, as_is: bool) -> str:
        left, right = self.quotes[:1], self.quotes[1:]
        if not as_is and not left:
            return part if PLAIN.match(part) else f'"{part}"'
        if not as_is and self.folds_up and part.islower():
            part = part.upper()
        left, right = left or '"', right or '"'
        return f"{left}{part.replace(right, right * 2)}{right}"


OURS = {
    "postgresql": Dialect(
        name="postgresql",
        time="TIMESTAMP WITH TIME ZONE",
        time_value="text",
        time_slot="CAST({} AS TIMESTAMP) AT TIME ZONE 'UTC'",
        on_begin=("SET LOCAL lock_timeout = '10s'",),  # not for the session, which a pooler hands to others
    ),
    "redshift": Dialect(name="redshift", text="VARCHAR(65535)"),
    "mysql": Dialect(
        name="mysql",
        text="LONGTEXT",
        time="DATETIME(6)",
        quotes="``",
        suffix=" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        on_connect=(
            # Without gap locks, shards that write beside each other do not wait for each other.
            "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
            "SET SESSION innodb_lock_wait_timeout = 10",
            # What does not fit is to be refused, not to be cut without a word.
            "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')",
        ),
    ),
    "sqlite": Dialect(name="sqlite", time_value="text", on_begin=("BEGIN IMMEDIATE",)),
    "duckdb": Dialect(name="duckdb", key="VARCHAR", text="VARCHAR", primary_key="", on_begin=("BEGIN",)),
    "oracle": Dialect(
        name="oracle",
        key="VARCHAR2({} CHAR)",
        text="CLOB",
        integer="NUMBER(10)",
        bigint="NUMBER(19)",
        time="TIMESTAMP(6)",
        folds_up=True,
        many_rows=False,
    ),
    "mssql": Dialect(
        name="mssql",
        key="NVARCHAR({})",
        text="NVARCHAR(MAX)",
        time="DATETIME2(6)",
        quotes="[]",
        primary_key="PRIMARY KEY NONCLUSTERED",  # whose keys may be as long as ours; clustered ones may not
        on_connect=("SET LOCK_TIMEOUT 10000",),
    ),
    "snowflake": Dialect(name="snowflake", time="TIMESTAMP_NTZ(6)", folds_up=True),
    "trino": Dialect(
        name="trino", key="VARCHAR", text="VARCHAR", time="TIMESTAMP(6)", primary_key="", transactions=False
    ),
    "databricks": Dialect(
        name="databricks", key="STRING", text="STRING", quotes="``", primary_key="", transactions=False
    ),
    "bigquery": Dialect(
        name="bigquery",
        key="STRING",
        text="STRING",
        integer="INT64",
        bigint="INT64",
        time_value="aware",
        quotes="``",
        primary_key="",
        transactions=False,
    ),
    "clickhouse": Dialect(
        name="clickhouse",
        key="String",
        text="Nullable(String)",
        integer="Int32",
        bigint="Int64",
        time="DateTime64(6)",
        quotes="``",
        primary_key="",
        suffix=" ENGINE = MergeTree ORDER BY tuple()",
        transactions=False,
    ),
}
UNKNOWN = (
    Dialect(name="unknown", quotes=""),
    Dialect(name="unknown", quotes="", text="CLOB"),
    Dialect(name="unknown", quotes="", text="VARCHAR(4000)"),
)
"""For a database that nobody knows: what most of them take, tried one after another."""


def unwrapped(connection: object) -> object:
    """Return the driver's own connection or cursor."""
    return getattr(connection, "driver_connection", None) or connection


def driver_of(connection: object) -> str:
    """Return the name of the driver's package."""
    return type(unwrapped(connection)).__module__.partition(".")[0].lstrip("_")


def dialect_of(connection: object, hook: object = None) -> tuple[Dialect, ...]:
    """Return how the database behind a connection writes a table of ours; several ways where it is not known."""
    name = _asked(unwrapped(connection)) or DRIVERS.get(driver_of(connection)) or _said(hook)
    return (OURS[name],) if name in OURS else UNKNOWN


def _asked(connection: object) -> str | None:
    """Ask a bridge which database is behind it."""
    product = ""
    with suppress(Exception):  # whatever a bridge raises where it does not know the question
        product = str(connection.getinfo(SQL_DBMS_NAME))  # type: ignore[attr-defined] # ODBC's only
    with suppress(Exception):
        product = product or str(connection.jconn.getMetaData().getDatabaseProductName())  # type: ignore[attr-defined]
    return _of_product(product)


def _of_product(product: str) -> str | None:
    return next((name for part, name in PRODUCTS.items() if part in product.lower()), None)


def _said(hook: object) -> str | None:
    """Take the hook's word for it: Airflow knows the databases by the types of their connections."""
    for name in ("conn_type", "dialect_name"):
        with suppress(Exception):  # an older Airflow, no SQLAlchemy, no dialect
            if found := _of_product(str(getattr(hook, name))):
                return found
    return None


def paramstyle_of(connection: object, hook: object = None) -> str:
    """Return how the driver wants parameters to be written: PEP 249's ``paramstyle``."""
    raw = unwrapped(connection)
    for style in (getattr(raw, "paramstyle", None), getattr(raw, "_paramstyle", None), *_of_modules(raw)):
        if isinstance(style, str):
            return style
    return "qmark" if getattr(hook, "placeholder", None) == "?" else "pyformat"


def _of_modules(raw: object) -> Iterator[object]:
    for kind in type(raw).__mro__:
        parts = kind.__module__.split(".")
        for end in range(len(parts), 0, -1):
            yield getattr(sys.modules.get(".".join(parts[:end])), "paramstyle", None)


def bound(sql: str, values: Sequence[object], style: str) -> tuple[str, object]:
    """Return a statement and its parameters in a driver's style.

    :param sql: with ``{}`` for each parameter, and no other braces.
    """
    if not values:
        return sql.format(), ()
    if style == "named":
        names = [f"p{number}" for number in range(1, len(values) + 1)]
        return sql.format(*(f":{name}" for name in names)), dict(zip(names, values, strict=True))
    if style == "numeric":
        return sql.format(*(f":{number}" for number in range(1, len(values) + 1))), tuple(values)
    if style == "qmark":
        return sql.format(*("?" for _ in values)), tuple(values)
    return sql.replace("%", "%%").format(*("%s" for _ in values)), tuple(values)


def _parts(name: str) -> Iterator[tuple[str, bool]]:
    for match in NAME_PART.finditer(name):
        double, backtick, bracket, plain = match.groups()
        if plain is not None:
            yield plain.strip(), False
        else:
            quoted = next(part for part in (double, backtick, bracket) if part is not None)
            yield quoted.replace('""', '"').replace("``", "`").replace("]]", "]"), True
