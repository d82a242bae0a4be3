"""Elements that another task gives: by XCom, as a list of dictionaries."""

from __future__ import annotations

from airflow.sdk import DAG, task

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG("vcc_from_upstream", schedule=None, tags=["vcc"], doc_md=__doc__) as dag:
    # [START howto_operator_vcc_xcom]
    @task
    def find_expired_offers() -> list[dict[str, object]]:
        return [
            {"record": 1, "callback": "2026-12-01 09:00:00"},
            {"record": 2, "callback": "2026-12-01 09:30:00"},
        ]

    BatchDispositionOperator(
        task_id="call_back",
        project_id=17,
        elements=find_expired_offers(),
        field_map={"record": "numberid", "callback": "next_calldate"},
        disposition={"dispositionid": 2, "userid": 7},
        max_error_rate=0.01,
    )
    # [END howto_operator_vcc_xcom]
