"""A mapped ``HttpOperator``: one task for each request of 500 elements."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG

CHUNK = 500

with Path(os.environ["BENCH_PATH"]).open(encoding="utf-8") as lines:
    elements = map(json.loads, lines)
    bodies = [json.dumps({"elements": chunk}) for chunk in iter(lambda: list(islice(elements, CHUNK)), [])]

with DAG("by_http_operator", schedule=None) as dag:
    HttpOperator.partial(
        task_id="send",
        http_conn_id="bench",
        method="PUT",
        endpoint="v2/projects/17/records/dispositions",
        headers={"Content-Type": "application/json"},
        response_filter=lambda response: len(response.json()["response"]),
    ).expand(data=bodies)
