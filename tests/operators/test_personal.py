"""Rendered values behave as what they hold, and show none of what is personal."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.task.rendering.rendered import Personal, bare

JANE = {"numberid": 1, "description": "Jane", "search": {"name": "Jane"}, "note": "Jane", "next_calldate": "Jane"}


@pytest.mark.parametrize(
    "value",
    [
        [JANE],
        [[JANE], [JANE]],
        (JANE,),
        JANE,
        '[{"description": "Jane"}]',
        ["Jane", 5, None],
        [{"search": [{"name": "Jane"}, "Jane"]}],
        [{"search": "Jane", "numberid": {"x": "Jane"}, "sendDispositionMessages": "Jane", "userid": ["Jane"]}],
        range(5),
        iter([JANE]),
        7,
    ],
)
def test_nothing_personal_is_shown(value):
    personal = Personal(value)
    for shown in (str(personal), repr(personal), f"{personal}", str(personal.serialize())):
        assert "Jane" not in shown


def test_ids_and_dates_are_shown():
    shown = Personal([{"numberid": "5", "dispositionid": 2, "next_calldate": "2026-12-01 09:00:00", "userid": None}])
    assert shown.serialize() == [
        {"numberid": "5", "dispositionid": 2, "next_calldate": "2026-12-01 09:00:00", "userid": None}
    ]


def test_a_long_list_is_shown_in_part():
    assert Personal([{"numberid": n} for n in range(25)]).serialize()[-1] == "and 5 more elements"


@pytest.mark.parametrize("value", [None, 7, [], {}, "", [None]])
def test_what_is_shown_has_a_length_whatever_the_value_is(value):
    assert len(Personal(value).serialize()) >= 0


def test_it_behaves_as_the_value():
    personal = Personal([JANE, 5])
    assert personal == [JANE, 5]
    assert personal == Personal([JANE, 5])
    assert personal != [5]
    assert len(personal) == 2
    assert list(personal) == [JANE, 5]
    assert personal[1] == 5
    assert 5 in personal
    assert not Personal([])
    assert bare(personal) is personal.value
    assert bare(5) == 5
