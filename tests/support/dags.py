"""Run DAG files in a real Airflow and see what became of each task."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from support.provider import make_provider


@dataclass
class DagResult:
    """One run of a DAG: tasks and XComs by task id, ``"task_id[map_index]"`` where mapped, and all it printed."""

    state: str
    run_id: str
    tasks: dict
    xcoms: dict
    log: str = field(repr=False)

    @property
    def summary(self):
        """Return the only XCom ``summary`` of the run."""
        [summary] = [values["summary"] for values in self.xcoms.values() if "summary" in values]
        return summary


class DagRunner:
    """A process with Airflow in it that runs one DAG file after another by ``dag.test()``: 0.3 s each after the first.

    :param home: an empty folder for Airflow's home.
    """

    def __init__(self, home):
        self.home = Path(home)
        self._count = 0
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("dag_runner.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ
            | airflow_environment(self.home)
            | {"PATH": path_with_airflow(), "PYTHONPATH": str(make_provider(self.home / "provider"))},
            text=True,
        )
        self._read()
        self.fresh_database = copy_database(self.home / "airflow.db", self.home / "fresh.db")

    def run(self, dag_file, dag_id, *, conf=None, env=None, logical_date=None, stops=False):
        """Run a DAG to its end and return its :class:`DagResult`.

        :param dag_file: the path of the file; templates are looked up beside it.
        :param conf: the run's conf: values of its Params.
        :param env: environment variables for this run only, such as ``AIRFLOW_CONN_VCC_DEFAULT``.
        :param logical_date: in ISO 8601; without it that of the moment.
        :param stops: whether Airflow will have to stop a task.
        """
        self._count += 1
        log = self.home / f"run-{self._count}.log"
        request = {"dag_file": str(dag_file), "dag_id": dag_id, "conf": conf, "env": env or {}, "log": str(log)}
        request |= {"logical_date": logical_date, "stops": stops}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._read()
        text = log.read_text(errors="replace")
        print(text)  # pytest shows it where the test fails
        if "error" in answer:
            raise AssertionError(f"{text}\n{answer['error']}")
        return DagResult(**answer, log=text)

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            start = self.home / "start.log"
            raise AssertionError(f"Airflow's process died: {start.read_text() if start.exists() else ''}")
        return json.loads(line)


def path_with_airflow():
    """Return a PATH on which the command ``airflow`` is this environment's, for executors that start it."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"


def copy_database(source, target):
    """Copy a SQLite database, with what is only in its write-ahead log yet, over the target's contents."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    return target


def airflow_environment(home):
    """Return the environment of an Airflow of its own: no examples, no network, a SQLite database under ``home``."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": f"{home}/dags",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }
