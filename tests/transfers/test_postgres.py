import threading

import pytest

from airflow_provider_vcc.sandbox.faults import Latency
from airflow_provider_vcc.sharding import shard, shard_sql

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture
def cursor(warehouse):
    connection = psycopg2.connect(host=warehouse["host"], user="postgres", dbname="postgres")
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


@pytest.fixture
def table(cursor):
    cursor.execute("drop table if exists callbacks")
    return cursor.execute


def test_types_come_out_right(sync, sandbox, warehouse, table):
    """Whole decimals, dates, times with and without a zone, booleans, JSON and nulls arrive as the API takes them."""
    table("create table callbacks (n int, id numeric, at timestamp, tz timestamptz, day date, send boolean, who jsonb)")
    table(
        """insert into callbacks values
        (1, 7, '2026-12-01 10:00', null, null, true, null), (2, 8, null, '2026-12-01 10:00+00', null, null, null),
        (3, 9.00, null, null, '2026-12-03', false, null), (4, null, null, null, null, null, '{"name": "Green"}')"""
    )
    result = sync(
        warehouse,
        sql="""select id as numberid, who as search, send as "sendDispositionMessages",
        coalesce(at::text, to_char(tz at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SSZ'), null) as next_calldate
        from callbacks order by n""",
    )
    assert result.summary["applied"] == 4, result.log
    result = sync(warehouse, sql="select id as numberid, tz as next_calldate from callbacks where n = 2 order by n")
    assert result.summary["applied"] == 1, result.log
    assert sandbox.ledger.events("8")[-1].next_calldate == "2026-12-01 11:00:00"
    result = sync(warehouse, sql="select id as numberid, day as next_calldate from callbacks where n = 3 order by n")
    assert sandbox.ledger.events("9")[-1].next_calldate == "2026-12-03 00:00:00", result.log
    assert sandbox.ledger.message_counts() == {"7": 1}


def test_a_lost_connection_fails_with_what_was_sent_accounted_for(sync, sandbox, warehouse, table, cursor):
    """The database's own words stand in the log, what was read before is sent, and a retry goes on from there."""
    table("create table callbacks (numberid int, description text)")
    table("insert into callbacks select i, repeat('x', 400) from generate_series(1, 4000) i")
    sandbox.faults = Latency(0.05)

    tick = threading.Event()

    def cut():
        while len(sandbox.ledger.requests()) < 4:
            tick.wait(0.005)
        cursor.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query ilike '%from callbacks%' "
            "and pid <> pg_backend_pid()"
        )

    thread = threading.Thread(target=cut)
    thread.start()
    result = sync(warehouse, retries=1, sql="select * from callbacks order by numberid", fetch_size=500, chunk_size=50)
    thread.join()
    assert "server closed the connection unexpectedly" in result.log
    assert result.state == "success"
    assert (result.summary["applied"], result.summary["total"]) == (4000, 4000)
    assert result.summary["resumed"] > 0
    assert len(sandbox.ledger.events()) == 4000


def test_the_failures_table_is_made_in_its_schema(sync, warehouse, table, cursor):
    """A name with a schema is taken apart, and the element is kept as JSON."""
    table("create schema if not exists marts")
    table("create table callbacks as select 999999 as numberid")
    result = sync(warehouse, sql="select * from callbacks order by 1", results_table="marts.failed")
    assert result.state == "failed"
    cursor.execute("select position, outcome, element::json ->> 'numberid' from marts.failed")
    assert cursor.fetchall() == [(0, "rejected", "999999")]


def test_sql_and_python_put_a_record_into_the_same_shard(table, cursor):
    """The expression for PostgreSQL gives what the helper for files gives."""
    table("create table callbacks as select i as numberid from generate_series(1, 500) i")
    cursor.execute(f"select numberid, {shard_sql('numberid', 7)} from callbacks")
    assert all(number == shard(numberid, 7) for numberid, number in cursor.fetchall())
