"""Where one field fails to render, whoever looks at the others, as OpenLineage does, sees nothing private."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_vcc.decorators.batch_disposition import batch_disposition_task
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.rendering.rendered import bare
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

JANE = {"dispositionid": 2, "description": "Janedoe {{ ds }}"}
FAILING = {"task_id": "sync", "project_id": "{{ nope.nope }}", "disposition": JANE}


def of_a_list():
    return BatchDispositionOperator(elements=[JANE], failures_path="https://Janedoe@host/f", **FAILING)


def of_functions():
    return BatchDispositionOperator(elements=lambda **_: [JANE], **FAILING | {"disposition": lambda **_: JANE})


def of_a_query():
    return SqlToVccOperator(sql="SELECT 'Janedoe {{ ds }}'", sql_conn_id="w", parameters={"who": "Janedoe"}, **FAILING)


def of_arguments():
    return batch_disposition_task(lambda _who: [], **FAILING)("Janedoe {{ ds }}").operator


@pytest.mark.parametrize("make", [of_a_list, of_functions, of_a_query, of_arguments])
def test_fields_that_were_not_rendered_yet_show_nothing_private_and_can_be_rendered_again(make):
    with DAG("tested", schedule=None):
        operator = make()
    with suppress(Exception):
        operator.render_template_fields({"ds": "2026"})
    fields = {name: getattr(operator, name) for name in operator.template_fields}
    assert "Janedoe" not in json.dumps(fields, default=str)
    operator.render_template_fields({"ds": "2026", "nope": {"nope": 17}})
    assert "Janedoe" in repr([bare(getattr(operator, name)) for name in operator.template_fields])
    assert "Janedoe" not in repr([getattr(operator, name) for name in operator.template_fields])
