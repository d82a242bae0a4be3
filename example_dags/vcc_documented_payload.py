"""The request of the API's own documentation, and one element more: its record does not exist, so the API refuses it.

``make demo`` runs this DAG against the sandbox.
"""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG("vcc_documented_payload", schedule=None, tags=["vcc"], doc_md=__doc__) as dag:
    # [START howto_operator_vcc_literal]
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id=17,
        elements=[
            {
                "numberid": "1",
                "dispositionid": "1",
                "userid": "22",
                "next_calldate": "2017-10-10 11:00:00",
                "description": "High school graduate",
            },
            {"search": {"name": "Green"}},
            {"numberid": "404404"},
        ],
        disposition={
            "dispositionid": "2",
            "userid": "7",
            "next_calldate": "2017-09-10 12:00:00",
            "description": "University degree",
        },
        avoid_in_call=True,
    )
    # [END howto_operator_vcc_literal]
