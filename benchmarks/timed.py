"""A run against the sandbox, and how long its answers took: for ``benchmarks.alone``."""

from __future__ import annotations

from math import ceil
from typing import Any

from airflow_provider_vcc.dispositions.sources import from_elements
from benchmarks.engine import Store, send
from benchmarks.simulated import Times

__all__ = ["run"]


def run(port: int, count: int, **settings: Any) -> dict[str, Any]:
    """Send so many elements; return the 95th percentile of answer times."""
    elements = [{"numberid": number, "dispositionid": 1} for number in range(1, count + 1)]
    times = Times()
    summary = send(from_elements(elements), port, Store(), observer=times, **settings)
    if summary["failed"]:
        raise RuntimeError(f"not what was to be measured: {summary}")
    return {"p95": sorted(times.seconds)[ceil(0.95 * len(times.seconds)) - 1]}
