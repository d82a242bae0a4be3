"""docs/quickstart.md says what is so."""

from __future__ import annotations

import json
import re
import shlex

import pytest

pytestmark = pytest.mark.airflow

NAME = "vcc_quickstart"


@pytest.fixture
def logged(page, blocks):
    """Return the lines of the page's two excerpts from the log, their spaces narrowed."""
    return [[" ".join(line.split()) for line in text.splitlines()] for text in blocks(page("quickstart"), "text")]


def narrowed(log):
    return " ".join(log.split())


def test_at_first_the_quickstart_only_checks(run, repo, sandbox, logged):
    result = run(repo / "example_dags" / f"{NAME}.py", NAME, sandbox)
    assert result.tasks == {"find_records": "success", "call_back": "success"}
    assert sandbox.ledger.requests("PUT") == []
    assert [line for line in logged[0] if line not in narrowed(result.log)] == []


def test_then_it_sends_and_the_log_says_what_the_page_shows(run, repo, sandbox, logged):
    result = run(repo / "example_dags" / f"{NAME}.py", NAME, sandbox, check_only=False)
    assert result.tasks == {"find_records": "success", "call_back": "success"}
    assert sandbox.ledger.totals()["events"] == 100
    assert [line for line in logged[1] if line not in narrowed(result.log)] == []


def test_without_its_tolerance_it_fails(run, repo, sandbox, tmp_path):
    text = (repo / "example_dags" / f"{NAME}.py").read_text()
    (tmp_path / "dag.py").write_text(text.replace("        max_errors=10,\n", ""))
    assert run(tmp_path / "dag.py", NAME, sandbox, check_only=False).tasks["call_back"] == "failed"


def test_the_page_gives_the_connection_that_the_sandbox_has_by_default(page):
    from airflow_provider_vcc.sandbox import __main__ as command
    from airflow_provider_vcc.sandbox.connection import as_connection
    from airflow_provider_vcc.sandbox.seeds import CUSTOMER, TOKEN

    value = re.search(r"^export AIRFLOW_CONN_VCC_DEFAULT=(.*?)\nmkdir", page("quickstart"), re.DOTALL | re.MULTILINE)
    assert json.loads(shlex.split(value[1])[0]) == as_connection(f"http://127.0.0.1:{command.PORT}", CUSTOMER, TOKEN)
