"""Changes the engine a little, one change at a time, and sees whether the fast tests and the simulator notice.

``python scripts/mutate.py [--sample 200] [--seed 0] [--seeds 150] [--only window.py]``. A comparison is turned round, a
number moved by one, ``and`` made ``or``, a condition made constant. Each change is tried in a process of its own; the
files stay as they are. What nobody noticed is listed at the end: either a test is missing, or the change makes no
difference.
"""

from __future__ import annotations

import argparse
import ast
import importlib.machinery
import os
import random
import signal
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ENGINE = ROOT / "airflow_provider_vcc" / "dispositions" / "engine"
MODULES = (
    "window.py",
    "saves.py",
    "breaker.py",
    "chunk_size.py",
    "backoff.py",
    "recorder.py",
    "sync.py",
    "verdicts.py",
)
MODULES += ("limit.py", "pace.py", "spent.py")
TESTS = ("window", "saves", "service", "sizes", "chunks", "pace", "recorder", "backoff", "limit", "shell", "figures")
LONGEST = 240
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


def notices(path: Path, number: int, seeds: int) -> bool:
    """Return whether a change makes the tests or the simulator fail, as they run in this very process."""
    mutator = Mutator(number)
    tree = ast.fix_missing_locations(mutator.visit(ast.parse(path.read_text())))
    code = compile(tree, str(path), "exec")
    usual = importlib.machinery.SourceFileLoader.get_code
    importlib.machinery.SourceFileLoader.get_code = (  # type: ignore[method-assign]
        lambda self, name: code if self.path == str(path) else usual(self, name)
    )
    import pytest

    files = [str(ROOT / "tests" / "dispositions" / f"test_{name}.py") for name in TESTS]
    options = ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", "--tb=no"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is loaded already
    if pytest.main([*options, *(file for file in files if Path(file).exists())]):
        return True
    from support.simulator.play import play_seed

    for seed in range(seeds):
        try:
            if play_seed(seed)[2] is not None:
                return True
        except Exception:  # noqa: BLE001 -- a run that breaks in any way is noticed
            return True
    return False


def noticed(path: Path, number: int, seeds: int) -> bool:
    """Return whether a change is noticed, in a process of its own; one that hangs is."""
    child = os.fork()
    if child == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        signal.alarm(LONGEST)
        result = True
        try:
            result = notices(path, number, seeds)
        finally:
            os._exit(int(result))
    return os.waitpid(child, 0)[1] != 0


def main() -> int:
    """Try a sample, and list what was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=150)
    parser.add_argument("--only", nargs="*", default=MODULES)
    given = parser.parse_args()
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]
    sys.modules["airflow"] = None  # type: ignore[assignment]  # the engine starts faster without it
    import hypothesis  # noqa: F401 -- loaded once, before the forks
    import pytest  # noqa: F401 -- likewise
    import requests  # noqa: F401 -- likewise

    paths = [path for path in sorted(ENGINE.rglob("*.py")) if path.name in given.only or path.parent.name == "chunks"]
    every = []
    for path in paths:
        mutator = Mutator()
        mutator.visit(ast.parse(path.read_text()))
        every += [(path, number, said) for number, said in enumerate(mutator.said)]
    dice = random.Random(given.seed)  # noqa: S311 -- a sample
    chosen = dice.sample(every, min(given.sample, len(every)))
    if noticed(paths[0], NOTHING, given.seeds):
        print("the tests fail as they are, without any change")
        return 1
    began, missed = time.monotonic(), []
    for done, (path, number, said) in enumerate(chosen, 1):
        if not noticed(path, number, given.seeds):
            missed.append(f"{path.relative_to(ENGINE)} {said}")
            print(f"[{done}] not noticed: {missed[-1]}", flush=True)
    seen = len(chosen) - len(missed)
    print(f"{seen} of {len(chosen)} of {len(every)} changes noticed, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
