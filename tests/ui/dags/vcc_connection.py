"""A task on the connection that a test makes in Airflow's form."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG("vcc_connection", schedule=None) as dag:
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id=17,
        vcc_conn_id="made_in_the_form",
        elements=[{"numberid": "901", "dispositionid": 2, "next_calldate": "2026-12-01T09:00:00Z"}],
    )
