"""What the report is made from: the stored figures, read tolerantly, and what Airflow knows of the task."""
