"""What makes an element valid, and what is said of one that is not."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.fields import FIELDS, InvalidElement, check_disposition, parse
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows, TableRows
from airflow_provider_vcc.exceptions import VccConfigurationError

HERE = Dates("Europe/Budapest")


def sent(element, **options):
    """Return an element as it goes out."""
    return msgspec.to_builtins(parse(element, HERE, **options))


def reason(element, **options):
    """Return the reason why an element is invalid."""
    with pytest.raises(InvalidElement) as raised:
        parse(element, HERE, **options)
    return str(raised.value)


def test_the_pages_own_example_goes_out_as_it_stands():
    first = {
        "numberid": "1",
        "dispositionid": "1",
        "userid": "22",
        "next_calldate": "2017-10-10 11:00:00",
        "description": "High school graduate",
    }
    assert sent(first) == first
    assert sent({"search": {"name": "Green"}}) == {"search": {"name": "Green"}}


@pytest.mark.parametrize("field", ["numberid", "dispositionid", "userid"])
@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("7", "7"),
        (7, "7"),
        (7.0, "7"),
        (Decimal("7.00"), "7"),
        (0, "0"),
        (-3, "-3"),
        ("a b", "a b"),
        ("007", "007"),
        (" 7\t", "7"),
        ("7.0", "7"),
        ("7.", "7"),
        ("-7.000", "-7"),
        ("12E5", "12E5"),
        ("1E-5x", "1E-5x"),
    ],
)
def test_ids_may_be_texts_or_whole_numbers_and_go_out_as_texts(field, given, out):
    assert sent({"numberid": "1", field: given})[field] == out


@pytest.mark.parametrize("field", ["numberid", "dispositionid", "userid"])
@pytest.mark.parametrize(
    "given",
    [
        "7.5",
        "1.23457E+11",
        "1,23457E+11",
        "1E+11",
        7.5,
        True,
        False,
        [],
        {},
        float("inf"),
        Decimal("7.5"),
        b"7",
        2.0**60,
        10**5000,
        Decimal("1e999999999"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_id_that_is_neither_is_invalid(field, given):
    assert reason({"numberid": "1", field: given}).startswith(field)


@pytest.mark.parametrize("nothing", [None, "", float("nan"), Decimal("NaN"), Decimal("sNaN")], ids=repr)
def test_what_says_nothing_is_absent(nothing):
    assert sent(dict.fromkeys(FIELDS, nothing) | {"numberid": "1"}) == {"numberid": "1"}
    assert "neither" in reason(dict.fromkeys(FIELDS, nothing))


def test_a_record_is_named_by_number_or_by_search_and_not_by_both():
    assert "neither" in reason({})
    assert "neither" in reason({"description": "x"})
    assert "both" in reason({"numberid": "1", "search": {"name": "Green"}})


@pytest.mark.parametrize(
    "search", [{"name": "Green"}, [{"name": "Green"}, {"act_status": 5, "city": "Wien"}], {"x": 0}]
)
def test_a_search_is_an_object_or_a_list_of_objects_with_any_keys(search):
    assert sent({"search": search}) == {"search": search}


@pytest.mark.parametrize("search", [{}, [], [{}], [{"name": "Green"}, {}]])
def test_a_search_that_would_touch_every_record_is_invalid(search):
    assert "every record" in reason({"search": search})


@pytest.mark.parametrize(
    "value", [None, "", float("nan"), float("inf"), [None], [""], {"from": None}, [1, [float("nan")]]], ids=repr
)
def test_a_criterion_that_json_has_as_null_is_invalid_since_it_would_widen_the_search(value):
    assert "widen" in reason({"search": {"name": "Green", "city": value}})
    assert "widen" in reason({"search": [{"name": "Green"}, {"city": value}]})


@pytest.mark.parametrize("value", [" ", "\t", [], {}, {"of": []}, ["a", " "]])
def test_a_criterion_that_is_blank_or_empty_is_invalid_since_it_would_widen_the_search(value):
    assert reason({"search": {"name": value}}) == "a criterion of search is empty; it would widen the search"


@pytest.mark.parametrize("name", ["", " "])
def test_a_criterion_without_a_name_is_invalid(name):
    assert reason({"search": {name: "Green"}}) == "a criterion of search has no name"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        *(
            (text, "in groups of digits")
            for text in ["1 234", "1\u00a0234", "1\u202f234", "1,234", "1.234.567", "1'234"]
        ),
        *(
            (text, "stands for no value")
            for text in ["nan", "NaN", "None", "null", "NULL", "NaT", "<NA>", "#N/A", "\\N"]
        ),
        *((text, "cannot be seen") for text in ["1\n2", "\ufeff1", "1\u200b", "1\0", "\uff11\uff12", "\u0661"]),
        ("1,5", "must be a text or a whole number"),
    ],
)
def test_a_text_that_a_program_made_of_a_number_or_of_nothing_is_no_id(text, said):
    """It would name no record, or another one to who reads as many digits as there are."""
    for rows in (ObjectRows(0, [{"numberid": text}]), TableRows(0, ("numberid",), [(text,)])):
        (failure,) = Checker().check(rows).failures
        assert said in failure.errormessage


@pytest.mark.parametrize("search", ["Green", 5, True, ["Green"], [None], [["name"]], [{5: "x"}], {None: "x"}])
def test_a_search_of_another_shape_is_invalid(search):
    assert "object" in reason({"search": search})


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dispositionId", "dispositionid"),
        ("sendDispositionmessages", "sendDispositionMessages"),
        ("next_call_date", "next_calldate"),
        ("NUMBERID", "numberid"),
    ],
)
def test_a_field_that_is_not_documented_is_invalid_and_the_nearest_is_named(name, near):
    assert f"did you mean {near!r}" in reason({"numberid": "1", name: None})


def test_a_field_that_is_like_none_gets_the_list():
    assert all(field in reason({"numberid": "1", "zzz": 1}) for field in FIELDS)


def test_a_description_is_a_text_and_messages_are_true_or_false():
    assert "text" in reason({"numberid": "1", "description": 5})
    assert "true or false" in reason({"numberid": "1", "sendDispositionMessages": "maybe"})
    assert "true or false" in reason({"numberid": "1", "sendDispositionMessages": 2})
    assert sent({"numberid": "1", "sendDispositionMessages": "true"})["sendDispositionMessages"] is True
    assert sent({"numberid": "1", "sendDispositionMessages": False})["sendDispositionMessages"] is False


@pytest.mark.parametrize("value", [None, 5, "x", [], [{"numberid": "1"}], True])
def test_what_is_no_object_is_no_element(value):
    assert "object" in reason(value)


def test_a_row_of_a_failures_file_is_read_as_its_element():
    row = {"position": 3, "outcome": "rejected", "errorcode": 417, "errormessage": "no", "element": {"numberid": 5}}
    assert sent(row) == {"numberid": "5"}
    assert "object" in reason(row | {"element": None})


def test_names_can_be_mapped():
    row = {"record": 5, "town": "Wien", "dispositionid": 2}
    mapped = {"record": "numberid"}
    assert sent({"record": 5}, field_map=mapped) == {"numberid": "5"}
    assert sent(row, field_map={"record": "search.pref_userid", "town": "search.city"}) == {
        "search": {"pref_userid": 5, "city": "Wien"},
        "dispositionid": "2",
    }
    assert "did you mean" in reason({"record": 5, "userId": 1}, field_map=mapped)


@pytest.mark.parametrize("element", [{"numberid": "Secret"}, {"search": {"name": "Secret", "x": None}}])
def test_no_reason_holds_a_value(element):
    assert "Secret" not in reason(element | {"description": 5, "next_calldate": "Secret"})


class TestDisposition:
    """The request's own object: ids are integers there."""

    def test_it_goes_out_as_the_table_has_it(self):
        given = {"dispositionid": "2", "userid": "7", "next_calldate": "2017-09-10 12:00:00", "description": "x"}
        assert check_disposition(given, HERE) == given | {"dispositionid": 2, "userid": 7}
        for nothing in (None, "", float("nan")):
            assert check_disposition({"dispositionid": 2, "userid": nothing}, HERE) == {"dispositionid": 2}

    def test_none_is_none_and_empty_is_empty(self):
        assert check_disposition(None, HERE) is None
        assert check_disposition({}, HERE) == {}

    @pytest.mark.parametrize(
        "given",
        [
            {"numberid": "1"},
            {"dispositionId": 2},
            {"userid": "x"},
            {"description": 5},
            {"next_calldate": "soon"},
            {"userid": True},
            ["dispositionid"],
            5,
            "x",
        ],
        ids=repr,
    )
    def test_what_cannot_work_is_a_fault_of_the_configuration(self, given):
        with pytest.raises(VccConfigurationError, match="disposition"):
            check_disposition(given, HERE)


@pytest.mark.parametrize("name", ["Janedoe Kovacs", "+36 30 123 4567", "janedoe@example.com", "Userid Kovacs", "note"])
def test_a_name_that_is_none_of_ours_is_not_shown_since_it_may_be_anybodys(name):
    with pytest.raises(InvalidElement, match="name number 2 of it is not a field of an element; the fields are") as it:
        parse({"numberid": "1", name: "x"}, Dates())
    assert name not in str(it.value)


def test_a_whole_request_among_elements_is_named_for_what_it_is():
    batch = Checker().check(ObjectRows(0, [{"elements": [{"numberid": "1"}], "disposition": {}}, {"numberid": "2"}]))
    assert batch.failures[0].errormessage == "it is a whole request, not an element; give what is in its 'elements'"
    assert list(batch.positions) == [1]


def test_a_criterion_with_very_many_digits_is_named_for_them():
    batch = Checker().check(ObjectRows(0, [{"search": {"a": Decimal("1E+999999")}}]))
    assert batch.failures[0].errormessage == "a criterion of search is a number with too many digits"
