"""Failed elements written back to a table, beside the data that they came from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.outcomes import Failure

__all__ = ["ResultsTable"]

BATCH = 1_000
NAME_LENGTH = 250
_encode = msgspec.json.Encoder(enc_hook=str).encode


class ResultsTable:
    """A sink that keeps the failures of one task instance: those of its last try.

    :param engine: a SQLAlchemy engine, whose dialect writes the SQL.
    :param table: its name, with or without a schema. It is made where it is missing.
    :param instance: ``{"dag_id", "run_id", "task_id", "map_index"}``.
    """

    def __init__(self, engine: Any, table: str, instance: dict[str, Any], try_number: int) -> None:
        self._engine = engine
        self._instance = instance
        self._try_number = try_number
        self._rows: list[dict[str, Any]] = []
        self._table = _table(table)
        with engine.begin() as connection:
            self._table.create(connection, checkfirst=True)
            mine = [self._table.c[name] == value for name, value in instance.items()]
            connection.execute(self._table.delete().where(*mine))

    def write(self, failures: Sequence[Failure]) -> None:
        """Keep some failures."""
        now = datetime.now(UTC)
        for failure in failures:
            self._rows.append(
                {
                    **self._instance,
                    "try_number": self._try_number,
                    "position": failure.position,
                    "outcome": str(failure.outcome),
                    "errorcode": None if failure.errorcode is None else str(failure.errorcode),
                    "errormessage": failure.errormessage,
                    "element": _encode(failure.element).decode(),
                    "synced_at": now,
                }
            )
        if len(self._rows) >= BATCH:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._engine.dispose()

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            with self._engine.begin() as connection:
                connection.execute(self._table.insert(), rows)


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
        sa.Column("errorcode", sa.String(64)),
        sa.Column("errormessage", sa.Text, nullable=False),
        sa.Column("element", sa.Text),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=False),
    )
