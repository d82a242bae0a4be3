"""dlt's custom destination: extract, normalise and load into a function that takes 500 elements at a time."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK = 500
THREADS = 4
HEADERS = {"Content-Type": "application/json"}


def prepare(**_: Any) -> None:
    """Import dlt, which takes seconds, with its telemetry off and its folders in a temporary one."""
    os.environ.update(
        RUNTIME__DLTHUB_TELEMETRY="false",
        RUNTIME__LOG_LEVEL="ERROR",
        DLT_DATA_DIR=tempfile.mkdtemp(),
        LOAD__WORKERS=str(THREADS),
    )
    import dlt  # noqa: F401


def run(path: str, port: int, **_: Any) -> int:
    """Send a file of JSON Lines, and return how many elements were answered."""
    import dlt
    import requests

    url = f"http://127.0.0.1:{port}/v2/projects/17/records/dispositions"
    session = requests.Session()
    session.auth = ("mycc", "token")
    settled = []

    @dlt.destination(batch_size=CHUNK, loader_parallelism_strategy="parallel", max_parallel_load_jobs=THREADS)
    def dispositions(items: Any, table: Any) -> None:  # noqa: ARG001 -- dlt gives it
        body = json.dumps({"elements": items})  # requests' own `json=` would take simplejson here, which is slower
        answer = session.put(url, data=body, headers=HEADERS, timeout=60)
        answer.raise_for_status()
        settled.append(len(answer.json()["response"]))

    @dlt.resource(name="elements", columns={"next_calldate": {"data_type": "text"}})
    def elements() -> Iterator[Any]:
        chunk = []
        with Path(path).open(encoding="utf-8") as lines:
            for line in lines:
                chunk.append(json.loads(line))
                if len(chunk) == CHUNK:
                    yield chunk
                    chunk = []
        yield chunk

    pipeline = dlt.pipeline("bench", destination=dispositions(), pipelines_dir=tempfile.mkdtemp())
    pipeline.run(elements()).raise_on_failed_jobs()
    return sum(settled)
