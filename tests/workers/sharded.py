"""A table in shards, for several workers; the last shard's elements also ask for messages."""

from __future__ import annotations

import os
from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator
from airflow_provider_vcc.sharding import shard_sql
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

SHARDS = int(os.environ.get("VCC_WORKERS_SHARDS", "4"))
CHUNK_SIZE = int(os.environ.get("VCC_WORKERS_CHUNK_SIZE", "25"))

with DAG("sharded", schedule=None, catchup=False):
    sync = SqlToVccOperator.partial(
        task_id="sync",
        project_id=17,
        sql_conn_id="warehouse",
        sql=f"""
            SELECT record_id AS numberid, outcome_id AS dispositionid, messages AS "sendDispositionMessages"
            FROM callbacks
            WHERE {shard_sql("record_id", SHARDS)} = %(shard)s
            ORDER BY record_id
        """,
        max_error_rate=1.0,
        results_table="failed",
        chunk_size=CHUNK_SIZE,
        max_in_flight=2,
        retries=2,
        retry_delay=timedelta(seconds=1),
    ).expand(parameters=[{"shard": number} for number in range(SHARDS)])

    DispositionThresholdOperator(
        task_id="judge", summaries=sync.output["summary"], expected=SHARDS, max_error_rate=0.1, trigger_rule="all_done"
    )
