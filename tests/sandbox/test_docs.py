"""docs/sandbox.md says what is so."""

from __future__ import annotations

import re

import pytest

from airflow_provider_vcc.sandbox import __main__ as command
from airflow_provider_vcc.sandbox.faults import KINDS
from airflow_provider_vcc.sandbox.faults.bodies import BROKEN, ODD
from airflow_provider_vcc.sandbox.faults.combining import CONDITIONS
from airflow_provider_vcc.sandbox.faults.spec import parse


@pytest.fixture(scope="module")
def page(repo):
    return (repo / "docs" / "sandbox.md").read_text(encoding="utf-8")


def first_cells(page, heading):
    """Return the texts in the first column of the table with that heading."""
    table = page.partition(f"| {heading} |")[2].partition("\n\n")[0]
    cells = [re.split(r"(?<!\\)\|", row)[1] for row in table.splitlines()[2:]]
    return [text.replace(r"\|", "|") for cell in cells for text in re.findall(r"`([^`]+)`", cell.split(" (")[0])]


@pytest.mark.parametrize(("heading", "count"), [("fault", 20), ("text", 11)])
def test_each_fault_on_the_page_is_one(page, heading, count):
    texts = first_cells(page, heading)
    assert len(texts) == count
    for text in texts:
        parse(text)


def test_the_page_names_every_kind_and_condition(page):
    faults = " ".join(first_cells(page, "fault")) + " status"  # which stands there as a number
    assert {kind for kind in KINDS if kind not in faults} == set()
    assert {name for name in CONDITIONS if f"@{name}:" not in page} == set()
    assert {name for name in [*BROKEN, *ODD] if not re.search(rf"[`:]{name}\b", page)} == set()


def test_each_switch_on_the_page_is_one_and_none_is_missing(page):
    options = {option for action in command._parser()._actions for option in action.option_strings}
    named = set(re.findall(r"(?<=`)--[a-z-]+|(?<= )--[a-z-]+", page))
    assert named <= options
    assert options - named == {"-h", "--help", "--port", "--seed", "--control"}


def test_each_fault_in_the_help_is_one():
    texts = re.findall(r"--fault ('[^']+'|\S+)", command.EPILOG)
    assert len(texts) == 8
    for text in texts:
        parse(text.strip("'"))


def test_the_example_for_tests_runs(page):
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(example, "docs/sandbox.md", "exec"), {})


@pytest.mark.parametrize(
    "error", ["missing_numberid_or_search", "numberid_and_search", "unknown_search_field", "record_in_call"]
)
def test_errors_on_the_page_are_the_sandboxes_own(page, repo, error):
    sources = "".join(path.read_text() for path in (repo / "airflow_provider_vcc" / "sandbox").rglob("*.py"))
    assert f"error.{error}" in page
    assert f'"error.{error}"' in sources
