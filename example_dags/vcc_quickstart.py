"""The quickstart: a hundred records get a callback, and five do not exist.

It only checks and sends nothing until ``check_only`` is switched off when it is triggered.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG(
    "vcc_quickstart",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    params={
        "check_only": Param(
            default=True,
            type="boolean",
            title="Check only",
            description="Read and check everything, send nothing.",
        ),
    },
) as dag:

    @task
    def find_records() -> list[dict[str, object]]:
        records = range(901, 1006)
        return [{"numberid": record, "next_calldate": "2026-12-01 09:00:00"} for record in records]

    BatchDispositionOperator(
        task_id="call_back",
        project_id=17,
        elements=find_records(),
        disposition={"dispositionid": 2, "userid": 7},
        max_errors=10,
        validate_only="{{ params.check_only }}",
    )
