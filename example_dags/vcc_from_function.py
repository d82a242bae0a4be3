"""Elements that a function yields: they are streamed and never gathered, however many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG, task

if TYPE_CHECKING:
    from collections.abc import Iterator

with DAG("vcc_from_function", schedule=None, tags=["vcc"], doc_md=__doc__) as dag:
    # [START howto_decorator_vcc]
    @task.batch_disposition(
        project_id=17,
        disposition={"dispositionid": 2, "userid": 7},
        max_error_rate=0.01,
    )
    def call_back(hour: int) -> Iterator[dict[str, object]]:
        for record in range(1, 21):
            yield {"numberid": record, "next_calldate": f"2026-12-01 {hour:02}:00:00"}

    call_back(hour=9)
    # [END howto_decorator_vcc]
