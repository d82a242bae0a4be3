from __future__ import annotations

import json
import re

import pytest

from airflow_provider_vcc.sandbox import Sandbox


@pytest.fixture(scope="session")
def page(repo):
    """Return a function that returns the text of a page of the documentation."""
    return lambda name: (repo / "docs" / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def blocks():
    """Return a function that returns the code blocks of a language in a text."""
    return lambda text, language: re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def run(dag_runner):
    """Return a function that runs a DAG file against a sandbox that is started with these options."""

    def run_file(file, dag_id, sandbox, **conf):
        env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection())}
        return dag_runner.run(file, dag_id, conf=conf, env=env)

    return run_file


@pytest.fixture
def sandbox():
    """Yield a call centre with a thousand records, as the command starts it."""
    with Sandbox(records=1000) as sandbox:
        yield sandbox
