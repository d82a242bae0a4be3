"""Our engine with everything on: checked, ordered, counted, its progress saved, its failures written."""

from __future__ import annotations

from typing import Any

from benchmarks.engine import Store, send, source

_inputs = []


def prepare(kind: str, count: int, host: str = "", **_: Any) -> None:
    """Open the input, which is not read yet."""
    _inputs.append(source(kind, count, host))


def run(port: int, kind: str, count: int, host: str = "", cost: float = 0.0, **settings: Any) -> dict[str, Any]:  # noqa: ARG001 -- prepared
    """Send the input, with a store that takes ``cost`` seconds for each write."""
    store = Store(cost)
    summary = send(_inputs.pop(), port, store, **settings)
    return {
        "elements": summary["applied"] + summary["rejected"],
        "failed": summary["failed"],
        "requests": summary["requests"],
        "writes": store.writes,
    }
