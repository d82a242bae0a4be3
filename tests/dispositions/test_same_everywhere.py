"""A value comes to the same in every shape of row, alone and beside any neighbour: one rule, whatever the input."""

from __future__ import annotations

import datetime as dt
import json
from collections import namedtuple
from dataclasses import make_dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.optional import Optional

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.names import FIELDS
from airflow_provider_vcc.dispositions.elements.values import as_json
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows
from airflow_provider_vcc.dispositions.sources.tables.frames import FrameSource
from airflow_provider_vcc.dispositions.sources.walk import walk

np, pd = map(Optional, ["numpy", "pandas"])

ZONE = "Europe/Budapest"
NOON = dt.datetime(2026, 12, 1, 12)  # noqa: DTZ001 -- a wall clock
MIXED = [{"name": "Green"}, {}]
"""Arrow gives each object all of the names, which is another reason to refuse it."""
JSON = [
    *(None, True, False, 0, 1, -7, 2**53 + 1, 10**40, 10**70, 1.0, 2.5, 1e11, 1e300, float("nan"), float("inf")),
    *("", " ", "5", " 5 ", "5.0", "5.5", "007", "A-7", "1e5", "1.23457E+11", "1,5", "None", "nan", "x", "\ud83d"),
    *("true", "no", "perhaps", "2026-12-01 09:30:00", " 2026-12-01 09:30 ", "2026-12-01T09:30:00.25", "2026-12-01"),
    *("2026-12-01 09.30", "2026-12-01 08:30:00Z", "2026-12-01T09:30:00+05:30", "01.12.2026 09:30", "1796110100000"),
    *({}, {"name": "Green"}, {"name": None}, {"name": "", "city": "Pest"}, {"zip": 1234.0}, {"a": {"b": [1, "x"]}}),
    *([], [{"name": "Green"}], MIXED, [1], '{"name": "Green"}', "[]", "{}"),
]
"""What JSON has as well."""
PYTHON = [
    *(NOON, NOON.replace(microsecond=250_000), NOON.date(), NOON.time(), NOON.replace(tzinfo=dt.UTC)),
    *(NOON.replace(tzinfo=ZoneInfo("Asia/Tokyo")), dt.timedelta(hours=9)),
    *(Decimal(5), Decimal("5.00"), Decimal("5.5"), Decimal("NaN"), Decimal(10) ** 30, Fraction(5), 5j, b"5", object),
]
values = st.sampled_from([*JSON, *PYTHON])
likely = {
    "numberid": st.sampled_from(["1", 2, " 3 ", None]),
    "next_calldate": st.sampled_from(["2026-12-01 09:30:00", None, NOON]),
    "description": st.sampled_from(["x", "", None]),
    "search": st.sampled_from([{"name": "Green"}, None, {}]),
}
rows = st.lists(
    st.fixed_dictionaries({}, optional={name: likely.get(name, st.none()) | values for name in FIELDS}),
    min_size=1,
    max_size=5,
)


def told(given_rows):
    """Return for each row what it came to: the element as it goes out, or the reason."""
    batch = Checker(None, ZONE).check(given_rows)
    found = {p: msgspec.json.encode(e, enc_hook=as_json) for p, e in zip(batch.positions, batch.elements, strict=True)}
    found |= {failure.position: failure.errormessage for failure in batch.failures}
    return [found[position] for position in range(len(given_rows))]


def as_table(objects):
    return TableRows(0, FIELDS, [tuple(map(one.get, FIELDS)) for one in objects])


def through_arrow(table):
    """Return what becomes of the rows of a table."""
    return [one for part in FrameSource(table).read(100) for one in told(part)]


@given(rows)
@example([{"numberid": 1}, {"numberid": 2, "next_calldate": NOON.time()}, {"search": {"name": ""}}])
def test_a_row_comes_to_the_same_alone_and_beside_any_neighbour_as_an_object_and_as_cells(objects):
    alone = [told(ObjectRows(0, [one]))[0] for one in objects]
    assert told(ObjectRows(0, objects)) == alone
    assert told(ObjectRows(0, [MappingProxyType(one) for one in objects])) == alone
    assert told(as_table(objects)) == alone
    assert [told(as_table([one]))[0] for one in objects] == alone


@given(
    st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, st.sampled_from(JSON))), min_size=1, max_size=5)
)
def test_a_row_comes_to_the_same_as_json(objects):
    assert told(JsonRows(0, [json.dumps(one).encode() for one in objects])) == [
        "it holds half of a character (a lone surrogate)" if "\ud83d" in one.values() else told(ObjectRows(0, [one]))[0]
        for one in objects
    ]


SIMPLE = [one for one in [*JSON, *PYTHON] if not isinstance(one, bytes) and one not in ("\ud83d", MIXED)]


@pytest.mark.parametrize("name", FIELDS)
def test_a_value_comes_to_the_same_as_a_cell_of_arrow_s_and_of_pandas(name):
    for value in SIMPLE:
        one = {"numberid": "1", name: value} if name != "search" else {name: value}
        want = told(ObjectRows(0, [one]))
        try:
            table = pa.table({column: pa.array([cell]) for column, cell in one.items()})
        except (pa.ArrowException, OverflowError, TypeError):  # Arrow has no such type
            table = None
        assert table is None or through_arrow(table) == want, value
        assert through_arrow(pd.DataFrame([one], dtype=object)) == want, value
        within = walk([table], 10, "x") if table is not None else []
        assert all(told(ObjectRows(0, piece)) == want for piece in within), value


@pytest.mark.parametrize("name", ["numberid", "dispositionid", "next_calldate"])
def test_a_value_of_numpy_s_or_pandas_comes_to_what_the_same_of_python_s_does(name):
    same = [
        *((kind(5), 5) for kind in (np.int8, np.uint64, np.int64, np.float32, np.float64)),
        *((np.str_("5"), "5"), (np.float64("nan"), None), (np.bool_(True), True), (np.float64(2.5), 2.5)),
        *((pd.NA, None), (pd.NaT, None), (np.datetime64("NaT"), None), (pd.Timestamp(NOON), NOON)),
        *((np.datetime64("2026-12-01T12:00"), NOON), (np.datetime64("2026-12"), 5j), (np.timedelta64(5, "s"), 5j)),
    ]
    for value, python in same:
        both = [told(ObjectRows(0, [{"numberid": "1", name: one}])) for one in (value, python)]
        assert both[0] == both[1], value
        assert told(as_table([{"numberid": "1", name: value}])) == both[1], value


def test_a_row_comes_to_the_same_as_whatever_has_fields():
    one = {"numberid": 5, "next_calldate": NOON, "description": ""}
    made = make_dataclass("Made", one)(**one)
    struct = msgspec.defstruct("Struct", list(one))(**one)
    named = namedtuple("Named", one)(**one)  # noqa: PYI024 -- as drivers of databases make them
    assert told(ObjectRows(0, [made, struct, named])) == told(ObjectRows(0, [one])) * 3
