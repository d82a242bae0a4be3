"""docs/from-your-loop.md is right: the loop is green though records were lost, and the task in its place is not."""

from __future__ import annotations

import json
import re

import pytest

from airflow_provider_vcc.sandbox.faults import Cut

pytestmark = pytest.mark.airflow

ADDRESS = "https://mycc.asp.virtual-call-center.eu"


@pytest.fixture
def run_program(page, blocks, tmp_path, sandbox, dag_runner):
    """Return a function that runs one of the page's two programs on a file of ours, against the sandbox."""
    rows = ["numberid,next_calldate", *(f"{number},2026-12-01 09:00:00" for number in range(991, 1006))]
    (tmp_path / "callbacks.csv").write_text("\n".join(rows))
    before, after = blocks(page("from-your-loop"), "python")
    programs = {"call_back_by_loop": before, "call_back": after}
    env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection()), "AIRFLOW_VAR_VCC_TOKEN": "sandbox-token"}

    def run(dag_id, retries):
        code = programs[dag_id].replace("/data/", f"{tmp_path}/").replace(ADDRESS, sandbox.url)
        code = code.replace("retries=2", f"retries={retries}, retry_delay=0.1")
        path = tmp_path / f"{dag_id}.py"
        path.write_text(re.sub(r"(with DAG\(.*\)):", r"\1 as dag:", code))
        return dag_runner.run(path, dag_id, env=env)

    return run


def test_the_loop_is_green_though_five_records_were_lost(run_program, sandbox):
    result = run_program("call_back_by_loop", retries=0)
    assert result.state == "success", result.log
    assert sandbox.ledger.totals()["rejections"] == 5


def test_the_task_in_its_place_fails_and_says_which_ones(run_program, tmp_path):
    result = run_program("call_back", retries=0)
    assert result.state == "failed"
    assert (result.summary["applied"], result.summary["rejected"]) == (10, 5)
    assert len((tmp_path / "callbacks-failed.jsonl").read_text().splitlines()) == 5


def test_the_loops_retry_sets_everything_twice_where_a_connection_broke_after_the_request_took_effect(
    run_program, sandbox
):
    sandbox.faults = [Cut("acted")]
    run_program("call_back_by_loop", retries=1)
    assert [event.request for event in sandbox.ledger.events("991")] == [0, 1]
