"""Each sentence of SECURITY.md that promises something is held by a test that exists."""

from __future__ import annotations

import re

import pytest

HELD_BY = {
    "The API token goes to the connection's one host": "hooks/test_session.py",
    "The token stands in no log line": "hooks/test_secrets.py::test_what_a_server_quotes_of_a_request_is_shown_nowhere",
    "What opens an address": "airflow/test_privacy.py::test_what_opens_an_address_is_shown_nowhere",
    "No log line, message, exception": "airflow/test_privacy.py::test_elements_in_the_dag_stay_private",
    "A server's message is shown": (
        "redaction/test_property.py::test_nothing_of_six_characters_comes_through_of_what_a_server_quotes"
    ),
    "Of a database's message": (
        "redaction/test_property.py::test_nothing_of_six_characters_comes_through_of_what_a_database_quotes"
    ),
    "Airflow's page of rendered templates": (
        "airflow/test_privacy.py::test_whatever_a_template_is_airflow_shows_nothing_of_it"
    ),
    "A template that cannot be rendered": (
        "airflow/test_privacy.py::test_of_a_template_that_cannot_be_rendered_airflow_logs_nothing"
    ),
    "A column or field that is none of ours": (
        "dispositions/test_columns.py::test_a_column_that_is_none_of_ours_is_called_by_its_number"
    ),
    "The `repr` of elements": "redaction/test_repr.py::test_what_holds_elements_shows_nothing_personal",
    "The failures file is readable": "test_identity.py::test_the_failures_are_for_their_owner_only",
    "The failures file is never the input": (
        "test_identity.py::test_a_second_name_for_a_local_input_is_refused_before_anything_is_opened"
    ),
    "The sandbox's `--db` file": "sandbox/test_hosts.py::test_the_file_of_records_is_its_owners_only",
    "The report is for those": "report/test_app.py::test_nobody_is_redirected",
    "The sandbox listens on the loopback address": (
        "sandbox/test_hosts.py::test_a_request_for_another_host_is_not_answered"
    ),
}


@pytest.fixture(scope="module")
def promises(repo):
    """Return the sentences of the list under "What holds"."""
    text = (repo / "SECURITY.md").read_text()
    held = text.partition("## What holds")[2].partition("## What does not hold")[0]
    return [" ".join(item.split()) for item in re.findall(r"^- (.*?)(?=^- |^#|\Z)", held, re.MULTILINE | re.DOTALL)]


def test_each_promise_is_named_by_a_test(promises):
    assert len(promises) == len(HELD_BY)
    for promise, beginning in zip(promises, HELD_BY, strict=True):
        assert promise.startswith(beginning)


@pytest.mark.parametrize("test", HELD_BY.values())
def test_the_test_that_holds_a_promise_exists(repo, test):
    file, _, name = test.partition("::")
    assert f"def {name or 'test_'}" in (repo / "tests" / file).read_text()
