"""What holds elements shows none of what is personal in its repr, which error trackers send away."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.fields import Element, Plain
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.http.answers import Heard, read_answer
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.sources.memory import from_elements
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows
from airflow_provider_vcc.redaction import Private, Redaction
from airflow_provider_vcc.redaction.readings import readings

JANE = {"numberid": "17", "description": "Janedoe", "search": {"name": "Janedoe"}}
PLAIN = Plain("17", description="Janedoe")
ANSWER = b'{"errors": [{"index": 0, "errorcode": "Janedoe", "errormessage": "Janedoe"}], "response": {}}'

THINGS = {
    "a plain element": PLAIN,
    "an element": Element(numberid="17", description="Janedoe", search={"name": "Janedoe"}),
    "rows of JSON": JsonRows(0, [b'{"description": "Janedoe"}']),
    "rows of objects": ObjectRows(0, [JANE]),
    "rows of a table": TableRows(0, ("numberid", "Janedoe"), [("17", "Janedoe")]),
    "a batch": Checker().check(ObjectRows(0, [{"numberid": "1", "description": "Janedoe"}, JANE])),
    "a chunk": chunk_of([PLAIN], range(1)),
    "a failure": Failure(0, Outcome.INVALID, None, "not an object", JANE),
    "an answer": read_answer(ANSWER, 1),
    "a response": Heard(200, {"x": "Janedoe"}, ANSWER),
    "a source of a list": from_elements([JANE]),
    "a source of a text": from_elements('[{"description": "Janedoe"}]'),
    "what is private": Private([JANE]),
    "what is private of a run": Redaction(JANE, ["Janedoe"]),
    "a reading": next(readings("Janedoe")),
}


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
def test_what_holds_elements_shows_nothing_personal(thing):
    for shown in (repr(thing), str(thing), f"{thing}", repr([thing]), repr({"it": thing})):
        assert "Janedoe" not in shown


def test_ids_and_sizes_are_shown():
    assert repr(PLAIN) == "Plain(numberid='17', description=<str of 7>)"
    assert repr(JsonRows(3, [b"{}"])) == "JsonRows(start=3, texts=<list of 1>)"
