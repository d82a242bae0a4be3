"""What machine, and which versions, a run was measured on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["describe"]

PACKAGES = ("apache-airflow", "msgspec", "pyarrow", "requests", "urllib3")


def describe() -> dict[str, Any]:
    """Return the day, the machine, how busy it is, and the versions."""
    return {
        "day": time.strftime("%Y-%m-%d"),
        "cpu": _model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _model() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown")
