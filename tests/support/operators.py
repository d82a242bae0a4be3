"""Helpers of the operator's tests."""

from __future__ import annotations


def outcomes(summary):
    """Return the five counts of a summary."""
    return [summary[name] for name in ("applied", "rejected", "invalid", "unknown", "not_sent")]


class Instance:
    """Stands for a task instance outside of Airflow: it keeps what is pushed."""

    dag_id, task_id, try_number, map_index = "tested", "sync", 1, -1

    def __init__(self):
        self.xcoms = {}

    def xcom_push(self, key, value):
        """Keep a value."""
        self.xcoms[key] = value


def run_here(operator, **context):
    """Run an operator in this process, and return what it raised or None, and what it pushed."""
    from airflow_provider_vcc.task.parameters import Parameters
    from airflow_provider_vcc.task.run import Run

    instance = Instance()
    error = None
    try:
        context = {"ti": instance, **context}
        Run(Parameters.of(operator), operator._endpoints(context), context, operator.log).execute()
    except Exception as raised:  # noqa: BLE001 -- the caller looks at it
        error = raised
    return error, instance.xcoms
