from __future__ import annotations

import json
import textwrap

import pytest

from airflow_provider_vcc.sandbox import Sandbox

HEADER = """
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
import json, os, signal

from airflow.providers.common.compat.sdk import DAG, Asset, task
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

Batch = partial(BatchDispositionOperator, task_id="sync", project_id=17)
two = {"dispositionid": 2}

with DAG("tested", schedule=None, params={"path": ""}, render_template_as_native_obj=False) as dag:
"""


@pytest.fixture
def sandbox():
    """Give a call centre with a hundred records."""
    with Sandbox(records=100) as sandbox:
        yield sandbox


@pytest.fixture
def run(dag_runner, sandbox, tmp_path):
    """Give a function that runs the lines of a DAG's body in Airflow, with the sandbox as ``vcc_default``."""

    def run_body(body, *, connection=None, env=(), **conf):
        file = tmp_path / "tested.py"
        file.write_text(HEADER + textwrap.indent(textwrap.dedent(body), "    "))
        fields = sandbox.connection() | (connection or {})
        return dag_runner.run(
            file, "tested", conf=conf, env={"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(fields), **dict(env)}
        )

    return run_body

