"""One shard in a process of its own: says that it is ready, waits for a line, runs, and tells what came of it."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from airflow_provider_vcc.sharding import shard_sql
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator
from benchmarks.engine import PROJECT, Store
from benchmarks.measures.window import AIRFLOWS_WRITE


class Instance:
    """Stands for the task instance."""

    dag_id, run_id, task_id, try_number, max_tries = "bench", "bench", "sync", 1, 0

    def __init__(self, map_index: int) -> None:
        self.map_index = map_index

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep nothing."""


def operator(number: int, count: int, rows: int, **settings: int) -> SqlToVccOperator:
    """Return the task of one shard."""
    return SqlToVccOperator(
        task_id="sync",
        project_id=PROJECT,
        sql_conn_id="warehouse",
        sql=f"""
            SELECT i AS numberid, i % 7 + 1 AS dispositionid, 'call back about order ' || i AS description
            FROM generate_series(1, {rows}) AS i
            WHERE {shard_sql("i", count)} = {number}
            ORDER BY i
        """,
        **settings,
    )


def main() -> None:
    """Do it."""
    arguments = json.loads(sys.argv[1])
    task = operator(**arguments)
    context = {"ti": Instance(arguments["number"]), "task_state_store": Store(AIRFLOWS_WRITE)}
    print("\n> ready", flush=True)
    sys.stdin.readline()
    began, cpu = time.time(), time.process_time()
    summary = task.execute(context)
    told = {"began": began, "ended": time.time(), "cpu": time.process_time() - cpu, "applied": summary["applied"]}
    print("\n> " + json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
