"""Figures for whoever watches Airflow, which the task does not depend on."""

from __future__ import annotations

import logging

import pytest
from opentelemetry.sdk.trace import TracerProvider
from support.operators import Instance

from airflow_provider_vcc.task.reporting import metrics
from airflow_provider_vcc.task.reporting.metrics import COUNTS, emit

SUMMARY = {**dict.fromkeys(COUNTS, 0), "project_id": 17, "applied": 5, "requests": 2, "duration": 1.5}


def test_the_tasks_span_has_the_figures_where_airflow_traces():
    with TracerProvider().get_tracer("test").start_as_current_span("task") as span:
        emit(SUMMARY, {"ti": Instance()}, logging.getLogger())
    assert (span.attributes["vcc.applied"], span.attributes["vcc.requests"]) == (5, 2)
    assert span.attributes["vcc.project_id"] == 17


@pytest.mark.parametrize("broken", ["_count", "_annotate"])
def test_metrics_that_fail_do_not_fail_the_task(monkeypatch, broken):
    monkeypatch.setattr(metrics, broken, lambda *_: 1 / 0)
    emit(SUMMARY, {"ti": Instance()}, logging.getLogger())
