"""The type of elements whose dispositions and users have been seen: quicker, and the same in all else."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.fields import MOST_USUAL, Plain, Usual
from airflow_provider_vcc.dispositions.sources.memory import from_elements
from airflow_provider_vcc.dispositions.sources.text.from_text import from_text

FULL = {
    "numberid": "1",
    "dispositionid": "2",
    "userid": "3",
    "next_calldate": "2026-12-01 09:00:00",
    "description": "x",
}
VALUES = st.sampled_from(["1", "2", "x-1", "", " 2", "1.5", "é", None, 7, True])
ELEMENTS = st.fixed_dictionaries(
    {"numberid": st.sampled_from(["1", "2", "", 3])},
    optional={"dispositionid": VALUES, "userid": VALUES, "description": st.sampled_from(["", "d", None])},
)


def usual(*ids):
    known = Usual()
    known.learn(ids)
    return known


def test_what_it_decodes_is_a_plain_element_that_goes_out_as_one():
    element = usual("2", "3").decode(msgspec.json.encode(FULL))
    assert isinstance(element, Plain)
    assert msgspec.json.encode(element) == msgspec.json.encode(Plain(**FULL))


@pytest.mark.parametrize("wrong", [{"userid": "4"}, {"dispositionid": ""}, {"typo": 1}, {"numberid": ""}])
def test_what_it_has_not_seen_it_does_not_decode(wrong):
    with pytest.raises(msgspec.ValidationError):
        usual("2", "3").decode(msgspec.json.encode(FULL | wrong))


def test_of_very_many_ids_none_is_made():
    known = usual(*map(str, range(MOST_USUAL)))
    assert known.kind is not Plain
    known.learn(["another"])
    assert known.kind is Plain
    known.learn(["2"])
    assert known.kind is Plain


def test_where_there_is_no_id_none_is_made():
    assert usual(None).kind is Plain


@given(st.lists(st.lists(ELEMENTS, min_size=1, max_size=3), min_size=1, max_size=6), st.booleans())
def test_what_becomes_of_an_element_does_not_depend_on_what_was_seen_before(batches, as_text):
    seen = Checker()
    for elements in batches:
        source = from_text(msgspec.json.encode(elements)) if as_text else from_elements(elements)
        rows = next(source.read(10))
        first, alone = seen.check(rows), Checker().check(rows)
        assert [msgspec.json.encode(one) for one in first.elements] == [msgspec.json.encode(x) for x in alone.elements]
        assert [(one.position, one.errormessage) for one in first.failures] == [
            (one.position, one.errormessage) for one in alone.failures
        ]
        assert first.records in (None, [element.numberid for element in first.elements])


def test_once_there_are_too_many_ids_no_more_are_looked_at():
    known = usual(*map(str, range(MOST_USUAL + 1)))
    more = iter(["another"])
    known.learn(more)
    assert list(more) == ["another"]
