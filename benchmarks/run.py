"""Measure, print the tables, draw the pictures: ``make bench``. With ``--check``, compare with what is committed.

``--only window,retry`` measures a part. ``--write`` makes the run, or this part of it, the committed one:
``benchmarks/baseline.json`` and the pictures of the documentation.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks import pictures, tables
from benchmarks.alone import ROOT
from benchmarks.goals import GOALS, worse
from benchmarks.machine import describe
from benchmarks.plan import CHECK, FULL, Plan

BASELINE = ROOT / "benchmarks" / "baseline.json"
BUILD = ROOT / "build" / "bench"
IMAGES = ROOT / "docs" / "images"
PAGE = ROOT / "docs" / "speed.md"
BUSY = 0.5


def measure(plan: Plan) -> dict[str, Any]:
    """Measure everything of a plan."""
    results: dict[str, Any] = {"machine": describe()}
    if results["machine"]["load"] > BUSY:
        print(f"This machine is busy (load {results['machine']['load']}): the figures will be too.", file=sys.stderr)
    for name in plan.measures:
        began = time.monotonic()
        results[name] = import_module(f"benchmarks.measures.{name}").measure(plan)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    return results


def save(results: dict[str, Any], path: Path) -> None:
    """Write results, lists of figures in one line each."""
    text = json.dumps(_rounded(results), indent=1)
    text = re.sub(r"\[[^\[\]{}]*\]", lambda match: " ".join(match[0].split()), text)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def commit(results: dict[str, Any]) -> None:
    """Make a run the one that others are compared with, and that the documentation shows, as it is kept: rounded."""
    results = _rounded(results)
    save(results, BASELINE)
    pictures.draw(results, IMAGES)
    PAGE.write_text(tables.filled(PAGE.read_text(), results))


def compare(results: dict[str, Any]) -> bool:
    """Print each figure beside the committed one, and return whether none is worse."""
    before = json.loads(BASELINE.read_text())
    bad = [goal for goal in GOALS if worse(goal, results, before)]
    print(tables.comparison(results, before, bad))
    return not bad


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="measure less, and fail where a figure has got worse")
    parser.add_argument("--write", action="store_true", help="make this run the committed one")
    parser.add_argument("--only", metavar="NAMES", help="measure only these, such as window,retry")
    parser.add_argument("--from", metavar="FILE", dest="file", type=Path, help="show results that were saved")
    return parser.parse_args()


def main() -> int:
    """Do what the command line asks for."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no process stays behind
    arguments = _arguments()
    plan = CHECK if arguments.check else FULL
    if arguments.only:
        plan = replace(plan, measures=tuple(arguments.only.split(",")))
    results = json.loads(arguments.file.read_text()) if arguments.file else measure(plan)
    save(results, BUILD / "results.json")
    if arguments.only:
        print((BUILD / "results.json").read_text())
        if arguments.write:
            commit(json.loads(BASELINE.read_text()) | {name: results[name] for name in plan.measures})
        return 0
    if arguments.check:
        return 0 if compare(results) else 1
    print(tables.everything(results))
    pictures.draw(results, BUILD)
    if arguments.write:
        commit(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
