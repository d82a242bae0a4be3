"""Only what changed, on real databases: the table itself, and whole syncs in Airflow."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import time

import pytest
from support.databases import Hook, on_duckdb, on_mariadb, on_postgres, on_sqlite
from support.versions import keeps_state

from airflow_provider_vcc.dispositions.progress.synced import Remembered, State
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.transfers.synced import SyncedTable

WRITER = {"dag_id": "d", "task_id": "t"}
POSTGRES = [pytest.mark.postgres, pytest.mark.xdist_group("postgres")]
MARIADB = [pytest.mark.mariadb, pytest.mark.xdist_group("mariadb")]
DATABASES = [
    "sqlite",
    "duckdb",
    pytest.param("psycopg", marks=POSTGRES),
    pytest.param("psycopg2", marks=POSTGRES),
    pytest.param("mariadb", marks=MARIADB),
]
A, B = "a" * 32, "b" * 32


@pytest.fixture(params=DATABASES)
def hook(request, tmp_path):
    if request.param == "sqlite":
        return on_sqlite(tmp_path / "w.db")
    if request.param == "duckdb":
        return on_duckdb(tmp_path / "w.duckdb")
    if request.param == "mariadb":
        hook = on_mariadb(request.getfixturevalue("mariadb_socket"))
    else:
        hook = on_postgres(request.getfixturevalue("warehouse")["host"], request.param)
    hook.execute("DROP TABLE IF EXISTS vcc_synced")
    return hook


@pytest.fixture
def table(hook):
    opened = []

    def open_table(project=17, **more):
        table = SyncedTable(hook, "vcc_synced", project, WRITER, **more)
        opened.append(table)
        table.prepare()
        return table

    yield open_table
    for one in opened:
        one.close()


def stands(table, *records):
    """Return what stands for some records."""
    return dict(table.differing(dict.fromkeys(records, "")))


def test_what_is_kept_is_found_again_and_what_is_the_same_is_not_given_back(table):
    first = table()
    first.write({"1": Remembered(A, State.APPLIED), "2": Remembered(B, State.UNKNOWN)})
    again = table()
    assert dict(again.differing({"1": A, "2": B, "3": A})) == {"2": Remembered(B, State.UNKNOWN), "3": None}


def test_a_record_is_replaced_and_forgotten(table):
    kept = table()
    kept.write({"1": Remembered(A, State.SENT), "2": Remembered(A, State.APPLIED)})
    kept.write({"1": Remembered(B, State.APPLIED), "2": None})
    assert stands(kept, "1", "2") == {"1": Remembered(B, State.APPLIED), "2": None}


def test_projects_are_kept_apart(table):
    table().write({"1": Remembered(A, State.APPLIED)})
    assert stands(table(project=18), "1") == {"1": None}


def test_a_search_makes_everything_of_the_project_doubtful(table):
    kept, other = table(), table(project=18)
    kept.write({"1": Remembered(A, State.APPLIED)})
    other.write({"1": Remembered(A, State.APPLIED)})
    kept.doubt_all()
    assert stands(kept, "1") == {"1": Remembered(A, State.UNKNOWN)}
    assert stands(other, "1") == {"1": Remembered(A, State.APPLIED)}


def test_thousands_of_records_are_kept_and_compared_in_batches(table):
    kept = table()
    kept.write({str(n): Remembered(A, State.APPLIED) for n in range(3_000)})
    assert not kept.differing({str(n): A for n in range(3_000)})
    assert len(kept.differing({str(n): B for n in range(3_000)})) == 3_000


@pytest.mark.parametrize("hook", DATABASES[2:4], indirect=True)
def test_a_table_that_nobody_has_analysed_is_compared_by_its_key(hook, table):
    """PostgreSQL takes it for a small one, and would read all of it for each batch."""
    kept = table()
    rows = "SELECT 17, i::text, md5(i::text), 'applied', 'd', 't', now() FROM generate_series(1, 20000) i"
    hook.execute(f"INSERT INTO vcc_synced {rows}")
    wanted = {str(n): hashlib.md5(str(n).encode()).hexdigest() for n in range(1, 20_001, 2)}
    for _ in range(3):
        assert not kept.differing(wanted)
    kept.close()
    seen = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'vcc_synced'"
    until = time.monotonic() + 10
    while (found := hook.execute(f"{seen} AND idx_scan > 0")) == []:  # the server counts when a connection has ended
        assert time.monotonic() < until
    assert found == [(0,)]


@pytest.mark.parametrize("record", ["a\x1fb", "(x)", "%s", "{}", "'", "ő"])
def test_any_record_is_kept_and_found(table, record):
    kept = table()
    kept.write({record: Remembered(A, State.APPLIED), "2": Remembered("", State.UNKNOWN)})
    assert dict(kept.differing({record: A, "2": ""})).keys() == {"2"}


def test_nothing_stays_behind_of_the_trial_before_anything_is_sent(table, hook):
    table()
    assert hook.execute("SELECT COUNT(*) FROM vcc_synced") == [(0,)]


@pytest.mark.mariadb
@pytest.mark.xdist_group("mariadb")
@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_a_table_of_somebody_s_own_without_a_key_has_one_row_for_a_record(mariadb_socket, engine):
    """MariaDB takes an upsert without a key, and adds a row each time; MyISAM rolls nothing back."""
    hook = on_mariadb(mariadb_socket)
    hook.execute("DROP TABLE IF EXISTS vcc_synced")
    hook.execute(
        f"""CREATE TABLE vcc_synced (project_id BIGINT, record VARCHAR(64), fingerprint VARCHAR(64), state VARCHAR(16),
        dag_id VARCHAR(50), task_id VARCHAR(50), synced_at DATETIME) ENGINE = {engine} CHARACTER SET latin1"""
    )
    mine = SyncedTable(hook, "vcc_synced", 17, WRITER)
    mine.prepare()
    for state in (State.SENT, State.APPLIED):
        mine.write({"1": Remembered(A, state)})
    mine.close()
    assert hook.execute("SELECT record, state FROM vcc_synced") == [("1", "applied")]


@pytest.mark.parametrize("order", ["", "DESC"])
def test_of_two_rows_for_a_record_the_one_that_is_not_certain_counts(tmp_path, order):
    """Two writers at once may leave them behind in a table without a key."""
    hook = on_sqlite(tmp_path / "w.db")
    hook.execute(
        f"""CREATE TABLE vcc_synced AS SELECT * FROM (
        SELECT 17 AS project_id, '1' AS record, '{A}' AS fingerprint, 'applied' AS state, 'd' AS dag_id,
            't' AS task_id, '' AS synced_at
        UNION ALL SELECT 17, '1', '{B}', 'sent', 'd', 't', '') ORDER BY state {order}"""
    )
    mine = SyncedTable(hook, "vcc_synced", 17, WRITER)
    mine.prepare()
    assert dict(mine.differing({"1": A})) == {"1": Remembered(B, State.SENT)}
    mine.close()


def test_a_process_whose_successor_runs_writes_nothing(table):
    with pytest.raises(VccError, match="taken over"):
        table(is_replaced=lambda: True).write({"1": Remembered(A, State.SENT)})


@pytest.mark.parametrize("database", [pytest.param("psycopg", marks=POSTGRES), pytest.param("mariadb", marks=MARIADB)])
def test_eight_shards_keep_their_records_beside_each_other(request, database):
    if database == "mariadb":
        hook = on_mariadb(request.getfixturevalue("mariadb_socket"))
    else:
        hook = on_postgres(request.getfixturevalue("warehouse")["host"], database)
    hook.execute("DROP TABLE IF EXISTS vcc_synced")
    problems = []

    def shard(number):
        table = SyncedTable(hook, "vcc_synced", 17, WRITER)
        try:
            table.prepare()
            for at in range(0, 1_000, 250):
                table.write({f"{number}-{n}": Remembered(A, State.SENT) for n in range(at, at + 250)})
                table.write({f"{number}-{n}": Remembered(A, State.APPLIED) for n in range(at, at + 250)})
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            problems.append(error)
        finally:
            table.close()

    threads = [threading.Thread(target=shard, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert hook.execute("SELECT COUNT(*) FROM vcc_synced WHERE state = 'applied'") == [(8_000,)]


def test_a_table_that_cannot_be_made_is_told_before_anything_is_sent(tmp_path):
    path = tmp_path / "readonly.db"
    on_sqlite(path).execute("CREATE TABLE x (y INTEGER)")
    hook = on_sqlite(f"file:{path}?mode=ro")
    hook._connect = lambda: __import__("sqlite3").connect(f"file:{path}?mode=ro", uri=True)
    with pytest.raises(VccError, match="synced_table: vcc_synced cannot be created"):
        SyncedTable(hook, "vcc_synced", 17, WRITER).prepare()


@keeps_state
@pytest.mark.parametrize(
    ("on_empty", "raised"),
    [("success", None), ("skip", "AirflowSkipException"), ("fail", "none of 1 row of the query of warehouse had")],
)
def test_a_night_in_which_nothing_changed_is_what_on_empty_says(nights, tmp_path, on_empty, raised):
    """What was read is done with also if the task is skipped, so the watermark moves."""
    place, asset = tmp_path / "w.db", tmp_path / "asset.json"
    given = {"sql": "SELECT 1 AS numberid, 7 AS n WHERE 7 > :watermark - 1", "synced_table": "vcc_synced"}
    assert nights.run("sqlite", place, **given | {"sql": "SELECT 1 AS numberid"})["applied"] == 1
    mark = {"watermark_column": "n", "watermark_initial": 0, "asset": str(asset)}
    quiet = nights.run("sqlite", place, **given, **mark, on_empty=on_empty)
    assert (quiet["total"], quiet["unchanged"]) == (0, 1)
    assert quiet["error"] is None if raised is None else raised in quiet["error"]
    assert asset.exists() is (on_empty != "fail")


@pytest.mark.airflow
def test_the_second_night_sends_only_what_changed(sync, database, sandbox):
    database.execute("CREATE TABLE due (numberid TEXT PRIMARY KEY, description TEXT)")
    database.executemany("INSERT INTO due VALUES (?, ?)", [(str(n), "call") for n in range(1, 401)])
    given = {"sql": "SELECT * FROM due ORDER BY numberid", "synced_table": "vcc_synced"}
    first = sync(**given).summary
    assert (first["applied"], first["unchanged"]) == (400, 0)
    database.execute("UPDATE due SET description = 'call again' WHERE numberid = '7'")
    second = sync(**given).summary
    assert (second["total"], second["applied"], second["unchanged"]) == (1, 1, 399)
    third = sync(**given).summary
    assert (third["total"], third["requests"], third["unchanged"]) == (0, 0, 400)
    everything = sync(**given, send_unchanged="{{ true }}").summary
    assert (everything["applied"], everything["unchanged"]) == (400, 0)
    rows = database.execute("SELECT dag_id, task_id, state, COUNT(*) FROM vcc_synced GROUP BY 1, 2, 3").fetchall()
    assert rows == [("warehouse", "sync", "applied", 400)]
    assert "call" not in json.dumps(database.execute("SELECT * FROM vcc_synced").fetchall())


def test_a_text_that_is_too_long_for_an_id_is_kept_beside_the_others(table):
    """Ids of any length are told apart, and one of them holds nothing up: the column has room for no more than 64."""
    long = ["9" * 300 + end for end in ("1", "2")]
    kept = table()
    kept.write({long[0]: Remembered(A, State.APPLIED), long[1]: Remembered(B, State.SENT), "1": None})
    found = dict(kept.differing({long[0]: A, long[1]: A, "1": A}))
    assert found == {long[1]: Remembered(B, State.SENT), "1": None}
    kept.write({long[0]: None})
    assert dict(kept.differing({long[0]: A})) == {long[0]: None}


OWN = """CREATE TABLE vcc_synced (project_id BIGINT, record {record}, fingerprint {fingerprint}, state VARCHAR(16),
    dag_id VARCHAR(50), task_id VARCHAR(50), synced_at {time}, PRIMARY KEY ({key})) {ending}"""
SOUND = {
    "record": "VARCHAR(64)",
    "fingerprint": "VARCHAR(64)",
    "time": "TIMESTAMP",
    "key": "project_id, record",
    "ending": "",
}


ALIKE = ["A1", "a1", "e1", "\u00e91", "x-1", "X-1", "17"]


def test_ids_that_differ_only_in_capitals_or_accents_are_kept_apart_and_as_they_are(table, hook):
    """A table of our making compares exactly, so each id stands there in its own letters."""
    kept = table()
    kept.write({record: Remembered(A, State.APPLIED) for record in ALIKE})
    assert dict(kept.differing(dict.fromkeys(ALIKE, A))) == {}
    assert sorted(record for (record,) in hook.execute("SELECT record FROM vcc_synced")) == sorted(ALIKE)


def on_sqlite_without_case(_request, tmp_path):
    return on_sqlite(tmp_path / "w.db"), {"record": "VARCHAR(64) COLLATE NOCASE"}


def on_mariadb_as_it_comes(request, _tmp_path):
    return on_mariadb(request.getfixturevalue("mariadb_socket")), {"time": "DATETIME(6)"}


def on_sqlite_without_accents(_request, tmp_path):
    def connect():
        connection = sqlite3.connect(tmp_path / "w.db")
        connection.create_collation("bare", lambda *pair: compared(*(text.replace("\u00e9", "e") for text in pair)))
        return connection

    return Hook(connect, "sqlite"), {"record": "VARCHAR(64) COLLATE bare"}


def compared(first, second):
    return (first > second) - (first < second)


@pytest.fixture(
    params=[on_sqlite_without_case, on_sqlite_without_accents, pytest.param(on_mariadb_as_it_comes, marks=MARIADB)]
)
def careless(request, tmp_path):
    """Return a hook of a database in which somebody has made the table with texts that are compared without care."""
    hook, columns = request.param(request, tmp_path)
    hook.execute("DROP TABLE IF EXISTS vcc_synced")
    hook.execute(OWN.format(**SOUND | columns))
    return hook


def test_a_table_that_takes_some_letters_for_others_keeps_ids_apart(careless):
    """Each id is left out while it is the same, and sent when it is not, whatever the table takes for the same."""
    kept = SyncedTable(careless, "vcc_synced", 17, WRITER)
    kept.prepare()
    try:
        for night in range(2):
            kept.write({record: Remembered(A, State.APPLIED) for record in ALIKE})
            assert dict(kept.differing(dict.fromkeys(ALIKE, A))) == {}, night
        kept.write({"A1": Remembered(B, State.APPLIED), "e1": None, "X-1": Remembered(A, State.UNKNOWN)})
        assert dict(kept.differing(dict.fromkeys(ALIKE, A))) == {
            "A1": Remembered(B, State.APPLIED),
            "e1": None,
            "X-1": Remembered(A, State.UNKNOWN),
        }
        stored = {record for (record,) in careless.execute("SELECT record FROM vcc_synced")}
        assert "17" in stored
        assert len(stored) == len(ALIKE) - 1
    finally:
        kept.close()


def refuses(hook, **column):
    """Return whether a table of somebody's own is refused before anything is sent."""
    hook.execute("DROP TABLE IF EXISTS vcc_synced")
    hook.execute(OWN.format(**SOUND | column))
    mine = SyncedTable(hook, "vcc_synced", 17, WRITER)
    try:
        mine.prepare()
    except VccError:
        return True
    finally:
        mine.close()
    assert hook.execute("SELECT COUNT(*) FROM vcc_synced") == [(0,)]
    return False


def test_a_table_that_takes_one_record_for_another_is_refused(hook):
    """A key that holds for several records would have one of them pass for applied, or stop the run in the middle."""
    assert not refuses(hook)
    assert refuses(hook, key="project_id")


@pytest.mark.mariadb
@pytest.mark.xdist_group("mariadb")
def test_a_table_that_cuts_fingerprints_in_silence_is_refused(mariadb_socket):
    """If a server cuts instead of refusing, other contents would pass for the same, or all would be sent each time."""
    hook = on_mariadb(mariadb_socket, init_command="SET sql_mode = ''")
    assert refuses(hook, time="DATETIME", fingerprint="VARCHAR(8)", ending="CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
