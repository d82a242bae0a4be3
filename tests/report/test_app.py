"""The report is served by the real API app of Airflow, to whoever may read the DAG's XComs and to nobody else."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from time import process_time
from urllib.parse import quote

import pytest
from support.dags import copy_database
from support.reports import report, scenarios, summary

from airflow_provider_vcc._compat import airflow_version

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.xdist_group("report_app"),
    pytest.mark.skipif(airflow_version() < (3, 0), reason="Airflow 2 has no FastAPI apps of plugins"),
]

DAG_FILE = Path(__file__).parents[1] / "ui/dags/vcc_probe.py"
USERS = {"admin": "admin", "viewer": "viewer", "outsider": ""}
OVER = summary(11_963, 30, 5, 2)


@pytest.fixture(scope="module")
def runs(dag_runner):
    """Run the DAG in three ways, and return each one's run id."""
    over = report(OVER, max_errors=25, breached=True)
    mapped = [{"summary": summary(5), "report": report(summary(5))}, {"summary": summary(3, 1), "report": {}}]
    confs = {
        "failed": {"summary": OVER, "report": over, "end": "failed", "mapped": mapped},
        "none": {},
        "store": {"live": {"summary": OVER, "report": over | {"state": "running", "expected": 20_000}}},
    }
    return {name: dag_runner.run(DAG_FILE, "vcc_probe", conf=conf).run_id for name, conf in confs.items()}


@pytest.fixture(scope="module")
def database(dag_runner, runs):
    """Make what these runs left the database of this process's Airflow."""
    return copy_database(dag_runner.home / "airflow.db", Path(os.environ["AIRFLOW_HOME"]) / "airflow.db")


@pytest.fixture(scope="module")
def client(database, tmp_path_factory):
    """Yield a client of Airflow's API app, with three users."""
    passwords = tmp_path_factory.mktemp("auth") / "passwords.json"
    passwords.write_text(json.dumps({name: name for name in USERS}))
    settings = {
        "AIRFLOW__API__SECRET_KEY": "a secret key for tests that is long enough to be one",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another secret for tests, long enough for HMAC with SHA-512, as it should be",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        from airflow.api_fastapi.app import create_app, purge_cached_app
        from fastapi.testclient import TestClient

        yield TestClient(create_app(apps="core"), follow_redirects=False)
        purge_cached_app()


@pytest.fixture(scope="module")
def tokens(client):
    """Return each user's token."""
    answers = {name: client.post("/auth/token", json={"username": name, "password": name}) for name in USERS}
    return {name: answer.json()["access_token"] for name, answer in answers.items()}


@pytest.fixture
def get(client, tokens, runs):
    """Ask for a report, as a user, of a run by its name."""

    def ask(run="failed", task="push", *, user="admin", dag="vcc_probe", headers=None, cookies=None, **query):
        given = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        client.cookies.clear()
        client.cookies.update(cookies or {})
        place = "/".join(quote(part, safe="") for part in (dag, runs.get(run, run), task))
        return client.get(f"/vcc/report/{place}", params=query, headers=given | (headers or {}))

    return ask


@pytest.fixture
def manager(client):
    """Return what Airflow asks for rights, to be patched itself and not by its class.

    What was patched on it stays there as monkeypatch found it, as an attribute of its own; its class is not asked then.
    """
    from airflow.api_fastapi.app import get_auth_manager

    return get_auth_manager()


@pytest.fixture
def changed(database, tmp_path):
    """Change the database for one test."""
    before = copy_database(database, tmp_path / "before.db")

    def change(statement, *values):
        with closing(sqlite3.connect(database)) as connection, connection:
            assert connection.execute(statement, values).rowcount > 0

    yield change
    copy_database(before, database)


# Who may see it


@pytest.mark.parametrize("user", ["admin", "viewer"])
def test_whoever_may_read_the_xcoms_sees_the_report(get, user):
    answer = get(user=user)
    assert answer.status_code == 200
    assert "11,963 of 12,000 records set; 23 were not found in the project" in answer.text


@pytest.mark.skipif(airflow_version() < (3, 1), reason="the UI of Airflow 3.0 keeps its token from our page")
def test_the_ui_s_cookie_is_enough(get, tokens):
    assert get(user=None, cookies={"_token": tokens["viewer"]}).status_code == 200


@pytest.mark.parametrize("task", ["push", "unheard_of"])
def test_nobody_who_has_not_signed_in_sees_it_or_learns_what_exists(get, task):
    answer = get(user=None, task=task)
    assert answer.status_code == 401
    assert "Sign in" in answer.text
    assert "12,000" not in answer.text


@pytest.mark.parametrize("task", ["push", "unheard_of"])
def test_nobody_without_rights_sees_it_or_learns_what_exists(get, task):
    answer = get(user="outsider", task=task)
    assert answer.status_code == 403
    assert "12,000" not in answer.text


def test_a_token_that_is_none_is_refused(client, runs):
    answer = client.get(f"/vcc/report/vcc_probe/{runs['failed']}/push", headers={"Authorization": "Bearer x.y.z"})
    assert answer.status_code in {401, 403}


@pytest.mark.parametrize(("user", "status"), [("admin", 404), ("outsider", 403), (None, 401)])
def test_a_dag_called_tilde_is_shown_to_nobody_since_airflow_takes_it_for_any_dag(get, changed, user, status):
    for table in ("task_instance", "xcom"):
        changed(f"update {table} set dag_id = '~' where task_id = 'push'")
    answer = get(dag="~", user=user)
    assert answer.status_code == status
    assert "12,000" not in answer.text


def test_the_right_is_asked_for_this_dag_whatever_the_query_says(get, manager, monkeypatch):
    asked = []
    original = manager.is_authorized_dag
    monkeypatch.setattr(manager, "is_authorized_dag", lambda **given: asked.append(given) or original(**given))
    get(dag_id="another", param_dag_id="another")
    assert [(given["method"], given["access_entity"].value, given["details"].id) for given in asked] == [
        ("GET", "XCOM", "vcc_probe")
    ]


def test_every_route_asks_for_the_right_to_read_xcoms():
    from airflow_provider_vcc.plugins.app import app

    for route in app().routes:
        checks = [dependency.dependency.__qualname__ for dependency in route.dependencies]
        assert checks == ["requires_access_dag.<locals>.inner"]


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/openapi.json", "/report", "/report/a/b", "/report/a/b/c/d"])
def test_there_is_nothing_else_under_the_prefix(client, path):
    assert client.get(f"/vcc{path}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_changed(client, method):
    answer = getattr(client, method)("/vcc/report/a/b/c")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"


# How it is served


EVERYBODY = [("admin", "push"), ("admin", "unheard_of"), ("outsider", "push"), (None, "push")]


@pytest.mark.parametrize(("user", "task"), EVERYBODY)
def test_every_answer_lets_no_script_in_and_is_not_kept(get, user, task):
    answer = get(user=user, task=task)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in answer.text


@pytest.mark.parametrize("task", ["unheard_of", "~", "push\0", "%", "../push"])
def test_a_task_that_there_is_not_has_no_page(get, task):
    assert get(task=task).status_code == 404


@pytest.mark.parametrize("map_index", ["{MAP_INDEX}", "", "x", "-1", "-7", "1e3", "99999999999999999999", "None"])
def test_a_map_index_that_is_none_stands_for_no_index(get, map_index):
    assert get(map_index=map_index).status_code == 200


def test_mapped_instances_have_a_report_each(get):
    assert "All 5 records set" in get(task="mapped", map_index=0).text
    assert "3 of 4 records set; 1 was not found in the project" in get(task="mapped", map_index=1).text
    assert get(task="mapped", map_index=2).status_code == 404


def test_a_mapped_task_without_an_index_lists_its_instances(get):
    answer = get(task="mapped", map_index="{MAP_INDEX}")
    assert answer.status_code == 200
    assert 'href="?map_index=0"' in answer.text
    assert 'href="?map_index=1"' in answer.text


def test_a_task_without_a_report_says_so(get):
    assert "There is no VCC report for this task" in get(run="none").text


def test_standing_alone_it_leads_back_to_airflow_and_in_a_frame_it_does_not(get, runs):
    alone = get(headers={"Sec-Fetch-Dest": "document"}).text
    run = quote(runs["failed"], safe="")
    assert f'href="../../../../dags/vcc_probe/runs/{run}/tasks/push"' in alone
    assert "../../../../" not in get(headers={"Sec-Fetch-Dest": "iframe"}).text
    mapped = get(task="mapped", map_index=1, headers={"Sec-Fetch-Dest": "document"}).text
    assert "/tasks/mapped/mapped/1" in mapped


def test_a_theme_is_kept_in_a_cookie_of_this_page_alone(get):
    answer = get(theme="dark")
    assert 'data-theme="dark"' in answer.text
    assert {"HttpOnly", "Path=/vcc", "SameSite=lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert 'data-theme="dark"' in get(cookies={"vcc_report_theme": "dark"}).text
    assert '<html lang="en">' in get(cookies={"vcc_report_theme": '"><script>'}).text
    assert "set-cookie" not in get(theme='"><script>').headers


def test_the_failed_records_are_there_as_csv_for_the_same_people(get, client, tokens, runs):
    run = quote(runs["failed"], safe="")
    address = f"/vcc/report/vcc_probe/{run}/push/failed.csv"
    client.cookies.clear()
    answer = client.get(address, headers={"Authorization": f"Bearer {tokens['viewer']}"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="failed.csv"'
    assert answer.headers["cache-control"] == "no-store"
    header, *rows = csv.reader(answer.text.splitlines())
    assert header == ["position", "record", "outcome", "errorcode", "reason"]
    assert len(rows) == 37
    assert ["417", "There is no such record in the project"] in [row[3:] for row in rows]
    assert "push/failed.csv" in get().text
    assert client.get(address).status_code == 401
    assert client.get(address, headers={"Authorization": f"Bearer {tokens['outsider']}"}).status_code == 403
    gone = client.get(address.replace("push", "gone"), headers={"Authorization": f"Bearer {tokens['viewer']}"})
    assert gone.status_code == 404


def test_a_mapped_task_says_how_many_records_failed_in_each_of_its_parts(get):
    text = get(task="mapped").text
    assert '<td class="end">5</td><td class="end">0</td>' in text
    assert '<td class="end">4</td><td class="end">1</td>' in text


def test_a_page_leads_to_all_runs_and_from_a_part_to_all_parts(get):
    assert 'href="../../../runs"' in get().text
    assert 'href="?"' in get(task="mapped", map_index=1).text


# The overview


@pytest.fixture
def overview(client, tokens):
    """Ask for an overview, as a user."""

    def ask(address="/vcc/runs", user="viewer", **query):
        client.cookies.clear()
        given = {"Authorization": f"Bearer {tokens[user]}"} if user else {}
        return client.get(address, params=query, headers=given)

    return ask


def link_of(database, task):
    """Make a task one of ours: the operator link that each leaves when it has ended."""
    statement = (
        "insert into xcom (dag_run_id, task_id, map_index, key, dag_id, run_id, value, timestamp) select dag_run.id,"
        " ti.task_id, ti.map_index, 'vcc_report_link', ti.dag_id, ti.run_id, '\"x\"', ti.end_date"
        " from task_instance ti join dag_run on dag_run.dag_id = ti.dag_id and dag_run.run_id = ti.run_id"
        " where ti.task_id = ?"
    )
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(statement, (task,)).rowcount > 0


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("hidden", ["vcc_probe", "every DAG"])
def test_a_dag_whose_xcoms_somebody_may_not_read_is_left_out(overview, database, manager, monkeypatch, hidden):
    link_of(database, "push")
    allowed = manager.is_authorized_dag

    def all_but_what_is_hidden(*, details=None, **given):
        asked = details.id if details else None
        return allowed(details=details, **given) and (asked is None or hidden not in {asked, "every DAG"})

    monkeypatch.setattr(manager, "is_authorized_dag", all_but_what_is_hidden)
    text = overview().text
    assert "vcc_probe" not in text
    # Other DAGs may have run in this process, and are seen.
    assert hidden == "vcc_probe" or "none that you may see" in text


def test_the_overview_shows_what_ran_with_its_verdict_and_a_link_to_the_report(overview, database, changed, runs):
    link_of(database, "push")
    answer = overview()
    assert answer.status_code == 200
    run = quote(runs["failed"], safe="")
    assert f'href="report/vcc_probe/{run}/push"' in answer.text
    assert "11,963 of 12,000 records set; 23 were not found in the project" in answer.text
    assert "37 of 12,000 failed" in answer.text
    assert "Alumni" in answer.text
    assert answer.headers["refresh"] == "30"
    assert "<script" not in answer.text


def test_the_overview_of_one_run_shows_its_tasks_alone(overview, database, changed, runs):
    link_of(database, "push")
    answer = overview(f"/vcc/runs/vcc_probe/{quote(runs['failed'], safe='')}")
    assert f'href="../../report/vcc_probe/{quote(runs["failed"], safe="")}/push"' in answer.text
    assert answer.text.count('<p class="run-head">') == 1
    assert overview("/vcc/runs/vcc_probe/gone").status_code == 404
    assert overview("/vcc/runs/~/x").status_code == 404


def test_instances_of_a_mapped_task_are_one_row_that_leads_to_them(overview, database, changed, runs):
    link_of(database, "mapped")
    text = overview(f"/vcc/runs/vcc_probe/{quote(runs['failed'], safe='')}").text
    assert "2 parts" in text
    assert f'href="../../report/vcc_probe/{quote(runs["failed"], safe="")}/mapped"' in text


@pytest.mark.skipif(airflow_version() < (3, 3), reason="the task state store came with Airflow 3.3")
def test_a_task_that_runs_or_was_killed_is_in_the_overview_by_what_it_saved(overview, changed):
    changed(SET_STATE, "running")
    answer = overview()
    assert "Setting records: 12,000 of 20,000 done, 37 failed so far" in answer.text
    assert answer.headers["refresh"] == "5"
    changed(SET_STATE, "failed")
    assert "then the task was killed" in overview().text


@pytest.mark.parametrize("address", ["/vcc/runs", "/vcc/runs/vcc_probe/x"])
def test_the_overview_is_for_those_who_may_read_xcoms(overview, address):
    assert overview(address, user=None).status_code == 401
    assert overview(address, user="outsider").status_code == 403


def test_with_a_hundred_thousand_task_instances_the_overview_is_fast(overview, database, changed):
    link_of(database, "push")
    with closing(sqlite3.connect(database)) as connection, connection:
        fill(connection, 100_000)
    overview()
    began = process_time()
    answer = overview()
    took = process_time() - began
    assert answer.status_code == 200
    assert '<p class="run-head">' in answer.text
    assert took < 0.5


def fill(connection, many):
    """Add task instances of other operators, 100 to a run."""
    columns = [row[1] for row in connection.execute("pragma table_info(task_instance)")]
    run_columns = [row[1] for row in connection.execute("pragma table_info(dag_run)")]
    run = dict(zip(run_columns, connection.execute("select * from dag_run").fetchone(), strict=True))
    one = dict(zip(columns, connection.execute("select * from task_instance").fetchone(), strict=True))
    runs, instances = [], []
    for number in range(many // 100):
        own = {"id": 10_000 + number, "run_id": f"filler_{number}", "logical_date": f"2020-01-01 00:00:00.{number:06}"}
        runs.append(tuple((run | own).values()))
        for task in range(100):
            own = {"id": f"{number:016x}{task:016x}", "run_id": f"filler_{number}", "task_id": f"task_{task}"}
            instances.append(tuple((one | own | {"operator": "PythonOperator", "state": "failed"}).values()))
    for table, rows in (("dag_run", runs), ("task_instance", instances)):
        marks = ",".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} values ({marks})", rows)


# What it reads

SET_STATE = "update task_instance set state = ? where task_id = 'push'"
DROP_XCOMS = "delete from xcom where task_id = 'push'"


def test_a_final_report_is_not_loaded_anew(get):
    assert "refresh" not in get().headers


def test_a_running_task_is_loaded_anew_until_somebody_pauses_it(get, changed):
    changed(SET_STATE, "running")
    assert get().headers["refresh"] == "5"
    paused = get(live=0)
    assert "refresh" not in paused.headers
    assert "Resume updates" in paused.text


@pytest.mark.skipif(airflow_version() < (3, 3), reason="the task state store came with Airflow 3.3")
def test_while_it_runs_the_progress_comes_from_the_state_store(get, changed):
    changed(SET_STATE, "running")
    answer = get(run="store")
    assert "Setting records: 12,000 of 20,000 done, 37 failed so far" in answer.text


@pytest.mark.skipif(airflow_version() < (3, 3), reason="the task state store came with Airflow 3.3")
def test_a_task_that_ended_without_xcoms_shows_what_it_saved_last(get):
    assert "without its final figures" in get(run="store").text


@pytest.mark.skipif(airflow_version() >= (3, 3), reason="Airflow 3.3 keeps the progress of a running task")
def test_an_older_airflow_says_that_it_cannot_show_a_running_task(get, changed):
    changed(SET_STATE, "running")
    assert "Airflow 3.3 and later" in get(run="none").text


def test_figures_of_an_earlier_try_are_called_that(get, changed):
    changed("update task_instance set state = 'running', try_number = 2 where task_id = 'push'")
    assert "figures of an earlier try" in get().text


def test_figures_of_a_cleared_task_are_called_those_of_an_earlier_try(get, changed):
    changed(SET_STATE, None)
    assert "figures of an earlier try" in get().text


def test_deleted_xcoms_leave_a_page_that_says_so(get, changed):
    changed(DROP_XCOMS)
    assert "Airflow may have deleted it" in get().text


@pytest.mark.parametrize("value", ['"text"', "[1]", "17", "null", '"{not json"', '{"total": {"a": 1}, "errors": 3}'])
def test_an_xcom_of_any_other_kind_breaks_nothing(get, changed, value):
    changed("update xcom set value = ? where key = 'summary' and task_id = 'push'", value)
    assert get().status_code == 200


@pytest.mark.parametrize("value", ['{"total": 5, "appl', "[" * 3000 + "]" * 3000, "", "\x00"])
def test_an_xcom_that_is_broken_in_the_database_breaks_neither_the_page_nor_the_overview(  # noqa: PLR0917 -- fixtures
    get, overview, database, changed, runs, value
):
    link_of(database, "push")
    changed("update xcom set value = ? where key = 'summary' and task_id = 'push'", value)
    assert get().status_code == 200
    assert overview().status_code == 200
    assert overview(f"/vcc/runs/vcc_probe/{quote(runs['failed'], safe='')}").status_code == 200


@pytest.fixture
def object_store(tmp_path, monkeypatch):
    """Yield the folder in which Airflow's object-storage backends keep XComs and state."""
    from airflow.providers.common.io.xcom import backend

    monkeypatch.setenv("AIRFLOW__CORE__XCOM_BACKEND", f"{backend.__name__}.XComObjectStorageBackend")
    monkeypatch.setenv("AIRFLOW__COMMON_IO__XCOM_OBJECTSTORAGE_PATH", f"file://{tmp_path}/store")
    backend._get_base_path.cache_clear()
    folder = tmp_path / "store/a dag"
    folder.mkdir(parents=True)
    yield folder
    backend._get_base_path.cache_clear()


POINT = "update xcom set value = ? where key = ? and task_id = 'push'"


def twice(value):
    """Encode as the execution API stores it."""
    return json.dumps(json.dumps(value))


def test_xcoms_that_an_object_store_holds_are_read_from_there(get, changed, object_store):
    given_summary, given_report, _ = scenarios()["success-within"]
    for key, value in (("summary", given_summary), ("report", given_report)):
        (object_store / f"{key}.json").write_text(json.dumps(value))
        changed(POINT, twice(f"file://{object_store}/{key}.json"), key)
    assert "11,880 of 12,000 records set" in get().text
    (object_store / "summary.json").unlink()
    assert "cannot read them there" in get().text


def test_an_object_store_s_file_outside_its_folder_is_not_read(get, changed, object_store, tmp_path):
    (tmp_path / "secret.json").write_text(json.dumps(summary(77_777)))
    for path in (f"{tmp_path}/secret.json", f"{object_store}/../../secret.json"):
        changed(POINT, twice(f"file://{path}"), "summary")
        answer = get()
        assert "77,777" not in answer.text
        assert "cannot read them there" in answer.text


def test_what_names_a_class_is_read_as_plain_json(get, changed, object_store):
    evil = {"__classname__": "subprocess.Popen", "__version__": 1, "__data__": ["touch /tmp/evil"]}
    (object_store / "summary.json").write_text(json.dumps(summary(5) | {"project_id": evil}))
    changed(POINT, twice(f"file://{object_store}/summary.json"), "summary")
    assert "All 5 records set" in get().text


@pytest.mark.skipif(airflow_version() < (3, 3), reason="the task state store came with Airflow 3.3")
def test_progress_that_workers_keep_in_an_object_store_is_read_from_there(get, changed, tmp_path, monkeypatch):
    backend = "airflow.providers.common.io.state_store.backend.StateStoreObjectStorageBackend"
    monkeypatch.setenv("AIRFLOW__WORKERS__STATE_STORE_BACKEND", backend)
    monkeypatch.setenv("AIRFLOW__COMMON_IO__STATE_STORE_OBJECTSTORAGE_PATH", f"file://{tmp_path}/state")
    kept = tmp_path / "state/kept"
    kept.parent.mkdir()
    figures, progress, _ = scenarios()["running"]
    kept.write_text(json.dumps({"summary": figures, "report": progress}))
    changed(SET_STATE, "running")
    changed("update task_state_store set value = ? where key = 'vcc_report'", json.dumps(f"file://{kept}"))
    assert "Setting records: 4,200 of 12,000 done" in get(run="store").text
    kept.unlink()
    assert get(run="store").status_code == 200


@pytest.mark.parametrize("path", ["/vcc/report/a/b/c/", "/vcc/report/a/b/c//", "/vcc/runs/", "/vcc/report/"])
def test_nobody_is_redirected(client, path):
    answer = client.get(path, headers={"Host": "evil.example"})
    assert answer.status_code in {401, 404}
    assert "location" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_long_path_costs_little(client):
    began = time.process_time()
    assert client.get("/vcc/report/a/b/" + ":" * 20_000).status_code in {401, 404}
    assert time.process_time() - began < 1
