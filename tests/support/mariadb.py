"""A real MariaDB on a Unix socket."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

USER, PASSWORD, DATABASE = "airflow", "sandbox", "dwh"
START = 60


@contextmanager
def mariadb(*options):
    """Start a server of its own in a short folder, and return its socket; options are mariadbd's."""
    folder = Path(tempfile.mkdtemp(prefix="vccmy", dir="/tmp"))
    folder.chmod(0o755)
    common = ["--no-defaults", f"--user={getpass.getuser()}", f"--datadir={folder}/data"]
    install = ["mariadb-install-db", *common, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    path = f"{folder}/s"
    command = [shutil.which("mariadbd"), *common, f"--socket={path}", "--skip-networking", f"--pid-file={folder}/pid"]
    tuning = ["--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=16M"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, *tuning, *options], stdout=log, stderr=log)
    try:
        _make_user(path, server, folder / "log")
        yield path
    finally:
        server.kill()  # its data go with it
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _make_user(path, server, log):
    import pymysql

    _wait_for(path, server, log)
    with pymysql.connect(unix_socket=path, user="root") as root, root.cursor() as cursor:
        cursor.execute(f"create user {USER}@localhost identified by '{PASSWORD}'")
        cursor.execute(f"create database {DATABASE} character set utf8mb4")
        cursor.execute(f"grant all on *.* to {USER}@localhost with grant option")


def _wait_for(path, server, log):
    """Wait until the server listens; a driver that is refused would leave its socket to the garbage collector."""
    until = time.monotonic() + START
    while True:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(path)
            return
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
