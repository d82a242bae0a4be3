"""The server in a process of its own."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.alone import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Serving", "serving"]


class Serving:
    """A server that runs."""

    def __init__(self, port: int) -> None:
        self.port = port

    def seen(self) -> dict[str, Any]:
        """Return what it saw since this was last asked: ``{"cpu": seconds, "seen": [[arrival, elements], ...]}``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request("GET", "/")
            found: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return found


@contextmanager
def serving(*, delay: float = 0.0, reject: float = 0.0) -> Iterator[Serving]:
    """Run a server that answers after ``delay`` seconds and rejects a share of the elements."""
    command = [sys.executable, "-m", "benchmarks.server", f"--delay={delay}", f"--reject={reject}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Serving(int(process.stdout.readline()))
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()
