"""The table of failed elements, written by tries that follow each other and by tries that overlap."""

import json
import logging
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from support.databases import Hook, on_duckdb, on_mariadb, on_postgres, on_sqlite

from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccConfigurationError, VccError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.transfers import results
from airflow_provider_vcc.transfers.databases.dialects import dialect_of
from airflow_provider_vcc.transfers.results import ResultsTable
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

pymysql = pytest.importorskip("pymysql")
psycopg2 = pytest.importorskip("psycopg2")
DATABASES = [
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")]),
    pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.xdist_group("mariadb")]),
    "duckdb",
]
SERVERS = pytest.mark.parametrize("hook", DATABASES[1:3], indirect=True)
INSTANCE = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}
INSERT = """insert into failed values
    ('d', 'r', 't', -1, {try_number}, {position}, 'rejected', null, '', '{{}}', {synced_at})"""


@pytest.fixture(params=DATABASES)
def hook(request, tmp_path):
    """Return a hook of a database without the table."""
    if request.param == "sqlite":
        yield on_sqlite(tmp_path / "results.db")
        return
    if request.param == "duckdb":
        pytest.importorskip("duckdb")
        yield on_duckdb(tmp_path / "results.duckdb")
        return
    server = "warehouse" if request.param == "postgres" else "mariadb_socket"
    place = request.getfixturevalue(server)
    hook = on_postgres(place["host"]) if request.param == "postgres" else on_mariadb(place)
    hook.execute("drop table if exists failed")
    yield hook


def table(hook, try_number=1, **settings):
    return ResultsTable(hook, "failed", INSTANCE, try_number, **settings)


def failures(*positions):
    return [Failure(position, Outcome.REJECTED, 417, "no such record", {"numberid": "9"}) for position in positions]


def rows(hook, columns="position, try_number", order="order by position"):
    return hook.execute(f"select {columns} from failed {order}")


def write(results_table, *positions):
    results_table.write(failures(*positions))
    results_table.close()


def test_a_try_that_settles_everything_leaves_only_its_own_rows(hook):
    write(table(hook, 1), 3, 5, 7)
    second = table(hook, 2)
    second.write(failures(5, 8))
    second.settled()
    second.close()
    assert rows(hook) == [(5, 2), (8, 2)]


def test_a_try_that_ends_early_keeps_what_it_did_not_come_to(hook):
    write(table(hook, 1), 3, 5, 7)
    write(table(hook, 2), 3)
    assert rows(hook) == [(3, 2), (5, 1), (7, 1)]


def test_a_late_orphan_leaves_what_its_successor_wrote(hook):
    orphan, successor = table(hook, 1), table(hook, 2)
    successor.write(failures(5))
    successor.settled()
    orphan.write(failures(5, 7))
    orphan.close()
    assert rows(hook) == [(5, 2)]


def test_a_successor_replaces_what_an_orphan_writes_meanwhile(hook):
    orphan, successor = table(hook, 1), table(hook, 2)
    write(orphan, 5, 7)
    successor.write(failures(5))
    successor.settled()
    successor.close()
    assert rows(hook) == [(5, 2)]


def test_one_who_knows_to_be_replaced_writes_and_deletes_nothing(hook):
    write(table(hook, 1), 3)
    orphan = table(hook, 2, is_replaced=lambda: True)
    orphan.write(failures(5))
    orphan.settled()
    orphan.close()
    assert rows(hook) == [(3, 1)]


@pytest.mark.parametrize(
    ("tries_left", "supervisor_died", "written"), [(1, False, True), (1, True, False), (0, True, True)]
)
def test_an_orphan_writes_nothing_where_a_further_try_is_to_come(
    monkeypatch, hook, tries_left, supervisor_died, written
):
    """Its successor finds the same. Where there is none to come, what the orphan found is all that there is."""
    operator = SqlToVccOperator(
        task_id="t", project_id=17, sql_conn_id="warehouse", sql="select 1", results_table="failed"
    )
    monkeypatch.setattr(operator, "_hook", lambda _conn_id: hook)
    instance = SimpleNamespace(**INSTANCE, try_number=1, max_tries=tries_left)
    [sink] = operator._sinks({"ti": instance})
    if supervisor_died:
        monkeypatch.setattr(os, "getppid", lambda: 1_000_000)
    write(sink, 5)
    assert rows(hook) == ([(5, 1)] if written else [])


def test_rows_of_other_instances_stay(hook):
    other = ResultsTable(hook, "failed", INSTANCE | {"map_index": 1}, 1)
    write(other, 5)
    mine = table(hook, 2)
    mine.settled()
    mine.close()
    assert rows(hook, "position, map_index") == [(5, 1)]


def test_rows_of_a_deleted_run_of_the_same_name_do_not_pass_for_newer_ones(hook):
    """A run that is deleted and made again counts its tries from 1."""
    first = table(hook, 1)
    hook.execute(INSERT.format(try_number=3, position=5, synced_at="'2026-01-01 00:00:00'"))
    first.write(failures(5))
    first.settled()
    first.close()
    assert rows(hook) == [(5, 1)]


def test_many_failures_are_written_in_batches_and_a_position_once(hook, monkeypatch):
    """A sink may get the failures of a chunk a second time."""
    monkeypatch.setattr(results, "BATCH", 10)
    mine = table(hook)
    mine.write(failures(*range(25)))
    mine.write(failures(*range(20, 30)))
    mine.close()
    assert rows(hook) == [(position, 1) for position in range(30)]


def test_a_table_of_another_kind_is_refused_before_anything_is_sent(hook):
    hook.execute("create table failed (dag_id varchar(20), position int, element varchar(20))")
    with pytest.raises(VccConfigurationError, match="results_table: failed has no errorcode, errormessage, map_index"):
        table(hook)


@pytest.mark.parametrize("hook", ["postgres"], indirect=True)
def test_a_table_that_cannot_be_made_is_said_with_the_words_of_the_database(hook):
    with pytest.raises(VccError, match=r'nowhere\.failed cannot be created \(.*schema "nowhere" does not exist\)'):
        ResultsTable(hook, "nowhere.failed", INSTANCE, 1)


def test_what_no_database_takes_is_written_as_well_as_it_can_be(hook):
    element = {"numberid": "9", "description": "\ud800 alone", 5: "a key that is no text"}
    mine = table(hook)
    mine.write([Failure(0, Outcome.INVALID, "c" * 100, "a zero: \0", element)])
    mine.close()
    [(code, message, text)] = rows(hook, "errorcode, errormessage, element")
    assert (code, message) == ("c" * 64, "a zero: ")
    assert json.loads(text)["description"] == "\ud800 alone"


@SERVERS
def test_shards_that_start_at_once_make_the_table_once(hook):
    barrier, found = threading.Barrier(8), []

    def start(number):
        barrier.wait()
        found.append(ResultsTable(hook, "failed", INSTANCE | {"map_index": number}, 1))

    in_threads(start, range(8))
    for one in found:
        one.close()
    assert len(found) == 8


@SERVERS
def test_two_tries_that_write_the_same_row_at_one_moment_end_with_the_newer(hook):
    """The newer one meets a row that the older one has not committed yet, and replaces it when it has."""
    successor = table(hook, 2)
    orphan = hook.get_conn()
    orphan.cursor().execute(INSERT.format(try_number=1, position=5, synced_at="current_timestamp"))
    thread = threading.Thread(target=write, args=(successor, 5))
    thread.start()
    waiting = {
        "postgres": "select count(*) from pg_locks where not granted",
        "mysql": "select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
    }[hook.conn_type]
    while hook.execute(waiting) == [(0,)]:
        assert thread.is_alive()
    orphan.commit()
    orphan.close()
    thread.join()
    assert rows(hook) == [(5, 2)]


@SERVERS
def test_eight_shards_that_write_side_by_side_lose_nothing(hook):
    """On MariaDB most of them used to end with a deadlock."""

    def shard(number):
        mine = ResultsTable(hook, "failed", INSTANCE | {"map_index": number}, 1)
        mine.write(failures(*range(2000)))
        mine.settled()
        mine.close()
        assert mine.loss is None

    in_threads(shard, range(8))
    assert rows(hook, "count(*), count(distinct map_index)", order="") == [(16_000, 8)]


def in_threads(do, numbers):
    """Run something for each number at once, and raise what one of them raised."""
    with ThreadPoolExecutor(len(numbers)) as pool:
        list(pool.map(do, numbers))


KILL = {
    "postgres": "select pg_terminate_backend({})",
    "mysql": "kill {}",
}
WHO = {"postgres": "select pg_backend_pid()", "mysql": "select connection_id()"}


@SERVERS
def test_a_connection_that_the_server_closed_is_made_again(hook):
    """It may idle for hours between two failures: poolers and servers close it."""
    mine = table(hook)
    mine.write(failures(1))
    mine.settled()
    cursor = hook.opened[-1].cursor()
    cursor.execute(WHO[hook.conn_type])
    [who] = cursor.fetchone()
    hook.execute(KILL[hook.conn_type].format(who))
    write(mine, 2)
    assert rows(hook) == [(1, 1), (2, 1)]


@pytest.mark.parametrize("hook", ["mariadb"], indirect=True)
def test_a_deadlock_is_tried_again(hook):
    """The transaction that the server chose to end is done once more, as a whole."""
    mine = table(hook)
    write(table(hook), *range(10))
    other = hook.get_conn()
    cursor = other.cursor()
    cursor.execute("update failed set outcome = 'x' where position = 9")
    thread = threading.Thread(target=write, args=(mine, *range(10)))
    thread.start()
    while hook.execute("select count(*) from information_schema.innodb_trx where trx_state = 'LOCK WAIT'") == [(0,)]:
        assert thread.is_alive()
    cursor.execute("update failed set outcome = 'x' where position between 0 and 8")  # the other order: a deadlock
    other.commit()
    other.close()
    thread.join()
    assert mine.loss is None
    assert rows(hook, "distinct outcome", order="") == [("rejected",)]


@pytest.mark.parametrize("hook", ["sqlite"], indirect=True)
def test_a_busy_file_is_waited_for_and_sending_goes_on_meanwhile(hook):
    """Somebody reads the same file for a long time: what cannot be written now waits, on disk if need be."""
    mine = table(hook)
    write(table(hook, 1), 77)
    reader = hook.get_conn()
    cursor = reader.execute("select * from failed, failed f")
    cursor.fetchone()
    for start in range(0, 9_999, 500):
        mine.write(failures(*range(start, start + 500)))
    reader.close()
    mine.settled()
    mine.close()
    assert mine.loss is None
    assert rows(hook, "count(*)", order="") == [(10_000,)]


def test_what_cannot_be_written_is_counted_and_raises_nothing(hook, caplog):
    mine = table(hook, log=logging.getLogger("test"))
    hook.execute("drop table failed")
    mine.write(failures(*range(1_500)))
    mine.settled()
    mine.close()
    assert mine.lost == 1_500
    assert "results_table: 1,500 failed elements are not in failed (" in caplog.text
    assert "no such record" not in caplog.text


@SERVERS
def test_a_user_who_may_only_read_is_told_before_anything_is_sent(hook, request):
    table(hook).close()
    hook.execute(
        "drop user if exists reader" if hook.conn_type == "postgres" else "drop user if exists reader@localhost"
    )
    if hook.conn_type == "postgres":
        hook.execute("create user reader")
        hook.execute("grant select on failed to reader")
        reader = Hook(
            lambda: psycopg2.connect(
                host=request.getfixturevalue("warehouse")["host"], user="reader", dbname="postgres"
            )
        )
    else:
        hook.execute("create user reader@localhost identified by 'x'")
        hook.execute("grant select on dwh.* to reader@localhost")
        reader = Hook(
            lambda: pymysql.connect(
                unix_socket=request.getfixturevalue("mariadb_socket"), user="reader", password="x", database="dwh"
            )
        )
    with pytest.raises(
        VccError,
        match=r"results_table: failed cannot be written to \(.*denied.*\)\. Grant its user SELECT, INSERT and DELETE",
    ):
        table(reader)
    assert rows(hook) == []


ODD = {"numberid": "9", "description": "Ő az \N{GRINNING FACE} " + "x" * 70_000}


@pytest.mark.parametrize("charset", ["latin1", "utf8mb3", "utf8mb4"])
@pytest.mark.parametrize("hook", ["mariadb"], indirect=True)
def test_a_table_that_is_there_takes_any_text_as_well_as_it_can(hook, charset):
    """Other letters go as JSON escapes, which loses nothing; what is too long for TEXT is cut with a mark."""
    hook.execute(OLD_TABLE.format(charset=charset))
    mine = table(hook)
    mine.write([Failure(n, Outcome.REJECTED, 1, f"Ő {n}", {"numberid": str(n), "description": "Ő"}) for n in range(3)])
    mine.write([Failure(3, Outcome.REJECTED, 1, "too long", ODD)])
    mine.close()
    assert mine.loss is None
    found = rows(hook, "element")
    assert [json.loads(text)["description"] for [text] in found[:3]] == ["Ő"] * 3
    assert found[3][0].endswith("xxx [cut]")


NARROW = """create table failed (dag_id varchar(9), run_id varchar(9), task_id varchar(9), map_index int,
    try_number int, position int, outcome varchar(8), errorcode varchar({}), errormessage varchar({}),
    element varchar({}), synced_at timestamp)"""


@pytest.mark.parametrize("hook", DATABASES[1:3], indirect=True)
@pytest.mark.parametrize(
    ("lengths", "found"),
    [
        ((3, 10, 20), ("417", "no [cut]", '{"numberid":"9"}')),
        ((3, 20, 12), ("417", "no such record", '{" [cut]')),
        ((2, 10, 8), ("41", "no [cut]", '{" [cut]')),
    ],
)
def test_what_is_too_long_for_a_narrow_table_is_cut_column_by_column(hook, lengths, found):
    """What fits is not cut for the sake of another column; what has to be is found once, and not for each row."""
    hook.execute(NARROW.format(*lengths))
    mine = table(hook)
    mine.write(failures(*range(1_200)))
    mine.close()
    assert mine.loss is None
    assert rows(hook, "count(*)", order="") == [(1_200,)]
    assert rows(hook, "distinct errorcode, errormessage, element", order="") == [found]


OLD_TABLE = """create table failed (dag_id varchar(100), run_id varchar(100), task_id varchar(100), map_index int,
    try_number int, position bigint, outcome varchar(16), errorcode varchar(64), errormessage text, element text,
    synced_at datetime, primary key (dag_id, run_id, task_id, map_index, position)) character set {charset}"""


@pytest.mark.parametrize("hook", ["mariadb"], indirect=True)
def test_a_new_table_takes_any_text_in_a_database_of_another_character_set(hook):
    hook.execute("alter database dwh character set latin1")
    mine = table(hook)
    hook.execute("alter database dwh character set utf8mb4")
    mine.write([Failure(0, Outcome.REJECTED, 1, "Ő", ODD)])
    mine.close()
    [(message, element)] = rows(hook, "errormessage, element")
    assert (message, json.loads(element)) == ("Ő", ODD)


@pytest.mark.parametrize("name", ["my failed rows", "Failed", "order", '"quoted ""name"""', "100%"])
def test_a_table_may_have_any_name(hook, name):
    mine = ResultsTable(hook, name, INSTANCE, 1)
    write(mine, 5)
    quoted = dialect_of(hook.get_conn(), hook)[0].quoted(name)
    assert hook.execute(f"select position from {quoted}") == [(5,)]
    hook.execute(f"drop table {quoted}")


def test_what_ends_the_task_says_what_is_not_in_the_table(monkeypatch):
    operator = SqlToVccOperator(
        task_id="t", project_id=17, sql_conn_id="warehouse", sql="select 1", results_table="failed"
    )
    operator._results = SimpleNamespace(loss="results_table: 3 failed elements are not in failed (locked)")

    def judged(_operator, _context):
        raise DispositionThresholdExceeded("3 of 3 failed", summary={"failed": 3})

    monkeypatch.setattr(BatchDispositionOperator, "execute", judged)
    with pytest.raises(DispositionThresholdExceeded, match=r"3 of 3 failed\. results_table: 3 failed") as caught:
        operator.execute({})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@SERVERS
@pytest.mark.parametrize("kind", ["date", "varchar(40)"])
def test_a_column_that_does_not_keep_the_time_is_refused_before_anything_is_sent(hook, kind):
    """A try tells its rows from older ones by their time: without it, it would lose its own at the end."""
    is_mysql = dialect_of(hook.get_conn(), hook)[0].name == "mysql"
    hook.execute(
        f"""create table failed (dag_id varchar(50), run_id varchar(50), task_id varchar(50), map_index int,
        try_number int, position bigint, outcome varchar(16), errorcode varchar(64), errormessage text, element text,
        synced_at {kind})"""
    )
    if is_mysql and kind == "varchar(40)":  # which MariaDB compares as a time
        write(table(hook), 1)
        assert rows(hook) == [(1, 1)]
        return
    with pytest.raises(VccError, match="results_table"):
        table(hook)
    assert rows(hook) == []
