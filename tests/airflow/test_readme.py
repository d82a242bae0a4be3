"""What the README says is so."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from airflow_provider_vcc.sandbox import Sandbox


@pytest.fixture(scope="module")
def readme(repo):
    return (repo / "README.md").read_text()


@pytest.fixture(scope="module")
def parameters(readme):
    """Return the rows of the table of parameters: name, whether templated, default."""
    table = readme.split("## The operator's parameters")[1].split("## ")[0]
    return re.findall(r"^\| `(\w+)`( \*)? \| (\S+) \|", table, re.MULTILINE)


@pytest.mark.airflow
def test_the_ten_lines_of_dag_run_as_they_stand(readme, dag_runner, tmp_path):
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    (tmp_path / "call_back.py").write_text(code.replace("schedule=None):", "schedule=None) as dag:"))
    with Sandbox(records=24) as sandbox:
        env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection())}
        result = dag_runner.run(tmp_path / "call_back.py", "call_back", env=env)
    assert result.tasks == {"find_records": "success", "set_dispositions": "success"}
    assert result.summary["applied"] == 2


def test_the_table_of_parameters_has_the_operators_own_with_their_defaults(parameters):
    from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

    signature = inspect.signature(inspect.unwrap(BatchDispositionOperator.__init__)).parameters.values()
    ours = {
        parameter.name: "required" if parameter.default is parameter.empty else parameter.default
        for parameter in signature
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    documented = {
        name: default if default == "required" else eval(default.strip("`")) for name, _, default in parameters
    }
    assert documented == ours


def test_the_table_of_parameters_marks_those_that_are_templated(parameters):
    from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

    assert {name for name, star, _ in parameters if star} == set(BatchDispositionOperator.template_fields)


def test_the_five_outcomes_are_those_of_the_package(readme):
    from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome

    table = readme.split("## The five outcomes")[1].split("## ")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:] == [outcome.value for outcome in Outcome]


def test_the_two_commands_open_the_readme(readme):
    assert readme.index("make demo") < readme.index("make test") < readme.index("## ")
