"""Queries on real databases and drivers beside PostgreSQL's: MariaDB, DuckDB, ODBC, and poolers between."""

import logging
import threading
import time
from contextlib import closing
from decimal import Decimal
from typing import ClassVar

import pytest
from support.databases import Hook, on_duckdb, on_mariadb, on_postgres, on_sqlite
from support.engine import sync_of
from support.pgbouncer import PORT, pgbouncer
from support.servers import find_odbc_driver

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.exceptions import VccAuthenticationError, VccConfigurationError, VccInputError
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Status
from airflow_provider_vcc.transfers.databases.drivers import fetched
from airflow_provider_vcc.transfers.query import QuerySource
from airflow_provider_vcc.transfers.results import ResultsTable

KEY = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}
MARIADB = [pytest.mark.mariadb, pytest.mark.xdist_group("mariadb")]
POSTGRES = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
MANY = "select seq as numberid, repeat('x', 100) as description from seq_1_to_{}"


def source(hook, sql, parameters=None, **settings):
    settings = {"fetch_size": 1_000, "plan_columns": ColumnPlan} | settings
    return QuerySource(hook, sql, parameters, name="query", log=logging.getLogger("test"), **settings)


def rows(hook, sql, parameters=None, **settings):
    return [row for batch in source(hook, sql, parameters, **settings).read(1000) for row in batch.values]


@pytest.fixture(scope="module")
def pooler(warehouse):
    with pgbouncer(warehouse["host"]) as folder:
        yield folder


@pytest.fixture(params=["pymysql", "mysql.connector", "MySQLdb"])
def maria(request, mariadb_socket):
    """Return a hook of each driver that is here; mysqlclient has to be compiled, so it often is not."""
    pytest.importorskip(request.param)
    return on_mariadb(mariadb_socket, request.param)


class TestMariaDB:
    pytestmark = MARIADB

    def test_rows_come_in_order_and_with_their_types(self, maria):
        sql = """select 7 as numberid, 2.0 as dispositionid, cast('2026-12-01 10:00' as datetime) as next_calldate,
            cast('x' as char(5)) as description, true as sendDispositionMessages"""
        [row] = rows(maria, sql)
        assert (row[0], row[1], str(row[2]), row[3], row[4]) == (7, Decimal("2.0"), "2026-12-01 10:00:00", "x", 1)
        assert [row[0] for row in rows(maria, MANY.format(2_500))] == list(range(1, 2_501))

    @pytest.mark.parametrize(("mark", "parameters"), [("%(n)s", {"n": 7}), ("%s", [7]), ("%s", (7,))])
    def test_parameters_are_bound_in_the_drivers_style(self, maria, mark, parameters):
        [(numberid, description)] = rows(maria, f"select {mark} as numberid, '50 %%' as description", parameters)
        assert (numberid, description.replace("%%", "%")) == (7, "50 %")  # one of them keeps both

    def test_a_reader_that_ends_early_leaves_no_query_behind_and_does_not_read_to_its_end(self, maria):
        """Some drivers would fetch all thirty million rows before they close."""
        began = time.process_time()
        reading = source(maria, MANY.format(30_000_000)).read(1000)
        next(reading)
        reading.close()
        assert time.process_time() - began < 5
        running = (
            "select id from information_schema.processlist where info like '%30000000%' and info not like '%info%'"
        )
        tick, until = threading.Event(), time.monotonic() + 30
        while maria.execute(running):
            assert time.monotonic() < until
            tick.wait(0.05)

    def test_a_reader_slower_than_the_server_waits_gets_all_rows(self, maria):
        """MariaDB ends a query whose reader is slower than net_write_timeout, 60 s by default; here it is 1 s."""
        maria.execute("set global net_write_timeout = 1")
        try:
            reading = source(maria, MANY.format(200_000)).read(1000)
            count = len(next(reading))
            time.sleep(2.5)  # the socket's buffers are full, so the server waits for us
            count += sum(map(len, reading))
        finally:
            maria.execute("set global net_write_timeout = 60")
        assert count == 200_000

    def test_the_servers_error_is_not_hidden_by_the_drivers(self, maria):
        """The connection is gone in the middle, and closing it fails, too."""
        reading = source(maria, MANY.format(500_000)).read(1000)
        next(reading)
        found = "select id from information_schema.processlist where info like '%500000%' and info not like '%info%'"
        [(who,)] = maria.execute(found)
        maria.execute(f"kill {who}")
        with pytest.raises(VccInputError, match=r"the query failed: \w+ (20|19)\d\d"):
            list(reading)

    def test_bad_sql_fails_with_the_servers_words_and_no_value(self, maria):
        with pytest.raises(VccInputError, match=r"the query failed: .* Unknown column 'dispositoinid'"):
            rows(maria, "select dispositoinid from mysql.user where 'Smith' = user")
        with pytest.raises(VccInputError, match="the query failed") as caught:
            rows(
                maria,
                "select 1 as numberid, json_extract('{\"Smith\": ', '$.a') + extractvalue('Smith', '/a[') as userid",
            )
        assert "Smith" not in repr(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None

    def test_a_watermark_is_a_time_to_the_microsecond(self, maria):
        sql = "select 1 as numberid, cast('2026-01-01 10:00:00.123456' as datetime(6)) as updated"
        some = source(maria, sql, watermark_column="updated")
        assert [batch.values for batch in some.read(10)] == [[(1,)]]
        assert str(some.watermark) == "2026-01-01 10:00:00.123456"

    def test_a_zero_date_is_no_watermark(self, maria):
        sql = """select 1 as numberid, cast('2026-01-01' as datetime) as updated union all
            select 2, cast('0000-00-00 00:00:00' as datetime)"""
        maria.execute("set global sql_mode = ''")
        try:
            [driver] = {type(maria.get_conn()).__module__.partition(".")[0]}
            reading = source(maria, sql, watermark_column="updated").read(10)
            if driver == "pymysql":
                with pytest.raises(VccConfigurationError, match="a zero date"):
                    next(reading)
            else:  # the others make nothing of it
                assert len(next(reading)) == 2
        finally:
            maria.execute("set global sql_mode = default")


@pytest.fixture
def duck(tmp_path):
    pytest.importorskip("duckdb")
    return on_duckdb(tmp_path / "warehouse.duckdb")


class TestDuckDB:
    def test_rows_come_in_order(self, duck, caplog):
        caplog.set_level(logging.WARNING)
        found = rows(duck, "select i as numberid, 'x' as description from range(?) t(i)", [25_000])
        assert found == [(i, "x") for i in range(25_000)]
        assert caplog.text == ""  # it is a driver that is known to stream

    def test_the_watermark_is_bound_by_name_and_by_position(self, duck):
        assert rows(duck, "select 7 as numberid where 5 > $watermark", {"watermark": 4}) == [(7,)]
        assert rows(duck, "select 7 as numberid where 5 > ?", [4]) == [(7,)]

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("timestamp_ns '2026-01-01 10:00:00.123456789'", "finer than the driver gives them"),
            ("uuid()", "values of the type UUID"),
            ("1.5::double", "numbers with a fraction"),
            ("'nan'::double", "not one"),
            ("'v10'", "not in ISO form"),
        ],
    )
    def test_what_is_no_watermark_is_refused_on_the_first_row(self, duck, value, reason):
        """The query is endless, so the first row must do."""
        some = source(
            duck, f"select 1 as numberid, {value} as updated from range(100000000)", watermark_column="updated"
        )
        with pytest.raises(VccConfigurationError, match=reason):
            next(some.read(1000))

    @pytest.mark.parametrize("cast", ["timestamp", "timestamp(6)"])
    def test_the_cast_that_the_refusal_names_is_taken(self, duck, cast):
        sql = f"select 1 as numberid, cast(timestamp_ns '2026-01-01 10:00:00.123456789' as {cast}) as updated"
        some = source(duck, sql, watermark_column="updated")
        list(some.read(10))
        assert str(some.watermark) == "2026-01-01 10:00:00.123457"  # it rounds, in WHERE as well


class TestSQLite:
    def test_a_reader_that_is_slow_lets_others_write(self, tmp_path, caplog):
        """The query is read ahead and waits on disk, so its lock does not last as long as the sending does."""
        caplog.set_level(logging.INFO)
        hook = on_sqlite(tmp_path / "warehouse.db")
        hook.execute("create table t (numberid int, description text)")
        hook.execute(
            """with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
            insert into t select i, 'some text' from n"""
        )
        reading = source(hook, "select * from t order by 1").read(1000)
        next(reading)
        hook.execute("update t set description = 'new' where numberid = 5")  # waits for the lock, but not for long
        found = [row[0] for batch in reading for row in batch.values]
        assert found == list(range(1001, 50_001))
        assert "those that wait are on disk" in caplog.text or "waits on disk" in caplog.text


@pytest.mark.parametrize("connect", [on_sqlite, on_duckdb])
def test_of_a_database_in_this_process_few_rows_wait_at_a_time(tmp_path, connect):
    """Fetching many at once brings nothing where no network is in between, and they would wait in memory."""
    sql = """with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
        select i as numberid from n order by i"""
    with closing(connect(tmp_path / "warehouse.db").get_conn()) as connection:
        cursor = connection.cursor()
        cursor.execute(sql)
        assert [len(piece) for piece in fetched(cursor, (sql,), 10_000)] == [2000, 2000, 1000]


def test_a_refused_token_stops_the_fetching(tmp_path):
    """The query has a hundred million rows, of which nobody wants more than a few any more."""
    sql = """with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000000)
        select i as numberid from n"""
    began = time.process_time()
    with Sandbox(records=10) as sandbox:
        sandbox.faults = Status(401)
        sync = sync_of(sandbox.url, source(on_sqlite(tmp_path / "warehouse.db"), sql))
        with pytest.raises(VccAuthenticationError):
            sync.run()
    assert sync.tally.total == sync.tally.summary()["not_sent"] < 1_000_000
    assert time.process_time() - began < 10


class TestOdbc:
    pytestmark: ClassVar = [pytest.mark.odbc, *POSTGRES]

    @pytest.fixture
    def odbc(self, warehouse):
        pyodbc = pytest.importorskip("pyodbc")
        where = f"DRIVER={{{find_odbc_driver()}}};Servername={warehouse['host']};Database=postgres;Uid=postgres"
        return Hook(lambda: pyodbc.connect(where), "odbc")

    def test_rows_come_in_order_and_as_tuples(self, odbc):
        found = rows(odbc, "select i as numberid, 'x' as description from generate_series(1, ?) i", [2_500])
        assert found == [(i, "x") for i in range(1, 2_501)]

    def test_the_watermark_is_bound_as_the_last_parameter(self, odbc):
        sql = "select 7 as numberid, timestamp '2026-01-01' as updated where 5 > ? and timestamp '2026-01-01' > ?"
        some = source(odbc, sql, [4, "2025-01-01"], watermark_column="updated")
        assert [batch.values for batch in some.read(10)] == [[(7,)]]

    def test_failed_elements_are_written_back(self, odbc):
        """The driver says which database is behind it."""
        odbc.execute("drop table if exists failed")
        for number in (1, 2):
            mine = ResultsTable(odbc, "failed", KEY, number)
            mine.write([Failure(n, Outcome.REJECTED, 417, "no such record", {"numberid": "ő"}) for n in range(300)])
            mine.settled()
            mine.close()
            assert mine.loss is None
        assert odbc.execute("select count(*), min(try_number) from failed") == [(300, 2)]


class TestPgBouncer:
    pytestmark: ClassVar = [pytest.mark.pgbouncer, *POSTGRES]

    @pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
    def test_a_pooler_between_is_no_trouble(self, pooler, driver):
        """Transactions share the pool's connections: nothing is prepared, and nothing is left set for the next one."""
        options = {"prepare_threshold": None} if driver == "psycopg" else {}
        hook = on_postgres(pooler, driver, port=PORT, **options)
        hook.execute("drop table if exists failed")
        for number in range(8):
            found = rows(hook, "select i as numberid from generate_series(1, %(n)s) i", {"n": 2_500})
            assert found[-1] == ("2500",)
            mine = ResultsTable(hook, "failed", {**KEY, "map_index": number}, 1)
            mine.write([Failure(n, Outcome.REJECTED, 417, "no such record", {"numberid": "9"}) for n in range(100)])
            mine.settled()
            mine.close()
            assert mine.loss is None
        assert hook.execute("select count(*) from failed") == [(800,)]
        assert hook.execute("show lock_timeout") == [("0",)]

    def test_a_pool_of_two_that_two_queries_hold_makes_the_results_table_wait_and_not_fail(self, pooler):
        """What failed is written when one of the queries has come to its end."""
        hook = on_postgres(pooler, "psycopg", port=PORT, prepare_threshold=None)
        hook.execute("drop table if exists failed")
        mine = ResultsTable(hook, "failed", KEY, 1)
        many = "select generate_series(1, 100000) as numberid, repeat('x', 200) as description"
        queries = [source(hook, many).read(1000) for _ in range(2)]
        for query in queries:
            next(query)
        mine.write([Failure(n, Outcome.REJECTED, 417, "no such record", {"numberid": "9"}) for n in range(1500)])
        for query in queries:
            list(query)
        mine.settled()
        mine.close()
        assert mine.loss is None
        assert hook.execute("select count(*) from failed") == [(1500,)]
