"""A million rows of which none, 1 % and all have changed, beside a watermark and beside sending all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.alone import alone
from benchmarks.serving import serving
from benchmarks.warehouse import postgres

if TYPE_CHECKING:
    from benchmarks.plan import Plan

COUNT = 1_000_000
NIGHTS: dict[str, dict[str, Any]] = {
    "everything is sent": {"table": False},
    "1 % is newer (watermark)": {"table": False, "newer": 100},
    "synced table, all new": {"table": True},
    "synced table, none changed": {"table": True},
    "synced table, 1 % changed": {"table": True, "every": 100, "night": "again"},
    "synced table, all changed": {"table": True, "every": 1, "night": "all"},
}


def measure(_plan: Plan, count: int = COUNT) -> dict[str, Any]:
    """Return what each night took, one after another on one PostgreSQL, and what it sent."""
    found: dict[str, Any] = {}
    with postgres() as host:
        for name, night in NIGHTS.items():
            with serving() as server:  # one for each night, since it ends by itself where nobody asks it for long
                run = alone("contenders.synced", port=server.port, host=host, count=count, **night)
            found[name] = {
                "seconds": run["seconds"],
                "rows_per_second": count / run["seconds"],
                "cpu": run["cpu"],
                "growth_kib": run["growth_kib"],
                **{key: run[key] for key in ("sent", "unchanged", "requests")},
            }
    return found
