"""Our engine with everything on: checked, ordered, counted, its progress saved, its failures written."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import requests

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.dispositions.sources import Reading, from_elements, open_path
from benchmarks.alone import ROOT
from benchmarks.inputs import LazyElements, frame, make
from benchmarks.warehouse import query

if TYPE_CHECKING:
    from pathlib import Path

    from airflow_provider_vcc.dispositions.engine.recorder import Observer
    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["Store", "send", "source"]

FAILURES = ROOT / "build" / "bench" / "failures.jsonl"
PROJECT = 17
QUERIES = ("sqlite", "postgres", "mariadb")
FRAMES = ("pandas", "polars")


class Store(dict[str, Any]):
    """Stands in for Airflow's task state store.

    :param cost: seconds that a write takes, in which this process has nothing to do: 0.013 in Airflow 3.3.
    """

    def __init__(self, cost: float = 0.0) -> None:
        super().__init__()
        self.cost = cost
        self.writes = 0

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value kept under a key."""
        return super().get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.writes += 1
        if self.cost:
            time.sleep(self.cost)
        self[key] = value

    def delete(self, key: str) -> None:
        """Forget a key."""
        self.pop(key, None)


def source(kind: str, count: int, host: str = "") -> Source:
    """Open an input: a file, a lazy sequence, or a query on the server at ``host``."""
    if kind == "lazy":
        return from_elements(LazyElements(count))
    if kind == "list":
        return from_elements(LazyElements(count)[:])
    if kind in FRAMES:
        return from_elements(frame(kind, count))
    if kind.partition(":")[0] in QUERIES:
        return query(kind, count, host)
    encoding = "windows-1250" if kind.startswith("windows-1250") else None
    return open_path(make(kind, count), reading=Reading(encoding=encoding))


def send(
    elements: Source, port: int, store: Store, *, observer: Observer | None = None, **settings: Any
) -> dict[str, Any]:
    """Send elements to the bench's server: what came of them, as the operator's summary has it."""
    FAILURES.parent.mkdir(parents=True, exist_ok=True)
    session = requests.Session()
    session.auth = ("mycc", "token")
    client = Client(session, f"http://127.0.0.1:{port}/v2", PROJECT)
    with closing(FailuresFile(str(FAILURES))) as failures:
        sync = Sync(
            client,
            elements,
            Checker(),
            kept=Kept(store),
            sinks=[failures],
            observer=observer,
            settings=Settings(**settings),
        )
        sync.run()
    summary = sync.tally.summary()
    written = sum(chunk.count(b"\n") for chunk in _pieces(FAILURES))
    if summary["not_sent"] or summary["unknown"] or written != summary["failed"]:
        raise RuntimeError(f"not what was to be measured: {summary}, {written} failures written")
    return summary


def _pieces(path: Path) -> Any:
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece
