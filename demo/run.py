"""Send the documentation's payload through a real Airflow task to a sandbox call centre, and show what became of it.

Started by ``make demo``. Everything lives in a temporary folder and ends with this process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from table import Painter, render

from airflow_provider_vcc.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
ROOT = HERE.parent
DAG_FILE = ROOT / "example_dags" / "vcc_documented_payload.py"
DAG_ID = "vcc_documented_payload"
TASK_ID = "set_dispositions"
COLOURS = {"applied": "green", "success": "green", "not_sent": "yellow", "skipped": "yellow"}

RECORD = "1"
FIELDS = {"disposition": "dispositionid", "user": "userid", "callback": "next_calldate", "description": "description"}

NEXT = f"""\
Next
  Let the task tolerate one failed element: add max_errors=1 to {DAG_FILE.relative_to(ROOT)}, and run make demo again.
  Keep a call centre to try your own DAGs on:  .venv/bin/python -m airflow_provider_vcc.sandbox
  Your own data, the connection, all parameters:  README.md
"""


def environment(home: Path, connection: str) -> dict[str, str]:
    """Return the environment of an Airflow that nothing outside of ``home`` has a say in."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return outside | {
        "AIRFLOW_CONN_VCC_DEFAULT": connection,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    }


def run_in_airflow(home: Path, connection: str) -> dict[str, Any]:
    """Run the DAG in a process of its own, and return what it left: elements, task state, summary."""
    shutil.copytree(
        DAG_FILE.parent, home / "dags", ignore=lambda _, names: {name for name in names if name != DAG_FILE.name}
    )
    result = home / "result.json"
    command = [sys.executable, HERE / "airflow_run.py", home / "dags" / DAG_FILE.name, DAG_ID, TASK_ID, result]
    with (home / "airflow.log").open("wb") as log:
        done = subprocess.run(command, env=environment(home, connection), stdout=log, stderr=log, check=False)
    if done.returncode or not result.exists():
        tail = (home / "airflow.log").read_text(errors="replace").splitlines()[-40:]
        raise SystemExit("\n".join(["Airflow did not finish. The last lines of its log:", *tail]))
    return json.loads(result.read_text())


def outcomes(elements: list[Any], summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each element's outcome and the reason, from the task's own summary.

    An element without an errorcode was refused before it was sent; the demo's server answers all that it gets.
    """
    found = [("applied", "the API says so for this very element")] * len(elements)
    for error in summary["errors"]:
        code = error["errorcode"]
        entry = ("invalid", error["errormessage"]) if code is None else ("rejected", f"{code} {error['errormessage']}")
        for position in error["positions"]:
            found[position] = entry
    return found


def describe(element: Mapping[str, Any]) -> str:
    """Return the record or records that an element names."""
    if "numberid" in element:
        return f"record {element['numberid']}"
    return "records with " + " and ".join(f"{key} {value}" for key, value in element["search"].items())


def verdict(result: Mapping[str, Any]) -> str:
    """Return why the task is in its state."""
    summary = result["summary"]
    counts = f"{summary['failed']} of {summary['total']} elements failed"
    if result["state"] != "failed":
        return f"{counts}, which it tolerates" if summary["failed"] else "all elements were applied"
    return f"{counts}, and it tolerates none until max_errors or max_error_rate says so"


def show_outcomes(result: Mapping[str, Any], paint: Painter) -> None:
    found = outcomes(result["elements"], result["summary"])
    rows = [
        (str(position), describe(element), paint(outcome, COLOURS.get(outcome, "red")), reason)
        for position, (element, (outcome, reason)) in enumerate(zip(result["elements"], found, strict=True))
    ]
    print(render(("position", "element", "outcome", "why"), rows, fancy=paint.fancy))
    print(f"\nThe task's state is {paint(result['state'], COLOURS.get(result['state'], 'red'))}: {verdict(result)}.\n")


def read_record(connection: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the call centre, by its own API, what was set last on the record; nothing yet: an empty dict."""
    address = f"{connection['host']}:{connection['port']}/v2/projects/17/records/{RECORD}"
    token = b64encode(f"{connection['login']}:{connection['password']}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {token}"})  # noqa: S310 -- loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 -- likewise
        events = json.load(answer)["response"]["events"]
    return events[-1] if events else {}


def show_record(before: Mapping[str, Any], after: Mapping[str, Any], paint: Painter) -> None:
    rows = [(words, *(str(state.get(name) or "-") for state in (before, after))) for words, name in FIELDS.items()]
    print(f"Record {RECORD} in the call centre, as its API shows it:")
    print(render(("", "before", "after"), rows, fancy=paint.fancy))


def keep_open(sandbox: Sandbox) -> None:
    """Leave the call centre open for as long as somebody at a terminal wants to look around."""
    if sys.stdin.isatty() and sys.stdout.isatty() and "CI" not in os.environ:
        print(f"\nThe call centre is still open: {sandbox.url}/ in a browser shows it. Enter closes it.", flush=True)
        sys.stdin.readline()
    else:
        print(f"\nThe call centre was at {sandbox.url}/, a page for your browser; it closes now.")


def main() -> None:
    paint = Painter.for_stream(sys.stdout)
    with tempfile.TemporaryDirectory(prefix="vcc-demo-") as folder, Sandbox(records=24) as sandbox:
        print(f"A sandbox call centre answers at {sandbox.url}.")
        print(f"Airflow runs {DAG_FILE.relative_to(ROOT)}: 10 to 20 seconds ...\n", flush=True)
        before = read_record(sandbox.connection())
        result = run_in_airflow(Path(folder), json.dumps(sandbox.connection()))
        show_outcomes(result, paint)
        show_record(before, read_record(sandbox.connection()), paint)
        print(f"\n{NEXT}", end="")
        keep_open(sandbox)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
