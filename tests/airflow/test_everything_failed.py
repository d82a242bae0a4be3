"""After a run in which everything failed that can, no log, table or file of a whole Airflow holds what went in."""

from __future__ import annotations

import base64
import json
import os
import sqlite3
from contextlib import closing

import pytest
from support.airflow_stack import running_stack
from support.versions import keeps_state

from airflow_provider_vcc.sandbox import Sandbox

pytestmark = [pytest.mark.long, pytest.mark.airflow, keeps_state]

TOKEN = "t0ken-Of-m1ne"
PRIVATE = ["Qvixjank", "Zorbelquist", "Wexfordine", "Ypsilmand", "Kravzelind", "jubrix-secret", TOKEN]
"""Parts of each value that goes in: a name in descriptions, searches, arguments, headers, addresses."""

DAG = """
from airflow.sdk import DAG, task
from pathlib import Path
import json
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

HERE = Path(__file__).parent / "data"
READ = lambda name: json.loads((HERE / name).read_text())

def give(context, jinja_env):
    return READ("elements.json")

def fail(context, jinja_env):
    raise ValueError(READ("elements.json"))

with DAG("failed", schedule=None):
    common = dict(project_id=17, disposition=lambda **_: READ("disposition.json"))
    file = str(HERE / "elements.jsonl")
    BatchDispositionOperator(task_id="rejected", elements=give, failures_path=str(HERE / "failures.jsonl"), **common)
    BatchDispositionOperator(task_id="checked", elements=give, validate_only=True, **common)
    BatchDispositionOperator(task_id="soft", elements=give, soft_fail=True, **common)
    BatchDispositionOperator(task_id="of_a_file", elements_path=file, **common)
    BatchDispositionOperator(task_id="no_header", elements_path=str(HERE / "none.csv"), **common)
    BatchDispositionOperator(task_id="no_function", elements=fail, **common)
    BatchDispositionOperator(task_id="no_template", elements="failing.jsonl", **common)
    BatchDispositionOperator(task_id="no_file", elements_path="https://jubrix-secret@127.0.0.1:9/a.jsonl", **common)
    BatchDispositionOperator(task_id="same_file", elements_path=file, failures_path="file://" + file, **common)
    SqlToVccOperator(task_id="no_rows", sql="SELECT abs(who) AS numberid FROM people WHERE who = :who ORDER BY 1",
        sql_conn_id="people", parameters=READ("who.json"), results_table="refused", **common)

    @task.batch_disposition(**common)
    def of_arguments(who):
        raise ValueError(len(who))

    of_arguments.partial().expand(who=[str(HERE), "x"])
"""


def quoting(element):
    """Refuse, and quote the element in several ways."""
    text = json.dumps(element, ensure_ascii=False)
    blob = base64.b64encode(text.encode()).decode()
    return text[:30], f"{text[:90]} {text[:60].upper()} {blob[:80]}"


def spelt(value):
    """Return a value as it is, and as it stands in a text in base64, wherever that begins."""
    data = value.encode()
    shifted = [(base64.b64encode(b"x" * at + data).decode(), at) for at in range(3)]
    return [value.lower(), *(text[4 * bool(at) : (at + len(data)) * 8 // 6].lower() for text, at in shifted)]


@pytest.fixture
def data(airflow_home):
    folder = airflow_home / "dags" / "data"
    folder.mkdir()
    elements = [
        {"numberid": "1", "description": "Qvixjank is ill"},
        {"search": {"name": ["Zorbelquist"]}},
        {"numberid": "2", "Wexfordine": "Qvixjank"},
        {"numberid": "3", "next_calldate": "Wexfordine"},
    ]
    lines = "\n".join(map(json.dumps, elements))
    (folder / "elements.json").write_text(json.dumps(elements))
    (folder / "elements.jsonl").write_text(lines + '\n{"numberid": "Zorbelquist')
    (folder / "disposition.json").write_text(json.dumps({"dispositionid": 2, "description": "Ypsilmand said"}))
    (folder / "none.csv").write_text("Kravzelind,numberid\nQvixjank,5\n")
    (folder / "who.json").write_text(json.dumps({"who": "Qvixjank"}))
    (airflow_home / "dags" / "failing.jsonl").write_text(lines + "\n{{ nope.nope }}")
    with closing(sqlite3.connect(folder / "people.db")) as database:
        database.execute("CREATE TABLE people (who TEXT)")
        database.execute("INSERT INTO people VALUES ('Qvixjank')")
        database.commit()
    return folder


def in_database(path):
    """Return what each table of Airflow's database holds."""
    with closing(sqlite3.connect(path)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: repr(database.execute(f'SELECT * FROM "{name}"').fetchall()) for name in names}


def in_files(home, but):
    """Return what each file of Airflow's holds: logs of tasks and of its parts among them."""
    files = [path for path in home.rglob("*") if path.is_file() and but not in path.parents]
    files = [path for path in files if not path.name.startswith("airflow.db")]  # its tables are looked at one by one
    return {str(path): path.read_bytes().decode("utf-8", "replace") for path in files}


@pytest.mark.timeout(900)
def test_no_log_table_or_file_of_airflow_holds_what_is_private(airflow_home, data, tmp_path):
    dag = tmp_path / "failed.py"
    dag.write_text(DAG)
    with Sandbox(records=20, token=TOKEN, reject=quoting) as sandbox:
        environment = {
            "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection()),
            "AIRFLOW_CONN_PEOPLE": json.dumps({"conn_type": "sqlite", "host": str(data / "people.db")}),
        }
        with running_stack(airflow_home, dag_files=[dag], environment=environment) as stack:
            run_id = stack.trigger("failed")
            ended = {"success", "failed", "skipped", "upstream_failed"}

            def states():
                found = stack.states("failed", run_id)
                return found if len(found) >= 12 and set(found.values()) <= ended else None

            states = stack.wait_for(states, "every task to have ended", 600)
    assert {task for (task, _), state in states.items() if state == "success"} <= {"checked"}
    assert states["soft", -1] == "skipped"
    logs = in_files(airflow_home / "logs", data)
    assert len([path for path in logs if "task_id=" in path]) >= 11
    everything = in_database(airflow_home / "airflow.db") | in_files(airflow_home, data) | {"env": repr(os.environ)}
    found = {
        (value, place)
        for value in PRIVATE
        for place, text in everything.items()
        if "/dags/" not in place and place not in {"dag_code", "serialized_dag"}
        if any(one in text.lower() for one in spelt(value))
    }
    assert not found
