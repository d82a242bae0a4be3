"""The examples that docs/operator.md shows, run by Airflow, and what all pages take from examples."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.sandbox import Sandbox


@pytest.fixture
def example(run, repo):
    """Return a function that runs an example by its name."""
    return lambda name, sandbox: run(repo / "example_dags" / f"{name}.py", name, sandbox)


@pytest.mark.airflow
def test_what_the_function_yields_is_set(example, sandbox):
    result = example("vcc_from_function", sandbox)
    assert (result.tasks, result.summary["applied"]) == ({"call_back": "success"}, 20)
    assert {event.next_calldate for event in sandbox.ledger.events()} == {"2026-12-01 09:00:00"}


@pytest.mark.airflow
def test_a_policy_leaves_a_task_alone_that_can_come_to_nothing_better(example):
    with Sandbox(records=1) as sandbox:  # the second record is not there, and will not be
        result = example("vcc_retries", sandbox)
    assert result.tasks == {"call_back": "failed"}
    assert "all that failed was rejected or invalid, and would be again" in result.log


@pytest.mark.airflow
def test_a_policy_tries_again_where_a_rejection_passes_with_time(run, repo, tmp_path):
    text = (repo / "example_dags" / "vcc_retries.py").read_text()
    (tmp_path / "dag.py").write_text(text.replace("minutes=5", "minutes=0"))
    with Sandbox(records=2, in_call=1) as sandbox:
        result = run(tmp_path / "dag.py", "vcc_retries", sandbox)
        assert (result.tasks, sandbox.ledger.totals()["rejections"]) == ({"call_back": "failed"}, 4)


def test_each_dag_that_a_page_writes_out_itself_can_be_parsed(repo, blocks):
    for path in repo.glob("docs/*.md"):
        for code in blocks(path.read_text(), "python"):
            if "DAG(" in code:
                exec(compile(code, path.name, "exec"), {})


def test_each_example_is_shown_or_named_by_a_page(repo):
    text = "".join(path.read_text() for path in [repo / "README.md", *repo.glob("docs/*.md")])
    names = {path.stem for path in repo.glob("example_dags/vcc_*.py")}
    assert {name for name in names if f"{name}.py" not in text} == set()
