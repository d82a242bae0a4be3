"""A browser, and the whole of Airflow beside a call centre, for the tests of what people see."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from support.airflow_stack import running_stack
from support.dags import copy_database
from support.servers import find_chromium

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Hang, Latency

# The matrix of Airflows has no browser.
collect_ignore_glob = [] if find_spec("playwright") else ["test_*.py"]

HERE = Path(__file__).parent
BASE_PATH = "/airflow"
"""Airflow is served under a path, which is the harder case for links."""


@pytest.fixture(scope="session")
def browser():
    """Yield a Chromium."""
    from playwright.sync_api import expect, sync_playwright
    from support.airflow_forms import PATIENCE

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Open pages: ``new_page(width=320, color_scheme="dark")``; what they complain of fails the test."""
    contexts, complaints = [], []

    def open_page(width=1280, height=900, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda message: complaints.append(message.text) if "ecurity Policy" in message.text else None
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def screenshots(repo):
    """Return the folder for screenshots: build products to look at."""
    folder = repo / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def picture(screenshots):
    """Take a picture for the documentation: ``picture(page_or_locator, "connection-form")``; see docs/screenshots.py.

    ``height`` in pixels leaves out what is further down.
    """
    folder = screenshots / "docs"
    folder.mkdir(exist_ok=True)

    def take(shown, name, *, height=None):
        page, file = getattr(shown, "page", shown), folder / f"{name}.png"
        page.evaluate("document.activeElement.blur()")
        if height is None:
            shown.screenshot(path=file, animations="disabled")
        else:
            page.screenshot(path=file, animations="disabled", clip=shown.bounding_box() | {"height": height})

    return take


@pytest.fixture(scope="session")
def exports(tmp_path_factory):
    """Return the folder of files that the form for files may name."""
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(scope="session")
def call_centre():
    """Yield the sandbox that the connection ``vcc_default`` of ``airflow_stack`` leads to."""
    with Sandbox(records=1000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def busy_call_centre():
    """Yield a slow one that for a while answers no large requests; the connection ``vcc_busy`` leads to it."""
    slow, stuck = Latency(1.0, most=2.0), Hang().over(120).after(20).first(32)
    with Sandbox(records=12_000, faults=slow + stuck) as sandbox:
        yield sandbox.connection(timeout=3)


@pytest.fixture(scope="session")
def stack_environment(call_centre, busy_call_centre, exports):
    """Return the connections and the variable that the DAGs of ``airflow_stack`` use."""
    return {
        "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(call_centre.connection()),
        "AIRFLOW_CONN_VCC_BUSY": json.dumps(busy_call_centre),
        "AIRFLOW_VAR_VCC_EXPORTS": str(exports),
    }


@pytest.fixture(scope="session")
def airflow_stack(dag_runner, stack_environment, repo, tmp_path_factory):
    """Yield the whole of Airflow, once for all tests: the examples and the DAGs in ``tests/ui/dags`` are there.

    See :class:`support.airflow_stack.AirflowStack` for what it offers.
    """
    home = tmp_path_factory.mktemp("stack")
    copy_database(dag_runner.fresh_database, home / "airflow.db")
    files = [*repo.glob("example_dags/*.py"), *HERE.glob("dags/*.py")]
    with running_stack(home, dag_files=files, environment=stack_environment, base_path=BASE_PATH) as stack:
        yield stack


@pytest.fixture
def signed_in(airflow_stack, new_page):
    """Open pages as somebody: ``signed_in("viewer")``, or as nobody: ``signed_in(None)``."""

    def open_page(user="admin", **options):
        page = new_page(**options)
        if user is not None:
            cookie = {"name": "_token", "value": airflow_stack.token(user), "url": airflow_stack.origin}
            page.context.add_cookies([cookie])
        return page

    return open_page
