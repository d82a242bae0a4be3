"""What a DAG file pays to import the operator, over what it has imported anyway."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from benchmarks.alone import ROOT, compiling

if TYPE_CHECKING:
    from benchmarks.plan import Plan

HEAVY = ("requests", "pyarrow", "fastapi", "httpx", "pendulum", "msgspec", "sqlalchemy", "urllib3", "pandas", "numpy")
SCRIPT = """
import json, sys, time
from airflow.sdk import DAG, BaseOperator, task
before = set(sys.modules)
began = time.perf_counter()
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
took = time.perf_counter() - began
new = sorted(set(sys.modules) - before)
print(json.dumps({"ms": took * 1000, "new": new}))
"""


def measure(plan: Plan) -> dict[str, Any]:
    """Return the median in milliseconds, how many modules come along, and which of the heavy ones do."""
    _one()  # what is compiled by this is there for the others, as it is for users
    runs = [_one() for _ in range(plan.rounds)]
    new = {name.partition(".")[0] for name in runs[0]["new"]}
    return {
        "ms": statistics.median(run["ms"] for run in runs),
        "all": [round(run["ms"], 1) for run in runs],
        "modules": len(runs[0]["new"]),
        "heavy": sorted(new.intersection(HEAVY)),
        "names": runs[0]["new"],
    }


def _one() -> dict[str, Any]:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, env=compiling(), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
