"""The nightly sync, the sharded sync and the results table on each of the databases."""

import json
import textwrap

import pytest
from support.mariadb import DATABASE, PASSWORD, USER
from support.nights import judged
from support.versions import keeps_state

from airflow_provider_vcc.sharding import shard, shard_sql

SHARDS = 8
MARKS = {"sqlite": ":{}", "duckdb": "${}", "postgres": "%({})s", "mariadb": "%({})s"}
NIGHTLY = "select record_id as numberid, updated_at from callbacks where updated_at > {} order by 2, 1"
SHARDED = "select record_id as numberid from callbacks where {} = {} order by 1"
START = "2026-01-01 00:00:00"
DAG = """
from airflow.providers.common.compat.sdk import DAG, Asset
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

given = dict(project_id=17, sql_conn_id="warehouse", disposition={{"dispositionid": 2}}, results_table="failed")
with DAG("callbacks", schedule=None) as dag:
    SqlToVccOperator(
        task_id="nightly", sql='''{nightly}''', watermark_column="updated_at", watermark_initial="{start}",
        outlets=[Asset("vcc://mycc/{name}")], max_errors=1, synced_table="synced", **given,
    ) >> (sync := SqlToVccOperator.partial(
        task_id="sync", sql='''{sharded}''', max_error_rate=1.0, **given
    ).expand(parameters=[{{"shard": number}} for number in range(2)])) >> DispositionThresholdOperator(
        task_id="judge", summaries=sync.output["summary"], expected=2, max_error_rate=1.0
    )
"""


@pytest.fixture
def callbacks(warehouse_of):
    """Fill a table with the callbacks 1 to 299 and one of a record that does not exist."""
    hook = warehouse_of[2]
    for table in ("callbacks", "failed", "synced"):
        hook.execute(f"drop table if exists {table}")
    hook.execute("create table callbacks (record_id int, updated_at timestamp)")
    values = [f"({n % 300 or 999_999}, '2026-02-01 10:{n // 60:02}:{n % 60:02}')" for n in range(1, 301)]
    hook.execute(f"insert into callbacks values {', '.join(values)}")
    return warehouse_of


def nightly_sql(name):
    """Return the query of what is new; the first watermark is a text, which some databases want to be told."""
    mark = MARKS[name].format("watermark")
    return NIGHTLY.format(f"cast({mark} as timestamp)" if name in {"postgres", "duckdb"} else mark)


def sharded_sql(name, shards=SHARDS):
    """Return the query of one shard."""
    of_sqlite = f"record_id % {shards}"
    divided = of_sqlite if name == "sqlite" else shard_sql("record_id", shards, name.replace("postgres", "postgresql"))
    return SHARDED.format(divided, MARKS[name].format("shard"))


@keeps_state
def test_night_after_night_only_what_is_newer_is_sent(callbacks, nights, tmp_path):
    name, place, hook = callbacks
    given = {"sql": nightly_sql(name), "watermark_column": "updated_at", "watermark_initial": START, "max_errors": 1}
    given |= {"results_table": "failed", "asset": str(tmp_path / "asset.json")}

    def night(number):
        return nights.run(name, place, **given, instance={"run_id": f"night {number}"})

    first, second = night(1), night(2)
    assert (first["applied"], first["rejected"], first["error"]) == (299, 1, None)
    assert (second["total"], second["error"]) == (0, None)
    hook.execute("insert into callbacks values (5, '2026-03-01 10:00:00')")
    assert night(3)["applied"] == 1
    assert [int(row[0]) for row in hook.execute("select position from failed")] == [299]


def test_eight_shards_are_judged_as_one_and_write_back_what_failed(callbacks, nights, sandbox):
    name, place, hook = callbacks
    given = {"sql": sharded_sql(name), "results_table": "failed", "max_error_rate": 1.0}
    orders = [given | {"parameters": {"shard": n}, "instance": {"map_index": n}} for n in range(SHARDS)]
    summary = judged(nights.all(name, place, orders))
    assert (summary["total"], summary["applied"], summary["rejected"]) == (300, 299, 1)
    assert max(sandbox.ledger.counts().values()) == 1
    [(element, code)] = hook.execute("select element, errorcode from failed")
    assert (json.loads(element)["numberid"], code) == ("999999", "417")


@pytest.mark.airflow
@keeps_state
def test_in_airflow_the_nightly_and_the_sharded_sync_and_the_tables_do_their_work(
    callbacks, dag_runner, sandbox, tmp_path
):
    """The watermark is newer afterwards, what failed is written back by both, and what was sent is remembered."""
    name, place, hook = callbacks
    path = tmp_path / "callbacks.py"
    path.write_text(
        textwrap.dedent(DAG).format(
            nightly=nightly_sql(name), sharded=sharded_sql(name, 2), start=START, name=tmp_path.name
        )
    )
    server = {"login": "postgres", "schema": "postgres"}
    if name == "mariadb":
        server = {"login": USER, "password": PASSWORD, "schema": DATABASE}
    given = {"conn_type": name, "host": place, **(server if name in {"postgres", "mariadb"} else {})}
    connection = sandbox.connection(timezone="Europe/Budapest")
    env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(connection), "AIRFLOW_CONN_WAREHOUSE": json.dumps(given)}
    result = dag_runner.run(path, "callbacks", env=env)
    assert result.state == "success", result.log
    for task_id in ("nightly", "judge"):
        summary = result.xcoms[task_id]["summary"]
        assert (summary["applied"], summary["rejected"]) == (299, 1)
    assert hook.execute("select count(*) from failed") == [(2,)]
    assert hook.execute("select count(*), min(state) from synced") == [(299, "applied")]


def test_sql_and_python_put_a_record_into_the_same_shard(warehouse_of):
    name, _, hook = warehouse_of
    if name == "sqlite":
        pytest.skip("SQLite has no MD5")
    dialect = {"postgres": "postgresql"}.get(name, name)
    for number in (1, 17, 999_999):
        assert hook.execute(f"select {shard_sql(str(number), 8, dialect)}") == [(shard(number, 8),)]


@pytest.mark.long
@pytest.mark.mariadb
@pytest.mark.xdist_group("mariadb")
@pytest.mark.parametrize("night", range(10))
def test_eight_shards_with_two_thousand_failures_each_leave_all_of_them(nights, mariadb_socket, night):
    """On MariaDB most of such shards used to end with a deadlock."""
    from support.databases import on_mariadb

    hook = on_mariadb(mariadb_socket)
    hook.execute("drop table if exists failed")
    sql = "select 1000000 + seq as numberid, 'a note' as description from seq_1_to_16000 where mod(seq, 8) = %(shard)s"
    given = {"sql": f"{sql} order by 1", "results_table": "failed", "max_error_rate": 1.0}
    orders = [given | {"parameters": {"shard": n}, "instance": {"map_index": n}} for n in range(SHARDS)]
    summary = judged(nights.all("mariadb", mariadb_socket, orders), max_error_rate=1.0, max_errors=None)
    assert (summary["total"], summary["rejected"]) == (16_000, 16_000)
    assert hook.execute("select count(*), count(distinct map_index, position) from failed") == [(16_000, 16_000)]
