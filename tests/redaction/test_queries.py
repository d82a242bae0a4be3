"""A query is shown as its author wrote it: what a template put into its literals is not."""

from __future__ import annotations

import traceback

import pytest

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.task.rendering.rendered import bare
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

CONTEXT = {"who": "Janedoe O''Dowd", "ds": "2026-11-30", "table": "callbacks"}


def rendered(sql):
    operator = SqlToVccOperator(task_id="sync", project_id=17, sql_conn_id="warehouse", sql=sql)
    operator.render_template_fields(CONTEXT)
    return operator.sql


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("SELECT 'x' FROM {{ table }} WHERE due > '{{ ds }}'", "SELECT 'x' FROM callbacks WHERE due > '2026-11-30'"),
        ("SELECT '5' WHERE who = '{{ who }}' OR x = 'x'", "SELECT '5' WHERE who = '***' OR x = 'x'"),
        ("SELECT 1 WHERE who LIKE '%{{ who }}%'", "SELECT 1 WHERE who LIKE '***'"),
        ("SELECT 1 WHERE who = 'Jane'", "SELECT 1 WHERE who = 'Jane'"),
    ],
)
def test_literals_are_shown_as_far_as_they_are_the_authors_or_days(sql, shown):
    query = rendered(sql)
    assert str(query) == shown
    assert "Janedoe" in bare(query) or bare(query) == shown


@pytest.mark.parametrize("sql", ["SELECT 'Janedoe' {{ nope.nope }}", "SELECT '{{ who.nope.nope }} Janedoe'"])
def test_of_a_query_whose_template_fails_nothing_is_told(sql, caplog, capfd):
    with pytest.raises(VccConfigurationError, match="sql: its template cannot be rendered") as caught:
        rendered(sql)
    for said in (*traceback.format_exception(caught.value), caplog.text, *capfd.readouterr()):
        assert "Janedoe" not in said
