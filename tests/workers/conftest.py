"""PostgreSQL as warehouse and Airflow's database, Redis, two Celery workers, and the sandbox as the call centre."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.airflow_stack import free_ports
from support.postgres import postgres
from support.workers import EACH_MISSING, ROWS, SHARDS, CeleryStack, celery_settings, migrate, redis

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Latency


@pytest.fixture(scope="session")
def warehouse():
    """Yield the connection of a PostgreSQL with callbacks, and a database ``airflow`` beside them.

    Each 500th callback is for a record that does not exist.
    """
    psycopg2 = pytest.importorskip("psycopg2")
    from airflow_provider_vcc.sharding import shard_sql  # it imports Airflow, which has no home of its own earlier

    with postgres() as given:
        connection = psycopg2.connect(host=given["host"], user="postgres", dbname="postgres")
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("create database airflow")
        cursor.execute(
            f"""create table callbacks as
            select record_id, record_id % 100 + 1 as outcome_id,
            nullif({shard_sql("record_id", SHARDS)} = {SHARDS - 1}, false) as messages
            from (select case when i % {EACH_MISSING} = 0 then {ROWS} + i else i end as record_id
                  from generate_series(1, {ROWS}) i) numbers"""
        )
        connection.close()
        yield given


@pytest.fixture(scope="session")
def port():
    """Return the port where each test's call centre is found."""
    return free_ports(1)[0]


@pytest.fixture
def call_centre(port):
    """Yield a call centre of its own process, so slow at first that each shard is met in its middle."""
    with Sandbox.process(records=ROWS, port=port, keep_bodies=0, faults=Latency(3)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def stack(warehouse, port, tmp_path_factory):
    """Yield Airflow with two workers."""
    home = tmp_path_factory.mktemp("workers")
    database = f"postgresql+psycopg2://postgres@/airflow?host={warehouse['host']}"
    with Sandbox(records=1, port=port) as sandbox:
        connection = sandbox.connection()
    with redis(home) as broker:
        environment = celery_settings(database, broker)
        environment |= {
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse),
            "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(connection),
        }
        stack = CeleryStack(home, [Path(__file__).with_name("sharded.py")], environment)
        migrate(stack.environment)
        try:
            stack.start_workers("w1", "w2")
            yield stack.start()
        finally:
            stack.stop()


@pytest.fixture
def failed(warehouse):
    """Yield a function that returns the rows of the results table of a run: shard, try and outcome of each."""
    import psycopg2

    connection = psycopg2.connect(host=warehouse["host"], user="postgres", dbname="postgres")

    def rows(run_id):
        with connection.cursor() as cursor:
            cursor.execute("select map_index, try_number, outcome from failed where run_id = %s", (run_id,))
            return cursor.fetchall()

    yield rows
    connection.close()
