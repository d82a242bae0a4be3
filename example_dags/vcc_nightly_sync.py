"""Every night, what changed in the warehouse since the last night goes to the call centre.

Needs Airflow 3.3 or later (for the watermark), the extra ``sql``, and the connections ``warehouse`` (PostgreSQL) and
``vcc_default``.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset

from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

with DAG(
    "vcc_nightly_sync",
    description="What changed in the warehouse goes to the call centre",
    schedule=None,  # such as "0 2 * * *"
    catchup=False,
    max_active_runs=1,
    tags=["vcc", "example"],
) as dag:
    # [START howto_nightly_sync]
    SqlToVccOperator(
        task_id="sync",
        project_id=17,
        sql_conn_id="warehouse",
        sql="""
            SELECT record_id AS numberid, outcome_id AS dispositionid, call_at AS next_calldate, updated_at
            FROM callbacks
            WHERE updated_at > %(watermark)s::timestamptz AND updated_at < now() - interval '5 minutes'
            ORDER BY updated_at, record_id
        """,
        watermark_column="updated_at",
        watermark_initial="2026-01-01 00:00:00+00",
        outlets=[Asset("vcc://mycc/projects/17")],
        results_table="callbacks_failed",
        max_error_rate=0.1,
        retries=2,
    )
    # [END howto_nightly_sync]
