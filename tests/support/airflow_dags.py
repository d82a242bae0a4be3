"""The beginning of the small DAGs that tests write."""

from __future__ import annotations

HEADER = """
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
import json, os, signal

from airflow.providers.common.compat.sdk import DAG, Asset, task
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

Batch = partial(BatchDispositionOperator, task_id="sync", project_id=17)
two = {"dispositionid": 2}

with DAG("tested", schedule=None, params={"path": ""}) as dag:
"""
