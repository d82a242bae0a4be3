"""docs/outcomes.md says what is so: its example is run, and its figures are compared."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_vcc.sandbox.faults.spec import parse

pytestmark = pytest.mark.airflow

NAME = "vcc_thresholds"
FIGURES = ("applied", "rejected", "invalid", "unknown", "not_sent", "requests")


@pytest.fixture
def text(page):
    return page("outcomes")


@pytest.fixture
def folder(text, tmp_path):
    """Return a folder with the ``callbacks.csv`` that the page's own lines write."""
    [program] = re.findall(r"^```python\n(import csv.*?)^```$", text, re.DOTALL | re.MULTILINE)
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    return tmp_path


@pytest.fixture
def misbehave(text, sandbox):
    """Return a function that makes the sandbox begin with the fault of the page's command."""
    [fault] = re.findall(r"sandbox --fault '([^']+)'", text)
    return lambda: sandbox.set_faults(parse(fault))


@pytest.fixture
def send(run, repo, folder, sandbox, misbehave):
    """Return a function that runs the example with some arguments, written as in a call, in place of its own."""
    source = (repo / "example_dags" / f"{NAME}.py").read_text()

    def send_file(elements="callbacks.csv", failures="failed.jsonl", change=""):
        file = folder / "dag.py"
        file.write_text(changed(source, change))
        paths = {"elements_path": os.fspath(folder / elements), "failures_path": os.fspath(folder / failures)}
        return run(file, NAME, sandbox, **paths)

    misbehave()
    return send_file


def changed(source, change):
    words = ast.parse(f"f({change})").body[0].value.keywords
    for name, value in [(word.arg, ast.literal_eval(word.value)) for word in words]:
        source = re.sub(rf"^ +{name}=.*\n", "", source, flags=re.MULTILINE)
        source = source.replace("        chunk_size=50,\n", f"        chunk_size=50,\n        {name}={value!r},\n")
    return source


def rows(text):
    """Return the table of judgements: what is changed, the figures, the task's state."""
    table = text.partition("| instead |")[2].partition("\n\n")[0]
    cells = [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    return [(change, [int(figure) for figure in figures], state) for change, *figures, state in cells]


def narrowed(text):
    return " ".join(text.split())


def told(message):
    """Return a message on one line, without the positions of what broke, which go by who was first."""
    return re.sub(
        r"(ConnectionResetError\)) \(records [\d, ]+ \.\.\. at positions [\d, ]+", r"\1 N ", narrowed(message)
    )


def test_each_row_of_the_table_is_what_a_run_comes_to(text, send, misbehave):
    for change, figures, state in rows(text):
        misbehave()
        result = send(change=change)
        assert ([result.summary[name] for name in FIGURES], result.tasks["call_back"]) == (figures, state), change


def test_the_message_is_the_one_that_the_task_fails_with(text, send, folder):
    [shown] = re.findall(r"DispositionThresholdExceeded: .*?(?=\n```)", text, re.DOTALL)
    log = send().log.replace(f"{folder}/", "")
    assert told(shown) in told(log)


def test_the_summary_is_the_one_that_the_task_pushes(text, send, folder):
    [shown] = re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    summary = send().summary
    assert list(json.loads(shown)) == list(summary)
    assert comparable(json.loads(shown)) == comparable(summary)


def comparable(summary):
    """Return what is the same in each run."""
    errors = [row if "connection broke" not in row["errormessage"] else row["count"] for row in summary["errors"]]
    path = Path(summary["failures_path"]).name
    return {**summary, "errors": errors, "failures_path": path, "duration": 0, "elements_per_second": 0}


def test_each_key_of_the_summary_is_explained(text, send):
    table = text.partition("| key |")[2].partition("\n\n")[0]
    explained = set(re.findall(r"^\| .*?`(\w+)`", table, re.MULTILINE))
    outcomes = {"applied", "rejected", "invalid", "unknown", "not_sent"}
    only_of_some_runs = {"error", "validate_only"}
    assert explained | outcomes | {"project_id"} == set(send().summary) | only_of_some_runs


def test_the_failures_file_goes_back_as_the_page_says(text, send, folder):
    send()
    [command] = re.findall(r"^```sh\n(sed .*?)^```$", text, re.DOTALL | re.MULTILINE)
    subprocess.run(["/bin/sh", "-c", command], cwd=folder, check=True)
    result = send("again.jsonl", "failed-again.jsonl")
    assert f"all {result.summary['applied']} elements are applied" in narrowed(text)
    assert (result.summary["applied"], result.tasks) == (result.summary["total"], {"call_back": "success"})


def test_the_failures_file_as_it_is_breaks_the_share_that_the_page_names(text, send):
    send()
    result = send("failed.jsonl", "failed-again.jsonl")
    summary = result.summary
    share = round(100 * summary["error_rate"])
    assert f"{summary['total']} elements, of which {summary['failed']} fail again: {share} %" in narrowed(text)
    assert result.tasks == {"call_back": "failed"}


def test_the_lines_of_the_failures_file_are_real(text, send, folder):
    send()
    written = (folder / "failed.jsonl").read_text()
    block = text.partition("and the element itself.")[2]
    shown = re.findall(r"^\{.*\}$", block, re.MULTILINE)
    assert len(shown) == 2
    for line in shown:
        beginning, _, end = line.partition("; ...")
        assert any(row.startswith(beginning) and row.endswith(end) for row in written.splitlines()), line
