"""Runs of the operator whose reports are looked at: a slow one, a failed one, a skipped one and mapped ones."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

GOOD = [{"numberid": str(number), "dispositionid": 1} for number in range(1, 41)]
BAD = [{"numberid": "nobody"}, {"numberId": "1"}, {}]
SOME_FAIL = {"project_id": 17, "elements": [*GOOD, *BAD], "max_errors": 2}

with DAG("vcc_reports", schedule=None, render_template_as_native_obj=True) as dag:
    BatchDispositionOperator(task_id="failed", **SOME_FAIL)
    BatchDispositionOperator(task_id="skipped", soft_fail=True, **SOME_FAIL)
    BatchDispositionOperator.partial(task_id="mapped", project_id=17, max_error_rate=0.5).expand(
        elements=[GOOD, GOOD[:3] + BAD[:1]]
    )

with DAG("vcc_slow", schedule=None, render_template_as_native_obj=True) as slow:
    BatchDispositionOperator(
        task_id="slow",
        project_id=17,
        elements="{{ [{'numberid': '1', 'dispositionid': 1}] * 900 }}",
        chunk_size=10,
        max_elements_per_second=40,
        max_errors=25,
    )
