"""The plugin costs nothing, and is there where Airflow can use it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points

import pytest

from airflow_provider_vcc._compat import airflow_version
from airflow_provider_vcc.get_provider_info import get_provider_info
from airflow_provider_vcc.links import VccReportLink
from airflow_provider_vcc.plugins.vcc import REPORT, LazyReportApp, VccPlugin

ADDED = """
import sys, json, airflow.plugins_manager
before = set(sys.modules)
import airflow_provider_vcc.plugins.vcc
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_plugin_adds_itself_and_nothing_else_to_a_process_that_loads_plugins():
    done = subprocess.run([sys.executable, "-P", "-c", ADDED], capture_output=True, text=True, check=True)
    added = json.loads(done.stdout.splitlines()[-1])
    ours = {name for name in added if name.startswith("airflow_provider_vcc.")}
    assert ours == {f"airflow_provider_vcc.{name}" for name in ("_compat", "plugins", "plugins.vcc")}
    assert {name.partition(".")[0] for name in added} <= {"airflow", "airflow_provider_vcc"}
    assert not [name for name in added if "fastapi" in name or "models" in name]


def test_airflow_finds_the_plugin_by_its_entry_point():
    [found] = entry_points(group="airflow.plugins", name="vcc")
    assert found.load() is VccPlugin


def test_the_tab_s_address_holds_under_any_base_and_is_the_documented_one():
    assert REPORT == "vcc/report/{DAG_ID}/{RUN_ID}/{TASK_ID}?map_index={MAP_INDEX}"
    views = {view["destination"]: view["href"] for view in VccPlugin.external_views}
    assert views == {"task_instance": REPORT, "dag_run": "vcc/runs/{DAG_ID}/{RUN_ID}", "nav": "vcc/runs"}
    routes = [view["url_route"] for view in VccPlugin.external_views]
    assert len(set(routes)) == len(routes)


def test_airflow_takes_the_plugin_as_it_is():
    from airflow import plugins_manager

    plugins_manager.ensure_plugins_loaded()
    [loaded] = [plugin for plugin in plugins_manager.get_plugin_info() if plugin["name"] == "vcc"]
    if airflow_version() >= (3, 1):
        assert [view["name"] for view in loaded["external_views"]] == ["VCC"] * 3
    if airflow_version() >= (3, 0):
        assert [app["url_prefix"] for app in loaded["fastapi_apps"]] == ["/vcc"]


@pytest.mark.skipif(airflow_version() < (3, 0), reason="Airflow 2 has no FastAPI apps of plugins")
def test_the_app_comes_with_the_first_request():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/", "raw_path": b"/", "root_path": "", "scheme": "http"}
    scope |= {"query_string": b"", "headers": [], "http_version": "1.1", "server": ("test", 80), "client": ("test", 1)}
    with ThreadPoolExecutor(1) as thread:  # a browser's test may have left its loop in this one
        thread.submit(lambda: asyncio.run(LazyReportApp()(scope, receive, send))).result()
    assert sent[0]["status"] == 404


class Key:
    dag_id, run_id, task_id, map_index = "a dag", "manual__2026-11-24T06:00:00+00:00", "sync", 3


RUN = "manual__2026-11-24T06%3A00%3A00%2B00%3A00"
LINKS = {
    (2, 11): f"http://airflow.example/base/dags/a%20dag/grid?dag_run_id={RUN}&task_id=sync&map_index=3&tab=xcom",
    (3, 0): f"dags/a%20dag/runs/{RUN}/tasks/sync/mapped/3/xcom",
    (3, 1): f"vcc/report/a%20dag/{RUN}/sync?map_index=3",
}


def test_the_link_leads_to_the_report_or_to_the_xcoms_where_a_browser_cannot_read_it(monkeypatch):
    monkeypatch.setenv("AIRFLOW__WEBSERVER__BASE_URL", "http://airflow.example/base")
    expected = next(link for since, link in reversed(LINKS.items()) if airflow_version() >= since)
    assert VccReportLink().get_link(None, ti_key=Key) == expected


def test_the_link_is_the_operator_s_and_airflow_knows_its_class():
    from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

    [link] = BatchDispositionOperator.operator_extra_links
    assert (link.name, link.xcom_key) == ("VCC report", "vcc_report_link")
    name = f"{type(link).__module__}.{type(link).__qualname__}"
    assert get_provider_info()["extra-links"] == [name]
