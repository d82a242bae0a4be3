"""Elements in a JSON file beside the DAG, which Airflow renders first: dates relative to the run."""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG(
    "vcc_templated_file",
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Budapest"),
    catchup=False,
    tags=["vcc"],
    doc_md=__doc__,
) as dag:
    # [START howto_operator_vcc_template_file]
    BatchDispositionOperator(
        task_id="call_back",
        project_id=17,
        elements="elements/callbacks.json",
        disposition={"dispositionid": 2, "userid": 7},
        max_errors=10,
    )
    # [END howto_operator_vcc_template_file]
