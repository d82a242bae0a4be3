"""Run one DAG by Airflow's own ``dag.test()`` in a fresh Airflow home, and write what became of a task as JSON.

Usage: ``airflow_run.py DAG_FILE DAG_ID TASK_ID RESULT``.
"""

from __future__ import annotations

import json
import os
import runpy
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any


def read_task(dag_id: str, task_id: str) -> dict[str, Any]:
    """Read the task's state and summary from Airflow's database."""
    with closing(sqlite3.connect(Path(os.environ["AIRFLOW_HOME"], "airflow.db"))) as database:
        [state] = database.execute(
            "select state from task_instance where dag_id = ? and task_id = ?", [dag_id, task_id]
        ).fetchone()
        summary = database.execute(
            "select value from xcom where dag_id = ? and task_id = ? and key = 'summary'", [dag_id, task_id]
        ).fetchone()
    return {"state": state, "summary": decode(summary[0]) if summary else None}


def decode(value: Any) -> Any:
    """Read an XCom's value, which Airflow encodes twice."""
    while isinstance(value, str | bytes):
        value = json.loads(value)
    return value


def main(dag_file: str, dag_id: str, task_id: str, result: str) -> None:
    from airflow.utils.db import initdb

    initdb()
    dag = runpy.run_path(dag_file)["dag"]
    elements = dag.get_task(task_id).elements
    dag.test()
    Path(result).write_text(json.dumps({"elements": elements, **read_task(dag_id, task_id)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
