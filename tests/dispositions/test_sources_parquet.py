"""Parquet files."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.dispositions.sources.rows import TableRows
from airflow_provider_vcc.exceptions import VccInputError


def in_memory(table, check_columns=None, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return of_bytes(out.getvalue(), check_columns)


def of_bytes(data, check_columns=None):
    return open_path(
        "t.parquet", opener=lambda _: io.BytesIO(data), sizer=lambda _: len(data), check_columns=check_columns
    )


def read_all(source, size=3):
    """Return the rows and the error that ended them; see that positions are consecutive and batches full."""
    found, error = [], None
    try:
        for rows in source.read(size):
            assert rows.start == len(found)
            assert rows.start % size == 0
            found += rows.values
    except VccInputError as raised:
        error = raised
    return found, error


def one_column(values, kind):
    found, error = read_all(in_memory(pa.table({"x": pa.array(values, kind)})))
    assert error is None
    return [value for (value,) in found]


@given(st.lists(st.tuples(st.text() | st.none(), st.integers(-(2**63), 2**63 - 1), st.booleans())), st.integers(1, 5))
def test_rows_come_out_as_they_were_written_from_row_groups_of_any_size(table, size):
    columns = {
        "numberid": [row[0] for row in table],
        "userid": [row[1] for row in table],
        "flag": [row[2] for row in table],
    }
    kinds = pa.schema({"numberid": pa.string(), "userid": pa.int64(), "flag": pa.bool_()})
    source = in_memory(pa.table(columns, schema=kinds), row_group_size=size)
    assert source.total == len(table)
    assert read_all(source, size) == read_all(source, size) == (table, None)
    assert source.share() == (1.0 if table else None)
    assert source.repeatable


wall = dt.datetime.fromisoformat
UTC_NOON = dt.datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("kind", "written", "read"),
    [
        (pa.timestamp("us"), wall("2026-11-24 06:00:00.999999"), "2026-11-24 06:00:00"),
        (pa.timestamp("ns"), wall("2026-11-24"), "2026-11-24 00:00:00"),
        (pa.timestamp("ms"), wall("1969-01-01 23:59:59"), "1969-01-01 23:59:59"),
        (pa.timestamp("us", "UTC"), UTC_NOON, UTC_NOON.replace(microsecond=0)),
        (
            pa.timestamp("us", "Europe/Budapest"),
            UTC_NOON.astimezone(ZoneInfo("Europe/Budapest")),
            UTC_NOON.replace(microsecond=0),
        ),
        (pa.timestamp("us", "+05:30"), UTC_NOON, UTC_NOON.replace(microsecond=0)),
        (pa.date32(), dt.date(2026, 11, 24), dt.date(2026, 11, 24)),
        (pa.decimal128(18, 0), Decimal(17), 17),
        (pa.decimal128(38, 0), Decimal(10**30), Decimal(10**30)),
        (pa.decimal128(10, 2), Decimal("17.50"), Decimal("17.50")),
        (pa.float64(), 17.0, 17.0),
        (pa.int8(), 1, 1),
        (pa.uint64(), 2**64 - 1, 2**64 - 1),
        (pa.large_string(), "ű", "ű"),
        (pa.binary(), "ű".encode(), "ű"),
        (pa.binary(), b"\xff", b"\xff"),
        (pa.dictionary(pa.int32(), pa.string()), "a", "a"),
        (pa.list_(pa.string()), ["a", None], ["a", None]),
        (pa.map_(pa.string(), pa.string()), {"name": "Green"}, {"name": "Green"}),
        (
            pa.struct({"name": pa.string(), "city": pa.string()}),
            {"name": "Green", "city": None},
            {"name": "Green", "city": None},
        ),
        (
            pa.struct({"in": pa.struct({"a": pa.int64(), "b": pa.int64()})}),
            {"in": {"a": 1, "b": None}},
            {"in": {"a": 1, "b": None}},
        ),
        (
            pa.list_(pa.struct({"a": pa.int64(), "b": pa.int64()})),
            [{"a": None, "b": 1}, {"a": 1}],
            [{"a": None, "b": 1}, {"a": 1, "b": None}],
        ),
    ],
    ids=str,
)
def test_values_come_out_as_python_has_them_and_nulls_as_none(kind, written, read):
    assert one_column([None, written, None], kind) == [None, read, None]


def test_time_beyond_pythons_calendar_is_left_for_the_checker_to_reject():
    far = pa.array([2**62], pa.int64()).cast(pa.timestamp("us", "UTC"))
    ((value,),), error = read_all(in_memory(pa.table({"x": far})))
    assert error is None
    assert [
        f.errormessage[:31]
        for f in Checker().check(TableRows(0, ("next_calldate", "numberid"), [(value, "1")])).failures
    ] == ["next_calldate is not a valid dat"[:31]]


def test_file_without_rows_has_none_and_its_columns_are_still_checked():
    seen = []
    source = in_memory(pa.table({"numberid": pa.array([], pa.string())}), seen.append)
    assert (source.total, read_all(source)) == (0, ([], None))
    assert seen == [("numberid",)]


def test_unknown_column_stops_before_rows_are_read_and_its_file_is_named():
    def check(columns):
        raise VccInputError(f"{columns[0]} is no field")

    found, error = read_all(in_memory(pa.table({"nope": [1]}), check))
    assert found == []
    assert str(error) == "t.parquet: nope is no field"


def test_broken_column_gives_the_rows_before_and_the_row():
    out = io.BytesIO()
    table = pa.table({"numberid": [str(number) for number in range(20_000)]})
    pq.write_table(table, out, row_group_size=5000, compression="none", use_dictionary=False)
    data = bytearray(out.getvalue())
    third = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(2).column(0).data_page_offset
    data[third : third + 40] = b"\xff" * 40
    found, error = read_all(of_bytes(bytes(data)), 999)
    assert [row[0] for row in found] == [str(number) for number in range(10_000)]
    assert (error.source, error.place) == ("t.parquet", "row 10000")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"x" * 100, "whole"])
def test_file_without_its_end_is_named_and_has_no_total(data):
    if data == "whole":
        out = io.BytesIO()
        pq.write_table(pa.table({"numberid": ["1"]}), out)
        data = out.getvalue()[:-10]
    source = of_bytes(data)
    assert source.total is None
    found, error = read_all(source)
    assert found == []
    assert "t.parquet cannot be read as Parquet" in str(error)


def test_parquet_without_pyarrow_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found, error = read_all(of_bytes(b""))
    assert found == []
    assert "pip install 'airflow-provider-vcc[arrow]'" in str(error)


def test_pyarrow_is_imported_by_reading_only_and_the_environment_is_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"numberid": ["1"]}), path)
    monkeypatch.delenv("ARROW_DEFAULT_MEMORY_POOL", raising=False)
    code = """
import os, sys
from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.sources import open_path
from airflow_provider_vcc.dispositions.sources.rows import TableRows
source = open_path(sys.argv[1])
assert "pyarrow" not in sys.modules
total = source.total
print(total, "ARROW_DEFAULT_MEMORY_POOL" in os.environ, sys.modules["pyarrow"].default_memory_pool().backend_name)
"""
    command = [sys.executable, "-c", code, str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert out.stdout.split() == ["1", "False", "system"]
