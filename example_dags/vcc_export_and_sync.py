"""One task exports a query to Parquet, and the next one sends the file: a retry reads the very same rows.

Needs the extras ``sql`` and ``arrow``, and the connections ``warehouse`` and ``vcc_default``. Where tasks run on
several machines, export to object storage: ``elements_path`` takes any URL that ``ObjectStoragePath`` opens.
"""

from __future__ import annotations

import tempfile

from airflow.sdk import DAG, BaseHook, task

from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator

COLUMNS = ["record_id", "outcome_id", "call_at"]

with DAG(
    "vcc_export_and_sync",
    description="From the warehouse to Parquet, and from there to the call centre",
    schedule=None,
    catchup=False,
    tags=["vcc", "example"],
) as dag:
    # [START howto_export_and_sync]
    @task
    def export() -> str:
        """Write the table to a Parquet file, ten thousand rows at a time."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([("record_id", pa.int64()), ("outcome_id", pa.int64()), ("call_at", pa.timestamp("us"))])
        path = f"{tempfile.mkdtemp()}/callbacks.parquet"
        hook = BaseHook.get_hook("warehouse")
        with hook.get_conn() as connection, pq.ParquetWriter(path, schema) as writer:
            cursor = connection.cursor("export")
            cursor.execute("SELECT record_id, outcome_id, call_at FROM callbacks ORDER BY record_id")
            while rows := cursor.fetchmany(10_000):
                writer.write_table(pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows], schema))
        return path

    BatchDispositionOperator(
        task_id="sync",
        project_id=17,
        elements_path=export(),
        field_map={"record_id": "numberid", "outcome_id": "dispositionid", "call_at": "next_calldate"},
        max_error_rate=0.1,
        retries=2,
    )
    # [END howto_export_and_sync]
