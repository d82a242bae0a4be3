"""A whole table goes to the call centre from several workers at once, and one task judges them together.

Needs the extra ``sql``, the connections ``warehouse`` (PostgreSQL) and ``vcc_default``, and a pool::

    airflow pools set vcc 4 "Shards that send to the call centre at a time"

Its slots times ``max_in_flight`` are the requests that reach the call centre at a time, however many shards there are.
"""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.sharding import shard_sql
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

SHARDS = 4

with DAG(
    "vcc_sharded_sync",
    description="A whole table, from several workers, with one judgement",
    schedule=None,
    catchup=False,
    tags=["vcc", "example"],
) as dag:
    # [START howto_sharded_sync]
    sync = SqlToVccOperator.partial(
        task_id="sync",
        project_id=17,
        sql_conn_id="warehouse",
        sql=f"""
            SELECT record_id AS numberid, outcome_id AS dispositionid, call_at AS next_calldate
            FROM callbacks
            WHERE {shard_sql("record_id", SHARDS)} = %(shard)s
            ORDER BY record_id
        """,  # noqa: S608 -- the expression is the provider's own
        max_error_rate=1.0,  # the judgement is the next task's
        max_in_flight=2,
        retries=2,
        pool="vcc",
    ).expand(parameters=[{"shard": number} for number in range(SHARDS)])

    DispositionThresholdOperator(
        task_id="judge",
        summaries=sync.output,
        expected=SHARDS,
        max_error_rate=0.1,
        trigger_rule="all_done",
    )
    # [END howto_sharded_sync]
