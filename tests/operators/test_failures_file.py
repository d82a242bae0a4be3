"""Failed elements go to a file line by line, whatever they hold, and can be read again."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from decimal import Decimal

import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.fields import Element
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.exceptions import VccError

NESTED: list = []
NESTED.append(NESTED)


def failure(element, position=7):
    return Failure(position, Outcome.REJECTED, 417, "error.x", element)


def written(tmp_path, *elements):
    path = tmp_path / "failures.jsonl"
    sink = FailuresFile(str(path))
    sink.write([failure(element) for element in elements])
    sink.close()
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_row_has_the_five_fields(tmp_path):
    [row] = written(tmp_path, {"numberid": 1})
    assert row == {
        "position": 7,
        "outcome": "rejected",
        "errorcode": 417,
        "errormessage": "error.x",
        "element": {"numberid": 1},
    }


@pytest.mark.parametrize(
    ("element", "kept"),
    [
        (Element(numberid="1", description="é"), {"numberid": "1", "description": "é"}),
        ({"when": dt.datetime(2026, 12, 1, 9, tzinfo=dt.UTC)}, {"when": "2026-12-01T09:00:00Z"}),
        ({"when": dt.date(2026, 12, 1)}, {"when": "2026-12-01"}),
        ({"amount": Decimal("1.50")}, {"amount": "1.50"}),
        ({"what": {1}}, {"what": [1]}),
        ({"what": object}, {"what": "<class 'object'>"}),
        ({"what": float("nan")}, {"what": None}),
        ({(1, 2): 3, "a": 4}, {"(1, 2)": 3, "a": 4}),
        ({"text": "\ud800"}, {"text": "\ud800"}),
        ("no JSON", "no JSON"),
        (None, None),
        (NESTED, None),
    ],
)
def test_whatever_an_element_holds_gets_a_line(tmp_path, element, kept):
    [row] = written(tmp_path, element)
    assert row["element"] == kept
    assert row["position"] == 7


def test_what_is_written_is_in_the_file_at_once(tmp_path):
    path = tmp_path / "failures.jsonl"
    sink = FailuresFile(str(path))
    sink.write([failure({"numberid": 1})])
    assert len(path.read_text().splitlines()) == 1
    sink.close()


def test_a_file_of_an_earlier_run_is_replaced_also_where_nothing_fails(tmp_path):
    path = tmp_path / "failures.jsonl"
    path.write_text("old\n")
    FailuresFile(str(path)).close()
    assert path.read_text() == ""


def test_the_file_is_an_input_as_it_is(tmp_path):
    written(tmp_path, Element(numberid="1", description="x"), {"numberid": 2}, {"numbrid": 3})
    source = open_path(str(tmp_path / "failures.jsonl"))
    [rows] = source.read(10)
    batch = Checker().check(rows)
    assert [element.numberid for element in batch.elements] == ["1", "2"]
    assert [f.element for f in batch.failures] == [{"numbrid": 3}]


class Full(io.BytesIO):
    """A disk that has no space left."""

    def write(self, _):
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_said_once_and_hinders_nothing_after():
    sink = FailuresFile("s3://user:secret@bucket/failures.jsonl", lambda _: Full())
    with pytest.raises(
        VccError, match=r"s3://bucket/failures.jsonl cannot be written \(No space left on device\)"
    ) as it:
        sink.write([failure({"numberid": 1})])
    assert "secret" not in str(it.value)
    sink.write([failure({"numberid": 2})])
    sink.close()


def test_a_file_that_cannot_be_created_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(VccError, match="cannot be created"):
        FailuresFile(str(tmp_path / "file" / "failures.jsonl"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_that_nobody_reads_is_refused(tmp_path):
    """The task does not wait for a reader that may never come."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(VccError, match="cannot be created"):
        FailuresFile(str(tmp_path / "pipe"))
