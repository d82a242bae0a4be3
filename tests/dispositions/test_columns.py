"""From the columns of a table, and from other names, to elements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan, InvalidRow
from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.field_map import check_field_map, map_fields
from airflow_provider_vcc.dispositions.elements.fields import FIELDS, Element, InvalidElement, Plain, normalise, parse
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

NAIVE = dt.datetime.fromisoformat("2026-11-24 06:00:00.5")
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def build(columns, values, field_map=None, dates=None):
    return ColumnPlan(columns, field_map, dates).build(TableRows(0, tuple(columns), values))


def judged(item, dates):
    """Return what the checker makes of a built item: the fields that go out, or None where it is invalid."""
    try:
        if isinstance(item, InvalidElement):
            raise item
        if isinstance(item, Plain):
            item = Element(**{name: getattr(item, name) for name in Plain.__struct_fields__})
        element = normalise(item, dates) if isinstance(item, Element) else parse(item, dates)
    except InvalidElement:
        return None
    return {name: value for name in FIELDS if (value := getattr(element, name)) is not None}


IDS = st.sampled_from(
    [None, "", "1", "x", 0, 17, -1, 2**70, True, 1.0, 1.5, 2.0**60, float("nan"), float("inf"), b"1"]
) | st.sampled_from([Decimal(17), Decimal("1.5"), Decimal("NaN"), Decimal("1E+3"), [1], {}])
DATES = st.sampled_from(
    [
        None,
        "2026-11-24 06:00:00",
        "2026-11-24T06:00:00+01:00",
        "2026-13-01 00:00:00",
        "",
        NAIVE,
        NOON,
        NOON.date(),
        5,
        [1],
    ]
) | st.datetimes(timezones=st.sampled_from([None, dt.UTC]))
TEXTS = st.sampled_from([None, "", "text", 5, b"x", ["a"]])
ROWS = st.lists(st.tuples(IDS, IDS, IDS, DATES, TEXTS), max_size=6)
COLUMNS = ("numberid", "dispositionid", "userid", "next_calldate", "description")


@given(ROWS, st.sampled_from([None, "Europe/Budapest"]), st.booleans())
def test_columns_as_a_whole_come_to_what_their_rows_come_to_one_by_one(values, timezone, converting):
    dates = Dates(timezone)
    items = build(COLUMNS, values, dates=dates if converting else None)
    alone = [judged(dict(zip(COLUMNS, row, strict=True)), dates) for row in values]
    assert [judged(item, dates) for item in items] == alone


@pytest.mark.parametrize(
    "row",
    [
        ("1", "2", "3", "2026-11-24 06:00:00", "text"),
        (1, 2, None, NAIVE, None),
        ("1", None, None, NOON.date(), None),
        (Decimal(1), 2.0, "3", None, None),
        (1, 2, 3, NOON, "text"),
    ],
)
def test_plain_rows_become_plain_elements_without_a_dictionary(row):
    (element,) = build(COLUMNS, [row], dates=Dates("UTC"))
    assert isinstance(element, Plain)
    assert judged(element, Dates()) == judged(dict(zip(COLUMNS, row, strict=True)), Dates("UTC"))


def test_one_odd_row_leaves_the_others_plain():
    items = build(("numberid", "next_calldate"), [(1, NAIVE), (1.5, NAIVE), (2, 5), (None, NAIVE), (3, NAIVE)])
    assert [type(item) for item in items] == [Plain, dict, dict, dict, Plain]
    assert items[1] == {"numberid": 1.5, "next_calldate": NAIVE}


def test_an_empty_text_is_absent_in_every_field():
    row = {"numberid": "1", "description": "", "userid": " ", "next_calldate": "", "dispositionid": ""}
    batch = Checker().check(TableRows(0, tuple(row), [tuple(row.values())]))
    assert list(map(msgspec.to_builtins, batch.elements)) == [{"numberid": "1"}]
    (failure,) = Checker().check(TableRows(0, tuple(row), [("", *tuple(row.values())[1:])])).failures
    assert failure.errormessage == "neither numberid nor search says which record"


def test_dates_are_converted_as_the_call_centres_clock_shows_them():
    days = [NAIVE, NOON.date(), NOON, None, "2026-11-24T12:00:00Z", dt.datetime.fromisoformat("0999-01-02")]
    items = build(("numberid", "next_calldate"), [("1", day) for day in days], dates=Dates("Asia/Tokyo"))
    converted = "2026-11-24 21:00:00"
    texts = ["2026-11-24 06:00:00", "2026-11-24 00:00:00", converted, None, converted, "0999-01-02 00:00:00"]
    assert [item.next_calldate for item in items] == texts


def test_dates_are_converted_once_each_and_not_kept_without_end():
    asked = []

    class Counting(Dates):
        def convert(self, moment):
            asked.append(moment)
            return super().convert(moment)

    plan = ColumnPlan(("numberid", "next_calldate"), None, Counting("UTC"))
    for start in (0, 0, 10_000, 20_000):
        moments = [NOON + dt.timedelta(seconds=start + number) for number in range(10_000)]
        plan.build(TableRows(0, plan.columns, [("1", moment) for moment in moments]))
    assert len(asked) == 30_000
    assert len(plan._known_dates) <= 20_000


def test_time_with_an_offset_and_no_time_zone_is_left_to_the_checker_which_says_so():
    (item,) = build(("numberid", "next_calldate"), [("1", NOON)], dates=Dates())
    with pytest.raises(InvalidElement, match="no time zone"):
        parse(item, Dates())


@pytest.mark.parametrize(
    ("given_", "flag"),
    [(True, True), (False, False), (1, True), (0, False), (Decimal(1), True)]
    + [(text, True) for text in ("true", "True", " YES ", "1")]
    + [(text, False) for text in ("false", "FALSE", "no", "0")],
)
def test_flag_may_be_a_boolean_a_digit_or_a_word(given_, flag):
    (element,) = build(("numberid", "sendDispositionMessages"), [("1", given_)])
    assert element == Element("1", sendDispositionMessages=flag)


@pytest.mark.parametrize("given_", ["maybe", 2, [1]])
def test_flag_that_is_neither_is_left_to_the_checker_which_rejects_it(given_):
    (item,) = build(("numberid", "sendDispositionMessages"), [("1", given_)])
    assert item == {"numberid": "1", "sendDispositionMessages": given_}
    with pytest.raises(InvalidElement, match="true or false"):
        parse(item, Dates())


@pytest.mark.parametrize(
    ("given_", "search"),
    [
        ({"name": "Green"}, {"name": "Green"}),
        ('{"name": "Green"}', {"name": "Green"}),
        ('[{"name": "Green"}, {"act_status": 2}]', [{"name": "Green"}, {"act_status": 2}]),
        ([{"name": "Green"}], [{"name": "Green"}]),
        (
            {"n": Decimal(5), "m": Decimal("5.5"), "t": NAIVE, "d": NOON.date()},
            {"n": 5, "m": "5.5", "t": "2026-11-24 06:00:00", "d": "2026-11-24"},
        ),
    ],
)
def test_search_may_be_an_object_a_list_or_json_in_a_text(given_, search):
    items = build(("numberid", "search"), [(None, given_), ("1", None)])
    assert [judged(item, Dates()) for item in items] == [{"search": search}, {"numberid": "1"}]


@pytest.mark.parametrize(
    "given_",
    ["nonsense", "5", 5, ["a"], '{"name": null}', {"name": None}, {"name": float("nan")}, {}, "[]", '{"a": "\ud800"}'],
)
def test_search_that_is_none_or_would_touch_too_much_is_invalid(given_):
    (item,) = build(("search",), [(given_,)])
    assert judged(item, Dates()) is None


def test_criteria_from_columns_are_joined_and_one_that_is_absent_is_invalid_since_it_would_widen_the_search():
    field_map = {"city": "search.city", "born": "search.born", "record": "numberid"}
    values = [
        ("Paris", NOON.date(), None),
        ("Paris", None, None),
        (None, None, "1"),
        (None, None, None),
        (float("nan"), None, "2"),
        (Decimal(5), "", None),
    ]
    batch = Checker(field_map).check(TableRows(0, tuple(field_map), values))
    assert list(map(msgspec.to_builtins, batch.elements)) == [
        {"search": {"city": "Paris", "born": "2026-11-24"}},
        {"numberid": "1"},
        {"numberid": "2"},
    ]
    assert [(failure.position, "widen" in failure.errormessage) for failure in batch.failures] == [
        (1, True),
        (3, False),
        (5, True),
    ]


def test_odd_row_keeps_its_criteria_and_its_search():
    (item,) = build(("city", "userid"), [(Decimal(5), 1.5)], {"city": "search.city"})
    assert item == {"search": {"city": Decimal(5)}, "userid": 1.5}
    (item,) = build(("search", "userid"), [('{"a": 1}', 1.5)])
    assert item == {"search": '{"a": 1}', "userid": 1.5}


def test_rows_without_any_record_are_dictionaries_for_the_checker_to_reject():
    items = build(("numberid", "userid"), [(None, "1"), (None, None)])
    assert items == [{"userid": "1"}, {}]


def test_row_with_more_or_fewer_cells_than_its_table_is_invalid_with_the_reason_and_shows_all_of_itself():
    first, second, third = build(("numberid", "userid"), [("1", "2"), ("3", "4", "5", None), ("6",)])
    assert first == Plain("1", userid="2")
    assert isinstance(second, InvalidRow)
    assert str(second) == "the row has 4 cells, and its table 2 columns"
    assert second.element == {"numberid": "3", "userid": "4", "more": ["5", None]}
    assert str(third) == "the row has 1 cells, and its table 2 columns"
    assert third.element == {"numberid": "6"}


def test_no_rows_are_no_elements():
    assert build(("numberid",), []) == []


@pytest.mark.parametrize(
    ("columns", "field_map", "said"),
    [
        (("numberid", "dispositonid"), None, "'dispositonid' is not a field of an element; did you mean 'dispo"),
        (("numberid", "NEXT_CALLDATE"), None, "did you mean 'next_calldate'?"),
        (("numberid", "dispositonid"), None, "field_map={'dispositonid': 'dispositionid'}"),
        (("numberid", "qqq"), None, "the fields are numberid, search, dispositionid"),
        (("numberid", "qqq"), None, "column number 2 is not a field"),
        (("record",), {"recrod": "numberid"}, "'recrod', which is not there; did you mean 'record'?"),
        (("numberid",), {"zzz": "userid"}, "'zzz', which is not there; the columns are 'numberid'"),
        (("numberid", "record"), {"record": "numberid"}, "'numberid' and 'record' both give 'numberid'"),
        (("numberid", "numberid"), None, "both give 'numberid'"),
        (("search", "city"), {"city": "search.city"}, "'search.city' cannot be added"),
        (("userid",), None, "no column gives 'numberid' or 'search'"),
        ((), None, "the columns are none"),
    ],
)
def test_columns_that_do_not_fit_are_named_with_what_to_do(columns, field_map, said):
    with pytest.raises(VccInputError) as raised:
        ColumnPlan(columns, field_map)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("field_map", "said"),
    [
        ({"record": "numbrid"}, "'numbrid' is not a field of an element; did you mean 'numberid'?"),
        ({"record": "search."}, "'search.' is not a field"),
        ({"a": "userid", "b": "userid"}, "'a' and 'b' are both mapped to 'userid'"),
        ({"a": "search", "b": "search.b"}, "'a' is the whole search"),
        ({"record": None}, "None is not a field"),
        ("record", "must be an object such as"),
    ],
)
def test_field_map_that_cannot_be_is_a_configuration_error(field_map, said):
    for attempt in (check_field_map, lambda field_map: ColumnPlan(tuple(field_map), field_map)):
        with pytest.raises(VccConfigurationError) as raised:
            attempt(field_map)
        assert said in str(raised.value)


def test_mapped_names_of_an_object_become_fields_and_others_stay():
    mapped = map_fields(
        {"record": "1", "city": "Paris", "zip": None, "userid": "2", "odd": 1},
        {"record": "numberid", "city": "search.city", "zip": "search.zip", "absent": "description"},
    )
    assert mapped == {"numberid": "1", "search": {"city": "Paris", "zip": None}, "userid": "2", "odd": 1}


def test_names_may_be_swapped():
    assert map_fields({"userid": "1", "agent": "2"}, {"userid": "dispositionid", "agent": "userid"}) == {
        "dispositionid": "1",
        "userid": "2",
    }
    assert build(
        ("numberid", "userid", "dispositionid"),
        [("1", "2", "3")],
        {"userid": "dispositionid", "dispositionid": "userid"},
    ) == [Plain("1", dispositionid="2", userid="3")]


@pytest.mark.parametrize(
    "element",
    [{"record": "1", "numberid": "2"}, {"numberid": "2", "record": "1"}, {"search": {"a": 1}, "city": "Paris"}],
)
def test_two_names_for_one_field_are_invalid(element):
    with pytest.raises(InvalidElement):
        map_fields(element, {"record": "numberid", "city": "search.city"})


def test_two_names_for_one_field_are_fine_where_one_is_null():
    assert map_fields({"record": None, "numberid": "2"}, {"record": "numberid"}) == {"numberid": "2"}
    assert map_fields({"search": None, "city": "Paris"}, {"city": "search.city"}) == {"search": {"city": "Paris"}}


class Text(str):
    """A text of a driver's own kind."""

    __slots__ = ()


def test_checker_maps_the_columns_of_a_table_once_also_for_rows_that_it_judges_one_by_one():
    checker = Checker({"userid": "dispositionid", "dispositionid": "userid"})
    rows = TableRows(
        5, ("numberid", "userid", "dispositionid"), [("1", "2", "3"), ("1", Text("2"), "3"), ("1", 2.5, "3")]
    )
    batch = checker.check(rows)
    assert [(element.dispositionid, element.userid) for element in batch.elements] == [("2", "3"), ("2", "3")]
    assert batch.positions == [5, 6]
    assert [(failure.position, failure.element["dispositionid"]) for failure in batch.failures] == [(7, 2.5)]


def test_checker_takes_a_plain_table_as_a_whole_with_times_of_any_zone():
    checker = Checker(timezone="Asia/Tokyo")
    batch = checker.check(TableRows(5, ("numberid", "next_calldate"), [(1, NOON), (2, None)]))
    assert batch.plain
    assert batch.positions == range(5, 7)
    assert batch.elements == [Plain("1", next_calldate="2026-11-24 21:00:00"), Plain("2")]


@pytest.mark.parametrize("text", ["2026-02-30 06:00:00", "tomorrow"])
def test_checker_rejects_a_wrong_date_in_a_plain_table(text):
    batch = Checker().check(TableRows(5, ("numberid", "next_calldate"), [("1", text), ("2", None)]))
    assert [failure.position for failure in batch.failures] == [5]
    assert batch.positions == [6]


@pytest.mark.parametrize("columns", [("numberid", "Janedoe Kovacs"), ("Janedoe", "userid"), ("numberid", "janedoe@x")])
@pytest.mark.parametrize("field_map", [None, {"record": "dispositionid"}])
def test_a_column_that_is_none_of_ours_is_called_by_its_number(columns, field_map):
    with pytest.raises(VccInputError, match="column") as caught:
        ColumnPlan(columns, field_map)
    assert "anedoe" not in str(caught.value)
