import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.sharding import of_shard, shard, shard_sql

ids = st.integers(0, 10**12).map(str) | st.text(min_size=1)


@given(st.lists(ids), st.integers(1, 16))
def test_every_element_is_in_exactly_one_shard_and_in_order(numberids, shards):
    """The shards joined are the input, and each keeps the input's order."""
    elements = [{"numberid": numberid, "n": n} for n, numberid in enumerate(numberids)]
    parts = [list(of_shard(elements, number, shards)) for number in range(shards)]
    assert sorted(element["n"] for part in parts for element in part) == list(range(len(elements)))
    assert all([e["n"] for e in part] == sorted(e["n"] for e in part) for part in parts)


def test_a_record_is_in_the_same_shard_as_text_and_as_number():
    """An id may be an int or a text, and its shard is the same."""
    assert [shard(number, 8) for number in range(100)] == [shard(str(number), 8) for number in range(100)]


@pytest.mark.parametrize("numberid", [17, 17.0, Decimal("17.00"), "17", " 17 ", "17.0"])
def test_a_record_is_in_the_same_shard_however_its_id_is_written(numberid):
    """All of these go out as "17", so all of them belong to one task."""
    assert shard(numberid, 1000) == shard("17", 1000)


def test_an_invalid_id_belongs_somewhere_too_to_be_reported_there():
    elements = [{"numberid": value} for value in (1.5, "1.23457E+11", True)]
    assert sum(len(list(of_shard(elements, number, 3))) for number in range(3)) == 3


@pytest.mark.parametrize("nothing", [None, "", float("nan")])
def test_an_element_without_an_id_cannot_be_sharded(nothing):
    with pytest.raises(VccConfigurationError, match="an element without numberid"):
        list(of_shard([{"numberid": nothing}], 0, 2))


def test_duckdb_puts_a_record_into_the_same_shard():
    duckdb = pytest.importorskip("duckdb")
    sql = f"select i, {shard_sql('i', 7, 'duckdb')} from range(500) t(i)"
    assert all(number == shard(i, 7) for i, number in duckdb.execute(sql).fetchall())


def test_shards_are_the_same_in_every_release():
    """These are the shards that the first release gave: another hash would split a record over two tasks."""
    assert [shard(number, 8) for number in range(10)] == [0, 3, 0, 7, 7, 7, 1, 5, 1, 4]


def test_an_element_with_search_cannot_be_sharded():
    """It may touch records of every shard, and the message says so."""
    with pytest.raises(VccConfigurationError, match="every shard"):
        list(of_shard([{"search": {"name": "Green"}}], 0, 2))


def test_an_unknown_dialect_is_named_with_the_known_ones():
    """SQLite has no MD5, and nothing is guessed."""
    assert sqlite3.sqlite_version
    with pytest.raises(VccConfigurationError, match="postgresql, mysql"):
        shard_sql("id", 2, "sqlite")
