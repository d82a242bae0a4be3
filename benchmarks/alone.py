"""One measurement in a process of its own: ``python -m benchmarks.alone MODULE '{"argument": ...}'``.

The module's ``run(**arguments)`` is what is timed, and returns how many elements were settled, or a dictionary of what
it found. What it imports, and what its ``prepare(**arguments)`` does, is not timed. One line of JSON goes to stdout.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
KIB = 1024


def peak_kib() -> int:
    """Return the most memory that this process ever had, in KiB: ``ru_maxrss`` would inherit the parent's."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB  # macOS counts bytes, and forks afresh
    return int(status.read_text().split("VmHWM:")[1].split()[0])


def measure(module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a module's measurement in this process."""
    work = import_module(f"benchmarks.{module}")
    if hasattr(work, "prepare"):
        work.prepare(**arguments)
    gc.collect()  # what the imports left: with Airflow's it takes 0.1 s, whenever it happens to come
    before = peak_kib()
    cpu, began = time.process_time(), time.perf_counter()
    found = work.run(**arguments)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    found = found if isinstance(found, dict) else {"elements": found}
    peak = peak_kib()
    return {"seconds": seconds, "cpu": cpu, "peak_kib": peak, "growth_kib": peak - before, **found}


def alone(module: str, python: str = sys.executable, **arguments: Any) -> dict[str, Any]:
    """Run a module's measurement in a fresh process.

    :raises RuntimeError: where it fails, with the end of what it said.
    """
    command = [python, "-m", "benchmarks.alone", module, json.dumps(arguments)]
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment() | {"TMPDIR": folder}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise RuntimeError(f"{module} failed:\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def compiling() -> dict[str, str]:
    """Return the environment in which modules are compiled once and for all, as an installed package is."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _environment() -> dict[str, str]:
    """Return the same less what would have the client ask somewhere else than on loopback."""
    return {name: value for name, value in compiling().items() if not name.lower().endswith("_proxy")}


if __name__ == "__main__":
    print("\n" + json.dumps(measure(sys.argv[1], json.loads(sys.argv[2]))))
