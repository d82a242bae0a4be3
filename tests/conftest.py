"""What all tests share: an Airflow of their own, and the servers that some need."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from support.dags import DagRunner, airflow_environment, copy_database
from support.servers import MISSING, in_ci, is_there

# A busy machine is not the fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


# Each test process has an empty Airflow home, before another conftest imports Airflow.
for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[name]
HOME = tempfile.mkdtemp(prefix="vcc-airflow-")
os.environ |= airflow_environment(HOME)


def pytest_configure(config):
    """Leave no Airflow home behind."""
    config.add_cleanup(lambda: shutil.rmtree(HOME, ignore_errors=True))


def pytest_runtest_setup(item):
    """Skip a test whose server is missing, by the server's name; in CI that is an error."""
    for server, message in MISSING.items():
        if item.get_closest_marker(server) and not is_there(server):
            (pytest.fail if in_ci() else pytest.skip)(message)


@pytest.fixture(autouse=True)
def no_event_loop(request):
    """Hide the event loop that a browser of this process leaves running in the main thread between its tests."""
    loop = asyncio._get_running_loop()
    if loop is None or request.node.get_closest_marker("chromium"):
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True, scope="session")
def no_dns():
    """Let names that end in .invalid be none, as any DNS says, on a machine that has none to ask as well."""
    real = socket.getaddrinfo

    def as_dns_says(host, *where, **settings):
        try:
            return real(host, *where, **settings)
        except socket.gaierror as error:
            if error.errno != socket.EAI_AGAIN or not str(host).endswith(".invalid"):
                raise
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    socket.getaddrinfo = as_dns_says
    yield
    socket.getaddrinfo = real


@pytest.fixture(scope="session")
def dag_runner(tmp_path_factory):
    """Run DAG files in one real Airflow, which all tests of this process share."""
    runner = DagRunner(tmp_path_factory.mktemp("airflow"))
    yield runner
    runner.close()


@pytest.fixture
def airflow_home(dag_runner, tmp_path):
    """Return an Airflow home with a fresh database, for tests that start Airflow's own commands.

    Start them with ``env=os.environ | airflow_environment(airflow_home)``.
    """
    home = tmp_path / "airflow-home"
    (home / "dags").mkdir(parents=True)
    copy_database(dag_runner.fresh_database, home / "airflow.db")
    return home


@pytest.fixture(scope="session")
def repo():
    """Return the folder of the checkout."""
    return Path(__file__).parents[1]
