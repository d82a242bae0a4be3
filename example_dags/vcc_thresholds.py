"""A file of callbacks, of which one in twenty may fail, and a file of those that did.

The second one can be given back as ``elements_path``.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG(
    "vcc_thresholds",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    params={
        "elements_path": Param("callbacks.csv", type="string", title="File of elements"),
        "failures_path": Param("failed.jsonl", type="string", title="Where the failed ones are written"),
    },
) as dag:
    # [START howto_operator_vcc_thresholds]
    BatchDispositionOperator(
        task_id="call_back",
        project_id=17,
        elements_path="{{ params.elements_path }}",
        failures_path="{{ params.failures_path }}",
        disposition={"dispositionid": 2, "userid": 7},
        max_error_rate=0.05,
        on_ambiguous="report",
        chunk_size=50,
    )
    # [END howto_operator_vcc_thresholds]
