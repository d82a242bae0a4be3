"""Which Airflow the tests run in, and marks for what only some versions have."""

from __future__ import annotations

from importlib.metadata import version

import pytest

AIRFLOW = tuple(map(int, version("apache-airflow").split(".")[:2]))
"""Major and minor version."""

needs_airflow_3 = pytest.mark.skipif(AIRFLOW < (3, 0), reason="airflow.sdk came with Airflow 3.0")
renders_while_running = pytest.mark.skipif(
    AIRFLOW < (3, 0), reason="dag.test() of Airflow 2 renders before it says that the task runs"
)
keeps_state = pytest.mark.skipif(AIRFLOW < (3, 3), reason="the task and asset state stores came with Airflow 3.3")
knows_assets = pytest.mark.skipif(
    AIRFLOW == (3, 0), reason="dag.test() of Airflow 3.0 takes each asset for an inactive one"
)
has_retry_policies = pytest.mark.skipif(AIRFLOW < (3, 3), reason="retry policies came with Airflow 3.3")
