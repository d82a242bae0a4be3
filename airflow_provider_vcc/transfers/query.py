"""The rows of a query, streamed from any database that a ``DbApiHook`` connects to."""

from __future__ import annotations

from contextlib import closing, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.transfers.drivers import describe, driver_of, fetch_texts, fetched, streaming_cursor
from airflow_provider_vcc.transfers.engines import engine_cursor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan

__all__ = ["QuerySource"]

HELD = "The driver %s gives no cursor on the server, so it may hold the whole result of the query in memory"

Row = tuple[Any, ...]


class QuerySource:
    """A query's rows as elements.

    :param hook: a ``DbApiHook``.
    :param name: what a message calls it.
    :param parameters: bound in the driver's own style.
    :param fetch_size: rows at a time.
    :param plan_columns: says what the columns give; raises where one has no field.
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
        plan_columns: Callable[[tuple[str, ...]], ColumnPlan],
        watermark_column: str | None = None,
        keep_watermark: bool = False,
    ) -> None:
        self.name = name
        self.watermark: Any = None
        self._hook = hook
        sql = sql.strip().removesuffix(";")
        self._statement = (sql, parameters) if parameters else (sql,)
        self._fetch_size = fetch_size
        self._log = log
        self._plan_columns = plan_columns
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
            first = self._execute(cursor)
            columns = self._columns(cursor)
            with closing(fetched(cursor, self._statement, self._fetch_size)) as rest:
                for values in rebatch(self._marked(chain([first], rest), columns), size):
                    yield TableRows(start, self._kept(columns), values)
                    start += len(values)

    def _cursor(self, connection: Any) -> Any:
        cursor = streaming_cursor(connection, self._fetch_size)
        if cursor is None:
            cursor = engine_cursor(self._hook, driver_of(connection), self._fetch_size)
        if cursor is None:
            self._log.warning(HELD, driver_of(connection))
            cursor = connection.cursor()
        with suppress(AttributeError, TypeError):
            cursor.arraysize = self._fetch_size
        return cursor

    def _execute(self, cursor: Any) -> list[Row]:
        """Run the query; give its first rows, where the driver knows the columns only then."""
        cursor.execute(*self._statement)
        describe(cursor)
        return cursor.fetchmany(self._fetch_size) if cursor.description is None else []

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
        targets = dict(zip(self._kept(columns), self._plan_columns(self._kept(columns)).targets, strict=True))
        watermark = self._watermark_column
        fetch_texts(cursor, [None if column == watermark else targets[column] for column in columns])
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
