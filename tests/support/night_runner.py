"""Run a sync for each order, a line of JSON on stdin, in a fork; started by ``support.nights.Nights``."""

from __future__ import annotations

import gc
import json
import os
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

from airflow.providers.common.compat.sdk import Asset
from support.databases import on_duckdb, on_mariadb, on_postgres, on_sqlite
from support.file_store import FileStore

from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

HOOKS = {"sqlite": on_sqlite, "duckdb": on_duckdb, "postgres": on_postgres, "mariadb": on_mariadb}
EARLY = [
    *("airflow.sdk.execution_time.supervisor", "airflow_provider_vcc.hooks.session", "airflow_provider_vcc.task.run"),
    *("airflow_provider_vcc.transfers.query", "airflow_provider_vcc.transfers.results"),
    *("airflow_provider_vcc.transfers.synced", "duckdb", "psycopg2", "pymysql"),
]
"""What each sync would import for itself."""
INSTANCE = {"dag_id": "night", "run_id": "r", "task_id": "sync", "map_index": -1, "try_number": 1, "max_tries": 0}
OUTLET = Asset("vcc://mycc/projects/17")


class OnHook(SqlToVccOperator):
    """The operator on a hook that Airflow need not know."""

    def _hook(self, _conn_id):
        return self.hook_given


def run(order):
    """Run one sync, and leave its summary behind."""
    os.environ["AIRFLOW_CONN_VCC_DEFAULT"] = json.dumps(order["connection"])
    hook = HOOKS[order["database"]](order["place"])
    operator = OnHook(
        task_id="sync",
        project_id=17,
        sql_conn_id="warehouse",
        **{"disposition": {"dispositionid": 2}, "outlets": [OUTLET]} | order["parameters"],
    )
    operator.hook_given = hook
    pushed = {}
    instance = SimpleNamespace(**INSTANCE | order["instance"], xcom_push=lambda key, value: pushed.update({key: value}))
    context = {"ti": instance}
    if order["store"]:
        context["task_state_store"] = FileStore(order["store"])
    if order["asset"]:
        context["asset_state_store"] = {OUTLET: FileStore(order["asset"])}
    error = None
    try:
        operator.execute(context)
    except Exception as raised:  # noqa: BLE001 -- whoever ordered it looks at it
        error = repr(raised)
    path = Path(order["result"])
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(pushed["summary"] | {"error": error}))
    draft.replace(path)


def start(order):
    """Start a fork, and return its id."""
    if pid := os.fork():
        return pid
    status = 1
    try:
        run(order)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def main():
    """Do what is ordered until stdin ends. What is printed by others must not get between the answers."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for module in EARLY:
        with suppress(ImportError):  # an older Airflow, a driver that is not here
            import_module(module)
    gc.freeze()  # a fork that collects would copy all of it
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(os.waitpid(order["wait"], 0)[1] if "wait" in order else start(order)), file=answers)


if __name__ == "__main__":
    main()
