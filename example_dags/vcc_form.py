"""A form for the people of the call centre: paste record ids, choose a disposition, trigger.

Records are set one by one; those that fail are listed in the task's report, and the others are done.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

DISPOSITIONS = {"1": "Call back", "2": "Not interested", "3": "Wrong number", "4": "Sold"}


def to_elements(records):
    """Give one element for each id, in the order of the form."""
    return [{"numberid": record.strip()} for record in records if record.strip()]


# [START howto_operator_vcc_form]
with DAG(
    "vcc_form",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    render_template_as_native_obj=True,
    user_defined_filters={"to_elements": to_elements},
    params={
        "project_id": Param(17, type="integer", minimum=1, title="Project", section="What to set"),
        "records": Param(
            [],
            type="array",
            items={"type": "string", "pattern": r"^\s*[0-9]*\s*$"},
            minItems=1,
            title="Record ids",
            description="One a line.",
            section="What to set",
        ),
        "disposition": Param(
            "1",
            type="string",
            enum=list(DISPOSITIONS),
            values_display=DISPOSITIONS,
            title="Disposition",
            section="What to set",
        ),
        "callback_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Call back on",
            description="At nine in the morning. Leave it empty for no callback.",
            section="What to set",
        ),
        "check_only": Param(
            default=False,
            type="boolean",
            title="Check only",
            description="Read and check everything, send nothing.",
            section="How to run it",
        ),
    },
) as dag:
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id="{{ params.project_id }}",
        elements="{{ params.records | to_elements }}",
        disposition={
            "dispositionid": "{{ params.disposition }}",
            "next_calldate": "{{ params.callback_date ~ ' 09:00:00' if params.callback_date else none }}",
        },
        validate_only="{{ params.check_only }}",
    )
# [END howto_operator_vcc_form]
