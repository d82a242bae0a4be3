"""What more shards bring: ``python -m benchmarks.growth_shards``; ``--write`` puts the figures into docs/warehouse.md.

Each shard is a process of its own, as on a worker, that runs the real operator over its share of a real PostgreSQL's
rows and saves its progress at the cost that Airflow's store has. The call centre is the sandbox: it answers after 0.2 s
and works on 8 requests at a time; the others wait for their turn.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Capacity, Latency
from benchmarks.alone import ROOT
from benchmarks.machine import describe
from benchmarks.run import save
from benchmarks.svg import Axis, Picture
from benchmarks.warehouse import postgres

if TYPE_CHECKING:
    from collections.abc import Sequence

BASELINE = ROOT / "benchmarks" / "shards.json"
PAGE = ROOT / "docs" / "warehouse.md"
IMAGE = ROOT / "docs" / "images" / "shards.svg"
MARKED = re.compile(r"(<!-- figures: shards -->)\n.*?(?=<!-- end -->)", re.DOTALL)

ROWS = 100_000
ROUNDS = 6
"""The best one counts."""
SHARDS = (1, 2, 4, 8)
SECONDS, AT_A_TIME = 0.2, 8
CHUNK, IN_FLIGHT = 250, 2
"""Small, so that neither the sandbox nor the machine is what limits."""
COMMAND = (sys.executable, "-m", "benchmarks.one_shard")


def measure(shards: Sequence[int]) -> dict[str, Any]:
    """Return the rows per second by number of shards."""
    found = {}
    with postgres() as host:
        for count in shards:
            found[str(count)] = max((_run(count, host) for _ in range(ROUNDS)), key=lambda run: run["rate"])
            print(f"{count} shards: {found[str(count)]}", file=sys.stderr)
    return {"machine": describe(), "rows": ROWS, "shards": found}


def ideal(shards: int) -> float:
    """Return the rows per second that these answers allow."""
    return min(shards * IN_FLIGHT, AT_A_TIME) * CHUNK / SECONDS


def _run(count: int, host: str) -> dict[str, float]:
    faults = Capacity(AT_A_TIME) + Latency(SECONDS)
    with Sandbox.process(records=ROWS, keep_bodies=0, faults=faults) as sandbox:
        processes = [_start(number, count, host, sandbox) for number in range(count)]
        for process in processes:
            _read(process)  # it is ready
        for process in processes:
            process.stdin.write("go\n")
            process.stdin.flush()
        runs = [json.loads(_read(process)) for process in processes]
        for process in processes:
            process.wait()
    if (applied := sum(run["applied"] for run in runs)) != ROWS:
        raise RuntimeError(f"not what was to be measured: {applied} of {ROWS} rows applied")
    seconds = max(run["ended"] for run in runs) - min(run["began"] for run in runs)
    rate = ROWS / seconds
    return {"seconds": seconds, "rate": rate, "of_ideal": rate / ideal(count), "cpu": sum(run["cpu"] for run in runs)}


def _start(number: int, count: int, host: str, sandbox: Any) -> Any:
    arguments = {"number": number, "count": count, "rows": ROWS, "chunk_size": CHUNK, "max_in_flight": IN_FLIGHT}
    warehouse = {"conn_type": "postgres", "host": host, "login": "postgres", "schema": "postgres"}
    environment = os.environ | {
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse),
        "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection()),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([*COMMAND, json.dumps(arguments)], cwd=ROOT, env=environment, **pipes)


def _read(process: Any) -> str:
    """Return the next line that is meant for us: what is imported may print as well."""
    for line in process.stdout:
        if line.startswith("> "):
            return str(line[2:])
    raise RuntimeError("a shard ended before its time")


def table(results: dict[str, Any]) -> str:
    """Return the figures as a Markdown table."""
    head = "| shards | requests in flight | worked on at a time | rows/s at best | rows/s measured | CPU of all |"
    rows = [
        f"| {count} | {int(count) * IN_FLIGHT} | {min(int(count) * IN_FLIGHT, AT_A_TIME)} | {ideal(int(count)):,.0f} "
        f"| {row['rate']:,.0f} | {row['cpu']:.1f} s |"
        for count, row in results["shards"].items()
    ]
    return "\n".join([head, "|" + " ---: |" * 6, *rows])


def picture(results: dict[str, Any]) -> Picture:
    """Draw the rows per second by number of shards, and the limit of the service."""
    subtitle = (
        f"answers after {SECONDS:g} s, {AT_A_TIME} at a time; {CHUNK} rows a request, {IN_FLIGHT} in flight a shard"
    )
    drawn = Picture(720, 300, "Rows per second by number of shards", subtitle)
    rates = {int(count): row["rate"] for count, row in results["shards"].items()}
    most = max(ideal(count) for count in rates)
    x, y = Axis((min(rates), max(rates)), (90, 660), logarithmic=True), Axis((0, most * 1.1), (245, 75))
    for level in (0, most / 2):
        drawn.rule((90, y(level)), (660, y(level)))
        drawn.text(82, y(level) + 4, f"{level:,.0f}", "muted small", "end")
    drawn.rule((90, y(most)), (660, y(most)), "limit")
    drawn.text(660, y(most) - 6, f"what the service serves: {most:,.0f}", "small limit-text", "end")
    drawn.line([(x(count), y(rate)) for count, rate in rates.items()], "c0")
    for count, rate in rates.items():
        drawn.text(x(count), y(rate) + 20, f"{rate:,.0f}", "small", "middle")
        drawn.text(x(count), 265, str(count), "muted small", "middle")
    drawn.text(375, 284, "shards", "muted small", "middle")
    return drawn


def filled(page: str, results: dict[str, Any]) -> str:
    """Return a page with the table put between its marks."""
    return MARKED.sub(lambda found: f"{found[1]}\n{table(results)}\n", page)


def main() -> None:
    """Measure, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make this run the committed one")
    write = parser.parse_args().write
    results = measure(SHARDS)
    print(table(results))
    if write:
        save(results, BASELINE)
        results = json.loads(BASELINE.read_text())
        IMAGE.write_text(str(picture(results)))
        PAGE.write_text(filled(PAGE.read_text(), results))


if __name__ == "__main__":
    main()
