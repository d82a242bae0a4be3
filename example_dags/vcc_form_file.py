"""A form for a file that somebody has put into the exports folder: name it, say what its columns mean, trigger.

The folder is the Airflow Variable ``vcc_exports``: a path on the workers, or a URL such as
``s3://aws_default@exports``. Nobody can name a file outside of it. Rows that fail are written to
``failed/`` in it, and such a file can be named here as it is, once it is corrected.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

PROJECTS = {17: "Alumni", 18: "Newsletter", 42: "Surveys"}
DISPOSITIONS = {None: "as the file says", "1": "Call back", "2": "Not interested", "3": "Wrong number", "4": "Sold"}
FILE_NAME = r"^(?!.*[.][.])[\w-][\w ./-]*[.](csv|parquet|json|jsonl|ndjson)([.]gz)?$"
FIELD = "^(numberid|dispositionid|userid|next_calldate|description|sendDispositionMessages|search[.].+)$"

# [START howto_operator_vcc_form_file]
with DAG(
    "vcc_form_file",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    render_template_as_native_obj=True,
    params={
        "project_id": Param(17, type="integer", enum=list(PROJECTS), values_display=PROJECTS, title="Project"),
        "path": Param(
            type="string",
            pattern=FILE_NAME,
            examples=["changes.csv", "changes.csv.gz", "2026/11/changes.parquet", "changes.jsonl"],
            title="File",
            description_md="Its name in the exports folder. It may be CSV, Parquet, JSON or JSON Lines, also **.gz**.",
        ),
        "field_map": Param(
            {"record": "numberid", "result": "dispositionid", "callback": "next_calldate"},
            type=["object", "null"],
            additionalProperties={"type": "string", "pattern": FIELD},
            title="Columns",
            description_md="What each column means: **numberid**, **dispositionid**, **userid**, **next_calldate**, "
            "**description**, **sendDispositionMessages**; or **search.** and a field of the record, such as "
            "**search.city**. Empty braces, where the columns are named like that already.",
        ),
        "disposition": Param(
            None,
            type=["null", "string"],
            enum=list(DISPOSITIONS),
            values_display=DISPOSITIONS,
            title="Disposition",
            description_md="For all rows that do not say otherwise.",
        ),
        "tolerated_percent": Param(
            1,
            type="number",
            minimum=0,
            maximum=100,
            title="Tolerated failures (%)",
            description_md="More failed rows than this, and the run counts as **failed**. All others are set anyway.",
            section="When it fails",
        ),
        "max_errors": Param(
            None,
            type=["null", "integer"],
            minimum=0,
            title="Tolerated failures (rows)",
            description_md="Where even a small share of a large file is too much. Empty: the share alone decides.",
            section="When it fails",
        ),
        "per_second": Param(
            None,
            type=["null", "number"],
            exclusiveMinimum=0,
            title="Rows per second, at most",
            description_md="Empty: as fast as the call centre answers.",
            section="How to run it",
        ),
        "check_only": Param(
            default=False,
            type="boolean",
            title="Check only",
            description_md="Read and check the whole file, send **nothing**. Wise for a file of a new kind.",
            section="How to run it",
        ),
    },
) as dag:
    BatchDispositionOperator(
        task_id="set_dispositions",
        project_id="{{ params.project_id }}",
        elements_path="{{ var.value.get('vcc_exports', '/opt/airflow/exports') }}/{{ params.path }}",
        field_map="{{ params.field_map or none }}",
        disposition={"dispositionid": "{{ params.disposition }}"},
        max_error_rate="{{ params.tolerated_percent / 100 }}",
        max_errors="{{ params.max_errors }}",
        max_elements_per_second="{{ params.per_second }}",
        failures_path="{{ var.value.get('vcc_exports', '/opt/airflow/exports') }}/failed/"
        "{{ dag_run.run_id | replace(':', '-') | replace('+', '-') }}.jsonl",
        validate_only="{{ params.check_only }}",
    )
# [END howto_operator_vcc_form_file]
