"""After dbt has built its models: only the rows whose content has changed go to the call centre.

Needs the extra ``sql``, and the connections ``warehouse`` (PostgreSQL) and ``vcc_default``. It needs no column that
says when a row changed, and works with every Airflow that this package supports.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

with DAG(
    "vcc_after_dbt",
    description="What a dbt run has changed goes to the call centre",
    schedule=None,  # such as "0 2 * * *"
    catchup=False,
    max_active_runs=1,
    params={"send_everything": Param(default=False, type="boolean", title="Send also what has not changed")},
    tags=["vcc", "example"],
) as dag:

    @task
    def dbt_run() -> None:
        """Stand in for ``dbt run``: a BashOperator, Cosmos, or dbt Cloud's operator."""

    # [START howto_only_what_changed]
    sync = SqlToVccOperator(
        task_id="sync",
        project_id=17,
        sql_conn_id="warehouse",
        sql="""
            SELECT record_id AS numberid, outcome_id AS dispositionid, call_at AS next_calldate
            FROM callbacks
            ORDER BY record_id
        """,
        synced_table="vcc_synced",
        send_unchanged="{{ params.send_everything }}",
        results_table="callbacks_failed",
        max_errors=30,  # a number: of the few rows that change, one that fails is a large share
        retries=2,
    )
    # [END howto_only_what_changed]
    dbt_run() >> sync
