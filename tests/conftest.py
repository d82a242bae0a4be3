"""What all tests share: an Airflow home of their own, and the servers that some need."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from support.servers import MISSING, in_ci, is_there


def pytest_configure(config):
    """Give each test process an empty Airflow home before anything imports Airflow."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="vcc-airflow-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": f"{home}/dags",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def pytest_runtest_setup(item):
    """Skip a test whose server is missing, by the server's name; in CI that is an error."""
    for server, message in MISSING.items():
        if item.get_closest_marker(server) and not is_there(server):
            (pytest.fail if in_ci() else pytest.skip)(message)
