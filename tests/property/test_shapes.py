"""One rule: a value comes to the same in every shape of row, alone and beside any neighbour."""

from __future__ import annotations

import datetime as dt
import json
from collections import UserDict
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")

NOON = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
WALL = dt.datetime(2026, 12, 1, 12, 0, 0, 5)  # noqa: DTZ001 -- a wall clock


class Rude:
    """A value that answers nothing."""

    def __eq__(self, other):
        raise ValueError

    __hash__ = None

    def __bool__(self):
        raise TypeError

    def __str__(self):
        raise RuntimeError


JSON_VALUES = st.sampled_from(
    [
        None,
        True,
        False,
        "",
        " ",
        "1",
        " 2 ",
        "3.0",
        "3.5",
        "1.23457E+11",
        "x y",
        "true",
        "yes",
        "None",
        "0",
        "�",
        0,
        1,
        17,
        -3,
        10**30,
        10**70,
        1.0,
        1.5,
        2.0**60,
        float("nan"),
        float("inf"),
        [],
        [1],
        {},
        {"a": None},
        {"a": 1},
        "2026-12-01 12:00:00",
        "2026-12-01T12:00",
        "2026-12-01T12:00:00Z",
        "2026-12-01 09.30",
        "2026-12-01",
        "1796110100000",
        {"name": "Green", "city": ""},
        [{"name": "Green"}, {"n": 2.0}],
        '{"name": "Green"}',
        "01.12.2026 09:30",
    ]
)
PYTHON_VALUES = st.sampled_from(
    [
        Decimal(5),
        Decimal("5.5"),
        Decimal("NaN"),
        Decimal("1E+6000"),
        Fraction(4, 2),
        NOON,
        WALL,
        WALL.date(),
        WALL.time(),
        np.int64(5),
        np.float64(5),
        np.float32(5),
        np.float32(2**25),
        np.bool_(True),
        np.str_("5"),
        np.datetime64(WALL),
        np.datetime64("NaT"),
        pd.NaT,
        pd.NA,
        pd.Timestamp(NOON),
        pd.Timestamp(WALL),
        np.array([1, 2]),
        np.array(5),
        b"5",
        Rude(),
        {"a": Rude()},
        UserDict({"name": "Green"}),
        {"a": pd.NA},
        {"a": np.int64(5)},
        {5: "x"},
        object(),
    ]
)
FIELDS = ["numberid", "dispositionid", "userid", "next_calldate", "description", "sendDispositionMessages", "search"]
PLAIN = {"numberid": "1"}


def told(batch):
    """Return for each row what it came to: the element as it goes out, or None where it is invalid."""
    found = {p: encoded(e) for p, e in zip(batch.positions, batch.elements, strict=True)}
    found |= {failure.position: None for failure in batch.failures}
    for failure in batch.failures:
        json.dumps(msgspec.to_builtins(failure.element))
    return [found[position] for position in range(batch.start, batch.start + batch.size)]


def encoded(element):
    """Return an element as JSON; None if it cannot be written, which the packer sees."""
    try:
        return msgspec.json.encode(element, enc_hook=str)
    except UnicodeEncodeError:
        return None


def checker():
    return Checker(None, "Europe/Budapest", ["%d.%m.%Y %H:%M"])


def in_each_shape(element, *, as_json):
    """Yield what one element comes to alone and beside others, as an object, a mapping, a row of a table, and JSON."""
    columns = tuple(element) if "numberid" in element or "search" in element else (*element, "numberid")
    row = tuple(element.get(name) for name in columns)
    plain = tuple("1" if name == "numberid" else None for name in columns)
    bad = tuple(5.5 if name == "numberid" else [b""] for name in columns)
    yield "alone", told(checker().check(ObjectRows(0, [element])))[0]
    yield "mapping", told(checker().check(ObjectRows(0, [UserDict(element)])))[0]
    yield "between", told(checker().check(ObjectRows(0, [PLAIN, element, PLAIN])))[1]
    yield "beside bad", told(checker().check(ObjectRows(0, [5, element, {"numberid": Rude()}])))[1]
    yield "row", told(checker().check(TableRows(0, columns, [row])))[0]
    yield "row between", told(checker().check(TableRows(0, columns, [plain, row, plain])))[1]
    yield "row beside bad", told(checker().check(TableRows(0, columns, [bad, row, (1, 2, 3) * 9])))[1]
    if as_json:
        text = json.dumps(element).encode()
        yield "json", told(checker().check(JsonRows(0, [text])))[0]
        yield "json beside bad", told(checker().check(JsonRows(0, [b"{", text, b'{"numberid": "1"}'])))[1]


@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES, min_size=1, max_size=4))
@example({"numberid": "1", "description": "\ud83d"})
@example({"numberid": 10**5000})
def test_what_json_can_say_comes_to_the_same_in_every_shape(element):
    # Python writes no number of so many digits, and the other shapes have their own words for it.
    found = dict(in_each_shape(element, as_json=element.get("numberid") != 10**5000))
    assert len(set(found.values())) == 1, found


@given(st.dictionaries(st.sampled_from(FIELDS), JSON_VALUES | PYTHON_VALUES, min_size=1, max_size=4))
def test_whatever_python_can_say_comes_to_the_same_in_every_shape(element):
    found = dict(in_each_shape(element, as_json=False))
    assert len(set(found.values())) == 1, found


@pytest.mark.parametrize(
    "value", [pd.NaT, pd.NA, None, float("nan"), "", np.datetime64("NaT"), Decimal("NaN")], ids=repr
)
def test_nothing_is_absent_however_it_is_said(value):
    element = dict.fromkeys(FIELDS, value) | {"numberid": 1}
    for shape, found in in_each_shape(element, as_json=False):
        assert found == b'{"numberid":"1"}', shape
    for shape, found in in_each_shape({"search": {"name": "Green", "city": value}}, as_json=False):
        assert found is None, shape
