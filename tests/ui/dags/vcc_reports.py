"""Runs of the operator whose reports are looked at: a large one, a failed one, a skipped one and mapped ones."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

GOOD = [{"numberid": str(number), "dispositionid": 1} for number in range(1, 41)]
BAD = [{"numberid": "nobody"}, {"numberId": "1"}, {}]
SOME_FAIL = {"project_id": 17, "elements": [*GOOD, *BAD], "max_errors": 2}


def changes():
    """Return 12,000 changes, 37 of which fail, for three reasons."""
    good = [{"numberid": str(number), "dispositionid": 1 + number % 4} for number in range(1, 12_001)]
    wrong = [{"numberid": "404404"}] * 23 + [{"numberId": "7"}] * 9 + [{"numberid": "7", "next_calldate": "soon"}] * 5
    for number, element in enumerate(wrong):
        good[number * 97 % 37 * 320 + 100] = element
    return good


with DAG("vcc_reports", schedule=None, render_template_as_native_obj=True) as dag:
    BatchDispositionOperator(task_id="failed", **SOME_FAIL)
    BatchDispositionOperator(task_id="skipped", soft_fail=True, **SOME_FAIL)
    BatchDispositionOperator.partial(task_id="mapped", project_id=17, max_error_rate=0.5).expand(
        elements=[GOOD, GOOD[:3] + BAD[:1]]
    )

with DAG(
    "sync_dispositions", schedule=None, render_template_as_native_obj=True, user_defined_macros={"changes": changes}
) as large:
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id=17,
        vcc_conn_id="vcc_busy",
        elements="{{ changes() }}",
        chunk_size=200,
        max_errors=25,
    )
