"""Users only ever see positions in the whole input, however it is cut into requests."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.operators import outcomes, run_here

from airflow_provider_vcc.exceptions import DispositionThresholdExceeded
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.sandbox import Sandbox

GOOD = {"numberid": "1"}
BAD = {"unknown record": {"numberid": "404"}, "no record": {"dispositionid": "1"}, "not an object": "x"}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(records=5, keep_bodies=0) as sandbox:
        yield sandbox


CUTS = st.fixed_dictionaries(
    {
        "chunk_size": st.integers(1, 20),
        "max_chunk_bytes": st.integers(120, 2000),
        "max_in_flight": st.integers(1, 5),
    }
)


@given(kinds=st.lists(st.sampled_from(["good", *BAD]), max_size=60), cuts=CUTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_positions_are_those_in_the_whole_input_for_any_chunks(sandbox, monkeypatch, tmp_path, kinds, cuts):
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(sandbox.connection()))
    path = tmp_path / "failures.jsonl"
    elements = [GOOD if kind == "good" else BAD[kind] for kind in kinds]
    error, xcoms = run_here(
        BatchDispositionOperator(
            task_id="sync",
            project_id=17,
            elements=elements,
            disposition={"dispositionid": 2},
            failures_path=str(path),
            **cuts,
        )
    )
    bad = [position for position, kind in enumerate(kinds) if kind != "good"]
    summary = xcoms["summary"]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(row["position"] for row in rows) == bad
    assert all(row["element"] == BAD[kinds[row["position"]]] for row in rows)
    assert summary["failed"] == len(bad)
    assert sum(outcomes(summary)) == summary["total"] == len(kinds)
    for row in summary["errors"]:
        assert len(row["positions"]) == min(row["count"], 10)
        assert set(row["positions"]) <= set(bad)
    assert (error is not None) is bool(bad)
    if error is not None:
        shown = re.findall(r"at positions? ([0-9, ]+)", str(error))
        assert {int(number) for numbers in shown for number in numbers.split(", ")} <= set(bad)


def test_failed_rows_of_a_file_are_named_by_their_line_in_the_report_and_in_the_log(
    sandbox, monkeypatch, tmp_path, capfd
):
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(sandbox.connection()))
    path = tmp_path / "callbacks.csv"
    path.write_text('numberid,description\n\n1,"two\nlines"\n404,\n,nobody\n1,\n')
    error, xcoms = run_here(
        BatchDispositionOperator(
            task_id="sync", project_id=17, elements_path=str(path), disposition={"dispositionid": 2}
        )
    )
    assert isinstance(error, DispositionThresholdExceeded)
    assert "Record 404 at position 1, line 5: 417 error.unknown_record" in capfd.readouterr().out
    assert [(row[0], row[1], row[5]) for row in xcoms["report"]["failed"]["rows"]] == [(1, "404", 5), (2, None, 6)]
    assert all(
        row.keys() == {"errorcode", "errormessage", "count", "positions", "records"}
        for row in xcoms["summary"]["errors"]
    )
