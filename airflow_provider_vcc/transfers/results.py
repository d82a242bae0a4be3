"""Failed elements written back to a table, beside the data that they came from."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.exceptions import VccConfigurationError, VccError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure

__all__ = ["ResultsTable"]

BATCH = 1_000
"""Rows of one transaction: no more than any database takes in ``IN (...)``."""
ATTEMPTS = 3
NAME_LENGTH, CODE_LENGTH = 250, 64
_encode = msgspec.json.Encoder(enc_hook=str).encode


class ResultsTable:
    """A sink that keeps the failures of one task instance: those of its last try.

    Two tries may write at once, where the older one's process outlived its supervisor. What a newer try has written
    stays: an older one writes nothing any more as soon as it can see one.

    :param engine: a SQLAlchemy engine, whose dialect writes the SQL.
    :param table: its name, with or without a schema. It is made where it is missing.
    :param instance: ``{"dag_id", "run_id", "task_id", "map_index"}``.
    :param is_replaced: says whether this try has a successor that writes in its place.
    :raises VccError: where the database refuses it, with its own words and without the row.
    """

    def __init__(
        self,
        engine: Any,
        table: str,
        instance: dict[str, Any],
        try_number: int,
        is_replaced: Callable[[], bool] = bool,
    ) -> None:
        self._engine = engine
        self._instance = instance
        self._try_number = try_number
        self._is_replaced = is_replaced
        self._began = datetime.now(UTC).replace(microsecond=0)  # some databases keep no fractions
        self._rows: dict[int, dict[str, Any]] = {}
        self._failed = False
        self._table = _table(table)
        with self._explained("created"):
            self._create()
            self._check_columns()

    def write(self, failures: Sequence[Failure]) -> None:
        """Keep some failures.

        :raises VccError: where that fails, once: the run ends then, and goes on to account for the rest.
        """
        now = datetime.now(UTC)
        for failure in failures:
            self._rows[failure.position] = self._row(failure, now)
            if len(self._rows) == BATCH:
                self._flush()

    def settled(self) -> None:
        """Take away what older tries wrote: this one has read everything, and settled it."""
        self._flush()
        with self._explained("cleared"):
            self._take_away()

    def close(self) -> None:
        """Write what is left."""
        try:
            self._flush()
        finally:
            self._engine.dispose()

    def _take_away(self) -> None:
        if not (self._failed or self._is_replaced()):
            with self._engine.begin() as connection:
                connection.execute(self._table.delete().where(*self._mine(), self._is_older()))

    def _create(self) -> None:
        """Make the table where it is missing: another shard may do the same at the same moment."""
        from sqlalchemy import inspect
        from sqlalchemy.exc import DBAPIError

        try:
            with self._engine.begin() as connection:
                self._table.create(connection, checkfirst=True)
        except DBAPIError:
            if not inspect(self._engine).has_table(self._table.name, self._table.schema):
                raise

    def _check_columns(self) -> None:
        """See that a table that was there already is one of this kind."""
        from sqlalchemy import inspect

        found = inspect(self._engine).get_columns(self._table.name, self._table.schema)
        missing = {column.name for column in self._table.columns} - {column["name"].lower() for column in found}
        if missing:
            raise VccConfigurationError(
                f"results_table: {self._table} has no {', '.join(sorted(missing))}; "
                "name a table that is not there yet, and it is made"
            )

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        """Raise what a database says without what it adds of the row, which is personal."""
        from sqlalchemy.exc import DBAPIError

        try:
            yield
        except DBAPIError as error:
            self._failed = True
            words = str(error.orig).partition("\n")[0]
            raise VccError(f"results_table: {self._table} cannot be {what} ({words})") from None

    def _row(self, failure: Failure, now: datetime) -> dict[str, Any]:
        code = failure.errorcode
        return {
            **self._instance,
            "try_number": self._try_number,
            "position": failure.position,
            "outcome": str(failure.outcome),
            "errorcode": None if code is None else str(code)[:CODE_LENGTH],
            "errormessage": failure.errormessage.replace("\0", ""),
            "element": _json(failure.element),
            "synced_at": now,
        }

    def _mine(self) -> list[Any]:
        return [self._table.c[name] == value for name, value in self._instance.items()]

    def _is_older(self) -> Any:
        """Say which rows are those of an earlier try, or of a run that was deleted and had the same name."""
        columns = self._table.c
        return (columns.try_number < self._try_number) | (columns.synced_at < self._began)

    def _flush(self) -> None:
        rows, self._rows = list(self._rows.values()), {}
        if rows and not self._failed:
            with self._explained("written"):
                self._store(rows, ATTEMPTS)

    def _store(self, rows: list[dict[str, Any]], attempts: int) -> None:
        from sqlalchemy.exc import IntegrityError

        try:
            with self._engine.begin() as connection:
                self._replace(connection, rows)
        except IntegrityError:  # another try wrote the same position at this moment
            if attempts == 1:
                raise
            self._store(rows, attempts - 1)

    def _replace(self, connection: Any, rows: list[dict[str, Any]]) -> None:
        from sqlalchemy import select

        if self._is_replaced():
            return
        table, columns = self._table, self._table.c
        newer = select(columns.position).where(*self._mine(), columns.try_number > self._try_number, ~self._is_older())
        if connection.execute(newer.limit(1)).first():
            return
        positions = [row["position"] for row in rows]
        connection.execute(table.delete().where(*self._mine(), columns.position.in_(positions)))
        connection.execute(table.insert(), rows)


def _json(element: Any) -> str:
    try:
        return _encode(element).decode()
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, lone surrogates
        return json.dumps(element, default=str, skipkeys=True)


def _table(name: str) -> Any:
    try:
        import sqlalchemy as sa
    except ImportError:
        raise VccConfigurationError("results_table needs SQLAlchemy; install airflow-provider-vcc[sql]") from None
    schema, _, bare = name.rpartition(".")
    return sa.Table(
        bare,
        sa.MetaData(schema=schema or None),
        sa.Column("dag_id", sa.String(NAME_LENGTH), primary_key=True),
        sa.Column("run_id", sa.String(NAME_LENGTH), primary_key=True),
        sa.Column("task_id", sa.String(NAME_LENGTH), primary_key=True),
        sa.Column("map_index", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("try_number", sa.Integer, nullable=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("errorcode", sa.String(CODE_LENGTH)),
        sa.Column("errormessage", sa.Text, nullable=False),
        sa.Column("element", sa.Text),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
    )
