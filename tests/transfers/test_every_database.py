"""The nightly sync, the sharded sync and the results table on each of the databases, in a real Airflow."""

import json
import textwrap

import pytest
from support.databases import on_duckdb, on_mariadb, on_postgres, on_sqlite
from support.mariadb import DATABASE, PASSWORD, USER
from support.versions import keeps_state

from airflow_provider_vcc.sharding import shard, shard_sql

pytestmark = pytest.mark.airflow
DATABASES = [
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")]),
    pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.xdist_group("mariadb")]),
    "duckdb",
]
MARKS = {"sqlite": ":{}", "duckdb": "${}", "postgres": "%({})s", "mariadb": "%({})s"}
SHARD = {"sqlite": "record_id % 8", "duckdb": shard_sql("record_id", 8, "duckdb")}
SHARD |= {"postgres": shard_sql("record_id", 8), "mariadb": shard_sql("record_id", 8, "mariadb")}
NIGHTLY = """
from airflow.providers.common.compat.sdk import DAG, Asset
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

with DAG("nightly", schedule=None) as dag:
    SqlToVccOperator(
        task_id="sync", project_id=17, sql_conn_id="warehouse", disposition={{"dispositionid": 2}},
        sql="select record_id as numberid, updated_at from callbacks where updated_at > {mark} order by 2, 1",
        watermark_column="updated_at", watermark_initial="2026-01-01 00:00:00",
        outlets=[Asset("vcc://mycc/{place}")], results_table="failed", max_errors=1,
    )
"""
SHARDED = """
from airflow.providers.common.compat.sdk import DAG
from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

with DAG("sharded", schedule=None) as dag:
    sync = SqlToVccOperator.partial(
        task_id="sync", project_id=17, sql_conn_id="warehouse", disposition={{"dispositionid": 2}},
        sql='''select record_id as numberid from callbacks where {shard} = {mark} order by 1''',
        results_table="failed", max_error_rate=1.0,
    ).expand(parameters=[{{"shard": number}} for number in range(8)])
    DispositionThresholdOperator(
        task_id="judge", summaries=sync.output["summary"], expected=8, max_error_rate=1.0, trigger_rule="all_done"
    )
"""


@pytest.fixture(params=DATABASES)
def warehouse_of(request, tmp_path):
    """Return the name of a database, a hook, and what an Airflow connection needs."""
    name = request.param
    if name == "sqlite":
        path = str(tmp_path / "callbacks.db")
        return name, on_sqlite(path), {"conn_type": "sqlite", "host": path}
    if name == "duckdb":
        pytest.importorskip("duckdb")
        path = str(tmp_path / "callbacks.duckdb")
        return name, on_duckdb(path), {"conn_type": "duckdb", "host": path}
    if name == "postgres":
        given = request.getfixturevalue("warehouse")
        return name, on_postgres(given["host"]), given
    socket = request.getfixturevalue("mariadb_socket")
    given = {"conn_type": "mariadb", "host": socket, "login": USER, "password": PASSWORD, "schema": DATABASE}
    return name, on_mariadb(socket), given


@pytest.fixture
def run(dag_runner, sandbox, warehouse_of, tmp_path):
    """Run a DAG on the database, which has the callbacks 1 to 300 and one of a record that does not exist."""
    name, hook, given = warehouse_of
    for table in ("callbacks", "failed"):
        hook.execute(f"drop table if exists {table}")
    hook.execute("create table callbacks (record_id int, updated_at timestamp)")
    values = ", ".join(f"({n}, '2026-02-01 10:{n // 60:02}:{n % 60:02}')" for n in [*range(1, 300), 999_999 % 3600])
    hook.execute(f"insert into callbacks values {values}")
    hook.execute("update callbacks set record_id = 999999 where record_id = 2799")

    def run_dag(dag_id, code, **more):
        path = tmp_path / f"{dag_id}.py"
        path.write_text(textwrap.dedent(code).format(**more))
        connection = sandbox.connection(timezone="Europe/Budapest")
        env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(connection), "AIRFLOW_CONN_WAREHOUSE": json.dumps(given)}
        return dag_runner.run(path, dag_id, env=env)

    run_dag.name, run_dag.hook = name, hook
    return run_dag


@keeps_state
def test_the_nightly_sync_sends_only_what_changed(run, sandbox, tmp_path):
    mark = MARKS[run.name].format("watermark")
    if run.name in {"postgres", "duckdb"}:
        mark = f"cast({mark} as timestamp)"  # the first one is a text

    def nightly():
        return run("nightly", NIGHTLY, mark=mark, place=tmp_path.name)

    first, second = nightly(), nightly()
    assert (first.state, first.summary["applied"], first.summary["rejected"]) == ("success", 299, 1), first.log
    assert (second.state, second.summary["total"]) == ("success", 0), second.log
    run.hook.execute("insert into callbacks values (5, '2026-03-01 10:00:00')")
    assert nightly().summary["applied"] == 1
    assert [int(row[0]) for row in run.hook.execute("select position from failed")] == [299]


def test_the_sharded_sync_is_judged_as_one_and_writes_back_what_failed(run, sandbox):
    result = run("sharded", SHARDED, shard=SHARD[run.name], mark=MARKS[run.name].format("shard"))
    assert result.state == "success", result.log
    summary = result.xcoms["judge"]["summary"]
    assert (summary["total"], summary["applied"], summary["rejected"]) == (300, 299, 1)
    assert max(sandbox.ledger.counts().values()) == 1
    [(element, code)] = run.hook.execute("select element, errorcode from failed")
    assert (json.loads(element)["numberid"], code) == ("999999", "417")


def test_sql_and_python_put_a_record_into_the_same_shard(warehouse_of):
    name, hook, _ = warehouse_of
    if name == "sqlite":
        pytest.skip("SQLite has no MD5")
    dialect = {"postgres": "postgresql"}.get(name, name)
    for number in (1, 17, 999_999):
        assert hook.execute(f"select {shard_sql(str(number), 8, dialect)}") == [(shard(number, 8),)]
