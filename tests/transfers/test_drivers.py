"""Rows of a real PostgreSQL by both of its drivers, without Airflow."""

import logging
import threading
from datetime import date, datetime
from decimal import Decimal

import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.transfers.databases import drivers
from airflow_provider_vcc.transfers.query import QuerySource

pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture(scope="module")
def server(warehouse):
    return warehouse["host"]


class Hook:
    """Connects as a ``DbApiHook`` does, with what the connection's options add."""

    def __init__(self, driver, host, **options):
        self._driver, self._where = driver, {"host": host, "user": "postgres", "dbname": "postgres", **options}
        self.connections = []

    def get_conn(self):
        self.connections.append(self._driver.connect(**self._where))
        return self.connections[-1]


@pytest.fixture(params=["psycopg", "psycopg with an old libpq", "psycopg2"])
def hook(request, server, monkeypatch):
    """Return a hook of each driver; a libpq before 17 gives single rows only, so a cursor is used there."""
    name, _, old = request.param.partition(" ")
    if old:
        monkeypatch.setattr(drivers, "_streams", bool)
    return Hook(pytest.importorskip(name), server)


def source(hook, sql, parameters=None, **settings):
    settings = {"fetch_size": 10_000, "plan_columns": ColumnPlan} | settings
    return QuerySource(hook, sql, parameters, name="query", log=logging.getLogger("test"), **settings)


def rows(hook, sql, parameters=None, **settings):
    return [row for batch in source(hook, sql, parameters, **settings).read(1000) for row in batch.values]


def elements(hook, sql):
    batch = next(iter(source(hook, sql).read(1000)))
    return Checker().check(batch)


def test_ids_and_times_come_as_the_texts_that_go_out(hook):
    """Nothing is made of a number or of a time that becomes a text again."""
    [row] = rows(hook, "select 7::bigint as numberid, 2 as userid, timestamp '2026-12-01 10:00' as next_calldate")
    assert row == ("7", "2", "2026-12-01 10:00:00")


def test_a_number_that_is_also_a_criterion_stays_a_number(hook):
    """A criterion goes out as JSON has it, so where one column of a type needs the value all are left as they are."""
    [row] = rows(hook, "select 7 as dispositionid, 30 as search", plan_columns=lambda _: _Targets())
    assert row == (7, 30)


class _Targets:
    targets = ("dispositionid", "search.age")


def test_a_watermark_stays_a_time(hook):
    """The watermark is compared and kept, so its type is not taken from it, though it is a field as well."""
    sql = "select 7 as numberid, timestamp '2026-12-01 10:00:00.5' as next_calldate"
    some = source(hook, sql, watermark_column="next_calldate", keep_watermark=True)
    [batch] = some.read(1000)
    moment = datetime.fromisoformat("2026-12-01 10:00:00.5")
    assert batch.values == [("7", moment)]
    assert some.watermark == moment


def test_other_types_are_left_to_the_checker(hook):
    """Decimals, dates and times with a zone come as Python's values."""
    sql = "select 7.0 as numberid, date '2026-12-01' as next_calldate, 3::numeric as userid"
    assert rows(hook, sql) == [(Decimal("7.0"), date(2026, 12, 1), Decimal(3))]


def test_times_of_another_datestyle_are_left_to_the_driver(request, hook):
    """A server that writes its dates in German is not believed to write them in ISO."""
    hook._where["options"] = "-c DateStyle=German"
    if hook._driver.__name__ == "psycopg2":
        hook.get_conn = lambda: _german(hook._driver.connect(**hook._where))
    [row] = rows(hook, "select 7 as numberid, '2026-12-01 10:00'::timestamp::text as description")
    assert row == (7, "01.12.2026 10:00:00")


def _german(connection):
    """Set what psycopg2 sets back when it connects."""
    connection.cursor().execute("set DateStyle = German")
    return connection


def test_fractions_of_a_second_are_left_out(hook):
    """A time is one by the second, also where the first of a batch has no fraction."""
    values = "(1, '2026-12-01 10:00:00.25'), (2, '2026-12-01 10:00:00'), (3, '2026-12-01 10:00:59.999999')"
    for order in ("n", "(n + 1) % 3"):
        checked = elements(
            hook, f"select n as numberid, t::timestamp as next_calldate from (values {values}) v(n, t) order by {order}"
        )
        assert not checked.failures
        found = {element.numberid: element.next_calldate for element in checked.elements}
        assert found == {"1": "2026-12-01 10:00:00", "2": "2026-12-01 10:00:00", "3": "2026-12-01 10:00:59"}


def test_a_time_that_no_clock_shows_is_invalid_by_itself(hook):
    """Infinity and years before Christ cost their own rows only."""
    checked = elements(
        hook,
        """select n as numberid, t::timestamp as next_calldate
        from (values (1, 'infinity'), (2, '2026-12-01 10:00'), (3, '0044-03-15 10:00 BC')) v(n, t) order by n""",
    )
    assert [failure.position for failure in checked.failures] == [0, 2]
    assert [element.next_calldate for element in checked.elements] == ["2026-12-01 10:00:00"]


@pytest.mark.parametrize("fetch_size", [1, 7, 1000, 10_000])
def test_all_rows_come_in_order(hook, fetch_size):
    """Whatever is fetched at a time, batches hold what was asked for, and every row once."""
    sql = "select i as numberid from generate_series(1, %(last)s) i"
    batches = list(source(hook, sql, {"last": 2_500}, fetch_size=fetch_size).read(1000))
    assert [len(batch) for batch in batches] == [1000, 1000, 500]
    assert [row[0] for batch in batches for row in batch.values] == [str(i) for i in range(1, 2_501)]


def test_what_came_before_an_error_is_given(hook):
    """The database's own words come after the rows before them."""
    some = source(
        hook, "select i as numberid, 1 / (4500 - i) as userid from generate_series(1, 9000) i", fetch_size=500
    )
    given = []
    with pytest.raises(VccInputError, match="the query failed: DivisionByZero 22012: division by"):
        given.extend(some.read(1000))
    assert sum(map(len, given)) == 4_000


def test_rows_are_tuples_whatever_the_hook_makes_of_them(server):
    """A hook whose cursors return dictionaries works as well."""
    psycopg = pytest.importorskip("psycopg")
    hook = Hook(psycopg, server, row_factory=psycopg.rows.dict_row)
    assert rows(hook, "select 7 as numberid, 'x' as description") == [("7", "x")]


def test_a_reader_that_ends_early_leaves_no_query_behind(hook, server):
    """The connection is closed and the server's work is over, though rows were still to come."""
    some = source(hook, "select generate_series(1, 30000000) as numberid").read(1000)
    next(some)
    some.close()
    assert hook.connections[0].closed
    running = "select 1 from pg_stat_activity where query like '%30000000%' and pid <> pg_backend_pid()"
    with hook._driver.connect(host=server, user="postgres", dbname="postgres") as other:
        cursor, tick = other.cursor(), threading.Event()
        other.autocommit = True
        cursor.execute(running)
        while cursor.fetchall():  # the test's own timeout ends a query that goes on
            tick.wait(0.01)
            cursor.execute(running)


def test_a_statement_without_rows_says_what_to_write(hook):
    """The database refuses what is not a SELECT, in its own words."""
    with pytest.raises(VccInputError, match="syntax error"):
        rows(hook, "create table never (i int)")


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_a_time_that_python_cannot_have_makes_no_query_fail(hook, kind):
    """Infinity, and years before the first and after the last: each comes as a text, and its row is invalid."""
    sql = f"""select n as numberid, t::{kind} as next_calldate
        from (values (1, 'infinity'), (2, '-infinity'), (3, '0044-03-15 BC'), (4, '20000-01-01'), (5, '2026-12-01'))
        t(n, t) order by n"""
    found = [row[1] for row in rows(hook, sql)]
    assert found[:2] == ["infinity", "-infinity"]
    assert [type(value) for value in found[:4]] == [str] * 4
    assert str(found[4]).startswith("2026-12-01")


def test_a_percent_sign_beside_parameters_is_told_of(hook):
    with pytest.raises(VccInputError, match=r"written twice: LIKE 'a%%'"):
        rows(hook, "select 7 as numberid where 'a' like 'a%' and 1 = %(n)s", {"n": 1})
    with pytest.raises(VccInputError) as caught:
        rows(hook, "select 7 as numberid, nothing where 'a' like 'a%%' and 1 = %(n)s", {"n": 1})
    assert "written twice" not in str(caught.value)
