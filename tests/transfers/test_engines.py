"""Rows of a driver that is not known: by SQLAlchemy where the hook has an engine that streams, else held."""

import logging

import pytest

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.transfers import query
from airflow_provider_vcc.transfers.databases import drivers
from airflow_provider_vcc.transfers.query import QuerySource

sa = pytest.importorskip("sqlalchemy")
pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

DRIVERS = ["psycopg", "psycopg2"]
MANY = "select i as numberid from generate_series(1, 25000) i"


@pytest.fixture(scope="module")
def host(warehouse):
    return warehouse["host"]


class Hook:
    """Connects as a ``DbApiHook`` does.

    :param dialect: what its engine connects with; None where it has no engine.
    """

    def __init__(self, driver, host, dialect=None):
        self._module, self._host, self._dialect = pytest.importorskip(driver), host, dialect

    def get_conn(self):
        return self._module.connect(host=self._host, user="postgres", dbname="postgres")

    def get_sqlalchemy_engine(self, engine_kwargs=None):
        if self._dialect is None:
            raise NotImplementedError
        return sa.create_engine(f"{self._dialect}://postgres@/postgres?host={self._host}", **engine_kwargs)


@pytest.fixture(params=DRIVERS)
def hook(request, host, monkeypatch):
    """Return a hook of a driver that is not known any more."""
    monkeypatch.setattr(drivers, "POSTGRES", frozenset())
    return Hook(request.param, host, f"postgresql+{request.param}")


def batches(hook, sql, parameters=None, fetch_size=1000):
    log = logging.getLogger("engines")
    source = QuerySource(hook, sql, parameters, name="query", fetch_size=fetch_size, log=log, plan_columns=ColumnPlan)
    return source.read(1000)


def rows(*arguments):
    return [row for batch in batches(*arguments) for row in batch.values]


def test_the_result_stays_on_the_server(hook, host, caplog, monkeypatch):
    """While the first rows are worked on, the server is asked for no more than were wanted, and nobody is warned."""
    monkeypatch.setattr(query, "reads_ahead", lambda _connection: False)
    reading = batches(hook, MANY)
    assert [row[0] for row in next(reading).values] == list(range(1, 1001))
    with hook.get_conn() as watcher, watcher.cursor() as cursor:
        cursor.execute("select query from pg_stat_activity where state = 'idle in transaction'")
        [running] = [found for (found,) in cursor.fetchall() if "FETCH" in found]
    assert running.startswith("FETCH FORWARD")
    assert sum(len(batch.values) for batch in reading) == 24000
    assert caplog.text == ""


@pytest.mark.parametrize("parameters", [{"n": 7}, [7], (7,)])
def test_parameters_are_bound_in_the_drivers_own_style(hook, parameters):
    mark = "%(n)s" if isinstance(parameters, dict) else "%s"
    assert rows(hook, f"select {mark}::int as numberid, '50 %%' as description", parameters) == [(7, "50 %")]


def test_a_per_cent_sign_is_one_where_there_are_no_parameters(hook):
    assert rows(hook, "select 7 as numberid, '50 %' as description") == [(7, "50 %")]


def test_an_error_has_the_drivers_words(hook):
    """The words of the database, and nothing of SQLAlchemy's."""
    with pytest.raises(
        VccInputError, match='the query failed: UndefinedTable 42P01: relation "nowhere" does not exist'
    ):
        rows(hook, "select * from nowhere")


def test_an_error_in_the_middle_comes_after_the_rows_before_it(hook):
    reading = batches(hook, "select 20000 / (20000 - i) as numberid from generate_series(1, 25000) i")
    assert len(next(reading).values) == 1000
    with pytest.raises(VccInputError, match="division by"):
        list(reading)


@pytest.mark.parametrize(("driver", "dialect"), [("psycopg2", None), ("psycopg", "postgresql+psycopg2")])
def test_where_no_engine_can_do_it_the_log_says_that_the_driver_holds_the_result(
    host, monkeypatch, caplog, driver, dialect
):
    """Without an engine, or with one of another driver, whose parameters are written in another style."""
    monkeypatch.setattr(drivers, "POSTGRES", frozenset())
    assert len(rows(Hook(driver, host, dialect), MANY)) == 25000
    [said] = [
        record.getMessage() for record in caplog.records if record.name == "engines" and record.levelname == "WARNING"
    ]
    assert said.startswith(f"The driver {driver} gives no cursor on the server, so it may hold the whole result")
