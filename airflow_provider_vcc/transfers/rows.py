"""The rows of a query, streamed from any database that a ``DbApiHook`` connects to."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_provider_vcc.dispositions.rows import TableRows
from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

__all__ = ["QuerySource"]

HELD = "The driver %s gives no cursor on the server, so it may hold the whole result of the query in memory"

Row = tuple[Any, ...]


class QuerySource:
    """A query's rows as elements.

    :param hook: a ``DbApiHook``.
    :param name: what a message calls it.
    :param parameters: bound in the driver's own style.
    :param fetch_size: rows at a time.
    :param check_columns: raises where a column has no field.
    :param watermark_column: the column whose highest value is kept in ``watermark``.
    :param keep_watermark: whether that column is a field as well.
    """

    total = None
    repeatable = False

    def __init__(
        self,
        hook: Any,
        sql: str,
        parameters: Mapping[str, Any] | Sequence[Any] | None,
        *,
        name: str,
        fetch_size: int,
        log: Any,
        check_columns: Callable[[tuple[str, ...]], object],
        watermark_column: str | None = None,
        keep_watermark: bool = False,
    ) -> None:
        self.name = name
        self.watermark: Any = None
        self._hook = hook
        self._sql = sql.strip().removesuffix(";")
        self._parameters = parameters
        self._fetch_size = fetch_size
        self._log = log
        self._check_columns = check_columns
        self._watermark_column = watermark_column
        self._keep_watermark = keep_watermark

    def share(self) -> float | None:
        """Nobody knows how many rows are to come."""
        return None

    def read(self, size: int) -> Iterator[TableRows]:
        """Run the query, and give its rows in batches.

        :raises Exception: the database's own error, after the rows that came before it.
        """
        start = 0
        with closing(self._hook.get_conn()) as connection, closing(self._cursor(connection)) as cursor:
            pieces = self._fetched(cursor)
            columns = self._columns(cursor)
            for values in rebatch(self._marked(pieces, columns), size):
                yield TableRows(start, self._kept(columns), values)
                start += len(values)

    def _cursor(self, connection: Any) -> Any:
        cursor = _streaming(connection, self._fetch_size)
        if cursor is None:
            self._log.warning(HELD, type(connection).__module__.partition(".")[0])
            cursor = connection.cursor()
        with suppress(AttributeError, TypeError):
            cursor.arraysize = self._fetch_size
        return cursor

    def _fetched(self, cursor: Any) -> Iterable[list[Row]]:
        """Run the query and fetch its first rows: some drivers know the columns only then."""
        if self._parameters:
            cursor.execute(self._sql, self._parameters)
        else:
            cursor.execute(self._sql)
        first = cursor.fetchmany(self._fetch_size) if cursor.description is None else None
        return self._pieces(cursor, first)

    def _pieces(self, cursor: Any, first: list[Row] | None) -> Iterator[list[Row]]:
        rows = cursor.fetchmany(self._fetch_size) if first is None else first
        while rows:
            yield list(rows)
            rows = cursor.fetchmany(self._fetch_size)

    def _columns(self, cursor: Any) -> tuple[str, ...]:
        if not cursor.description:
            raise VccInputError(f"the {self.name} gives no rows; write a SELECT", source=self.name)
        columns = tuple(str(column[0]) for column in cursor.description)
        if self._watermark_column is not None and self._watermark_column not in columns:
            raise VccInputError(
                f"the {self.name} has no column {self._watermark_column!r}, which watermark_column names; "
                f"its columns are {', '.join(columns)}",
                source=self.name,
            )
        self._check_columns(self._kept(columns))
        return columns

    def _kept(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        if self._watermark_column is None or self._keep_watermark:
            return columns
        return tuple(column for column in columns if column != self._watermark_column)

    def _marked(self, pieces: Iterable[list[Row]], columns: tuple[str, ...]) -> Iterator[list[Row]]:
        """Keep the highest value of the watermark's column, and take that column out."""
        if self._watermark_column is None:
            yield from pieces
            return
        at = columns.index(self._watermark_column)
        for rows in pieces:
            highest = max((row[at] for row in rows if row[at] is not None), default=None)
            if highest is not None and (self.watermark is None or highest > self.watermark):
                self.watermark = highest
            yield rows if self._keep_watermark else [(*row[:at], *row[at + 1 :]) for row in rows]


def _streaming(connection: Any, fetch_size: int) -> Any:
    """Give a cursor that leaves the result on the server; None where the driver has none that is known."""
    raw = getattr(connection, "driver_connection", None) or connection
    driver = type(raw).__module__.partition(".")[0]
    if driver in {"psycopg2", "psycopg"}:
        cursor = raw.cursor(name=f"vcc_{uuid4().hex}")
        cursor.itersize = fetch_size
        return cursor
    if driver in {"MySQLdb", "pymysql"}:
        from importlib import import_module

        return raw.cursor(import_module(f"{driver}.cursors").SSCursor)
    if driver in STREAM_BY_THEMSELVES:
        return raw.cursor()
    return None


STREAM_BY_THEMSELVES = frozenset(
    {"sqlite3", "oracledb", "cx_Oracle", "pyodbc", "snowflake", "trino", "prestodb", "databricks", "duckdb", "pymssql"}
)
"""Drivers whose ordinary cursors fetch as they are asked."""
