"""The sandbox's pages in a browser: for everybody, in every light, from a phone's width up."""

from __future__ import annotations

import pytest
from support.axe import findings

from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.sandbox import Sandbox

pytestmark = pytest.mark.chromium

PAYLOAD = [
    {
        "numberid": "1",
        "dispositionid": "1",
        "userid": "22",
        "next_calldate": "2017-10-10 11:00:00",
        "description": "High school graduate",
    },
    {"search": {"name": "Green"}},
    {"numberid": "404404"},
]
DISPOSITION = {
    "dispositionid": 2,
    "userid": 7,
    "next_calldate": "2017-09-10 12:00:00",
    "description": "University degree",
}
PAGES = ["/", "/projects/17", "/projects/17/records/1", "/requests", "/requests/0", "/faults"]


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(records=24) as sandbox:
        yield sandbox


@pytest.fixture
def filled(sandbox, monkeypatch):
    """Send the documentation's payload once."""
    import json

    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(sandbox.connection()))
    if not sandbox.ledger.totals()["requests"]:
        VccHook().batch_dispositions(17, PAYLOAD, disposition=DISPOSITION, avoid_in_call=True)
    return sandbox


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_serious_to_axe_and_nothing_runs_out_of_the_page(filled, new_page, path):
    page = new_page(color_scheme="light")
    page.goto(f"{filled.url}{path}?live=0")
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    assert findings(page, "color-contrast") == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_fault_is_switched_on_and_off_with_the_mouse(sandbox, new_page):
    page = new_page()
    page.goto(f"{sandbox.url}/faults")
    page.get_by_role("button", name="Switch on: One request in ten takes effect").click()
    assert str(sandbox.faults) == "status:503:acted@10%"
    page.get_by_role("button", name="Switch off").click()
    assert str(sandbox.faults) == "ok"


def test_a_page_shows_what_changes_while_it_is_looked_at(sandbox, new_page):
    page = new_page()
    page.goto(f"{sandbox.url}/projects/17/records/7")
    sandbox.set_in_call("7")
    page.get_by_text("An agent has it in call").wait_for()


def test_the_picture_in_the_documentation_shows_the_documented_payload(filled, new_page, picture):
    page = new_page(height=1000)
    page.goto(f"{filled.url}/?live=0")
    assert "University degree" in page.inner_text("main")
    picture(page.locator("body"), "sandbox", height=820)
