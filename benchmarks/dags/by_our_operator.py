"""Our operator: one task for the whole file."""

from __future__ import annotations

import json
import os

from airflow.sdk import DAG

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

with DAG("by_our_operator", schedule=None) as dag:
    BatchDispositionOperator(
        task_id="send",
        project_id=17,
        elements_path=os.environ["BENCH_PATH"],
        max_error_rate=1.0,
        **json.loads(os.environ["BENCH_SETTINGS"]),
    )
