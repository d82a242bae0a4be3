"""The table of failed elements, written by tries that follow each other and by tries that overlap."""

import json
import os
import threading
from types import SimpleNamespace

import pytest

from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.transfers import results
from airflow_provider_vcc.transfers.results import ResultsTable
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

sa = pytest.importorskip("sqlalchemy")
pytestmark = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

INSTANCE = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}
INSERT = """insert into failed values
    ('d', 'r', 't', -1, {try_number}, 5, 'rejected', null, '', '{{}}', {synced_at})"""


@pytest.fixture(scope="module")
def server(warehouse):
    return f"postgresql+psycopg2://postgres@/postgres?host={warehouse['host']}"


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request, server, tmp_path):
    """Give an engine of a database without the table."""
    url = server if request.param == "postgres" else f"sqlite:///{tmp_path}/results.db"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("drop table if exists failed"))
    yield engine
    engine.dispose()


class Hook:
    """Stands for a hook whose engine is there already."""

    def __init__(self, engine):
        self.get_sqlalchemy_engine = lambda _options: engine


def table(engine, try_number=1, **settings):
    return ResultsTable(engine, "failed", INSTANCE, try_number, **settings)


def failures(*positions):
    return [Failure(position, Outcome.REJECTED, 417, "no such record", {"numberid": "9"}) for position in positions]


def rows(engine, columns="position, try_number"):
    with engine.begin() as connection:
        return [tuple(row) for row in connection.execute(sa.text(f"select {columns} from failed order by position"))]


def write(results_table, *positions):
    results_table.write(failures(*positions))
    results_table.close()


def test_a_try_that_settles_everything_leaves_only_its_own_rows(engine):
    write(table(engine, 1), 3, 5, 7)
    second = table(engine, 2)
    second.write(failures(5, 8))
    second.settled()
    second.close()
    assert rows(engine) == [(5, 2), (8, 2)]


def test_a_try_that_ends_early_keeps_what_it_did_not_come_to(engine):
    write(table(engine, 1), 3, 5, 7)
    write(table(engine, 2), 3)
    assert rows(engine) == [(3, 2), (5, 1), (7, 1)]


def test_a_late_orphan_leaves_what_its_successor_wrote(engine):
    orphan, successor = table(engine, 1), table(engine, 2)
    successor.write(failures(5))
    successor.settled()
    orphan.write(failures(5, 7))
    orphan.close()
    assert rows(engine) == [(5, 2)]


def test_a_successor_replaces_what_an_orphan_writes_meanwhile(engine):
    orphan, successor = table(engine, 1), table(engine, 2)
    write(orphan, 5, 7)
    successor.write(failures(5))
    successor.settled()
    assert rows(engine) == [(5, 2)]


def test_one_who_knows_to_be_replaced_writes_and_deletes_nothing(engine):
    write(table(engine, 1), 3)
    orphan = table(engine, 2, is_replaced=lambda: True)
    orphan.write(failures(5))
    orphan.settled()
    orphan.close()
    assert rows(engine) == [(3, 1)]


@pytest.mark.parametrize(
    ("tries_left", "supervisor_died", "written"), [(1, False, True), (1, True, False), (0, True, True)]
)
def test_an_orphan_writes_nothing_where_a_further_try_is_to_come(
    monkeypatch, engine, tries_left, supervisor_died, written
):
    """Its successor finds the same. Where there is none to come, what the orphan found is all that there is."""
    operator = SqlToVccOperator(
        task_id="t", project_id=17, sql_conn_id="warehouse", sql="select 1", results_table="failed"
    )
    monkeypatch.setattr(operator, "_hook", lambda _conn_id: Hook(engine))
    instance = SimpleNamespace(**INSTANCE, try_number=1, max_tries=tries_left)
    [sink] = operator._sinks({"ti": instance})
    if supervisor_died:
        monkeypatch.setattr(os, "getppid", lambda: 1_000_000)
    write(sink, 5)
    assert rows(engine) == ([(5, 1)] if written else [])


def test_rows_of_other_instances_stay(engine):
    other = ResultsTable(engine, "failed", INSTANCE | {"map_index": 1}, 1)
    write(other, 5)
    mine = table(engine, 2)
    mine.settled()
    assert rows(engine, "position, map_index") == [(5, 1)]


def test_rows_of_a_deleted_run_of_the_same_name_do_not_pass_for_newer_ones(engine):
    """A run that is deleted and made again counts its tries from 1."""
    first = table(engine, 1)
    with engine.begin() as connection:
        connection.execute(sa.text(INSERT.format(try_number=3, synced_at="'2026-01-01 00:00:00'")))
    first.write(failures(5))
    first.settled()
    assert rows(engine) == [(5, 1)]


def test_many_failures_are_written_in_batches_and_a_position_once(engine, monkeypatch):
    """A sink may get the failures of a chunk a second time."""
    monkeypatch.setattr(results, "BATCH", 10)
    mine = table(engine)
    mine.write(failures(*range(25)))
    assert len(rows(engine)) == 20
    mine.write(failures(*range(20, 30)))
    mine.close()
    assert rows(engine) == [(position, 1) for position in range(30)]


def test_a_table_of_another_kind_is_refused_before_anything_is_sent(engine):
    with engine.begin() as connection:
        connection.execute(sa.text("create table failed (dag_id text, position int, element text)"))
    with pytest.raises(VccConfigurationError, match="results_table: failed has no errorcode, errormessage, map_index"):
        table(engine)


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_a_table_that_cannot_be_made_is_said_with_the_words_of_the_database(engine):
    with pytest.raises(VccError, match=r'nowhere\.failed cannot be created \(schema "nowhere" does not exist\)'):
        ResultsTable(engine, "nowhere.failed", INSTANCE, 1)


def test_what_no_database_takes_is_written_as_well_as_it_can_be(engine):
    element = {"numberid": "9", "description": "\ud800 alone", 5: "a key that is no text"}
    mine = table(engine)
    mine.write([Failure(0, Outcome.INVALID, "c" * 100, "a zero: \0", element)])
    mine.close()
    [(code, message, text)] = rows(engine, "errorcode, errormessage, element")
    assert (code, message) == ("c" * 64, "a zero: ")
    assert json.loads(text)["description"] == "\ud800 alone"


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_shards_that_start_at_once_make_the_table_once(engine):
    barrier, found = threading.Barrier(8), []

    def start(number):
        barrier.wait()
        found.append(ResultsTable(engine, "failed", INSTANCE | {"map_index": number}, 1))

    threads = [threading.Thread(target=start, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8


@pytest.mark.parametrize("engine", ["postgres"], indirect=True)
def test_two_tries_that_write_the_same_row_at_one_moment_end_with_the_newer(engine):
    """The newer one meets a row that the older one has not committed yet, and replaces it when it has."""
    successor = table(engine, 2)
    with engine.connect() as orphan, engine.connect() as watcher:
        orphan.execute(sa.text(INSERT.format(try_number=1, synced_at="now()")))
        thread = threading.Thread(target=write, args=(successor, 5))
        thread.start()
        waiting = sa.text("select count(*) from pg_locks where not granted")
        while not watcher.execute(waiting).scalar():
            assert thread.is_alive()
        orphan.commit()
        thread.join()
    assert rows(engine) == [(5, 2)]
