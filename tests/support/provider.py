"""An Airflow provider of our own, for databases whose provider cannot be installed everywhere: MariaDB and DuckDB."""

from __future__ import annotations

from pathlib import Path

NAME = "vcc_test_databases"
CODE = '''
from airflow.providers.common.sql.hooks.sql import DbApiHook


class MariaDbHook(DbApiHook):
    """Connects by the driver that the connection's extra names, as the provider for MySQL does."""

    conn_name_attr = "mariadb_conn_id"
    default_conn_name = "mariadb_default"
    conn_type = "mariadb"
    hook_name = "MariaDB"

    def get_conn(self):
        from importlib import import_module

        conn = self.get_connection(self.get_conn_id())
        driver = import_module(conn.extra_dejson.get("driver", "pymysql"))
        return driver.connect(unix_socket=conn.host, user=conn.login, password=conn.password, database=conn.schema)


class DuckDbHook(DbApiHook):
    """Connects to a file."""

    conn_name_attr = "duckdb_conn_id"
    default_conn_name = "duckdb_default"
    conn_type = "duckdb"
    hook_name = "DuckDB"

    def get_conn(self):
        import duckdb

        return duckdb.connect(self.get_connection(self.get_conn_id()).host)

'''
INFO = '''
def get_provider_info():
    """Tell the types of connections; Airflow asks while it is imported itself, so nothing is imported here."""
    hooks = {{"mariadb": "MariaDbHook", "duckdb": "DuckDbHook"}}
    types = [{{"connection-type": key, "hook-class-name": f"{name}.{{hook}}"}} for key, hook in hooks.items()]
    names = {{"package-name": "vcc-test-databases", "name": "Databases of the tests", "description": "For tests"}}
    return {{**names, "connection-types": types}}
'''
METADATA = "Metadata-Version: 2.1\nName: vcc-test-databases\nVersion: 1.0\n"
ENTRY_POINTS = f"[apache_airflow_provider]\nprovider_info = {NAME}_info:get_provider_info\n"


def make_provider(folder):
    """Write the provider into a folder that is to be on ``PYTHONPATH``, and return it."""
    folder = Path(folder)
    info = folder / f"{NAME}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (folder / f"{NAME}.py").write_text(CODE)
    (folder / f"{NAME}_info.py").write_text(INFO.format(name=NAME))
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder
