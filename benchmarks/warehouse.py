"""Queries as inputs: rows that the database makes while it is asked, so that no table has to be filled before."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import MINUTES, SPREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["mariadb", "postgres", "query"]

ROWS = "WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {last})"
COLUMNS = {
    "sqlite": "i AS numberid, i % 7 AS dispositionid, '22' AS userid,"
    " datetime('2026-11-01 08:00:00', (i * {spread} % {minutes}) || ' minutes') AS next_calldate,"
    " 'call back about order ' || i AS description FROM numbers",
    "postgres": "i AS numberid, i % 7 AS dispositionid, '22' AS userid,"
    " timestamp '2026-11-01 08:00:00' + (i::bigint * {spread} % {minutes}) * interval '1 minute' AS next_calldate,"
    " 'call back about order ' || i AS description FROM generate_series(0, {last}) AS i",
    "mariadb": "seq AS numberid, seq % 7 AS dispositionid, '22' AS userid,"
    " timestamp '2026-11-01 08:00:00' + interval (seq * {spread} % {minutes}) minute AS next_calldate,"
    " concat('call back about order ', seq) AS description FROM seq_0_to_{last}",
}
FETCH_SIZE = 10_000


def query(kind: str, count: int, host: str) -> Source:
    """Return a query's rows: ids are numbers there, and the servers' times are timestamps.

    :param kind: ``sqlite``, ``postgres``, or ``mariadb:`` with the driver's module.
    :param host: PostgreSQL's folder, MariaDB's socket.
    """
    from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
    from airflow_provider_vcc.transfers.query import QuerySource

    kind, _, driver = kind.partition(":")
    server = {"host": host, "login": "postgres", "schema": "postgres"}
    connection = {"conn_type": kind, **(server if kind == "postgres" else {"host": os.devnull})}
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(connection)
    head = ROWS if kind == "sqlite" else ""
    sql = f"{head} SELECT {COLUMNS[kind]}".format(last=count - 1, spread=SPREAD, minutes=MINUTES)
    log, name = logging.getLogger("bench"), "query of warehouse"
    hook = _MariaDb(host, driver) if kind == "mariadb" else _hook(kind)
    return QuerySource(hook, sql, None, name=name, fetch_size=FETCH_SIZE, log=log, plan_columns=ColumnPlan)


class _MariaDb:
    """Connects as Airflow's hook for MySQL does, whose provider has to be compiled."""

    def __init__(self, socket: str, driver: str) -> None:
        self._socket = socket
        self._connect = import_module(driver).connect

    def get_conn(self) -> object:
        """Return a new connection."""
        from tests.support.mariadb import DATABASE, PASSWORD, USER

        return self._connect(unix_socket=self._socket, user=USER, password=PASSWORD, database=DATABASE)


def _hook(kind: str) -> Any:
    if kind == "sqlite":
        from airflow.providers.sqlite.hooks.sqlite import SqliteHook

        return SqliteHook("warehouse")
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    return PostgresHook("warehouse")


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL of its own, and return the folder of its socket."""
    from tests.support.postgres import postgres as server

    with server() as connection:
        yield connection["host"]


@contextmanager
def mariadb() -> Iterator[str]:
    """Run a MariaDB of its own, and return its socket."""
    from tests.support.mariadb import mariadb as server

    with server() as socket:
        yield socket
