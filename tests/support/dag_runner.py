"""Run DAG files by ``dag.test()``, one after another, in one process: the import of Airflow is paid once.

Reads a JSON request a line from stdin and answers with a JSON line; started by ``support.dags.DagRunner``.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import logging
import os
import sqlite3
import sys
import traceback
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

HOME = Path(os.environ["AIRFLOW_HOME"])
DATABASE = HOME / "airflow.db"
AIRFLOW = tuple(map(int, version("apache-airflow").split(".")[:2]))


def find_dag(path, dag_id):
    """Import the file anew and return its DAG, with the place of the file as its own, as Airflow would."""
    spec = importlib.util.spec_from_file_location(f"dag_file_{os.urandom(4).hex()}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return next(value for value in vars(module).values() if getattr(value, "dag_id", None) == dag_id)


def show_in_dags_folder(path):
    """Make the file the only one in the DAGs folder, which ``dag.test()`` reads to the database."""
    folder = HOME / "dags"
    folder.mkdir(exist_ok=True)
    for link in folder.iterdir():
        link.unlink()
    (folder / path.name).symlink_to(path)


def decode(value):
    """Read an XCom's value, which Airflow 3 encodes twice."""
    for _ in range(2):
        if isinstance(value, str | bytes):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
    return value


def name(task_id, map_index):
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def read_result(dag_id):
    """Read what became of the newest run, from the database itself: the same in all versions of Airflow."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as database:
        run_id, state = database.execute(
            "select run_id, state from dag_run where dag_id = ? order by id desc", [dag_id]
        ).fetchone()
        tasks = database.execute(
            "select task_id, map_index, state from task_instance where dag_id = ? and run_id = ?", [dag_id, run_id]
        ).fetchall()
        rows = database.execute(
            "select task_id, map_index, key, value from xcom where dag_id = ? and run_id = ?", [dag_id, run_id]
        ).fetchall()
    xcoms = {}
    for task_id, map_index, key, value in rows:
        xcoms.setdefault(name(task_id, map_index), {})[key] = decode(value)
    return {"run_id": run_id, "state": state, "tasks": {name(t, m): s for t, m, s in tasks}, "xcoms": xcoms}


@contextlib.contextmanager
def environment(changes):
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def output_to(path):
    """Send what this process and its children print to a file."""
    sys.stdout.flush()
    saved = os.dup(1), os.dup(2)
    with path.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for descriptor, copy in enumerate(saved, 1):
                os.dup2(copy, descriptor)
                os.close(copy)


def run(request):
    path = Path(request["dag_file"])
    show_in_dags_folder(path)
    if (3, 1) <= AIRFLOW < (3, 3):
        forget(request["dag_id"])
    with environment(request["env"]):
        dag = find_dag(path, request["dag_id"])
        options = options_of(request) if AIRFLOW >= (3, 0) else options_of_airflow_2(dag, request)
        dag.test(run_conf=request["conf"], **options)
    result = read_result(request["dag_id"])
    print_logs(result["run_id"])
    return result


def forget(dag_id):
    """Forget what is saved of a DAG: these versions save one only where none of its name is."""
    with contextlib.closing(sqlite3.connect(DATABASE)) as database, database:
        for table in ("dag_code", "serialized_dag", "dag_version"):
            database.execute(f"delete from {table} where dag_id = ?", [dag_id])


def options_of(request, name="logical_date"):
    """Return more options of ``dag.test()``; the date goes by its name there."""
    date = request["logical_date"]
    return {name: datetime.fromisoformat(date)} if date else {}


def options_of_airflow_2(dag, request):
    """Return those of Airflow 2, and save the DAG's assets, as newer ones do by themselves.

    There, a task that is stopped would end ``dag.test()`` itself: so an executor runs it, in a process of its own.
    """
    dag.sync_to_db()
    return options_of(request, "execution_date") | {"use_executor": request["stops"]}


def print_logs(run_id):
    """Print what a process of its own logged of a run; the rest is printed anyway."""
    for path in sorted(HOME.glob(f"logs/*/run_id={run_id}/**/*.log")):
        print(path.read_text())


def handle(request):
    with output_to(Path(request["log"])):
        try:
            return run(request)
        except BaseException:  # noqa: BLE001 -- whatever it is, the test that asked shows it
            return {"error": traceback.format_exc()}


def share_the_api():
    """Let all tasks share the API that ``dag.test()`` of these versions makes anew for each, which takes seconds."""
    from airflow.api_fastapi.execution_api import app

    app.create_task_execution_api_app = functools.cache(app.create_task_execution_api_app)


def print_as_workers_do():
    """Print from level info on, without the variables of a traceback; ``dag.test()`` of Airflow 3.0 sets up nothing."""
    import structlog

    printer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.TimeStamper("iso"), printer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    with output_to(HOME / "start.log"):
        from airflow.models import import_all_models
        from airflow.utils.db import initdb

        import_all_models()  # else the tables of those that nothing here uses are missing
        initdb()
        if (3, 0) <= AIRFLOW < (3, 3):
            share_the_api()
        if AIRFLOW == (3, 0):
            print_as_workers_do()
    print("{}", file=answers)
    for line in sys.stdin:
        print(json.dumps(handle(json.loads(line))), file=answers)


if __name__ == "__main__":
    main()
