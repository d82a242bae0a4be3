"""The rows of a query, streamed from any database that a ``DbApiHook`` connects to."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.elements.names import FIELDS
from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.exceptions import VccError, VccInputError
from airflow_provider_vcc.redaction import raise_alone
from airflow_provider_vcc.transfers.cells import converted, converters, matched
from airflow_provider_vcc.transfers.databases.ahead import read_ahead
from airflow_provider_vcc.transfers.databases.dialects import dialect_of, driver_of
from airflow_provider_vcc.transfers.databases.drivers import (
    abandon,
    describe,
    fetch_texts,
    fetched,
    keep_alive,
    reads_ahead,
    streaming_cursor,
)
from airflow_provider_vcc.transfers.databases.engines import engine_cursor
from airflow_provider_vcc.transfers.databases.faults import words_of
from airflow_provider_vcc.transfers.marks import Mark

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
    from airflow_provider_vcc.task.endpoints import TaskLog
    from airflow_provider_vcc.transfers.databases.described import Row
    from airflow_provider_vcc.transfers.databases.drivers import Cursor
    from airflow_provider_vcc.transfers.databases.tables import Hook

__all__ = ["QuerySource"]

HELD = "The driver %s gives no cursor on the server, so it may hold the whole result of the query in memory"
SPOOLED = (
    "The query gives its rows faster than they are sent, so the rest of them waits on disk, readable by nobody else"
)
LEFT = "The %s was not read to its end, since nothing more is sent: what was not read is not counted"

PERCENT = ". Beside parameters, a percent sign that is none of theirs is written twice: LIKE 'a%%'"
BARE_PERCENT = re.compile(r"(?<!%)%(?:%%)*(?![%(sbt])")
LENGTH = 7
NOT_SAID = (None,) * LENGTH
"""A column's description has seven items; some drivers leave some out."""


class QuerySource:
    """A query's rows as elements.

    :param hook: a ``DbApiHook``.
    :param parameters: bound in the driver's own style.
    :param name: what a message calls it.
    :param fetch_size: rows at a time.
    :param plan_columns: says what the columns give; raises if one has no field.
    :param names: the names that ``plan_columns`` knows; a column in other letters is taken for one of them.
    :param watermark_column: the column whose highest value is kept in ``watermark``.
    :param keep_watermark: whether that column is a field as well.
    :param check_kind: is told the kind of the watermark's first value, and raises if it cannot be compared.
    """

    total = None
    repeatable = False
    countable = False
    """Whether the rest should be read, only to count it, when nothing more is sent."""

    def __init__(
        self,
        hook: Hook,
        sql: str,
        parameters: Mapping[str, object] | Sequence[object] | None,
        *,
        name: str,
        fetch_size: int,
        log: TaskLog,
        plan_columns: Callable[[tuple[str, ...]], ColumnPlan],
        names: Iterable[str] = FIELDS,
        watermark_column: str | None = None,
        keep_watermark: bool = False,
        check_kind: Callable[[str], None] = lambda _kind: None,
    ) -> None:
        self.name = name
        self._hook = hook
        sql = sql.strip().removesuffix(";")
        self._sql = sql
        self._statement = (sql, parameters) if parameters else (sql,)
        self._fetch_size = fetch_size
        self._log = log
        self._plan_columns = plan_columns
        self._names = [*names, *([watermark_column] if watermark_column else [])]
        self._watermark_column = watermark_column
        self._keep_watermark = keep_watermark
        self._check_kind = check_kind
        self._mark: Mark | None = None

    @property
    def watermark(self) -> object:
        """The highest value of the watermark's column so far."""
        return self._mark.highest if self._mark is not None else None

    def share(self) -> float | None:
        """Nobody knows how many rows are to come."""
        return None

    def read(self, size: int) -> Iterator[TableRows]:
        """Run the query, and yield its rows in batches.

        :raises VccInputError: what the database said, without the values that it quotes, after the rows before it.
        """
        start, left = 0, True
        pieces = self._pieces()
        try:
            columns = next(pieces)
            for values in rebatch(pieces, size):
                yield TableRows(start, columns, values)
                start += len(values)
            left = False
        except Exception as error:
            left = False
            if isinstance(error, VccError):
                raise
            words = words_of(error, self._sql) + (PERCENT if self._has_bare_percent else "")
            raise_alone(VccInputError(f"the {self.name} failed: {words}", source=self.name))
        finally:
            pieces.close()
            if left:
                self._log.info(LEFT, self.name)

    @property
    def _has_bare_percent(self) -> bool:
        """Whether the driver may have taken a percent sign for a parameter's."""
        return len(self._statement) > 1 and BARE_PERCENT.search(self._sql) is not None

    def _pieces(self) -> Generator[Any]:
        """Yield the columns, and then rows as they come; in another thread if the database must not wait for us."""
        connection: Any = self._hook.get_conn()
        if not reads_ahead(connection):
            yield from self._rows(connection)
            return
        if driver_of(connection) == "sqlite3":  # whose connections belong to one thread
            connection.close()
            connection = None
        yield from read_ahead(partial(self._rows, connection), partial(self._log.info, SPOOLED))

    def _rows(self, connection: object) -> Generator[Any]:
        connection = connection if connection is not None else self._hook.get_conn()
        with ExitStack() as stack:
            stack.enter_context(_closed_quietly(connection))
            end_query = keep_alive(connection)
            cursor = stack.enter_context(_closed_quietly(self._cursor(connection)))
            first = self._execute(cursor)
            with self._ended(end_query) as end:
                columns, described = self._columns(cursor)
                yield self._kept(columns)
                rest = stack.enter_context(_closed_quietly(fetched(cursor, self._statement, self._fetch_size)))
                pieces = self._converted(chain([first], rest), columns, described)
                yield from self._marked(pieces, columns, described, dialect_of(connection, self._hook)[0].name)
                end.append("whole")

    @contextmanager
    def _ended(self, end_query: str | None) -> Iterator[list[str]]:
        """End a query that nobody reads any more: some drivers read to the end before they close."""
        end: list[str] = []
        try:
            yield end
        finally:
            if not end and end_query is not None:
                with suppress(Exception), _closed_quietly(self._hook.get_conn()) as other:
                    other.cursor().execute(end_query)

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
        """Run the query; return its first rows, if the driver knows the columns only then."""
        cursor.execute(*self._statement)
        describe(cursor)
        return cursor.fetchmany(self._fetch_size) if cursor.description is None else []

    def _columns(self, cursor: Cursor) -> tuple[tuple[str, ...], list[Row]]:
        if not cursor.description:
            raise VccInputError(f"the {self.name} gives no rows; write a SELECT", source=self.name)
        described = [(*column, *NOT_SAID)[:LENGTH] for column in cursor.description]
        columns = matched([str(column[0]) for column in described], self._names)
        if self._watermark_column is not None and self._watermark_column not in columns:
            raise VccInputError(
                f"the {self.name} has no column {self._watermark_column!r}, which watermark_column names; "
                f"its columns are {', '.join(columns)}",
                source=self.name,
            )
        if columns.count(self._watermark_column or "") > 1:
            raise VccInputError(
                f"the {self.name} has several columns {self._watermark_column!r}, which watermark_column names; "
                "give each a name of its own",
                source=self.name,
            )
        targets = self._targets(columns)
        watermark = self._watermark_column
        fetch_texts(cursor, [None if column == watermark else targets[column] for column in columns])
        return columns, described

    def _targets(self, columns: tuple[str, ...]) -> dict[str, str]:
        kept = self._kept(columns)
        return dict(zip(kept, self._plan_columns(kept).targets, strict=True))

    def _kept(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        if self._watermark_column is None or self._keep_watermark:
            return columns
        return tuple(column for column in columns if column != self._watermark_column)

    def _converted(
        self, pieces: Iterable[list[Row]], columns: tuple[str, ...], described: Sequence[Sequence[object]]
    ) -> Iterator[list[Row]]:
        targets = self._targets(columns)
        by_type = converters(columns, described, [targets.get(column) for column in columns], self.name)
        for rows in pieces:
            yield converted(rows, by_type)

    def _marked(
        self, pieces: Iterable[list[Row]], columns: tuple[str, ...], described: Sequence[Sequence[object]], dialect: str
    ) -> Iterator[list[Row]]:
        """Keep the highest value of the watermark's column, and take that column out."""
        if self._watermark_column is None:
            yield from pieces
            return
        at = columns.index(self._watermark_column)
        self._mark = Mark(self._watermark_column, described[at], self._check_kind, self._log.warning, dialect)
        for rows in pieces:
            self._mark.see(row[at] for row in rows)
            yield rows if self._keep_watermark else [(*row[:at], *row[at + 1 :]) for row in rows]


@contextmanager
def _closed_quietly(thing: Any) -> Iterator[Any]:
    """Close at the end, and hide nothing by it: a driver whose connection is gone fails here once more."""
    try:
        yield thing
    finally:
        try:
            thing.close()
        except Exception:  # noqa: BLE001 -- each driver has its own
            abandon(thing)
