"""Change the engine a little, one change at a time, and see whether the fast tests and the simulator notice.

``python scripts/mutate.py [--sample 200] [--seed 0] [--seeds 150] [--only window.py] [--log FILE] [--minutes 4]``. A
comparison is turned round, a number moved by one, ``and`` made ``or``, a condition made constant. Each change is tried
in a process of its own; the files stay as they are. What nobody noticed is listed at the end: either a test is missing,
or the change makes no difference.

What was tried stands in the log, and is not tried again: so a sample can be worked off in pieces (``--minutes``).
``--again`` tries those that were not noticed once more, after a test was written.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.machinery
import json
import os
import random
import resource
import signal
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "airflow_provider_vcc" / "dispositions" / "engine"
TESTS = ("window", "saves", "service", "sizes", "chunks", "pace", "recorder", "backoff", "limit", "shell", "figures")
TESTS += ("saver", "carriers", "busy", "usual")
SLOW = ("exchange/multiplexing", "sync")
"""These have real servers and wait for them, so they come last."""
TWICE = 2
"""What only those notice must be noticed again: on a busy machine they are red now and then without any change."""
NEAREST = {
    "breaker.py": "service",
    "chunk_size.py": "sizes",
    "spent.py": "shell",
    "kept.py": "shell",
    "sync.py": "shell",
    "threads.py": "carriers",
    "senders.py": "carriers",
    "workers.py": "carriers",
    "bell.py": "exchange/multiplexing",
    "chunk.py": "chunks",
    "packer.py": "chunks",
    "rehearsal.py": "carriers",
    "settings.py": "figures",
}
"""The tests that most likely notice a change come first; those of a module's own name where nothing stands here."""
ALONE = {"auto.py": ["limit", "figures"], "knee.py": ["limit"]}
"""What no other test reaches, nor the simulator: these have a limit of their own."""
BELOW = ("http.client", "progress.synced", "progress.resume", "outcomes.tally", "sources.memory", "elements.checker")
"""Rooms below the engine: loaded once, before the forks."""
FIRST_SEEDS = 15
LONGEST = 240
"""Seconds for one change, ten times what all takes without any; of CPU, twice what the tests take without any."""
NOTHING = -1
"""The number of no change."""
TURNED = {
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


def changes_of(node: Any) -> list[tuple[str, Any]]:
    """Return the changes of one node: what is said of each, and the node that takes its place."""
    found: list[tuple[str, Any]] = []
    if isinstance(node, ast.Compare):
        other = deepcopy(node)
        other.ops = [TURNED[type(node.ops[0])](), *node.ops[1:]]
        found.append((f"{ast.unparse(node)} -> {ast.unparse(other)}", other))
    elif isinstance(node, ast.Constant) and type(node.value) in {int, float}:
        values = (node.value + 1, node.value - 1)
        found.extend((f"{node.value} -> {value}", ast.Constant(value)) for value in values)
    elif isinstance(node, ast.BoolOp):
        other = deepcopy(node)
        other.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        found.append((f"{ast.unparse(node)} -> {ast.unparse(other)}", other))
    elif isinstance(node, ast.If | ast.IfExp) and ast.unparse(node.test) != "TYPE_CHECKING":
        for value in (True, False):
            other = deepcopy(node)
            other.test = ast.Constant(value)
            found.append((f"if {ast.unparse(node.test)} -> {value}", other))
    return found


class Mutator(ast.NodeTransformer):
    """Counts the changes of a module, or carries one out; annotations are left alone.

    :param wanted: the number of the change to carry out.
    """

    def __init__(self, wanted: int | None = None) -> None:
        self.wanted = wanted
        self.said: list[str] = []

    def visit(self, node: Any) -> Any:
        """Visit a node, and what is in it."""
        for description, other in changes_of(node):
            self.said.append(f"line {node.lineno}: {description}")
            if len(self.said) - 1 == self.wanted:
                return ast.copy_location(other, node)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        """Look at the value only."""
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> Any:
        """Leave the annotation alone."""
        return node


def carry_out(path: Path, number: int) -> None:
    """Make the change when its module is imported."""
    tree = ast.fix_missing_locations(Mutator(number).visit(ast.parse(path.read_text())))
    code = compile(tree, str(path), "exec")
    usual = importlib.machinery.SourceFileLoader.get_code
    importlib.machinery.SourceFileLoader.get_code = (  # type: ignore[method-assign]
        lambda self, name: code if self.path == str(path) else usual(self, name)
    )


def notices(path: Path, number: int, seeds: int) -> bool:
    """Return whether a change makes the tests or the simulator fail, as they run in this very process."""
    carry_out(path, number)
    import pytest

    nearest = NEAREST.get(path.name, path.stem if path.stem in TESTS else "window")
    options = ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", "--tb=no", "--import-mode=importlib"]
    options += ["-m", "not long", "-p", "support.tls"]
    options += ["-c", os.devnull, "--rootdir", str(ROOT)]  # without plugins, whose options our configuration has

    def is_red(names: list[str]) -> bool:
        return bool(pytest.main([*options, *map(file_of, names)]))

    if path.name in ALONE:
        return is_red(ALONE[path.name])
    return (
        is_red([nearest])
        or fails(range(min(FIRST_SEEDS, seeds)))
        or is_red([name for name in TESTS if name != nearest])
        or fails(range(FIRST_SEEDS, seeds))
        or all(is_red([name for name in SLOW if name != nearest]) for _ in range(TWICE))
    )


def file_of(name: str) -> str:
    """Return the file of some tests; without a folder in its name, it is one of the engine's."""
    room, _, last = name.rpartition("/")
    return str(ROOT / "tests" / (room or "dispositions") / f"test_{last}.py")


def fails(seeds: range) -> bool:
    """Return whether the simulator finds fault with one of these seeds."""
    from support.simulator.play import play_seed

    try:
        return any(play_seed(seed)[2] is not None for seed in seeds)
    except Exception:  # noqa: BLE001 -- a run that breaks in any way is noticed
        return True


def noticed(path: Path, number: int, seeds: int, cpu: float = LONGEST) -> tuple[bool, float]:
    """Return whether a change is noticed, in a process of its own, and the seconds of CPU; to hang is to be noticed."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.alarm(LONGEST)
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu) + 1, int(cpu) + 1))
        result = True
        try:
            result = notices(path, number, seeds)
        finally:
            os._exit(int(result))
    _, status, used = os.wait4(child, 0)
    return status != 0, used.ru_utime + used.ru_stime


def prepare() -> None:
    """Load what is not changed, once; the engine starts faster without Airflow, and pytest without plugins."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
    sys.modules["airflow"] = None  # type: ignore[assignment]
    from hypothesis import HealthCheck, settings

    quick = {"deadline": None, "database": None, "max_examples": 50, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("mutants", **quick)
    settings.load_profile("mutants")
    for name in ("pytest", "requests", "airflow_provider_vcc.sandbox"):
        importlib.import_module(name)
    for name in BELOW:
        importlib.import_module(f"airflow_provider_vcc.dispositions.{name}")


def sample(given: argparse.Namespace) -> list[tuple[Path, int, str]]:
    """Return the changes to try: where, which of the module's, and what it does."""
    every = []
    for path in sorted(ENGINE.rglob("*.py")):
        if not given.only or path.name in given.only:
            mutator = Mutator()
            mutator.visit(ast.parse(path.read_text()))
            every += [(path, number, said) for number, said in enumerate(mutator.said)]
    dice = random.Random(given.seed)  # noqa: S311 -- a sample
    chosen = dice.sample(every, min(given.sample, len(every)))
    print(f"{len(chosen)} of {len(every)} changes")
    return chosen


def name_of(path: Path, number: int, said: str) -> str:
    """Return what a change goes by in the log."""
    return f"{path.relative_to(ENGINE)} #{number} {said}"


def tried(log: Path | None) -> dict[str, bool]:
    """Return what was tried before, by name, and whether it was noticed."""
    lines = log.read_text().splitlines() if log is not None and log.exists() else []
    return {line["change"]: line["noticed"] for line in map(json.loads, lines)}


def main() -> int:
    """Try a sample, and list what was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=150)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--log", type=Path)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    prepare()
    chosen, known = sample(given), tried(given.log)
    began = time.monotonic()
    fails_anyhow, cpu = noticed(ENGINE / "window.py", NOTHING, given.seeds)
    if fails_anyhow:
        print("the tests fail as they are, without any change")
        return 1
    print(f"without a change, all of it takes {cpu:.1f} s of CPU")
    for path, number, said in chosen:
        change = name_of(path, number, said)
        if change in known and (known[change] or not given.again):
            continue
        if time.monotonic() - began > 60 * given.minutes:
            break
        known[change], used = noticed(path, number, given.seeds, 2 * cpu + 1)
        if given.log is not None:
            with given.log.open("a") as log:
                print(json.dumps({"change": change, "noticed": known[change], "cpu": round(used, 2)}), file=log)
    names = [name_of(*change) for change in chosen]
    for name in names:
        if known.get(name) is False:
            print(f"not noticed: {name}")
    seen = [known[name] for name in names if name in known]
    print(f"{sum(seen)} of {len(seen)} changes noticed, {len(names) - len(seen)} to try")
    return 0


if __name__ == "__main__":
    sys.exit(main())
