"""Whole syncs by the operator in processes of their own, which start at once and may be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from support.dags import airflow_environment
from support.operators import Instance

PATIENCE = 240
"""Seconds for one sync, on a machine that does other things as well."""


class Nights:
    """Starts syncs: Airflow is imported once, and each of them is a fork of that process.

    :param home: an empty folder.
    """

    def __init__(self, home):
        self._home = Path(home)
        self._count = 0
        self._results = {}
        self.connection = None
        """What an Airflow connection needs to reach the call centre."""
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", Path(__file__).with_name("night_runner.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | airflow_environment(home) | {"PYTHONPATH": str(Path(__file__).parents[1])},
                text=True,
            )

    def start(self, database, place, *, instance=None, store=None, asset=None, **parameters):
        """Start a sync of project 17, and return its process id.

        :param database: ``sqlite``, ``duckdb``, ``postgres`` or ``mariadb``.
        :param place: a file, or what the server's socket is in.
        :param instance: what differs of the task instance, such as its ``map_index``.
        :param store: the file in which tries of one run keep their state.
        :param asset: the file in which runs keep theirs, beside the task's outlet asset.
        :param parameters: the operator's.
        """
        self._count += 1
        result = self._home / f"result-{self._count}.json"
        order = {"database": database, "place": str(place), "instance": instance or {}}
        order |= {"store": store, "asset": asset, "connection": self.connection}
        pid = self._ask(order | {"parameters": parameters, "result": str(result)})
        self._results[pid] = result
        return pid

    def end(self, pid):
        """Wait for a sync to end, and return its summary, with what it raised as ``error``; None if it was killed."""
        status = self._ask({"wait": pid})
        result = self._results.pop(pid)
        if os.waitstatus_to_exitcode(status) == -signal.SIGKILL:
            assert not result.exists()
            return None
        assert status == 0, self.log
        return json.loads(result.read_text())

    def run(self, *database_and_place, **order):
        """Run a sync to its end."""
        return self.end(self.start(*database_and_place, **order))

    def all(self, database, place, orders):
        """Run several syncs at once, and return their summaries; DuckDB's file belongs to one process at a time."""
        if database == "duckdb":
            return [self.run(database, place, **order) for order in orders]
        return [self.end(pid) for pid in [self.start(database, place, **order) for order in orders]]

    @property
    def log(self):
        """What all syncs so far have logged."""
        return (self._home / "log").read_text(errors="replace")

    def close(self):
        """End the process."""
        self._process.communicate(timeout=PATIENCE)

    def _ask(self, order):
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.log
        return json.loads(line)


def judged(summaries, **tolerated):
    """Judge shards as the task behind them does; return the merged summary."""
    from airflow_provider_vcc.operators.disposition_threshold import DispositionThresholdOperator

    assert [summary["error"] for summary in summaries if summary["error"]] == []
    judge = DispositionThresholdOperator(
        task_id="judge", summaries=summaries, expected=len(summaries), **{"max_errors": 1} | tolerated
    )
    return judge.execute({"ti": Instance()})
