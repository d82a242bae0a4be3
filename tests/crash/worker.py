"""A process that sends elements and is to be killed: ``python worker.py ORDER``, where ORDER is a file of JSON.

It is started with ``airflow`` out of its reach. Its store is one file, replaced as a whole at each write.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import requests
from support.file_store import FileStore

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.dispositions.sources import IterableSource, open_path


class Doom:
    """Kills this very process at the ``nth`` time (from 1) that it comes to a step."""

    def __init__(self, step, nth):
        self.step = step
        self.left = nth

    def at(self, step):
        """Count a step, and die at the one that is meant."""
        if step == self.step:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(60)


class DoomedStore(FileStore):
    """A store that takes its time, and at each step of which the process may be killed."""

    def __init__(self, path, delay, doom):
        super().__init__(path)
        self.delay = delay
        self.doom = doom

    def get(self, key, default=None):
        """Return a value."""
        self.doom.at("loading")
        return super().get(key, default)

    def set(self, key, value):
        """Keep a value."""
        self.doom.at("before a write")
        time.sleep(self.delay)
        super().set(key, value)
        self.doom.at("after a write")


class Doomed(Client):
    """A client that may be killed with a request on its way."""

    doom = None

    def begin(self, body, attempt):
        """Send a request on a connection that is there."""
        self.doom.at("before sending")
        return super().begin(body, attempt)

    def finish(self, begun, body, count):
        """Take in its answer."""
        evidence = super().finish(begun, body, count)
        self.doom.at("after the answer")
        return evidence

    def send(self, body, count, attempt=None):
        """Send a request."""
        self.doom.at("before sending")
        evidence = super().send(body, count, attempt)
        self.doom.at("after the answer")
        return evidence


class Watching(Observer):
    """Is there at each turn of the loop."""

    def __init__(self, doom):
        self.doom = doom

    def tick(self, look):
        """Come round."""
        self.doom.at("a turn of the loop")


class Reading:
    """A source that may be killed while it is read."""

    def __init__(self, source, doom):
        self.source = source
        self.doom = doom
        self.name, self.total, self.repeatable = source.name, source.total, source.repeatable

    def read(self, size):
        """Yield batches."""
        for rows in self.source.read(size):
            self.doom.at("reading")
            yield rows

    def share(self):
        """Return how much was read."""
        return self.source.share()


def source_of(order):
    """Return the input: a file, or a generator that can be read only once."""
    if not order.get("once"):
        return open_path(order["input"])
    lines = Path(order["input"]).read_text().splitlines()
    return IterableSource(lambda: map(json.loads, lines), "a generator")


def main():
    """Do what is ordered, and leave a summary behind."""
    order = json.loads(Path(sys.argv[1]).read_text())
    doom = Doom(order.get("step"), order.get("nth", 1))
    session = requests.Session()
    session.trust_env = False
    session.auth = ("mycc", "sandbox-token")
    client = Doomed(session, f"{order['url']}/v2", 17, timeout=order.get("timeout", 5.0), connect_timeout=2.0)
    client.doom = doom
    sink = FailuresFile(order["failures"])
    sync = Sync(
        client,
        Reading(source_of(order), doom),
        Checker(),
        settings=Settings(**order["settings"]),
        disposition={"dispositionid": 2},
        kept=Kept(DoomedStore(order["store"], order.get("delay", 0.0), doom)),
        sinks=[sink],
        observer=Watching(doom),
    )
    signal.signal(signal.SIGTERM, lambda *_: sync.stop())
    error = None
    try:
        sync.run()
    except Exception as raised:  # noqa: BLE001 -- whoever ordered it looks at it
        error = repr(raised)
    sink.close()
    Path(order["summary"]).write_text(json.dumps(sync.tally.summary() | {"error": error}))


if __name__ == "__main__":
    main()
