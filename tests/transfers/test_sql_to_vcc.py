import pytest
from support.versions import AIRFLOW, keeps_state, knows_assets

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

pytestmark = pytest.mark.airflow


def table(database, columns, rows):
    database.execute(f"create table t ({columns})")
    marks = ", ".join("?" * len(rows[0]))
    database.executemany(f"insert into t values ({marks})", rows)


def test_sends_what_the_query_gives(sync, sandbox, database):
    """Integers, texts and nulls of a table reach the call centre as the API takes them."""
    table(
        database,
        "numberid int, next_calldate text, description text",
        [(1, "2026-12-01 10:00:00", "first"), (2, None, "second"), (3, "2026-12-01T10:00:00Z", None)],
    )
    result = sync(sql="select * from t order by numberid")
    assert result.state == "success", result.log
    assert result.summary["applied"] == 3
    dates = [event.next_calldate for number in "123" for event in sandbox.ledger.events(number)]
    assert dates == ["2026-12-01 10:00:00", None, "2026-12-01 11:00:00"]


def test_a_column_without_a_field_stops_before_anything_is_sent(sync, sandbox, database):
    """A misspelt column fails the task, is named with the nearest field, and nothing goes out."""
    table(database, "numberid int, descripton text", [(1, "x")])
    result = sync(sql="select * from t order by 1")
    assert result.state == "failed"
    assert "descripton" in result.log
    assert "'description'" in result.log
    assert not sandbox.ledger.requests("PUT")


def test_bad_sql_fails_with_the_words_of_the_database(sync, sandbox):
    """What the database says of a bad query stands in the log, and nothing goes out."""
    result = sync(sql="select * from nowhere order by 1")
    assert result.state == "failed"
    assert "no such table: nowhere" in result.log
    assert not sandbox.ledger.requests("PUT")


@pytest.mark.parametrize("sql", ["", " \n", ["select 1 as numberid", "select 2 as numberid"]])
def test_what_is_not_one_query_is_refused_when_the_dag_is_parsed(sql):
    with pytest.raises(VccConfigurationError, match="sql must be one query"):
        SqlToVccOperator(task_id="sync", project_id=17, sql_conn_id="warehouse", sql=sql)


def test_warns_of_retries_without_an_order(sync, database):
    """A query without ORDER BY is warned of where the task has retries."""
    table(database, "numberid int", [(1,)])
    result = sync(sql="select numberid from t", retries=1)
    assert result.state == "success"
    assert "no ORDER BY" in result.log


@keeps_state
def test_the_watermark_moves_only_when_the_judgement_passes(sync, sandbox, database):
    """A failed run reads the same rows again; after one that passed only newer rows are read."""
    table(database, "numberid int, updated int", [(1, 10), (999_999, 20)])
    query = {
        "sql": "select numberid, updated from t where updated > :watermark order by updated",
        "watermark_column": "updated",
        "watermark_initial": 0,
        "outlets": ["OUTLET"],
    }
    assert sync(**query).state == "failed"
    passed = sync(**query, max_errors=1)
    assert (passed.state, passed.summary["total"]) == ("success", 2)
    database.execute("insert into t values (3, 30)")
    newer = sync(**query)
    assert (newer.state, newer.summary["total"]) == ("success", 1)


@knows_assets
@pytest.mark.skipif(AIRFLOW >= (3, 3), reason="Airflow 3.3 keeps it")
def test_a_watermark_on_an_older_airflow_fails_with_what_to_write_instead(sync, sandbox, database):
    """The error names the run's interval, with a query to copy, and nothing is sent."""
    table(database, "numberid int, updated int", [(1, 10)])
    query = "select * from t where updated > :watermark order by 1"
    result = sync(sql=query, watermark_column="updated", outlets=["OUTLET"])
    assert result.state == "failed"
    assert "WHERE updated_at >= '{{ data_interval_start }}'" in result.log
    assert not sandbox.ledger.requests("PUT")


@keeps_state
def test_a_watermark_needs_one_outlet(sync, database):
    """Without an outlet asset there is nowhere to keep the watermark, and the message says what to write."""
    table(database, "numberid int, updated int", [(1, 10)])
    result = sync(sql="select * from t where updated > :watermark order by 1", watermark_column="updated")
    assert result.state == "failed"
    assert "outlets=[Asset(" in result.log


def test_failed_elements_are_written_back_once(sync, database):
    """The table is made, holds each failed element, and a second run adds its own rows beside the first's."""
    table(database, "numberid int, description text", [(1, "good"), (999_999, "bad")])
    parameters = {"sql": "select * from t order by 1", "results_table": "failed"}
    assert sync(**parameters).state == "failed"
    rows = database.execute("select task_id, position, outcome, errormessage, element from failed").fetchall()
    assert [row[:3] for row in rows] == [("sync", 1, "rejected")]
    assert "999999" in rows[0][4]
    assert sync(**parameters).state == "failed"
    assert database.execute("select count(*), count(distinct run_id) from failed").fetchone() == (2, 2)


def test_a_second_try_replaces_what_the_first_wrote(sync, database):
    """The same failure in two tries of a task is one row, that of the last try."""
    table(database, "numberid int", [(1,), (999_999,)])
    result = sync(sql="select * from t order by 1", results_table="failed", retries=1)
    assert result.state == "failed"
    assert database.execute("select position, try_number from failed").fetchall() == [(1, 2)]
    assert result.summary["resumed"] == (1 if AIRFLOW >= (3, 3) else 0)


WRONG = [
    *({"parameters": value} for value in ("x", "5", "{", 5, 1.5, True, b"x", {1, 2})),
    *({"sql_hook_params": value} for value in ("x", 5, [1], True, {1: 2})),
    *({"fetch_size": value} for value in (None, 0, -1, "x", 1.5, True, 10**12)),
    *({"watermark_column": value} for value in ("", " ", 5, [], True)),
    *({name: value} for name in ("results_table", "synced_table") for value in (5, [], True, {}, " ", b"t")),
    *({"results_conn_id": value, "results_table": "r"} for value in ("", 5, [])),
    {"watermark_initial": "2026-01-01"},
    {"results_conn_id": "elsewhere"},
    {"send_unchanged": True},
    *({"send_unchanged": value, "synced_table": "s"} for value in ("maybe", 5, [True])),
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_parameter_of_another_kind_is_refused_when_the_dag_is_parsed(wrong):
    """What a query's parameter cannot be, or what says nothing without another one, is refused by its name."""
    with pytest.raises(VccConfigurationError, match=next(iter(wrong))):
        SqlToVccOperator(task_id="sync", project_id=17, sql_conn_id="warehouse", sql="select 1 as numberid", **wrong)


def test_parameters_may_come_as_the_json_of_a_template(sync, sandbox, database):
    """A text that a template made of a list is the list, and not its letters."""
    table(database, "numberid int", [(1,), (2,)])
    result = sync(sql="select numberid from t where numberid = ? order by 1", parameters="{{ [2] | tojson }}")
    assert result.state == "success", result.log
    assert sandbox.ledger.counts().keys() == {("2", None)}


@keeps_state
def test_a_watermark_column_that_is_there_twice_is_named(sync, sandbox, database):
    """Which of two columns of one name is meant, nobody can know, so nothing is sent."""
    table(database, "numberid int, u int", [(1, 5)])
    query = "select numberid, u, -u as u from t where u > :watermark order by 1"
    result = sync(sql=query, watermark_column="u", watermark_initial=0, outlets=["OUTLET"])
    assert "several columns 'u'" in result.log
    assert not sandbox.ledger.requests("PUT")
