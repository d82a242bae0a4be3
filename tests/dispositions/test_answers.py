"""How the body of a 200 is read: what it says is taken, and what it does not say is nobody's to guess."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.http.answers import (
    Answer,
    Answers,
    Fault,
    Rejection,
    envelope_errors,
    read_answer,
    read_refusal,
)

MISSING = Rejection(None, "missing from the answer")
ERROR = {"errorcode": 417, "errormessage": "error.x"}
X = Rejection(417, "error.x")


def read(envelope, count=3):
    """Read an answer to so many elements."""
    return read_answer(json.dumps(envelope).encode(), count)


@pytest.mark.parametrize("errors", [[], {}, None, "", False, 0])
@pytest.mark.parametrize(
    "response",
    [
        {"0": True, "1": True, "2": True},
        {"2": True, "0": True, "1": True},
        [True, True, True],
        {"0": True, "1": True, "2": True, "3": True, "17": True},
        [True, True, True, True],
        {"0": True, "1": True, "2": True, "took": 4},
    ],
)
def test_true_for_each_element_applied_them_all(errors, response):
    assert read({"errors": errors, "response": response}) == Answer()


@pytest.mark.parametrize(
    "errors",
    [
        [{**ERROR, "index": 1}],
        [{**ERROR, "index": "1"}],
        [{**ERROR, "index": 1.0}],
        {**ERROR, "index": 1},
        {"1": ERROR},
        {"5": {**ERROR, "index": 1}},
    ],
)
@pytest.mark.parametrize("response", [{"0": True, "2": True}, {"0": True, "1": False, "2": True}, [True, False, True]])
def test_an_error_for_an_index_rejected_it_in_whatever_shape(errors, response):
    assert read({"errors": errors, "response": response}) == Answer(rejected={1: X})


@pytest.mark.parametrize("response", [{"0": True, "1": False, "2": True}, [True, False, True]])
def test_false_without_an_error_rejected_an_element(response):
    assert read({"errors": [], "response": response}).rejected == {1: Rejection(None, "the API answered false")}


@pytest.mark.parametrize("response", [{"0": True, "2": True}, {"0": True, "1": None, "2": True}, [True, None, True]])
def test_what_is_missing_from_an_answer_is_unknown(response):
    assert read({"errors": [], "response": response}) == Answer(unsaid={1: MISSING})


@pytest.mark.parametrize("value", ["true", 1, "yes", {}, [True], "1"])
def test_only_true_itself_counts_as_applied(value):
    assert read({"errors": [], "response": [True, value, True]}).unsaid == {1: MISSING}


def test_true_for_an_index_that_was_not_sent_is_not_one_for_an_element_that_was():
    assert read({"errors": [], "response": {"0": True, "1": True, "7": True}}) == Answer(unsaid={2: MISSING})


def test_a_short_list_says_nothing_about_the_rest():
    assert read({"errors": [], "response": [True]}) == Answer(unsaid={1: MISSING, 2: MISSING})


def test_an_answer_without_a_response_says_nothing():
    assert read({"errors": []}).unsaid.keys() == {0, 1, 2}
    assert read({"errors": [], "response": True}).unsaid.keys() == {0, 1, 2}
    assert read({"errors": [], "response": "true"}).unsaid.keys() == {0, 1, 2}


def test_an_answer_without_errors_is_read_by_its_response():
    assert read({"response": [True, True, True]}) == Answer()


@pytest.mark.parametrize("response", [[True, True, True], {"0": True, "1": True, "2": True}])
def test_both_an_error_and_true_is_unknown(response):
    answer = read({"errors": [{**ERROR, "index": 1}], "response": response})
    assert answer == Answer(unsaid={1: Rejection(417, "the answer has both an error and true for it")})


def test_an_error_for_no_index_and_no_response_rejected_the_whole_request():
    assert read({"errors": [ERROR], "response": []}) == Answer(rejected={0: X, 1: X, 2: X})
    assert read({"errors": ERROR, "response": None}) == Answer(rejected={0: X, 1: X, 2: X})
    assert read({"errors": "error.x"}).rejected.keys() == {0, 1, 2}
    for one in ({"errorcode": 417}, {"errormessage": "error.x"}):
        why = Rejection(one.get("errorcode"), one.get("errormessage", "error"))
        assert read({"errors": one}) == Answer(rejected={0: why, 1: why, 2: why})


def test_of_several_errors_for_no_index_the_first_is_the_reason():
    assert {why.errormessage for why in read({"errors": ["a", "b"]}).rejected.values()} == {"a"}


def test_an_error_for_no_index_beside_a_response_takes_nothing_back_and_adds_nothing():
    assert read({"errors": [ERROR], "response": {"0": True}}) == Answer(unsaid={1: MISSING, 2: MISSING})
    both = {"errors": [{"errorcode": 5}, {**ERROR, "index": 1}]}
    assert read(both) == Answer(rejected={1: X}, unsaid={0: MISSING, 2: MISSING})


def test_a_text_for_an_index_is_its_error():
    assert read({"errors": {"1": "error.x"}, "response": [True, None, True]}).rejected == {
        1: Rejection(None, "error.x")
    }


@pytest.mark.parametrize(
    ("envelope", "whole"),
    [
        ({"errors": [ERROR]}, X),
        ({"errors": ["error.x"]}, Rejection(400, "error.x")),
        ({"errors": [{"errorcode": 5, "errormessage": ""}]}, Rejection(5, "refused")),
        ({"errors": []}, Rejection(400, "refused")),
        (None, Rejection(400, "refused")),
    ],
)
def test_a_request_that_was_refused_has_the_servers_reason_and_where_it_says_less_that_of_the_status(envelope, whole):
    assert read_refusal(envelope, 2, Rejection(400, "refused")) == Answer(rejected={0: whole, 1: whole})


@pytest.mark.parametrize("index", [3, -1, "3", 1.5, "1.5", True, None, [1], "1_0", "x", 10**30])
def test_an_error_for_an_index_that_was_not_sent_takes_nothing_back(index):
    assert read({"errors": [{**ERROR, "index": index}], "response": [True, True, True]}) == Answer()


def test_a_key_that_is_no_index_says_nothing():
    answer = read({"errors": [], "response": {"0": True, "1.0": True, " 2": True}})
    assert answer.unsaid.keys() == {1, 2}


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        *((body, "cannot be read as JSON") for body in (b"", b"<html>", b"{", b"\xff", DEEP, b'{"x":' + DEEP)),
        *((body, "has neither errors nor response") for body in (b"null", b"42", b"[]", b'"x"', b"{}", b'{"y": 1}')),
    ],
    ids=lambda given: given[:30],
)
def test_what_is_no_envelope_says_nothing_at_all(body, reason):
    fault = read_answer(body, 3)
    assert isinstance(fault, Fault)
    assert (fault.delivered, fault.told) == (None, f"the answer {reason}: check the connection's Host")


def test_a_message_that_is_not_utf8_is_read_as_far_as_it_is_one():
    body = b'{"errors": [{"index": 1, "errormessage": "tr\xe8s"}], "response": {"0": true}}'
    assert read_answer(body, 2) == Answer(rejected={1: Rejection(None, "tr\ufffds")})
    assert read_answer(body, 2, "text/plain; charset=iso-8859-1") == Answer(rejected={1: Rejection(None, "tr\xe8s")})


def test_a_byte_order_mark_is_no_fault():
    assert read_answer(b'\xef\xbb\xbf{"errors": [], "response": [true]}', 1) == Answer()


def test_answers_that_were_seen_before_are_known_by_their_bytes_and_count():
    answers, body = Answers(), b'{"errors": [], "response": [true, true]}'
    assert answers.read(body, 2) is answers.read(body, 2)
    assert answers.read(body, 3).unsaid.keys() == {2}
    assert answers.read(body, 2) == Answer()
    for count in range(1, 50):
        assert answers.read(json.dumps({"errors": [], "response": [True] * count}).encode(), count) == Answer()


@pytest.mark.parametrize(
    ("code", "read_as"), [(417, 417), ("E17", "E17"), (None, None), (4.5, "4.5"), (True, "True"), ("x" * 99, "x" * 64)]
)
def test_an_errorcode_is_a_number_or_a_short_text(code, read_as):
    assert read({"errors": [{"errorcode": code, "index": 0}]}, 1).rejected == {0: Rejection(read_as, "error")}


def test_a_message_is_kept_to_300_characters():
    answer = read({"errors": [{"errormessage": "x" * 1000, "index": 0}]}, 1)
    assert len(answer.rejected[0].errormessage) == 300


def test_what_is_no_letter_of_a_message_is_a_blank_or_a_replacement_character_and_the_rest_stays():
    said = {"errorcode": "E\x1b7", "errormessage": "a\0b\r\nc\u202ed\xa0ő", "index": 0}
    assert read({"errors": [said]}, 1).rejected == {0: Rejection("E\ufffd7", "a\ufffdb  c\ufffdd ő")}


def test_an_errorcode_is_the_same_number_in_an_answer_that_is_not_quite_json():
    body = b'{"errors": [{"errorcode": 417, "errormessage": "error.x", "index": 0}], "response": [], "took": NaN}'
    assert read_answer(body, 1) == Answer(rejected={0: X})


def test_the_errors_of_any_envelope_are_given_alike():
    assert envelope_errors({"errors": {"2": ERROR}}) == [{**ERROR, "index": 2}]
    assert envelope_errors({"errors": []}) == []
    assert envelope_errors("no envelope") == []


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
entries = st.dictionaries(st.sampled_from(["errorcode", "errormessage", "index"]), anything)
keys = st.sampled_from([*string.digits[:5], "x"])
lists = st.lists(entries | anything, max_size=4) | st.dictionaries(keys, entries | anything, max_size=4) | anything
maps = st.dictionaries(keys, st.sampled_from([True, True, False, None, 1]), max_size=6) | anything


@given(errors=lists, response=maps, count=st.integers(1, 5))
def test_whatever_comes_nothing_is_applied_without_a_true_of_its_own(errors, response, count):
    answer = read({"errors": errors, "response": response}, count)
    said = dict(enumerate(response)) if isinstance(response, list) else response
    for index in range(count):
        in_one_place = [index in answer.rejected, index in answer.unsaid]
        assert sum(in_one_place) <= 1
        if not any(in_one_place):
            assert isinstance(said, dict)
            assert said.get(str(index), said.get(index)) is True
