"""A million rows from MariaDB by each of its drivers: how fast, and how much more memory than of a hundred thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.ours import ours
from benchmarks.serving import serving
from benchmarks.warehouse import mariadb

if TYPE_CHECKING:
    from benchmarks.plan import Plan

FEW, MANY = 100_000, 1_000_000
DRIVERS = {"PyMySQL": "pymysql", "mysql-connector": "mysql.connector"}


def measure(_plan: Plan, few: int = FEW, many: int = MANY) -> dict[str, Any]:
    """Return what each driver took, to the service's last answer, and what the server saw of it."""
    found: dict[str, Any] = {}
    with serving() as server, mariadb() as socket:
        for name, driver in DRIVERS.items():
            small, large = (ours(server.port, f"mariadb:{driver}", count, host=socket) for count in (few, many))
            if large["elements"] != many:
                raise RuntimeError(f"{name} gave {large['elements']} of {many} rows")
            found[name] = {
                "rows": large["elements"],
                "rows_per_second": many / large["seconds"],
                "cpu_us": large["cpu"] / many * 1e6,
                "growth_mib": (large["peak_kib"] - small["peak_kib"]) / 1024,
            }
    return found
