"""Descriptions, search values and the token stand in no log line, message, XCom or stored value of Airflow's."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Broken, Status

pytestmark = pytest.mark.airflow

OF_THE_DAG = ("dag_code", "serialized_dag")
SECRETS = ["Janedoe", "Greenfield", "Fourwinds", "Oddname", "t0ken-of-mine", "ODowd"]
ELEMENTS = [
    {"numberid": 1, "description": "Janedoe is ill"},
    {"search": {"name": "Greenfield"}},
    {"search": [{"name": "Fourwinds"}, {"city": "Fourwinds"}]},
    {"numberid": 404, "description": "Janedoe again"},
    {"numberid": 2, "desciption": "Janedoe misspelt"},
    {"numberid": 3, "description": ["Oddname"]},
    {"search": {"name": {"deep": "Oddname"}}},
    {"search": "Oddname"},
    "Oddname",
    {"numberid": 4, "next_calldate": "Oddname"},
    {"numberid": {"x": "Oddname"}},
    {"numberid": 5, "sendDispositionMessages": "Oddname"},
]


def repeat_personal_data(element):
    """Refuse, and say in the message what the element holds, as a server might."""
    if element.get("numberid") == "404":
        return 418, f"error: {element.get('description')}"
    return None


@pytest.fixture
def people(tmp_path):
    with Sandbox(records=20, token="t0ken-of-mine", reject=repeat_personal_data) as sandbox:
        yield sandbox


@pytest.fixture
def stored(dag_runner):
    """Return all that Airflow's database holds, but for the DAG itself as its author wrote it, literals and all."""

    def read():
        with closing(sqlite3.connect(dag_runner.home / "airflow.db")) as database:
            tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
            kept = [table for table in tables if table not in OF_THE_DAG]
            return kept, repr([database.execute(f"select * from {table}").fetchall() for table in kept])

    return read


def assert_private(result, stored):
    tables, values = stored()
    assert {"rendered_task_instance_fields", "xcom"} <= set(tables)
    for secret in SECRETS:
        assert secret not in result.log
        assert secret not in json.dumps(result.xcoms)
        assert secret not in values


BODY = """
    def elements():
        return json.loads({text!r})
    BatchDispositionOperator(task_id="sync", project_id=17, elements=elements(), chunk_size=3,
        disposition={{"dispositionid": 2, "description": "ODowd"}}, failures_path={path!r}, **{more!r})
"""


@pytest.mark.parametrize("more", [{}, {"soft_fail": True}, {"validate_only": True}, {"max_errors": 99}])
def test_elements_in_the_dag_stay_private(run, people, stored, tmp_path, more):
    path = str(tmp_path / "failures.jsonl")
    body = BODY.format(text=json.dumps(ELEMENTS), path=path, more=more)
    result = run(body, connection=people.connection())
    assert_private(result, stored)
    assert "Janedoe misspelt" in (tmp_path / "failures.jsonl").read_text()
    assert result.summary["failed"] > 5


def test_a_file_of_elements_stays_private(run, people, stored, tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(map(json.dumps, ELEMENTS)) + '\n{"numberid": "Oddname\n')
    result = run(f"Batch(elements_path={str(path)!r}, disposition=two)", connection=people.connection())
    assert_private(result, stored)


def test_a_template_file_stays_private(run, people, stored, tmp_path):
    (tmp_path / "elements.json").write_text(json.dumps(ELEMENTS))
    result = run("Batch(elements='elements.json', disposition=two)", connection=people.connection())
    assert_private(result, stored)


def test_a_table_stays_private(run, people, stored, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("who,note,when\n404,Janedoe,\n5,Oddname,Oddname\n6,Oddname,,Oddname\n")
    field_map = {"who": "numberid", "note": "description", "when": "next_calldate"}
    result = run(
        f"Batch(elements_path={str(path)!r}, field_map={field_map!r}, disposition=two)", connection=people.connection()
    )
    assert result.summary["failed"] == 3
    assert_private(result, stored)


@pytest.mark.parametrize("fault", [Status(401), Status(500).first(2), Broken("html").first(2), Broken("text").first(2)])
def test_faults_of_the_server_give_nothing_away(run, people, stored, fault):
    people.faults = fault
    body = BODY.format(text=json.dumps(ELEMENTS), path=None, more={"on_ambiguous": "report"})
    assert_private(run(body, connection=people.connection()), stored)


def test_what_a_function_yields_stays_private(run, people, stored):
    result = run(
        f"""
        @task.batch_disposition(project_id=17, disposition={{"dispositionid": 2, "description": "ODowd"}})
        def sync():
            yield from json.loads({json.dumps(ELEMENTS)!r})
        sync()
        """,
        connection=people.connection(),
    )
    assert_private(result, stored)


GREEN = {"dispositionid": 2, "description": "ODowd and his wife"}
JANE = [{"numberid": 1, "description": "Janedoe is ill"}, {"search": {"name": "Greenfield"}}]
TEXT = json.dumps(JANE)
FAILING = [*JANE, {"numberid": 2, "description": "Fourwinds {{ nope.nope }}"}]
SYNTAX = [*JANE, {"numberid": 2, "description": "Fourwinds {{ Oddname Oddname }}"}]

RENDERED = f"""
    def give(context, jinja_env):
        return {JANE!r}
    from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator
    class Nested:
        template_fields = ("note",)
        note = "Janedoe {{{{ ds }}}}"
    @task.batch_disposition(project_id=17, disposition={GREEN!r}, max_errors=99)
    def of_arguments(who, *, note):
        return [{{"numberid": 1, "description": who + note}}]
    common = dict(project_id=17, max_errors=99)
    green = common | dict(disposition={GREEN!r})
    BatchDispositionOperator(task_id="a_list", elements={JANE!r}, **green)
    BatchDispositionOperator(task_id="a_text", elements={TEXT!r}, disposition={json.dumps(GREEN)!r}, **common)
    BatchDispositionOperator(task_id="a_function", elements=give, disposition=lambda **_: {GREEN!r}, **common)
    BatchDispositionOperator(task_id="an_object", elements=[{{"numberid": 5, "description": Nested()}}], **green)
    BatchDispositionOperator.partial(task_id="a_mapped_list", **green).expand(elements=[{JANE!r}])
    BatchDispositionOperator.partial(task_id="mapped_words", **common).expand_kwargs(
        [dict(elements={JANE!r}, disposition={GREEN!r})])
    BatchDispositionOperator.partial(task_id="a_function_of_a_mapped_task", disposition=lambda **_: {GREEN!r}, **common
        ).expand(elements=[{JANE!r}])
    of_arguments("Janedoe is ill", note="Fourwinds")
    of_arguments.override(task_id="mapped_arguments").partial(note="Fourwinds").expand(who=["Janedoe is", "Greenfield"])
    SqlToVccOperator(task_id="parameters", sql="SELECT :who AS description, 1 AS numberid ORDER BY 2",
        sql_conn_id="people", parameters={{"who": "Janedoe is ill"}}, **green)
"""

FAILED = f"""
    def give(context, jinja_env):
        raise ValueError("Janedoe is ill")
    from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator
    class Nested:
        template_fields = ("note",)
        note = "Janedoe {{{{ nope.nope }}}}"
    @task.batch_disposition(project_id=17, disposition={GREEN!r}, max_errors=99)
    def of_arguments(who, *, note):
        return [{{"numberid": 1, "description": who + note}}]
    common = dict(project_id=17, max_errors=99)
    green = common | dict(disposition={GREEN!r})
    BatchDispositionOperator(task_id="a_list", elements={FAILING!r}, **green)
    BatchDispositionOperator(task_id="a_text", elements={json.dumps(FAILING)!r}, **green)
    BatchDispositionOperator(task_id="a_file", elements="elements.jsonl", **green)
    BatchDispositionOperator(task_id="a_mistake", elements={SYNTAX!r}, **green)
    BatchDispositionOperator(task_id="a_filter", elements=["{{{{ 'Janedoe'.nope() }}}}"], **green)
    BatchDispositionOperator(task_id="an_object", elements=[Nested()], **green)
    BatchDispositionOperator(task_id="a_disposition", elements={JANE!r}, disposition={FAILING[2]!r}, **common)
    BatchDispositionOperator(task_id="a_function", elements=give, **green)
    BatchDispositionOperator.partial(task_id="a_mapped_list", **green).expand(elements=[{FAILING!r}])
    of_arguments("Janedoe is ill {{{{ nope.nope }}}}", note="Fourwinds")
    SqlToVccOperator(task_id="parameters", sql="SELECT 1 AS numberid ORDER BY 1", sql_conn_id="people",
        parameters={{"who": "Janedoe {{{{ nope.nope }}}}"}}, **green)
    BatchDispositionOperator(task_id="a_path", elements_path="https://t0ken-of-mine@x/{{{{ nope.nope }}}}", **common)
"""

ADDRESSES = """
    places = ["https://t0ken-of-mine@127.0.0.1:9/a.jsonl", "http://127.0.0.1:9/a.csv?sig=t0ken-of-mine"]
    for number, place in enumerate(places):
        BatchDispositionOperator(task_id=f"from_{number}", project_id=17, elements_path=place)
        BatchDispositionOperator(task_id=f"to_{number}", project_id=17, elements=[], failures_path=place)
"""


def test_whatever_a_template_is_airflow_shows_nothing_of_it(run, people, stored):
    result = run(RENDERED, connection=people.connection(), env={"AIRFLOW_CONN_PEOPLE": "sqlite:///:memory:"})
    assert set(result.tasks.values()) == {"success"}
    assert len(result.tasks) == 11
    assert_private(result, stored)


def test_of_a_template_that_cannot_be_rendered_airflow_logs_nothing(run, people, stored, tmp_path):
    (tmp_path / "elements.jsonl").write_text("\n".join(map(json.dumps, FAILING)))
    result = run(FAILED, connection=people.connection())
    assert len(result.tasks) == 12
    assert set(result.tasks.values()) == {"failed"}
    assert_private(result, stored)


def test_what_opens_an_address_is_shown_nowhere(run, people, stored):
    result = run(ADDRESSES, connection=people.connection())
    assert set(result.tasks.values()) == {"failed"}
    assert_private(result, stored)
