"""The whole of Airflow on loopback: API server, scheduler and DAG processor, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from support.dags import airflow_environment

USERS = {"admin": "admin", "viewer": "viewer", "outsider": ""}
"""Users and their roles: ``outsider`` has none, so may sign in and see nothing. Each one's password is the name."""

PARTS = {
    "api-server": ("api-server", "--workers", "1"),
    "scheduler": ("scheduler",),
    "dag-processor": ("dag-processor",),
}
"""The parts of Airflow, and the command that starts each."""
STARTS_WITHIN = 180
"""Seconds; two busy cores take a while."""


class AirflowStack:
    """An Airflow of its own that serves the UI, runs DAGs and keeps everything under ``home``.

    :param home: a folder with a migrated ``airflow.db``.
    :param dag_files: DAG files to have from the start.
    :param environment: more environment variables, such as connections.
    :param base_path: a path before each URL, such as ``/airflow``, as behind a proxy.
    """

    def __init__(self, home, dag_files=(), environment=(), base_path=""):
        self.home = Path(home)
        port, log_port, trigger_port = free_ports(3)
        self.origin = f"http://localhost:{port}"
        self.url = self.origin + base_path
        self.environment = os.environ | airflow_environment(self.home)
        self.environment |= _settings(self.home, self.url, port, log_port, trigger_port) | dict(environment)
        self._processes = {}
        self._tokens = {}
        self.dags = self.home / "dags"
        self.dags.mkdir(exist_ok=True)
        for file in dag_files:
            shutil.copy(file, self.dags)
        passwords = {name: name for name in USERS}
        (self.home / "passwords.json").write_text(json.dumps(passwords))

    def start(self):
        """Start all parts and wait until they are healthy."""
        for part, command in PARTS.items():
            self.start_part(part, *command)
        self.wait_for(self._healthy, "Airflow to be healthy")
        return self

    def start_part(self, part, *command):
        """Start one of Airflow's commands as a part of the stack, and return its process."""
        with self.log(part).open("wb") as log:
            self._processes[part] = subprocess.Popen(
                [sys.executable, "-m", "airflow", *command],
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self._processes[part]

    def stop(self):
        """Stop all parts, and whatever they started."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            kill_group(process)

    def log(self, part):
        """Return the file that holds what a part prints."""
        return self.home / f"{part}.log"

    def token(self, user="admin"):
        """Sign in and return the token, which the cookie ``_token`` or a bearer header carries."""
        if user not in self._tokens:
            answer = self.call("POST", "/auth/token", {"username": user, "password": user}, user=None)
            self._tokens[user] = answer["access_token"]
        return self._tokens[user]

    def call(self, method, path, body=None, *, user="admin"):
        """Call Airflow's API and return the JSON it answers."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        if user is not None:
            request.add_header("Authorization", f"Bearer {self.token(user)}")
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def trigger(self, dag_id, conf=None):
        """Start a run of a DAG, once Airflow knows it, and return its run id."""
        self.wait_for(lambda: self.knows(dag_id), f"the DAG {dag_id}")
        return self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf or {}})[
            "dag_run_id"
        ]

    def knows(self, dag_id):
        """Return what Airflow says of a DAG, None where it has not read its file yet."""
        try:
            return self.call("GET", f"/api/v2/dags/{dag_id}")
        except urllib.error.HTTPError:
            return None

    def states(self, dag_id, run_id):
        """Return the state of each task instance of a run: ``{(task_id, map_index): state}``."""
        run = urllib.parse.quote(run_id, safe="")
        answer = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{run}/taskInstances")
        return {(ti["task_id"], ti["map_index"]): ti["state"] for ti in answer["task_instances"]}

    def wait_for_state(self, dag_id, run_id, task_id, *states, map_index=-1):
        """Wait until a task instance is in one of these states, and return that state."""

        def reached():
            state = self.states(dag_id, run_id).get((task_id, map_index))
            return state if state in states else None

        return self.wait_for(reached, f"{task_id} to be {' or '.join(states)}")

    def wait_for(self, condition, what, seconds=STARTS_WITHIN):
        """Wait until a condition gives something true, and return that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for part, process in self._processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{part} ended:\n{self.tail(part)}")
            if found := condition():
                return found
            time.sleep(0.3)
        raise AssertionError(f"waited {seconds} s for {what}\n" + "\n".join(map(self.tail, self._processes)))

    def tail(self, part):
        """Return the end of what a part printed."""
        return f"--- {part}\n{self.log(part).read_text(errors='replace')[-3000:]}"

    def _healthy(self):
        try:
            health = self.call("GET", "/api/v2/monitor/health", user=None)
        except OSError:
            return False
        return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))


def _settings(home, url, port, log_port, trigger_port):
    users = ",".join(f"{name}:{role}" for name, role in USERS.items())
    return {
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": "a secret key for tests that is long enough to be one",
        "AIRFLOW__API_AUTH__JWT_SECRET": "another secret for tests, long enough for HMAC with SHA-512, as it should be",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": f"{home}/passwords.json",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": users,
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_port),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_port),
    }


def free_ports(count):
    """Return ports of loopback that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def kill_group(process):
    """End a process that leads a session, and its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@contextmanager
def running_stack(home, **settings):
    """Run a stack for the time of a ``with`` block."""
    stack = AirflowStack(home, **settings)
    try:
        yield stack.start()
    finally:
        stack.stop()
