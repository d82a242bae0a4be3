import json
import sqlite3
import textwrap

import pytest
from support.databases import on_duckdb, on_mariadb, on_postgres, on_sqlite
from support.mariadb import mariadb
from support.nights import Nights
from support.postgres import postgres

from airflow_provider_vcc.sandbox import Sandbox

DAG = """
from airflow.providers.common.compat.sdk import DAG, Asset
from airflow_provider_vcc.transfers.sql_to_vcc import SqlToVccOperator

with DAG("warehouse", schedule=None, default_args={{"retries": {retries}, "retry_delay": 0}}) as dag:
    SqlToVccOperator(
        task_id="sync", project_id=17, sql_conn_id="warehouse", disposition={{"dispositionid": 2}}, {parameters}
    )
"""


@pytest.fixture
def sandbox():
    with Sandbox(records=5000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def warehouse():
    """Yield what an Airflow connection needs of a PostgreSQL, which all tests of this process share."""
    with postgres() as given:
        yield given


@pytest.fixture(scope="session")
def mariadb_socket():
    """Return the socket of a MariaDB, which all tests of this process share."""
    with mariadb() as socket:
        yield socket


DATABASES = [
    "sqlite",
    pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.xdist_group("postgres")]),
    pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.xdist_group("mariadb")]),
    "duckdb",
]


@pytest.fixture(params=DATABASES)
def warehouse_of(request, tmp_path):
    """Return the name of a database, its place (a file, a socket or the folder of one), and a hook of it."""
    name = request.param
    if name in {"sqlite", "duckdb"}:
        pytest.importorskip(name.replace("sqlite", "sqlite3"))
        place = str(tmp_path / f"callbacks.{name}")
        return name, place, {"sqlite": on_sqlite, "duckdb": on_duckdb}[name](place)
    if name == "mariadb":
        place = request.getfixturevalue("mariadb_socket")
        return name, place, on_mariadb(place)
    place = request.getfixturevalue("warehouse")["host"]
    return name, place, on_postgres(place)


@pytest.fixture(scope="session")
def runner(tmp_path_factory):
    running = Nights(tmp_path_factory.mktemp("nights"))
    yield running
    running.close()


@pytest.fixture
def nights(runner, sandbox):
    """Return what runs syncs in processes of their own, which send to this test's sandbox."""
    runner.connection = sandbox.connection(timezone="Europe/Budapest")
    return runner


@pytest.fixture
def database(tmp_path):
    with sqlite3.connect(tmp_path / "warehouse.db") as connection:
        yield connection
    connection.close()


@pytest.fixture
def sync(dag_runner, sandbox, database, tmp_path):
    """Run one SqlToVccOperator with the given parameters on the SQLite warehouse, or on another connection."""

    def run(warehouse=None, retries=0, **parameters):
        database.commit()
        path = tmp_path / "warehouse_dag.py"
        given = ", ".join(f"{name}={value!r}" for name, value in parameters.items())
        given = given.replace("'OUTLET'", f"Asset('vcc://mycc/{tmp_path.name}')")
        path.write_text(textwrap.dedent(DAG.format(parameters=given, retries=retries)))
        local = {"conn_type": "sqlite", "host": str(tmp_path / "warehouse.db")}
        env = {
            "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection(timezone="Europe/Budapest")),
            "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse or local),
        }
        return dag_runner.run(path, "warehouse", env=env)

    return run
