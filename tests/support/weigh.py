"""How much memory this process takes to read an answer, by each door of the hook."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

__all__ = ["DOORS", "can_weigh", "weigh"]

MANY = [{"numberid": str(number)} for number in range(500)]
DOORS = {
    "run": lambda hook: hook.run("GET", "/projects", attempts=1),
    "change": lambda hook: hook.run("PUT", "/projects/17", json={}, attempts=1),
    "json": lambda hook: hook.get_conn().get(f"{hook.base_url}/projects").json(),
    "text": lambda hook: hook.get_conn().get(f"{hook.base_url}/projects").text,
    "test": lambda hook: hook.test_connection(),
    "batch": lambda hook: hook.batch_dispositions(17, MANY, attempts=1),
}
FORGET = Path("/proc/self/clear_refs")
"""Writing a 5 to it makes Linux forget the most that a process has taken so far."""


def can_weigh():
    """Return whether this machine tells how much memory a process takes at its most."""
    return FORGET.exists()


def weigh(door, hook):
    """Return the MiB by which a process grows at its most, and what came of it in a few words.

    The process is a fork, so that nothing of what an answer leaves behind counts for the next one.
    """
    read, written = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12, about forks beside threads
        child = os.fork()
    if not child:
        os.write(written, _weighed(door, hook))
        os._exit(0)
    os.close(written)
    with os.fdopen(read) as lines:
        grown, _, said = lines.read().partition(" ")
    os.waitpid(child, 0)
    return float(grown), said


def _weighed(door, hook):
    FORGET.write_text("5")
    before = _mib("VmRSS")
    try:
        result = DOORS[door](hook)
    except Exception as error:  # noqa: BLE001 -- it is what is told
        result = error
    said = str(result)[:300] if isinstance(result, Exception | tuple) else "read"
    return f"{_mib('VmHWM') - before} {said}".encode()


def _mib(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
