"""From rows to elements: what one row comes to does not depend on the rows beside it, or on how it came."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows

PLAIN = {"numberid": "1", "description": "x"}


def told(batch):
    """Return what became of each row of a batch: the element as it goes out, or the reason."""
    found = {p: msgspec.json.encode(e) for p, e in zip(batch.positions, batch.elements, strict=True)}
    found |= {failure.position: failure.errormessage for failure in batch.failures}
    assert sorted(found) == list(range(batch.start, batch.start + batch.size))
    assert len(batch.positions) + len(batch.failures) == batch.size
    return [found[position] for position in sorted(found)]


def test_plain_rows_become_plain_elements_in_one_go():
    batch = Checker().check(ObjectRows(5, [PLAIN, PLAIN]))
    assert batch.plain
    assert batch.positions == range(5, 7)
    assert not batch.failures


@pytest.mark.parametrize(
    ("field", "plain"),
    [
        ({"numberid": 1}, True),
        ({"search": {"a": 1}, "numberid": None}, False),
        ({"sendDispositionMessages": True}, False),
    ],
)
def test_a_batch_is_plain_as_long_as_nothing_searches_or_asks_for_messages(field, plain):
    assert Checker().check(ObjectRows(0, [PLAIN, PLAIN | field])).plain is plain


@pytest.mark.parametrize(
    "rows",
    [
        JsonRows(0, [b'{"numberid":"7","userid":"1"}']),
        ObjectRows(0, [{"numberid": "7", "userid": "1"}]),
        TableRows(0, ("numberid", "userid"), [("7", "1")]),
    ],
    ids=["json", "objects", "table"],
)
def test_a_name_that_is_a_field_is_mapped_to_another_one_however_its_row_came(rows):
    """Such rows would be plain elements of another meaning if they were taken as they are."""
    swapped = Checker({"userid": "numberid", "numberid": "userid"}).check(rows)
    assert told(swapped) == [b'{"numberid":"1","userid":"7"}']


def test_an_invalid_row_is_reported_with_its_position_and_the_others_go_on():
    batch = Checker().check(JsonRows(10, [b'{"numberid":"1"}', b"{oops", b'{"numberid":"3"}', b'{"numberId":"4"}']))
    assert list(batch.positions) == [10, 12]
    assert [(f.position, f.outcome, f.errorcode) for f in batch.failures] == [
        (11, Outcome.INVALID, None),
        (13, Outcome.INVALID, None),
    ]
    assert batch.failures[0].errormessage == "not JSON"
    assert batch.failures[0].element == "{oops"
    assert batch.failures[1].element == {"numberId": "4"}


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b'{"numberid":"\xff"}', b'{"numberid":"1"} x', b'{"numberid":"\\ud800"}', b"[" * 10**5]
)
def test_a_text_that_is_no_json_is_invalid(text):
    batch = Checker().check(JsonRows(0, [text, b'{"numberid":"1"}']))
    assert [failure.position for failure in batch.failures] == [0]


class Liar:
    """Does not even say what it is."""

    @property
    def __class__(self):
        raise RuntimeError


def test_an_object_that_raises_whatever_is_asked_of_it_costs_its_own_row():
    wrong = [Liar(), {"numberid": Liar()}, {"search": {"name": Liar()}}, {Liar(): 1}]
    batch = Checker().check(ObjectRows(0, [*wrong, {"numberid": "2"}]))
    assert list(batch.positions) == [4]
    assert {failure.errormessage for failure in batch.failures} == {"it cannot be read (RuntimeError)"}


def test_an_element_that_nests_too_deeply_is_invalid():
    deep = b'{"search":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}"
    batch = Checker().check(JsonRows(0, [deep, b'{"numberid":"1"}']))
    assert [failure.position for failure in batch.failures] == [0]


def test_a_row_of_a_failures_file_is_shown_as_its_element_when_it_fails_again():
    row = {"position": 1, "outcome": "invalid", "errorcode": None, "errormessage": "", "element": {"numberid": "1.5"}}
    for rows in (ObjectRows(0, [row]), JsonRows(0, [json.dumps(row).encode()])):
        (failure,) = Checker().check(rows).failures
        assert failure.errormessage == "numberid must be a text or a whole number"
    assert Checker().check(JsonRows(0, [json.dumps(row).encode()])).failures[0].element == {"numberid": "1.5"}


def test_rows_of_a_table_are_elements_by_their_columns():
    rows = TableRows(3, ("numberid", "city"), [(1, "Wien"), (None, "Wien")])
    batch = Checker({"city": "description"}).check(rows)
    assert told(batch)[0] == b'{"numberid":"1","description":"Wien"}'
    assert [failure.position for failure in batch.failures] == [4]


scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "1", "2017-10-10 11:00:00", "x"])
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.sampled_from("ab"), scalars, max_size=2)
names = st.sampled_from(
    ["numberid", "search", "dispositionid", "userid", "next_calldate", "description", "sendDispositionMessages", "x"]
)
likely = st.fixed_dictionaries({"numberid": st.sampled_from(["1", 2])}, optional={"description": st.just("x")})
rows = st.lists(likely | st.dictionaries(names, values, max_size=4) | scalars, min_size=1, max_size=6)


@given(rows)
@example([{"next_calldate": ""}])
def test_what_a_row_comes_to_depends_neither_on_its_neighbours_nor_on_how_it_came(objects):
    checker = Checker()
    together = told(checker.check(ObjectRows(0, objects)))
    alone = [told(Checker().check(ObjectRows(0, [one])))[0] for one in objects]
    as_json = told(checker.check(JsonRows(0, [json.dumps(one).encode() for one in objects])))
    assert together == alone == as_json


@given(rows)
@example([{"numberid": 0, "search": ""}])
def test_what_is_sent_is_what_was_given(objects):
    batch = Checker().check(ObjectRows(0, objects))
    for position, element in zip(batch.positions, batch.elements, strict=True):
        given_ = {name: value for name, value in objects[position].items() if value not in (None, "")}
        sent = msgspec.to_builtins(element)
        ids = {"numberid", "dispositionid", "userid"}
        assert sent == {name: str(value) if name in ids else value for name, value in given_.items()}
