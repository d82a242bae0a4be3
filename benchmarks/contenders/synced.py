"""A night's sync from PostgreSQL: all rows, what is newer, or what has another content than was applied last."""

from __future__ import annotations

import json
import logging
import os
from contextlib import closing
from typing import Any

import requests

from benchmarks.engine import PROJECT, Store
from benchmarks.warehouse import FETCH_SIZE

SQL = (
    "SELECT i AS numberid, i % 7 AS dispositionid, '22' AS userid,"
    " 'call back about order ' || i || CASE WHEN i % {every} = 0 THEN ' {night}' ELSE '' END AS description"
    " FROM generate_series(0, {last}) AS i WHERE i % {newer} = 0"
)


def prepare(**_: Any) -> None:
    """Import what is not to be timed."""
    import airflow_provider_vcc.dispositions.engine.sync
    import airflow_provider_vcc.transfers.query
    import airflow_provider_vcc.transfers.synced  # noqa: F401


def run(  # noqa: PLR0913 -- a night has that many sides
    port: int, host: str, count: int, *, table: bool, night: str = "", every: int = 1_000_000_000, newer: int = 1
) -> dict[str, Any]:
    """Run a night.

    :param table: whether there is a ``synced_table``.
    :param every: of the rows, each so-manieth has the night's content.
    :param newer: only each so-manieth row is read, as by a watermark.
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from airflow_provider_vcc.dispositions.elements.checker import Checker
    from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
    from airflow_provider_vcc.dispositions.engine.kept import Kept
    from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.progress.synced import Synced, fingerprint_key
    from airflow_provider_vcc.transfers.query import QuerySource
    from airflow_provider_vcc.transfers.synced import SyncedTable

    connection = {"conn_type": "postgres", "host": host, "login": "postgres", "schema": "postgres"}
    os.environ["AIRFLOW_CONN_WAREHOUSE"] = json.dumps(connection)
    hook, sql = PostgresHook("warehouse"), SQL.format(every=every, night=night, last=count - 1, newer=newer)
    log, name = logging.getLogger("bench"), "query of warehouse"
    rows = QuerySource(hook, sql, None, name=name, fetch_size=FETCH_SIZE, log=log, plan_columns=ColumnPlan)
    session = requests.Session()
    session.auth = ("mycc", "token")
    client = Client(session, f"http://127.0.0.1:{port}/v2", PROJECT)
    with closing(SyncedTable(hook, "vcc_synced", PROJECT, {"dag_id": "bench", "task_id": "sync"})) as ledger:
        if table:
            ledger.prepare()
        synced = Synced(ledger, fingerprint_key("bench")) if table else None
        sync = Sync(client, rows, Checker(), settings=Settings(), kept=Kept(Store(), synced=synced))
        sync.run()
    summary = sync.tally.summary()
    if summary["failed"] or summary["not_sent"]:
        raise RuntimeError(f"not what was to be measured: {summary}")
    return {"sent": summary["applied"], "unchanged": summary.get("unchanged", 0), "requests": summary["requests"]}
