"""Our engine with everything on: checked, ordered, counted, its progress saved, its failures written."""

from __future__ import annotations

from typing import Any

from benchmarks.engine import Store, send, source


def run(port: int, path: str | None = None, lazy: int | None = None, cost: float = 0.0, **settings: Any) -> dict[str, Any]:
    """Send a file (or a lazy sequence), with a store that takes ``cost`` seconds for each write."""
    store = Store(cost)
    summary = send(source(path, lazy), port, store, **settings)
    return {
        "elements": summary["applied"] + summary["rejected"],
        "failed": summary["failed"],
        "requests": summary["requests"],
        "writes": store.writes,
    }
