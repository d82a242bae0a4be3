"""A DAG of ``benchmarks/dags/`` in a real Airflow of its own, by ``dag.test()``: real task instances, no scheduler."""

from __future__ import annotations

import json
import os
import runpy
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

DAGS = Path(__file__).parents[1] / "dags"


def prepare(dag: str, path: str, port: int, **settings: Any) -> None:
    """Set up Airflow's home, its database, and the connections to the bench's server."""
    home = Path(tempfile.mkdtemp())
    (home / "dags").mkdir()
    (home / "dags" / f"{dag}.py").symlink_to(DAGS / f"{dag}.py")
    address = {"host": f"http://127.0.0.1:{port}", "login": "mycc", "password": "token"}
    os.environ |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW_CONN_BENCH": json.dumps({"conn_type": "http", **address}),
        "AIRFLOW_CONN_VCC_DEFAULT": json.dumps({"conn_type": "vcc", **address}),
        "BENCH_PATH": path,
        "BENCH_SETTINGS": json.dumps(settings),
    }
    from airflow.utils.db import initdb

    initdb()


def run(dag: str, **_: Any) -> dict[str, Any]:
    """Run a DAG, and return its task's XCom ``summary`` where it has one.

    :raises RuntimeError: where it did not succeed.
    """
    state = runpy.run_path(str(DAGS / f"{dag}.py"))["dag"].test().state
    if state != "success":
        raise RuntimeError(f"the DAG came to {state}")
    with closing(sqlite3.connect(Path(os.environ["AIRFLOW_HOME"], "airflow.db"))) as database:
        [*found] = database.execute("select value from xcom where key = 'summary'")
    value: Any = found[0][0] if found else {}
    while isinstance(value, str | bytes):  # Airflow encodes it twice
        value = json.loads(value)
    return {"summary": value}
