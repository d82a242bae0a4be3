"""What goes wrong around the elements: refusals, faults, retries, and Airflow stopping the task."""

from __future__ import annotations

import json

import pytest
from support.operators import outcomes
from support.versions import AIRFLOW, keeps_state

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Hang, Latency, Status

pytestmark = pytest.mark.airflow

MANY = "[{'numberid': n} for n in range(1, 101)]"


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        ({"password": "wrong"}, "check the connection's Login (the customer) and Password (the API token)"),
        ({}, "this machine's IP address is probably not on the API's allow-list"),
    ],
)
def test_a_refusal_fails_the_task_at_once_whatever_soft_fail_and_retries_say(run, sandbox, connection, sentence):
    if not connection:
        sandbox.faults = Status(403)
    result = run(
        f"Batch(elements={MANY}, disposition=two, chunk_size=5, soft_fail=True, max_in_flight=3, retries=3,"
        " retry_delay=timedelta(0))",
        connection=connection,
    )
    assert result.tasks == {"sync": "failed"}
    assert len(sandbox.ledger.requests()) <= 3
    assert sentence in result.log
    assert outcomes(result.summary)[0] == 0
    assert result.summary["not_sent"] == result.summary["total"]


def test_an_unknown_project_says_what_to_check(run):
    result = run(f"Batch(elements={MANY}, disposition=two, soft_fail=True)".replace("Batch(", "Batch(project_id=99, "))
    assert result.tasks == {"sync": "failed"}
    assert "VCC knows no such project or resource (404): check project_id" in result.log


def test_an_input_that_breaks_off_fails_the_task_with_its_place_after_what_came_before(run, sandbox, tmp_path):
    path = tmp_path / "data.json"
    path.write_text('[{"numberid": 1}, {"numberid": 2}, {"number')
    result = run(f"Batch(elements_path={str(path)!r}, disposition=two, soft_fail=True)")
    assert result.tasks == {"sync": "failed"}
    assert [event.numberid for event in sandbox.ledger.events()] == ["1", "2"]
    assert outcomes(result.summary) == [2, 0, 0, 0, 0]
    assert "data.json" in result.xcoms["sync"]["report"]["error"]


def test_what_fails_for_a_moment_is_sent_again_within_the_try(run, sandbox):
    sandbox.faults = [Status(503), Status(429, retry_after=1)]
    result = run(f"Batch(elements={MANY}, disposition=two, chunk_size=25, max_in_flight=1)")
    assert outcomes(result.summary) == [100, 0, 0, 0, 0]
    assert result.xcoms["sync"]["report"]["retries"] == 2
    assert "the server failed (503)" in result.log


@keeps_state
def test_a_retry_sends_only_what_is_not_applied_and_counts_what_was(run, dag_runner):
    refused = set()

    def refuse_once(element):
        number = element["numberid"]
        if int(number) % 10 or number in refused:
            return None
        refused.add(number)
        return 418, "error.busy"

    with Sandbox(records=100, reject=refuse_once) as sandbox:
        result = run(
            f"Batch(elements={MANY}, disposition=two, chunk_size=7, retries=1, retry_delay=timedelta(0))",
            connection=sandbox.connection(),
        )
    assert result.tasks == {"sync": "success"}
    assert outcomes(result.summary) == [100, 0, 0, 0, 0]
    assert result.summary["resumed"] == 90
    assert sorted(event.numberid for event in sandbox.ledger.events()) == sorted(map(str, range(1, 101)))
    [first] = result.xcoms["sync"]["report"]["tries"]
    assert (first["try_number"], first["applied"], first["rejected"]) == (1, 90, 10)


@keeps_state
def test_a_retry_with_another_disposition_skips_nothing(run):
    with Sandbox(records=10, reject=lambda element: (418, "error.busy") if element["numberid"] == "5" else None) as it:
        result = run(
            """
            Batch(elements=[{"numberid": n} for n in range(1, 11)], retries=1, retry_delay=timedelta(0),
                  disposition={"dispositionid": "{{ ti.try_number }}"})
            """,
            connection=it.connection(),
        )
    assert result.summary["resumed"] == 0
    assert [event.dispositionid for event in it.ledger.events("1")] == ["1", "2"]


@keeps_state
def test_nothing_is_left_in_the_state_store_of_a_task_that_succeeded(run):
    result = run(f"""
        sync = Batch(elements={MANY}, disposition=two, chunk_size=10)
        @task
        def look(run_id=None):
            import sqlite3
            from contextlib import closing
            with closing(sqlite3.connect(os.environ["AIRFLOW_HOME"] + "/airflow.db")) as database:
                query = "select count(*) from task_state_store where run_id = ?"
                return database.execute(query, [run_id]).fetchone()[0]
        sync >> look()
    """)
    assert result.xcoms["look"]["return_value"] == 0


@pytest.mark.skipif(AIRFLOW >= (3, 3), reason="Airflow keeps task state since 3.3")
def test_an_airflow_without_task_state_says_once_that_a_retry_starts_over(run, sandbox):
    result = run("Batch(elements=[{'numberid': 404}], disposition=two, retries=1, retry_delay=timedelta(0))")
    assert "so a retry starts over" in result.log
    assert result.state == "failed"


def test_a_task_without_retries_says_nothing_about_them(run):
    assert "so a retry starts over" not in run("Batch(elements=[{'numberid': 1}], disposition=two)").log


def test_execution_timeout_ends_the_run_and_leaves_the_summary(run, sandbox):
    sandbox.faults = Latency(0.25)
    limits = "chunk_size=1, max_in_flight=2, execution_timeout=timedelta(seconds=2)"
    result = run(f"Batch(elements={MANY}, disposition=two, {limits})", stops=True)
    assert result.tasks == {"sync": "failed"}
    assert "Timeout" in result.log
    assert result.summary["not_sent"] > 0
    assert sandbox.idle()
    assert result.summary["applied"] == len(sandbox.ledger.events())
    assert result.xcoms["sync"]["report"]["error"] == "AirflowTaskTimeout"
    assert_no_thread_is_left(run)


def test_a_request_that_hangs_does_not_hold_up_the_end(run, sandbox):
    sandbox.faults = Hang()
    limits = "chunk_size=50, max_in_flight=1, execution_timeout=timedelta(seconds=1)"
    result = run(f"Batch(elements={MANY}, disposition=two, {limits})", stops=True)
    assert result.tasks == {"sync": "failed"}
    assert outcomes(result.summary) == [0, 0, 0, 50, 50]
    assert_no_thread_is_left(run)


def test_sigterm_stops_sending_saves_the_progress_and_the_next_try_goes_on(run, tmp_path):
    path = tmp_path / "killed"
    with Sandbox(records=2500, faults=Latency(0.02)) as sandbox:
        result = run(
            f"""
            @task.batch_disposition(project_id=17, disposition=two, chunk_size=100, max_in_flight=2, retries=1,
                                    retry_delay=timedelta(0))
            def sync():
                killed = Path({str(path)!r})
                for n in range(1, 2501):
                    yield {{"numberid": n}}
                    if n == 1500 and not killed.exists():
                        killed.touch()
                        os.kill(os.getpid(), signal.SIGTERM)
            sync()
            """,
            connection=sandbox.connection(),
            stops=True,
        )
    assert result.tasks == {"sync": "success"}
    assert result.summary["applied"] == 2500
    if AIRFLOW >= (3, 3):
        assert 800 <= result.summary["resumed"] <= 1100
        assert len(sandbox.ledger.events()) == 2500


def test_a_failures_file_that_cannot_be_written_fails_the_task_before_anything_is_sent(run, sandbox):
    result = run("Batch(elements=[{'numberid': 1}], disposition=two, failures_path=__file__ + '/failures.jsonl')")
    assert result.tasks == {"sync": "failed"}
    assert "tested.py/failures.jsonl cannot be created (one of its folders is a file)" in result.log
    assert sandbox.ledger.requests("PUT") == []


def assert_no_thread_is_left(run):
    result = run("""
        @task
        def threads():
            import threading
            return [thread.name for thread in threading.enumerate() if thread.name.startswith("vcc")]
        threads()
    """)
    assert result.xcoms["threads"]["return_value"] == []


@keeps_state
def test_the_report_of_a_running_task_is_in_the_state_store(run, tmp_path):
    path = tmp_path / "live.json"
    with Sandbox(records=1100, faults=Latency(0.2)) as sandbox:
        result = run(
            f"""
            @task.batch_disposition(project_id=17, disposition=two, chunk_size=100, max_in_flight=1)
            def sync(task_state_store=None):
                for n in range(1, 1101):
                    if n == 1001:
                        Path({str(path)!r}).write_text(json.dumps(task_state_store.get("vcc_report")))
                    yield {{"numberid": n}}
            sync()
            """,
            connection=sandbox.connection(),
        )
    assert result.tasks == {"sync": "success"}
    live = json.loads(path.read_text())
    assert live["report"]["state"] == "running"
    assert live["report"]["curve"]
    assert 0 < live["summary"]["applied"] < 1000
