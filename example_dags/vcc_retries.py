"""A task that is tried again only where that may help. Needs Airflow 3.3 or later."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.retries import vcc_retry_policy

with DAG("vcc_retries", schedule=None, tags=["vcc"], doc_md=__doc__) as dag:
    # [START howto_operator_vcc_retries]
    BatchDispositionOperator(
        task_id="call_back",
        project_id=17,
        elements=[{"numberid": 1}, {"numberid": 2}],
        disposition={"dispositionid": 2, "userid": 7},
        avoid_in_call=True,
        retries=3,
        retry_delay=timedelta(minutes=5),
        retry_policy=vcc_retry_policy(passing=["error.record_in_call"]),
    )
    # [END howto_operator_vcc_retries]
