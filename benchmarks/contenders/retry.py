"""A second try of our engine over an input that the first one has been through."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.engine import Store, send, source

store = Store()


def prepare(count: int, first: int, **_: Any) -> None:
    """Run the first try."""
    send(source("jsonl", count), first, store)


def run(count: int, port: int, **_: Any) -> dict[str, Any]:
    """Run the second one, with what the first had saved."""
    size = sum(len(json.dumps(value)) for value in store.values())
    summary = send(source("jsonl", count), port, store)
    again = summary["applied"] - summary["resumed"]
    return {"elements": summary["total"], "sent_again": again, "state_bytes": size}
