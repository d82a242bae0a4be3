"""A task's process is killed in a real Airflow with a scheduler, and its second try finishes the work."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from support.airflow_stack import running_stack

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults.combining import Fault

DAG = '''
import json
import os
from datetime import timedelta
from pathlib import Path

from airflow.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

HERE = Path(__file__).parent


class Telling(BatchDispositionOperator):
    """Tells which process runs it."""

    def execute(self, context):
        (HERE / "pid").write_text(str(os.getpid()))
        return super().execute(context)


with DAG("killed"):
    Telling(
        task_id="sync",
        project_id=17,
        elements_path=str(HERE / "input.jsonl"),
        disposition={"dispositionid": 2},
        failures_path=str(HERE / "failures.jsonl"),
        chunk_size=20,
        max_in_flight=3,
        max_errors=60,
        retries=2,
        retry_delay=timedelta(seconds=1),
    )
'''
COUNT = 1_000


class Fatal(Fault):
    """Kills the process whose number is in a file, when the ``nth`` request has taken effect."""

    def __init__(self, file, nth):
        self.file = file
        self.nth = nth

    def __call__(self, request, act):
        answer = act()
        if request.nth == self.nth:
            os.kill(int(self.file.read_text()), signal.SIGKILL)
        return answer


@pytest.mark.airflow
@pytest.mark.xdist_group("airflow_stack")
def test_the_second_try_of_a_task_whose_process_was_killed_finishes_the_work(airflow_home):
    dags = Path(airflow_home) / "dags"
    things = [{"numberid": str(n + 1), "description": f"d{n}"} for n in range(COUNT)]
    for thing in things[::4]:
        thing["sendDispositionMessages"] = True
    (dags / "input.jsonl").write_text("".join(json.dumps(thing) + "\n" for thing in things))
    (dags / "killed.py").write_text(DAG)
    with Sandbox(records=COUNT, faults=Fatal(dags / "pid", nth=25)) as sandbox:
        connection = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection())}
        with running_stack(airflow_home, environment=connection) as airflow:
            run = airflow.trigger("killed")
            state = airflow.wait_for_state("killed", run, "sync", "success", "failed")
            path = f"/api/v2/dags/killed/dagRuns/{run}/taskInstances/sync"
            [instance] = airflow.call("GET", f"/api/v2/dags/killed/dagRuns/{run}/taskInstances")["task_instances"]
            summary = airflow.call("GET", f"{path}/xcomEntries/summary")["value"]
        effects, messages = sandbox.ledger.counts(), sandbox.ledger.message_counts()
    assert (state, instance["try_number"]) == ("success", 2)
    assert summary["total"] == COUNT
    assert 0 < summary["resumed"] < COUNT
    assert summary["applied"] + summary["unknown"] == COUNT
    unknown = {json.loads(line)["position"] for line in (dags / "failures.jsonl").read_text().splitlines()}
    assert len(unknown) == summary["unknown"] <= 60
    assert all(things[position].get("sendDispositionMessages") for position in unknown)
    for position, thing in enumerate(things):
        assert effects[thing["numberid"], thing["description"]] or position in unknown
    assert set(messages.values()) == {1}
    assert sum(effects.values()) - len(effects) <= 60
