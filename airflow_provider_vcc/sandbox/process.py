"""The sandbox as a process of its own, told what to do over its standard input.

One JSON object a line in each direction: first what to start with, then ``[method, arguments]``. When the input ends,
so does the sandbox: nothing is left behind when the process that started it dies.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_vcc.sandbox.connection import as_connection
from airflow_provider_vcc.sandbox.faults import as_fault
from airflow_provider_vcc.sandbox.faults.rejections import RejectSome
from airflow_provider_vcc.sandbox.storage.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_provider_vcc.sandbox.faults import Faults

__all__ = ["SandboxProcess"]

PATIENCE = 10
COMMAND = (sys.executable, "-m", "airflow_provider_vcc.sandbox", "--control")


class SandboxProcess:
    """A sandbox in a process of its own, for as long as a ``with`` block lasts.

    The parameters are those of ``Sandbox``; functions as ``faults`` or ``reject`` cannot cross (``RejectSome`` can).
    Without ``db`` the ledger lies in a temporary folder that goes away at the end.
    """

    def __init__(self, records: int | Iterable[Mapping[str, object]] = 1000, **options: Any) -> None:
        self._options = {"records": records} | options
        self._exits = ExitStack()
        self._process: subprocess.Popen[str]
        self.url = ""
        self.path = Path()
        self.ledger: Ledger

    def __enter__(self) -> Self:
        with ExitStack() as exits:
            if "db" not in self._options:
                folder = exits.enter_context(TemporaryDirectory(prefix="vcc-sandbox-"))
                self._options["db"] = Path(folder) / "ledger.db"
            self.path = Path(self._options["db"]).absolute()
            self._process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
            exits.callback(self._end)
            started = self._ask(_portable(self._options))
            self.url, self._customer, self._token = started["url"], started["customer"], started["token"]
            self.ledger = Ledger.open(self.path)
            exits.callback(self.ledger.close)
            self._exits = exits.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def connection(self, **extra: Any) -> dict[str, Any]:
        """Return the Airflow connection as a dict, as ``Sandbox.connection`` does."""
        return as_connection(self.url, self._customer, self._token, extra)

    def set_faults(self, faults: Faults) -> None:
        """Decide what goes wrong from now on."""
        self._ask(["set_faults", {"faults": str(as_fault(faults))}])

    faults = property(fset=set_faults, doc="What goes wrong from now on; can only be set.")

    def down(self, seconds: float | None = None) -> None:
        """Break all connections and refuse new ones, for so many seconds or until ``up()``."""
        self._ask(["down", {"seconds": seconds}])

    def up(self) -> None:
        """Accept connections again."""
        self._ask(["up", {}])

    def idle(self, timeout: float = 30.0) -> bool:
        """Wait until no request is in progress: then the ledger is final. False if it takes longer."""
        return bool(self._ask(["idle", {"timeout": timeout}]))

    def set_in_call(self, numberid: str, *, in_call: bool = True) -> None:
        """Let an agent take a record, or leave it."""
        self._ask(["set_in_call", {"numberid": numberid, "in_call": in_call}])

    def kill(self) -> None:
        """End it by SIGKILL; what its ledger has is kept."""
        self._process.kill()
        self._process.wait()

    def _ask(self, what: object) -> Any:
        assert self._process.stdin  # noqa: S101 -- for the type checker
        assert self._process.stdout  # noqa: S101 -- likewise
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        reply = json.loads(line) if line else {"error": "it has ended"}
        if "error" in reply:
            raise RuntimeError(f"the sandbox's process: {reply['error']}")
        return reply["result"]

    def _end(self) -> None:
        with self._process:  # closes its input, which ends it
            try:
                self._process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()


def _portable(options: dict[str, Any]) -> dict[str, object]:
    """Write the options as JSON can have them."""
    made = dict(options)
    if not isinstance(made["records"], int):
        made["records"] = list(made["records"])
    made["faults"] = str(as_fault(made.get("faults")))
    made["db"] = str(made["db"])
    if isinstance(made.get("reject"), RejectSome):
        made["reject"] = {name: getattr(made["reject"], name) for name in ("share", "kinds", "seed")}
    return {name: list(value) if isinstance(value, frozenset | set | range) else value for name, value in made.items()}
