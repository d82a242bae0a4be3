"""Hooks that connect as a ``DbApiHook`` does, without Airflow: one for each driver that is here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib import import_module

import pytest
from support.mariadb import DATABASE, PASSWORD, USER


class Hook:
    """Connects by a driver's own function, and remembers what it opened."""

    def __init__(self, connect, conn_type=None):
        self._connect = connect
        self.conn_type = conn_type
        self.opened = []

    def get_conn(self):
        self.opened.append(self._connect())
        return self.opened[-1]

    def execute(self, sql, parameters=()):
        """Run SQL in a connection of its own, commit it, and return the rows."""
        with closing(self._connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(sql, parameters) if parameters else cursor.execute(sql)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
            connection.commit()
            return rows


def on_sqlite(path):
    return Hook(lambda: sqlite3.connect(path), "sqlite")


def on_duckdb(path):
    duckdb = pytest.importorskip("duckdb")
    return Hook(lambda: duckdb.connect(str(path)), "duckdb")


def on_postgres(host, driver="psycopg2", **options):
    module = import_module(driver)
    return Hook(lambda: module.connect(host=host, user="postgres", dbname="postgres", **options), "postgres")


def on_mariadb(socket, driver="pymysql", **options):
    """Connect by PyMySQL, ``mysql.connector`` or ``MySQLdb``."""
    connect = import_module(driver).connect
    return Hook(
        lambda: connect(unix_socket=socket, user=USER, password=PASSWORD, database=DATABASE, **options), "mysql"
    )
