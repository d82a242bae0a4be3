"""An environment of its own for what we are measured beside: ``build/bench/venv/``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys

from benchmarks.alone import ROOT

__all__ = ["others_python"]

FOLDER = ROOT / "build" / "bench" / "venv"
CONSTRAINTS = ROOT / "constraints.txt"
REQUIREMENTS = ROOT / "benchmarks" / "requirements.txt"


def others_python() -> str:
    """Return the path of its Python; the environment is made where it is missing or another one is wanted by now."""
    python = FOLDER / "bin" / "python"
    wanted = hashlib.sha256(CONSTRAINTS.read_bytes() + REQUIREMENTS.read_bytes()).hexdigest()
    stamp = FOLDER / wanted[:16]
    if not stamp.exists():
        print("Setting up build/bench/venv: once, about a minute ...", file=sys.stderr)
        shutil.rmtree(FOLDER, ignore_errors=True)
        _make(str(python))
        stamp.touch()
    return str(python)


def _make(python: str) -> None:
    wanted = ["--quiet", "--constraint", str(CONSTRAINTS), "--requirement", str(REQUIREMENTS)]
    if uv := shutil.which("uv"):
        _run(uv, "venv", "--quiet", "--python", sys.executable, str(FOLDER))
        _run(uv, "pip", "install", "--python", python, *wanted)
    else:
        _run(sys.executable, "-m", "venv", str(FOLDER))
        _run(python, "-m", "pip", "install", "--disable-pip-version-check", *wanted)


def _run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)
