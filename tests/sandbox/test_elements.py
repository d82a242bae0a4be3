"""What the documentation leaves open, and what the sandbox does there."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_vcc.sandbox.faults.rejections import RejectSome
from airflow_provider_vcc.sandbox.seeds import error_kinds

BATCH = "/v2/projects/17/records/dispositions"


def reasons(answer):
    return [error["errormessage"] for error in answer.errors]


@pytest.mark.parametrize(
    ("element", "reason"),
    [
        ("1", "error.invalid_element"),
        ({"numberid": None, "search": None}, "error.missing_numberid_or_search"),
        ({"search": {}}, "error.missing_numberid_or_search"),
        ({"search": []}, "error.missing_numberid_or_search"),
        ({"numberid": "none"}, "error.unknown_record"),
        ({"numberid": True}, "error.invalid_numberid"),
        ({"numberid": ["1"]}, "error.invalid_numberid"),
        ({"search": "Green"}, "error.invalid_search"),
        ({"search": [{"name": "Green"}, {}]}, "error.invalid_search"),
        ({"search": {"shoe": "44"}}, "error.unknown_search_field"),
        ({"search": {"name": None}}, "error.invalid_search_value"),
        ({"search": {"name": ["Green"]}}, "error.invalid_search_value"),
        ({"numberid": "1", "dispositionid": "999"}, "error.unknown_disposition"),
        ({"numberid": "1", "dispositionid": [1]}, "error.invalid_dispositionid"),
        ({"numberid": "1", "userid": "999"}, "error.unknown_user"),
        ({"numberid": "1", "userid": True}, "error.invalid_userid"),
        ({"numberid": "1", "description": 5}, "error.invalid_description"),
        ({"numberid": "1", "sendDispositionMessages": "yes"}, "error.invalid_sendDispositionMessages"),
    ],
)
def test_an_element_that_cannot_be_gets_an_error_and_changes_nothing(client, sandbox, element, reason):
    answer = client.put(element, {"numberid": "2"}, disposition={"dispositionid": 1})
    assert answer.errors == [{"errorcode": 417, "errormessage": reason, "index": 0}]
    assert answer.response == {"1": True}
    assert [event.numberid for event in sandbox.ledger.events()] == ["2"]


def test_an_element_needs_a_disposition_its_own_or_the_requests(client):
    assert reasons(client.put({"numberid": "1"})) == ["error.missing_dispositionid"]


def test_a_search_that_matches_nothing_is_done(client, sandbox):
    assert client.put({"search": {"name": "Nobody"}, "dispositionid": "1"}).response == {"0": True}
    assert sandbox.ledger.totals()["events"] == 0


def test_a_search_that_matches_nothing_is_done_also_with_avoid_in_call(client):
    element = {"search": {"name": "Nobody"}, "dispositionid": "1"}
    assert client.put(element, avoid_in_call=True).response == {"0": True}


def test_a_disposition_without_a_user_leaves_the_record_with_the_user_it_had(client, sandbox):
    client.put({"numberid": "4", "dispositionid": "1", "userid": "22"}, {"numberid": "4", "dispositionid": "2"})
    client.put({"search": {"pref_userid": "22", "act_status": "2"}, "dispositionid": "3"})
    assert [event.dispositionid for event in sandbox.ledger.events("4")] == ["1", "2", "3"]


def test_a_request_takes_effect_as_a_whole_or_not_at_all(sandbox):
    def break_off():
        with sandbox.store.transaction():
            sandbox.store.set_in_call(17, "1", in_call=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off()
    assert sandbox.store.find(17, ["1"]) == {"1": (1, False)}


def test_a_search_may_have_thousands_of_alternatives(client, sandbox):
    search = [{"numberid": str(number)} for number in range(3000)]
    assert client.put({"search": search, "dispositionid": "1"}).errors == []
    assert sandbox.ledger.totals()["events"] == 100


def test_a_search_only_finds_records_of_its_project(client, sandbox):
    client.put({"search": {"name": "Green"}, "dispositionid": "1"}, path=BATCH.replace("17", "18"))
    assert {event.project for event in sandbox.ledger.events()} == {18}


def test_names_that_are_no_plain_words_are_fields_like_others(start):
    sandbox, client = start([{"numberid": 'a"b', 'x" = 1 OR "y': "it's"}, {"numberid": "c", 'x" = 1 OR "y': "z"}])
    client.put({"search": {'x" = 1 OR "y': "it's"}, "dispositionid": "1"})
    assert [event.numberid for event in sandbox.ledger.events()] == ['a"b']


def test_undocumented_fields_and_ids_as_numbers_pass(client):
    assert client.put({"numberid": 1, "dispositionid": 1, "dispositionId": 7}).errors == []


def test_strict_refuses_undocumented_fields_and_ids_as_numbers(start):
    _, client = start(10, strict=True)
    answer = client.put(
        {"numberid": 1, "dispositionid": "1"}, {"numberid": "1", "dispositionid": "1", "dispositionId": 7}
    )
    assert reasons(answer) == ["error.invalid_numberid", "error.unknown_field"]


def test_a_record_in_call_can_be_answered_true_and_still_be_left_alone(start):
    sandbox, client = start(10, in_call=["3"], tell_in_call=False)
    assert client.put({"numberid": "3", "dispositionid": "1"}, avoid_in_call=True).response == {"0": True}
    assert sandbox.ledger.totals()["events"] == 0


def test_agents_take_and_leave_records_while_it_runs(client, sandbox):
    sandbox.set_in_call("3")
    assert client.put({"numberid": "3", "dispositionid": "1"}, avoid_in_call=True).errors
    sandbox.set_in_call("3", in_call=False)
    assert not client.put({"numberid": "3", "dispositionid": "1"}, avoid_in_call=True).errors


@pytest.mark.parametrize("part", [{"disposition": []}, {"disposition": "1"}, {"avoid_in_call": "yes"}])
def test_a_part_of_the_body_of_another_type_fails_the_whole_request(client, sandbox, part):
    answer = client.put({"numberid": "1", "dispositionid": "1"}, **part)
    assert (answer.status, reasons(answer)) == (200, [f"error.invalid_{next(iter(part))}"])
    assert sandbox.ledger.totals()["events"] == 0


def test_half_a_surrogate_pair_is_no_json(client):
    assert client.ask("PUT", BATCH, b'{"elements": [{"numberid": "1", "description": "\\ud83d"}]}').status == 400


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("map", [{"0": True, "1": True}, {"0": True, "2": True}, {}, {}]),
        ("php", [[True, True], {"0": True, "2": True}, [], []]),
        ("list", [[True, True], [True, False, True], [False], []]),
    ],
)
def test_shapes_of_response(start, shape, expected):
    """PHP writes an empty map as [] and one with keys 0..n-1 as a list."""
    _, client = start(10, shape=shape)
    good = {"numberid": "1", "dispositionid": "1"}
    batches = [[good, good], [good, {}, good], [{}], []]
    assert [client.put(*batch).response for batch in batches] == expected


def test_a_shape_that_does_not_exist_is_refused(start):
    with pytest.raises(ValueError, match="map, php, list"):
        start(shape="xml")


def test_a_function_refuses_elements(start):
    _, client = start(10, reject=lambda element: (500, "error.even") if int(element["numberid"]) % 2 == 0 else None)
    answer = client.put({"numberid": "1"}, {"numberid": "2"}, disposition={"dispositionid": 1})
    assert answer.errors == [{"errorcode": 500, "errormessage": "error.even", "index": 1}]


def test_three_hundred_kinds_of_errors_come_always_for_the_same_records(start):
    sandbox, client = start(3000, reject=RejectSome(0.5, 300))
    elements = [{"numberid": str(number), "dispositionid": "1"} for number in range(1, 3001)]
    first, second = client.put(*elements), client.put(*elements)
    assert first.errors == second.errors
    assert 1300 < len(first.errors) < 1700
    counts = Counter((error["errorcode"], error["errormessage"]) for error in first.errors)
    assert len(counts) > 250
    assert set(counts) <= set(error_kinds(300))
    assert len(sandbox.ledger.rejections()) == 2 * len(first.errors)


def test_kinds_of_errors_are_different_ones_up_to_three_hundred():
    assert len(set(error_kinds(300))) == len({message for _, message in error_kinds(300)}) == 300


def test_ids_and_projects_can_be_chosen(start):
    _, client = start(10, projects=[5], dispositions=range(200, 203), users={"u1"}, customer="acme", token="t")
    client = start.client(_, login="acme", password="t")
    path = BATCH.replace("17", "5")
    assert client.put({"numberid": "1", "dispositionid": "202", "userid": "u1"}, path=path).errors == []
    assert reasons(client.put({"numberid": "1", "dispositionid": "1"}, path=path)) == ["error.unknown_disposition"]
