from __future__ import annotations

import json
import textwrap

import pytest
from support.airflow_dags import HEADER
from support.examples import copy_examples

from airflow_provider_vcc.sandbox import Sandbox


@pytest.fixture
def sandbox():
    """Yield a call centre with a hundred records."""
    with Sandbox(records=100) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def examples(repo, tmp_path_factory):
    """Return the folder of the example DAGs."""
    return copy_examples(repo / "example_dags", tmp_path_factory.mktemp("of") / "example_dags")


@pytest.fixture
def run(dag_runner, sandbox, tmp_path):
    """Return a function that runs the lines of a DAG's body in Airflow, with the sandbox as ``vcc_default``."""

    def run_body(body, *, connection=None, env=(), stops=False, **conf):
        file = tmp_path / "tested.py"
        file.write_text(HEADER + textwrap.indent(textwrap.dedent(body), "    "))
        fields = sandbox.connection() | (connection or {})
        env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(fields), **dict(env)}
        return dag_runner.run(file, "tested", conf=conf, env=env, stops=stops)

    return run_body
