"""A form for the people of the call centre: paste record ids, choose a disposition, trigger.

Records are set one by one; those that fail are listed in the task's report, which gives their ids to be pasted here
again, and the others are done. The failed ones are also written to ``failed/`` in the exports folder, which the Airflow
Variable ``vcc_exports`` names; the form ``vcc_form_file`` takes such a file. What is typed here can be read by
everybody who may see the run, so the form asks for nothing personal: no descriptions, no names.
"""

from __future__ import annotations

import re

from airflow.sdk import DAG, Param

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

PROJECTS = {17: "Alumni", 18: "Newsletter", 42: "Surveys"}
DISPOSITIONS = {"1": "Call back", "2": "Not interested", "3": "Wrong number", "4": "Sold"}
TIMES = {"09:00:00": "9:00, in the morning", "13:00:00": "13:00, after lunch", "17:30:00": "17:30, in the evening"}
CALLBACK = "{{ params.callback_date ~ ' ' ~ params.callback_time if params.callback_date else none }}"
ONE_OF_ITS_OWN = {
    "type": "object",
    "properties": {
        "numberid": {"type": "integer"},
        "dispositionid": {"enum": [int(number) for number in DISPOSITIONS]},
        "next_calldate": {"type": "string"},
        "userid": {"type": "integer"},
    },
    "required": ["numberid"],
    "additionalProperties": False,
}


def to_elements(records: list[str], exceptions: list[dict[str, object]] | None) -> list[dict[str, object]]:
    """Return one element for each id, in the order of the form; then those that have settings of their own."""
    own = {str(element["numberid"]) for element in exceptions or []}
    ids = [record for number, line in enumerate(records, 1) for record in record_ids(number, line)]
    elements: list[dict[str, object]] = [{"numberid": record} for record in ids if record not in own]
    elements += exceptions or []
    if not elements:
        raise VccConfigurationError("Record ids: there is none. Write at least one. Nothing was set")
    return elements


def record_ids(number: int, line: str) -> list[str]:
    """Return the ids in a line of the form. What else stands there may be a name, so no message repeats it."""
    found = [record for record in re.split(r"[\s,;]+", line) if record]
    if not all(record.isdecimal() for record in found):
        raise VccConfigurationError(
            f"Record ids, line {number}: write numbers only, with commas or line ends between them. Nothing was set"
        )
    return found


# [START howto_operator_vcc_form]
with DAG(
    "vcc_form",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    render_template_as_native_obj=True,
    user_defined_filters={"to_elements": to_elements},
    params={
        # Without a section, a field stands in the part of the form that is open from the start.
        "project_id": Param(17, type="integer", enum=list(PROJECTS), values_display=PROJECTS, title="Project"),
        "records": Param(
            type="array",
            items={"type": "string"},
            minItems=1,
            title="Record ids",
            description_md="As in the column **numberid** of an export: one a line, or with commas between them.",
        ),
        "disposition": Param(
            "1", type="string", enum=list(DISPOSITIONS), values_display=DISPOSITIONS, title="Disposition"
        ),
        "callback_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Call back on",
            description_md="Leave it empty for *no callback*.",
        ),
        "callback_time": Param(
            "09:00:00",
            type="string",
            enum=list(TIMES),
            values_display=TIMES,
            title="Call back at",
            description_md="By the clock of the call centre. Without a date it means nothing.",
        ),
        "userid": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Agent",
            description_md="The id of the user who is to call back. Empty: whoever is free.",
            section="Exceptions",
        ),
        "exceptions": Param(
            [],
            type=["array", "null"],
            items=ONE_OF_ITS_OWN,
            title="Records set otherwise",
            description_md="Records for which something differs, which need not stand among the record ids. Each has "
            "a **numberid**, and any of **dispositionid**, **next_calldate** and **userid**:\n"
            '```\n[{"numberid": 5, "dispositionid": 4}, {"numberid": 6, "userid": 3}]\n```',
            section="Exceptions",
        ),
        "max_errors": Param(
            0,
            type="integer",
            minimum=0,
            title="Tolerated failures",
            description_md="How many records may fail before **the run** counts as failed. All others are set anyway.",
            section="How to run it",
        ),
        "check_only": Param(
            default=False,
            type="boolean",
            title="Check only",
            description_md="Read and check everything, send **nothing**.",
            section="How to run it",
        ),
    },
) as dag:
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id="{{ params.project_id }}",
        elements="{{ params.records | to_elements(params.exceptions) }}",
        disposition={
            "dispositionid": "{{ params.disposition }}",
            "userid": "{{ params.userid }}",
            "next_calldate": CALLBACK,
        },
        max_errors="{{ params.max_errors }}",
        failures_path="{{ var.value.get('vcc_exports', '/opt/airflow/exports') }}/failed/"
        "{{ dag_run.run_id | replace(':', '-') | replace('+', '-') }}.jsonl",
        validate_only="{{ params.check_only }}",
    )
# [END howto_operator_vcc_form]
