"""Airflow with CeleryExecutor and workers as processes, on PostgreSQL and Redis."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from support.airflow_stack import PARTS, AirflowStack, free_ports

ROWS = int(os.environ.get("VCC_WORKERS_ROWS", "4000"))
SHARDS = int(os.environ.get("VCC_WORKERS_SHARDS", "4"))
CHUNK_SIZE = int(os.environ.get("VCC_WORKERS_CHUNK_SIZE", "25"))
MIDDLE = int(os.environ.get("VCC_WORKERS_MIDDLE", "0"))
"""How large the work is, and how many elements each shard sends at least before something is killed."""
EACH_MISSING = 500
"""Each so many-th record does not exist."""
PATIENCE = 180 + ROWS // 500
"""Seconds."""


class CeleryStack(AirflowStack):
    """The whole of Airflow whose tasks run in Celery workers: ``start_worker("w1")``."""

    def start_workers(self, *names):
        """Start those workers that do not run; each takes four tasks at a time."""
        for name in set(names) - set(self._processes):
            options = ("--celery-hostname", f"{name}@%h", "--skip-serve-logs", "-c", "4")
            self.start_part(name, "celery", "worker", *options, "--pid", str(self.home / f"{name}.pid"))

    def wait_for_workers(self):
        """Wait until each worker takes tasks."""
        for name in [name for name in self._processes if name not in PARTS]:
            self.wait_for(lambda name=name: b" ready." in self.log(name).read_bytes(), f"the worker {name}")

    def wait_for(self, condition, what, seconds=PATIENCE):
        """Wait until a condition gives something true, and return that."""
        return super().wait_for(condition, what, seconds)

    def worker_of(self, pid):
        """Return the name of the worker that runs the process of a task."""
        workers = {process.pid: part for part, process in self._processes.items()}
        return workers[os.getsid(pid)]

    def kill_part(self, name):
        """End a part and all that it started by SIGKILL: a worker with its tasks."""
        process = self._processes.pop(name)
        for pid in session(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)

    def stop(self):
        """End all parts at once: nothing of them is wanted any more. Of the workers, orphans too."""
        for part in list(self._processes):
            self.kill_part(part)

    def instances(self, dag_id, run_id):
        """Return what the API knows of each task instance of a run: ``{(task_id, map_index): {...}}``."""
        answer = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances")
        return {(one["task_id"], one["map_index"]): one for one in answer["task_instances"]}

    def xcom(self, dag_id, run_id, task_id, key):
        """Return an XCom of a task."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.call("GET", path)["value"]

    def report(self, dag_id, run_id, task_id):
        """Return the HTML of a task's report page."""
        url = f"{self.url}/vcc/report/{dag_id}/{quote(run_id, safe='')}/{task_id}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token()}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()


def session(leader):
    """Return the processes of a session, its leader first."""
    return sorted((pid for pid in _processes() if _stat(pid)[3:4] == [str(leader)]), key=lambda pid: pid != leader)


def parent(pid):
    """Return the parent of a process."""
    return int(_stat(pid)[1])


def is_alive(pid):
    """Return whether a process runs; a zombie does not."""
    return _stat(pid)[:1] not in ([], ["Z"])


def _processes():
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _stat(pid):
    """Return state, parent, group, session ... of a process; nothing where it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


@contextmanager
def redis(folder):
    """Start a Redis that keeps nothing on disk, and return its URL."""
    [port] = free_ports(1)
    command = [shutil.which("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()


def celery_settings(database, broker):
    """Return the environment for CeleryExecutor: how it finds killed tasks within seconds, too."""
    return {
        "AIRFLOW__CELERY__BROKER_URL": f"{broker}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"{broker}/1",
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    }


def migrate(environment):
    """Make the tables of Airflow."""
    command = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, timeout=120)
