"""How faults combine, narrow down, and are written as text."""

from __future__ import annotations

import http.client
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.sandbox.faults import (
    KINDS,
    Broken,
    Capacity,
    Cut,
    CutAnswer,
    Fault,
    GoDown,
    Goodbye,
    Hang,
    Latency,
    Odd,
    OneOf,
    Script,
    Status,
    Trickle,
    as_fault,
)
from airflow_provider_vcc.sandbox.faults.spec import parse
from airflow_provider_vcc.sandbox.http.wire import Answer

ELEMENT = {"numberid": "1", "dispositionid": "1"}


def statuses(client, count, *elements):
    return [client.put(*(elements or [ELEMENT])).status for _ in range(count)]


def test_one_fault_is_for_all_requests(start):
    _, client = start(10, faults=Status(500))
    assert statuses(client, 3) == [500] * 3


def test_a_list_is_a_script_in_the_order_of_arrival_and_then_all_is_well(start):
    _, client = start(10, faults=[None, Status(500), Status(429)])
    assert statuses(client, 5) == [200, 500, 429, 200, 200]


def test_a_script_may_have_no_end(start):
    _, client = start(10, faults=(Status(500 + number) for number in range(10**9)))
    assert statuses(client, 3) == [500, 501, 502]


def test_a_function_decides_for_each_request(start):
    _, client = start(10, faults=lambda request: Status(500) if request.json["elements"] == [{}] else None)
    assert statuses(client, 1) == [200]
    assert statuses(client, 1, {}) == [500]


def test_a_function_knows_number_method_path_and_elements(start):
    seen = []

    def look(request):
        seen.append((request.number, request.nth, request.method, request.path, request.elements))

    _, client = start(10, faults=look)
    client.ask("GET", "/v2/projects?x=1")
    client.put(ELEMENT, ELEMENT)
    assert seen == [(0, 0, "GET", "/v2/projects", None), (1, 1, "PUT", "/v2/projects/17/records/dispositions", 2)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Status(500).first(2), [500, 500, 200, 200, 200, 200]),
        (Status(500).after(4), [200, 200, 200, 200, 500, 500]),
        (Status(500).every(3), [200, 200, 500, 200, 200, 500]),
        (Status(500).after(1).first(3), [200, 500, 500, 200, 200, 200]),
        (Status(500).within(0), [200] * 6),
        (Status(500).within(1000), [500] * 6),
        (Status(500).first(1) + Status(429).first(2), [500, 429, 200, 200, 200, 200]),
        (Status(500).heavier(20), [500] * 6),
        (Status(500).heavier(1000), [200] * 6),
        (Status(500).over(0), [500] * 6),
        (Status(500).over(1), [200] * 6),
    ],
)
def test_conditions(start, fault, expected):
    _, client = start(10, faults=fault)
    assert statuses(client, 6) == expected


def test_conditions_count_from_when_the_faults_were_set(start):
    sandbox, client = start(10, faults=Status(500).first(1))
    assert statuses(client, 2) == [500, 200]
    sandbox.faults = Status(502).first(1)
    assert statuses(client, 2) == [502, 200]
    sandbox.faults = None
    assert statuses(client, 2) == [200, 200]


def test_the_outer_fault_gets_the_answer_of_the_inner_one(start):
    sandbox, client = start(10, faults=[CutAnswer(-20) + Status(503)])
    with pytest.raises(http.client.HTTPException):
        client.put(ELEMENT)
    assert sandbox.ledger.requests()[0].fault == "cut-answer:-20+status:503"


def chosen(fault, count=2000):
    """Return for each request whether the fault is done to it, without a server."""
    statuses = []
    for number in range(count):
        request = SimpleNamespace(nth=number, note=lambda _: None)
        statuses.append(fault(request, Answer).status)
    return statuses


def test_a_share_of_the_requests():
    assert 60 < chosen(Status(500).sometimes(0.05)).count(500) < 140
    assert chosen(Status(500).sometimes(0)) == [200] * 2000
    assert chosen(Status(500).sometimes(1)) == [500] * 2000


def test_the_same_seed_chooses_the_same_requests_and_another_one_others():
    assert chosen(Status(500).sometimes(0.5, seed=1)) == chosen(Status(500).sometimes(0.5, seed=1))
    assert chosen(Status(500).sometimes(0.5, seed=1)) != chosen(Status(500).sometimes(0.5, seed=2))


def test_two_shares_side_by_side_do_not_choose_the_same_requests():
    both = chosen(Status(500).sometimes(0.5) + Status(502).sometimes(0.5))
    assert 350 < both.count(502) < 650


def test_one_of_several_for_a_share():
    counts = [chosen(OneOf(0.3, (Status(500), Status(502), Status(503)))).count(status) for status in (500, 502, 503)]
    assert all(140 < count < 260 for count in counts)


SINGLE = st.one_of(
    st.builds(Latency, st.sampled_from([0.0, 0.25, 2.0]), st.sampled_from([0.0, 3.5]), st.sampled_from([0.0, 0.125])),
    st.builds(Status, st.integers(300, 599), st.booleans(), st.sampled_from([-1.0, 0.0, 2.5]), st.booleans()),
    st.builds(Cut, st.sampled_from(["unread", "read", "acted"]), st.booleans()),
    st.builds(CutAnswer, st.integers(-500, 500)),
    st.builds(Broken, st.sampled_from(["html", "empty"]), st.booleans()),
    st.builds(Odd, st.sampled_from(["short", "errors-map"]), st.integers(1, 9)),
    st.builds(Hang, st.sampled_from(["never", "first", "later"])),
    st.builds(Trickle, st.integers(1, 99), st.sampled_from([0.5, 0.01])),
    st.builds(Goodbye, st.booleans()),
    st.builds(GoDown, st.sampled_from([0.5, 10.0])),
    st.builds(Capacity, st.integers(1, 64)),
)
COMBINED = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.builds(Fault.__add__, inner, SINGLE),
        st.builds(Fault.first, inner, st.integers(1, 99)),
        st.builds(Fault.over, inner, st.integers(1, 99)),
        st.builds(Fault.sometimes, inner, st.sampled_from([0.05, 0.5, 1]), st.integers(0, 9)),
        st.builds(OneOf, st.sampled_from([0.01, 0.25]), st.tuples(inner, inner), st.integers(0, 3)),
    ),
    max_leaves=6,
)


@given(COMBINED)
def test_text_says_all_of_a_fault(fault):
    assert parse(str(fault)) == fault


@given(st.lists(st.none() | COMBINED, min_size=1, max_size=4))
def test_text_says_all_of_a_script(faults):
    text = str(Script(faults))
    assert str(parse(text)) == text
    assert isinstance(parse(text), Script)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("503", Status(503)),
        ("503:acted", Status(503, acted=True)),
        ("429:retry_after=2:date", Status(429, retry_after=2.0, date=True)),
        ("cut:read:no-reset@5%", Cut("read", reset=False).sometimes(0.05)),
        ("503|hang@5%:42", OneOf(0.05, (Status(503), Hang()), 42)),
        (" latency:0.1 + 503 @ first:3 ", Latency(0.1) + Status(503).first(3)),
        ("(latency:0.1+503)@over:200", (Latency(0.1) + Status(503)).over(200)),
        ("ok", Fault()),
    ],
)
def test_text_as_people_write_it(text, fault):
    assert parse(text) == fault or type(fault) is Fault is type(parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing at the end"),
        ("503@", "missing at the end"),
        ("bogus", "'bogus' is not a fault: use one of latency, status"),
        ("503@5", "'5' is not a condition"),
        ("503@first", "'first' is not a condition"),
        ("503@x%", "'x%' is not a condition"),
        ("cut:bogus", "at must be one of unread, read, acted"),
        ("latency:x", "latency:seconds:most:each"),
        ("latency", "too few or too many arguments"),
        ("hang:never:never", "too few or too many arguments"),
        ("503|502", "need a share"),
        ("(503", "missing at the end"),
        ("(503@5%,", "a bracket is not closed"),
        ("503)", "')' does not belong there"),
    ],
)
def test_text_that_is_no_fault_is_explained(text, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        parse(text)


def test_every_kind_of_fault_has_a_name_of_its_own():
    assert len(KINDS) == 11


@pytest.mark.parametrize("faults", [lambda _: None, iter([Status(500)])])
def test_what_has_no_text_says_so(faults):
    with pytest.raises(TypeError):
        str(as_fault(faults))
