"""A form for a file that somebody has put into the exports folder: name it, say what its columns mean, trigger.

The folder is the Airflow Variable ``vcc_exports``: a path on the workers, or a URL such as
``s3://aws_default@exports``. Nobody can name a file outside of it. Rows that fail are written to
``failed/`` in it, and such a file can be named here as it is, once it is corrected.
"""

from __future__ import annotations

import re

from airflow.sdk import DAG, Param

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

PROJECTS = {17: "Alumni", 18: "Newsletter", 42: "Surveys"}
DISPOSITIONS = {None: "as the file says", "1": "Call back", "2": "Not interested", "3": "Wrong number", "4": "Sold"}
ENCODINGS = {
    None: "as the file says: UTF-8, or Excel's Unicode Text",
    "windows-1250": "Central European (windows-1250)",
    "windows-1252": "Western European (windows-1252)",
}
DATES = {
    None: "2026-12-31 09:30:00, or cells of a workbook that are dates",
    "%d.%m.%Y %H:%M": "31.12.2026 09:30",
    "%Y.%m.%d. %H:%M": "2026.12.31. 09:30",
    "%Y.%m.%d %H:%M": "2026.12.31 09:30",
    "%d/%m/%Y %H:%M": "31/12/2026 09:30",
    "%m/%d/%Y %I:%M %p": "12/31/2026 09:30 AM",
}
FILE_NAME = re.compile(
    r"(?!.*[.][.])[\w(-][\w ,&+'()./-]*[.]((csv|tsv|txt|json|jsonl|ndjson)([.]gz)?|parquet|xlsx|xls|ods)", re.IGNORECASE
)


def in_exports(path: str) -> str:
    """Return the name of a file in the exports folder; no name leads out of it."""
    if not FILE_NAME.fullmatch(path):
        raise VccConfigurationError(
            "File: write the name of a file in the exports folder that ends in .xlsx, .xls, .ods, .csv, .tsv, .txt, "
            ".parquet, .json or .jsonl, such as changes.xlsx or 2026/changes.csv. Nothing was set"
        )
    return path


# [START howto_operator_vcc_form_file]
with DAG(
    "vcc_form_file",
    schedule=None,
    tags=["vcc"],
    doc_md=__doc__,
    render_template_as_native_obj=True,
    user_defined_filters={"in_exports": in_exports},
    params={
        "project_id": Param(17, type="integer", enum=list(PROJECTS), values_display=PROJECTS, title="Project"),
        "path": Param(
            type="string",
            minLength=1,
            examples=["changes.xlsx", "changes.csv", "changes.csv.gz", "2026/11/changes.parquet", "changes.jsonl"],
            title="File",
            description_md="Its name in the exports folder: a workbook of Excel or LibreOffice, CSV, Parquet or JSON.",
        ),
        "encoding": Param(
            None,
            type=["null", "string"],
            enum=list(ENCODINGS),
            values_display=ENCODINGS,
            title="Characters",
            description_md="Of a CSV. When Excel saved it as *CSV* and not as *CSV UTF-8*, it is that of your country.",
        ),
        "date_format": Param(
            None,
            type=["null", "string"],
            enum=list(DATES),
            values_display=DATES,
            title="Dates look like",
            description_md="How the file writes 31 December 2026, half past nine in the morning.",
        ),
        "sheet": Param(
            None,
            type=["null", "string"],
            title="Sheet",
            description_md="Of a workbook. Empty: the first one.",
        ),
        "field_map": Param(
            {"record": "numberid", "result": "dispositionid", "callback": "next_calldate"},
            type=["object", "null"],
            additionalProperties={"type": "string"},
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
        elements_path="{{ var.value.get('vcc_exports', '/opt/airflow/exports') }}/{{ params.path | in_exports }}",
        encoding="{{ params.encoding }}",
        date_format="{{ params.date_format }}",
        sheet="{{ params.sheet }}",
        field_map="{{ params.field_map or none }}",
        disposition={"dispositionid": "{{ params.disposition }}"},
        max_error_rate="{{ params.tolerated_percent / 100 }}",
        max_errors="{{ params.max_errors }}",
        max_elements_per_second="{{ params.per_second }}",
        failures_path="{{ var.value.get('vcc_exports', '/opt/airflow/exports') }}/failed/"
        "{{ dag_run.run_id | replace(':', '-') | replace('+', '-') }}.jsonl",
        on_empty="fail",  # whoever names a file expects something in it
        validate_only="{{ params.check_only }}",
    )
# [END howto_operator_vcc_form_file]
