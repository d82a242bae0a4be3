"""Each example DAG, run by Airflow against the sandbox."""

from __future__ import annotations

import json
import re

import pytest

from airflow_provider_vcc.sandbox import Sandbox

pytestmark = pytest.mark.airflow


@pytest.fixture
def sandbox():
    with Sandbox(records=24) as sandbox:
        yield sandbox


@pytest.fixture
def run(dag_runner, sandbox, examples):
    """Run an example by its name, with the sandbox as ``vcc_default``."""
    env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection())}
    return lambda name, **conf: dag_runner.run(examples / f"{name}.py", name, conf=conf, env=env)


def outcome(result):
    return [result.summary[name] for name in ("applied", "rejected", "invalid", "unknown", "not_sent")]


def test_the_documented_payload_arrives_as_it_is_printed(run, sandbox):
    run("vcc_documented_payload")
    body = json.loads(sandbox.ledger.body(0))
    assert body == {
        "elements": [
            {
                "numberid": "1",
                "dispositionid": "1",
                "userid": "22",
                "next_calldate": "2017-10-10 11:00:00",
                "description": "High school graduate",
            },
            {"search": {"name": "Green"}},
            {"numberid": "404404"},
        ],
        "disposition": {
            "dispositionid": 2,
            "userid": 7,
            "next_calldate": "2017-09-10 12:00:00",
            "description": "University degree",
        },
        "avoid_in_call": True,
    }


def test_the_documented_payload_fails_for_the_record_that_does_not_exist_only(run):
    result = run("vcc_documented_payload")
    assert outcome(result) == [2, 1, 0, 0, 0]
    assert [(error["errorcode"], error["positions"]) for error in result.summary["errors"]] == [(417, [2])]
    assert result.tasks == {"set_dispositions": "failed"}


def test_elements_of_an_upstream_task_are_applied_under_their_own_names(run, sandbox):
    result = run("vcc_from_upstream")
    assert outcome(result) == [2, 0, 0, 0, 0]
    assert result.tasks == {"find_expired_offers": "success", "call_back": "success"}
    assert [event.next_calldate for event in sandbox.ledger.events()] == ["2026-12-01 09:00:00", "2026-12-01 09:30:00"]


def test_a_template_file_is_rendered_and_applied(run, sandbox):
    result = run("vcc_templated_file")
    dates = [event.next_calldate for event in sandbox.ledger.events()]
    assert outcome(result) == [3, 0, 0, 0, 0]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d (09:[03]0|11:00):00", date) for date in dates)
    assert dates[0][:10] == dates[1][:10] < dates[2][:10]


def test_the_form_sets_a_disposition_and_a_callback_on_the_records_that_are_pasted(run, sandbox):
    result = run("vcc_form", records=["3", " 4 ", ""], disposition="2", callback_date="2026-12-24")
    assert outcome(result) == [2, 0, 0, 0, 0]
    assert [(event.numberid, event.dispositionid, event.next_calldate) for event in sandbox.ledger.events()] == [
        ("3", "2", "2026-12-24 09:00:00"),
        ("4", "2", "2026-12-24 09:00:00"),
    ]


def test_the_form_without_a_callback_sets_none(run, sandbox):
    run("vcc_form", records=["3"])
    assert [event.next_calldate for event in sandbox.ledger.events()] == [None]


def test_the_form_only_checks_where_it_is_told_to(run, sandbox):
    result = run("vcc_form", records=["3"], check_only=True)
    assert result.tasks == {"set_dispositions": "success"}
    assert sandbox.ledger.requests("PUT") == []


def test_the_form_refuses_what_is_no_record_id(run, sandbox):
    assert run("vcc_form", records=["Green"]).state == "failed"
    assert sandbox.ledger.requests("PUT") == []


def test_each_example_is_named_by_a_test(repo):
    names = {path.stem for path in repo.glob("example_dags/vcc_*.py")}
    tests = "".join(path.read_text() for path in repo.glob("tests/**/test_*.py"))
    assert {name for name in names if f'"{name}' not in tests} == set()
