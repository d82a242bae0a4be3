"""Our own runs, each in a process of its own."""

from __future__ import annotations

from typing import Any

from benchmarks.alone import alone
from benchmarks.inputs import FILES, make

__all__ = ["ours"]


def ours(port: int, kind: str, count: int, **settings: Any) -> dict[str, Any]:
    """Send an input, which is made before in this process, so that its memory is not counted."""
    if kind in FILES:
        make(kind, count)
    return alone("contenders.ours", port=port, kind=kind, count=count, **settings)
