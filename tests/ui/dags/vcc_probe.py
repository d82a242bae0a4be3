"""A task that leaves what the run's conf says, so that the page can be tried with figures of any kind.

Its conf: ``live`` is kept in the task state store; then it waits until the file ``go`` exists; ``summary`` and
``report`` are pushed; ``end`` is ``failed`` or ``skipped``, else it succeeds.
"""

from __future__ import annotations

import time
from pathlib import Path

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException, dag, task


def leave(conf, instance, store):
    """Leave figures as the operator does."""
    if "live" in conf and store is not None:
        store.set("vcc_report", conf["live"])
    while "go" in conf and not Path(conf["go"]).exists():
        time.sleep(0.2)
    for key in ("summary", "report"):
        if key in conf:
            instance.xcom_push(key=key, value=conf[key])
    if conf.get("end") == "failed":
        raise AirflowFailException("as asked")
    if conf.get("end") == "skipped":
        raise AirflowSkipException("as asked")


@dag(schedule=None)
def vcc_probe():
    """Leave figures as a task, and as two mapped ones."""

    @task
    def push(dag_run=None, ti=None, task_state_store=None):
        leave(dag_run.conf or {}, ti, task_state_store)

    @task
    def mapped(number, dag_run=None, ti=None):
        conf = (dag_run.conf or {}).get("mapped", [{}, {}])[number]
        leave(conf, ti, None)

    push()
    mapped.expand(number=[0, 1])


probe = vcc_probe()
