"""What Airflow's neighbours are told of a run: lineage, metrics, assets, links, retry policies."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import textwrap
from contextlib import closing
from importlib.util import find_spec

import pytest
from support.airflow_dags import HEADER
from support.dags import DagRunner
from support.versions import AIRFLOW, has_retry_policies, knows_assets

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Status

pytestmark = [pytest.mark.airflow]

MIXED = "[{'numberid': 1}, {'numberid': 404}, {'numberid': 2}]"


class Watched:
    """An Airflow with OpenLineage and StatsD on."""

    def __init__(self, folder):
        self.statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.statsd.bind(("127.0.0.1", 0))
        self.statsd.settimeout(1)
        self.lineage = folder / "lineage.jsonl"
        settings = {
            "AIRFLOW__METRICS__STATSD_ON": "True",
            "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
            "AIRFLOW__METRICS__STATSD_PORT": str(self.statsd.getsockname()[1]),
            "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
                {"type": "file", "log_file_path": str(self.lineage), "append": True}
            ),
        }
        os.environ.update(settings)
        self.runner = DagRunner(folder)
        for name in settings:
            del os.environ[name]

    def event(self, kind):
        """Return the last event of a kind that OpenLineage wrote for the task."""
        events = [json.loads(line) for line in self.lineage.read_text().splitlines()]
        return [e for e in events if e["eventType"] == kind and e["job"]["name"].endswith(".sync")][-1]

    def metrics(self):
        """Return the lines that StatsD got since the last call."""
        lines = []
        while True:
            try:
                lines += self.statsd.recv(65536).decode().splitlines()
            except TimeoutError:
                return lines


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    watched = Watched(tmp_path_factory.mktemp("watched"))
    yield watched
    watched.runner.close()
    watched.statsd.close()


def run_in(runner, sandbox, tmp_path, body):
    file = tmp_path / "tested.py"
    file.write_text(HEADER + textwrap.indent(textwrap.dedent(body), "    "))
    return runner.run(file, "tested", env={"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection())})


@pytest.mark.skipif(find_spec("openlineage") is None, reason="OpenLineage is not installed here")
@pytest.mark.parametrize(("tolerated", "kind"), [(1, "COMPLETE"), (0, "FAIL")])
def test_openlineage_hears_of_input_output_and_outcomes(watched, sandbox, tmp_path, tolerated, kind):
    data = tmp_path / "data.csv"
    data.write_text("numberid\n1\n404\n2\n")
    body = f"Batch(elements_path={str(data)!r}, disposition=two, max_errors={tolerated})"
    run_in(watched.runner, sandbox, tmp_path, body)
    event = watched.event(kind)
    [given], [output] = event["inputs"], event["outputs"]
    assert (given["namespace"], given["name"]) == ("file", str(data))
    assert given["inputFacets"]["dataQualityMetrics"]["rowCount"] == 3
    assert (output["namespace"], output["name"]) == ("vcc://mycc", "projects/17")
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    facet = event["run"]["facets"]["vcc_outcomes"]
    assert (facet["applied"], facet["rejected"], facet["requests"]) == (2, 1, 1)


@pytest.mark.skipif(find_spec("statsd") is None, reason="statsd is not installed here")
def test_metrics_count_elements_by_outcome_and_requests(watched, sandbox, tmp_path):
    watched.metrics()
    run_in(watched.runner, sandbox, tmp_path, f"Batch(elements={MIXED}, disposition=two, max_errors=1)")
    said = watched.metrics()
    assert {"airflow.vcc.elements.applied:2|c", "airflow.vcc.elements.rejected:1|c", "airflow.vcc.requests:1|c"} <= set(
        said
    )
    assert any(line.startswith("airflow.vcc.duration:") for line in said)


@knows_assets
def test_the_events_of_outlet_assets_carry_the_counts(run, dag_runner):
    result = run(f"Batch(elements={MIXED}, disposition=two, max_errors=1, outlets=[Asset('vcc://mycc/17')])")
    assert result.tasks == {"sync": "success"}
    table = "asset_event" if AIRFLOW >= (3, 0) else "dataset_event"
    with closing(sqlite3.connect(dag_runner.home / "airflow.db")) as database:
        [extra] = database.execute(f"select extra from {table} where source_run_id = ?", [result.run_id]).fetchone()
    extra = json.loads(extra)
    assert (extra["vcc_total"], extra["vcc_applied"], extra["vcc_rejected"]) == (3, 2, 1)


@pytest.mark.skipif(AIRFLOW < (3, 0), reason="Airflow 2 makes links when it shows them, and keeps none")
def test_the_link_to_the_report_is_there_also_for_a_failed_task(run):
    result = run(f"Batch(elements={MIXED}, disposition=two)")
    page = "vcc/report/tested/" if AIRFLOW >= (3, 1) else "dags/tested/runs/"
    assert result.xcoms["sync"]["vcc_report_link"].startswith(f"{page}manual__")


POLICY = "retries=2, retry_delay=timedelta(0), retry_policy=vcc_retry_policy({}))"
IMPORT = "from airflow_provider_vcc.operators.retries import vcc_retry_policy\n"


@has_retry_policies
@pytest.mark.parametrize(
    ("given", "requests"),
    [("", 1), ("passing=[417]", 3), ("passing=['error.unknown_record'], retry_delay=timedelta(0)", 3)],
)
def test_rejections_for_good_are_not_retried_by_the_policy(run, sandbox, given, requests):
    result = run(f"{IMPORT}Batch(elements=[{{'numberid': 404}}], disposition=two, {POLICY.format(given)}")
    assert result.tasks == {"sync": "failed"}
    assert len(sandbox.ledger.requests("PUT")) == requests


@has_retry_policies
def test_unknown_elements_are_retried_by_the_policy(run):
    with Sandbox(records=3, faults=[Status(500)]) as sandbox:
        result = run(
            f"{IMPORT}Batch(elements=[{{'numberid': 1}}], on_ambiguous='report', disposition=two, {POLICY.format('')}",
            connection=sandbox.connection(),
        )
    assert "elements are unknown or were not sent" in result.log
    assert result.xcoms["sync"]["report"]["try_number"] > 1


@has_retry_policies
def test_a_parameter_that_a_template_spoils_is_not_retried_by_the_policy(run):
    result = run(f"{IMPORT}Batch(elements=[], project_id='{{{{ none }}}}', {POLICY.format('')}")
    assert result.tasks == {"sync": "failed"}
    assert result.log.count("project_id must be the project's number, such as 17, got 'None'") == 1
