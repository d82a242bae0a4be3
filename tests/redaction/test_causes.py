"""An error brings nothing along: neither its causes nor what these hold say what was read, or what opens an address."""

from __future__ import annotations

import gzip
import json

import pytest
from support.operators import run_here

from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator

ROW = b'{"numberid": "1", "description": "Janedoe"}\n'
HEADER = b"numberid,description\n1,Janedoe\n"
FILES = {
    "bad.csv": HEADER + b"2,Janedoe \xff\n",
    "cut.csv": HEADER + b'2,"Janedoe',
    "none.csv": b"Janedoe,x\n1,2\n",
    "cut.jsonl": ROW + b'{"numberid": "Janedoe',
    "bad.jsonl": ROW + b'{"numberid": "Janedoe\xff"}\n',
    "cut.json": b"[" + ROW + b', {"Janedoe',
    "cut.jsonl.gz": gzip.compress(ROW * 999)[:-30],
    "none.parquet": b"PAR1Janedoe",
    "none.xlsx": b"PK\3\4Janedoe",
}
GIVEN = {
    "a text": {"elements": '[{"numberid": 1, "description": "Janedoe",}]'},
    "a text of Python": {"elements": "[{'numberid': 1, 'description': 'Janedoe'}]"},
    "a disposition that is not JSON": {"elements": [], "disposition": '{"description": "Janedoe",}'},
    "a disposition with another field": {"elements": [], "disposition": {"dispositionid": 2, "Janedoe": 1}},
    "a disposition with an odd id": {"elements": [], "disposition": {"dispositionid": "Janedoe"}},
    "an odd address": {"elements_path": "nope://Janedoe:Janedoe@x/y.csv?sig=Janedoe"},
    "an odd address to write to": {"elements": [], "failures_path": "nope://Janedoe@x/y?sig=Janedoe"},
    "a password before a bucket": {"elements_path": "s3://user:Janedoe@bucket/y.csv"},
    "a password before a bucket to write to": {"elements": [], "failures_path": "gs://user:Janedoe@bucket/y"},
}


def all_of(error):
    """Return each error that leads to one, with all that it holds."""
    found, left = [], [error]
    while left:
        one = left.pop()
        if one is not None and one not in found:
            found.append(one)
            left += [one.__cause__, one.__context__]
    kept = ("doc", "object", "obj", "filename", "args")
    return [repr([one, str(one), vars(one), *(getattr(one, name, None) for name in kept)]) for one in found]


@pytest.fixture
def run(monkeypatch, caplog, capfd):
    """Return a function that runs an operator against nobody, and returns its error and all that is said of it."""
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps({"conn_type": "vcc", "host": "127.0.0.1:9"}))
    caplog.set_level("DEBUG")

    def run_it(**given):
        common = {"task_id": "sync", "project_id": 17, "validate_only": True}
        try:
            error, xcoms = run_here(BatchDispositionOperator(**common | given))
        except VccError as raised:
            error, xcoms = raised, {}
        return error, "\n".join([*all_of(error), json.dumps(xcoms), caplog.text, *capfd.readouterr()])

    return run_it


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_breaks_off_is_in_no_error(run, tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name])
    error, said = run(elements_path=str(tmp_path / name))
    assert isinstance(error, VccError)
    assert "Janedoe" not in said


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_what_is_given_is_in_no_error(run, given):
    error, said = run(**given)
    assert isinstance(error, VccError)
    assert "Janedoe" not in said


def test_a_file_system_that_quotes_an_address_is_not_quoted():
    def refuse(path):
        raise OSError(5, f"cannot reach {path}")

    with pytest.raises(VccError, match="failures_path: https://host/f cannot be created") as caught:
        FailuresFile("https://t0ken@host/f?sig=s1gnature", refuse)
    assert not [text for text in all_of(caught.value) if "t0ken" in text or "s1gnature" in text]


def test_summaries_that_are_not_json_are_in_no_error():
    with pytest.raises(VccError) as caught:
        DispositionThresholdOperator(task_id="judge", summaries='[{"Janedoe":}]', expected=1).execute({})
    assert not [text for text in all_of(caught.value) if "Janedoe" in text]
