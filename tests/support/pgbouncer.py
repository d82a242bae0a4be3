"""A real PgBouncer on a Unix socket, in front of a PostgreSQL."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

PORT = 6432
START = 30
CONFIG = """
[databases]
postgres = host={host} user=postgres dbname=postgres

[pgbouncer]
unix_socket_dir = {folder}
listen_port = {port}
listen_addr =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
query_wait_timeout = {patience}
ignore_startup_parameters = extra_float_digits,options
pidfile = {folder}/pid
"""


@contextmanager
def pgbouncer(host, size=2, patience=5):
    """Start a pooler whose connections last for a transaction; return the folder of its socket.

    :param size: connections to the server.
    :param patience: seconds that a client waits for one.
    """
    folder = Path(tempfile.mkdtemp(prefix="vccpb", dir="/tmp"))
    folder.chmod(0o777)
    config = folder / "pgbouncer.ini"
    config.write_text(CONFIG.format(host=host, folder=folder, port=PORT, size=size, patience=patience))
    as_another = ["-u", Path(host).owner()] if os.getuid() == 0 else []  # root is refused; the server's user may enter
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([shutil.which("pgbouncer"), *as_another, str(config)], stdout=log, stderr=log)
    try:
        _wait_for(f"{folder}/.s.PGSQL.{PORT}", server, folder / "log")
        yield str(folder)
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(path, server, log):
    until = time.monotonic() + START
    while True:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(path)
            return
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
