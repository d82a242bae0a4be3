"""Where one field fails to render, whoever looks at the others, as OpenLineage does, sees nothing private."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_vcc.decorators.batch_disposition import batch_disposition_task
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.task.rendering.rendered import bare, shown_query
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


OPERATORS = {
    BatchDispositionOperator: {"project_id": 17, "elements": []},
    SqlToVccOperator: {"project_id": 17, "sql": "SELECT 1", "sql_conn_id": "w"},
    DispositionThresholdOperator: {"summaries": [], "expected": 0},
}
FIELDS = [
    (operator, name)
    for operator in OPERATORS
    for name in operator.template_fields
    if (operator, name) != (BatchDispositionOperator, "elements_path")  # which does not go with elements
]


@pytest.mark.parametrize(("operator", "name"), FIELDS)
def test_no_field_is_shown_that_cannot_be_rendered(operator, name, capfd, caplog):
    """Airflow logs the raw text of what it cannot render; ours names the field and what is undefined, and no more."""
    needed = {"send_unchanged": {"synced_table": "s"}, "watermark_initial": {"watermark_column": "u"}}.get(name, {})
    with DAG("tested", schedule=None):
        task = operator(task_id="t", **OPERATORS[operator] | needed | {name: "Janedoe {{ nope.nope }}"})
    with pytest.raises(VccConfigurationError, match=f"{name}: .*'nope' is undefined") as caught:
        task.render_template_fields({})
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "Janedoe" not in f"{caught.value}{caplog.text}{capfd.readouterr()}"


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_misspelt_parameter_is_named_without_its_value(operator):
    """Airflow shows what it refuses with its value, which may be the elements themselves."""
    with pytest.raises(TypeError, match="has no parameter 'elemets'") as caught:
        operator(task_id="t", **OPERATORS[operator], elemets=[{"description": "Janedoe"}])
    assert "Janedoe" not in str(caught.value)
    assert caught.value.__context__ is None


def test_the_nearest_parameter_is_named():
    """Whoever has misspelt it reads how it is written."""
    with pytest.raises(TypeError, match="did you mean 'elements'"):
        BatchDispositionOperator(task_id="t", project_id=17, elemnts=[])


@pytest.mark.parametrize("quote", ["'", '"'])
def test_what_a_template_put_between_any_quotes_is_not_shown(quote):
    """Double quotes are those of a text in MariaDB and BigQuery; what the author wrote, and days, stay."""
    template = "SELECT 'own' FROM t WHERE name = '{{ who }}' AND day = '{{ ds }}'".replace("'", quote)
    shown = shown_query(template)(template.replace("{{ who }}", "Janedoe").replace("{{ ds }}", "2026-12-01"), ())
    assert "Janedoe" not in shown
    assert f"{quote}own{quote}" in shown
    assert "2026-12-01" in shown
