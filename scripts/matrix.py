"""Run the tests against the built wheel, in each supported Airflow and Python.

Usage: ``matrix.py [PAIR ...]`` with pairs such as ``2.11-py3.11``, ``oldest``, ``newest`` or ``lowest``; all of them by
default. ``lowest`` is the oldest pair with the lowest version of each dependency that the metadata allows.
A pair whose Python is not on this machine fails by its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "matrix"
# What each Airflow's own metadata allows, from our oldest Python on.
PAIRS = {
    "2.11": ("3.11", "3.12"),
    "3.0": ("3.11", "3.12"),
    "3.1": ("3.11", "3.12", "3.13"),
    "3.2": ("3.11", "3.12", "3.13"),
    "3.3": ("3.11", "3.12", "3.13"),
}
NAMES = {
    f"{airflow}-py{python}": (airflow, python) for airflow, pythons in reversed(PAIRS.items()) for python in pythons
} | {"lowest": ("2.11", "3.11")}
# The whole suite runs but for what is about the checkout, and not about the wheel, ...
OF_THE_CHECKOUT = [
    "tests/airflow/test_readme.py",
    "tests/demo",
    "tests/docs",
    "tests/packaging/test_environment.py",
    "tests/packaging/test_release.py",
    "tests/packaging/test_repo.py",
    "tests/packaging/test_rooms.py",
    "tests/packaging/test_types.py",
    "tests/packaging/test_wheel.py",
    "tests/sandbox/test_docs.py",
]
# ... and what needs servers, a browser or several processes of Airflow.
OF_WHOLE_SYSTEMS = ["tests/crash/test_airflow.py", "tests/ui", "tests/workers"]
MARKS = "not long and not postgres and not redis and not mariadb and not pgbouncer and not odbc and not chromium"
SHORT = {"newest": "3.3-py3.13", "oldest": "2.11-py3.11"}
NEWEST = list(PAIRS)[-1]
WORKERS = os.environ.get("WORKERS", "2")


def run(*command: str | Path, **options: object) -> None:
    subprocess.run(list(map(str, command)), check=True, **options)  # type: ignore[call-overload]


def find_python(version: str) -> str | None:
    """Return a Python of that minor version that can make an environment.

    A pyenv shim may be there without its Python, and Debian's Python without ensurepip.
    """
    needs = "sys" if shutil.which("uv") else "ensurepip"
    check = f"import sys, {needs}; sys.exit('%d.%d' % sys.version_info[:2] != {version!r})"
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for candidate in [f"python{version}", *sorted(pyenv.glob(f"versions/{version}.*/bin/python"))]:
        path = shutil.which(str(candidate))
        if path and subprocess.run([path, "-c", check], check=False, capture_output=True).returncode == 0:
            return path
    return None


def build_wheel() -> Path:
    shutil.rmtree(BUILD / "dist", ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", BUILD / "dist", cwd=ROOT)
    [wheel] = (BUILD / "dist").glob("*.whl")
    return wheel


def constraints_of(name: str) -> Path:
    pins = name if name == "lowest" else NAMES[name][0]
    older = ROOT / "scripts" / "matrix" / f"constraints-{pins}.txt"
    return older if older.exists() else ROOT / "constraints.txt"


def make_environment(venv: Path, base: str, constraints: Path) -> None:
    """Make the pair's environment with all that the wheel and the tests need, kept until the pins change."""
    data = constraints.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + base.encode()
    stamp = venv / f".made-{zlib.crc32(data):x}"
    if stamp.exists():
        return
    shutil.rmtree(venv, ignore_errors=True)
    wanted = [f"{ROOT}[arrow,excel,sql]", "--group", f"{ROOT}/pyproject.toml:matrix", "--constraint", constraints]
    if shutil.which("uv"):
        run("uv", "venv", "--quiet", "--python", base, venv)
    else:
        run(base, "-m", "venv", venv)
        run(venv / "bin" / "pip", "install", "--quiet", "--upgrade", "pip")
    run(*installer(venv), *wanted)
    stamp.touch()


def installer(venv: Path) -> list[str | Path]:
    if shutil.which("uv"):
        return ["uv", "pip", "install", "--quiet", "--python", venv / "bin" / "python"]
    return [venv / "bin" / "pip", "install", "--quiet"]


def copy_tests(folder: Path) -> None:
    """Copy what the tests read, but not the package: only the wheel's can be imported then."""
    shutil.rmtree(folder, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in ("tests", "example_dags"):
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", folder)


def pytest_of(airflow: str, venv: Path) -> list[str | Path]:
    """Return the command that tests what is installed in an environment."""
    left_out = [argument for path in [*OF_THE_CHECKOUT, *OF_WHOLE_SYSTEMS] for argument in ("--deselect", path)]
    # Older Airflows warn of their own doing: warnings are errors on the newest only.
    warnings = [] if airflow == NEWEST else ["-W", "default", "--disable-warnings"]
    many = ["-n", WORKERS, "--dist", "loadgroup"]
    return [venv / "bin" / "python", "-P", "-m", "pytest", "-q", "-r", "fE", *many, "-m", MARKS, *left_out, *warnings]


def run_pair(name: str, base: str, wheel: Path) -> bool:
    airflow, python = NAMES[name]
    venv, folder = BUILD / name / "venv", BUILD / name / "run"
    print(f"\n=== {name}: Airflow {airflow}, Python {python}, {wheel.name}", flush=True)
    make_environment(venv, base, constraints_of(name))
    run(*installer(venv), "--no-deps", "--reinstall" if shutil.which("uv") else "--force-reinstall", wheel)
    copy_tests(folder)
    return subprocess.run(pytest_of(airflow, venv), cwd=folder, check=False).returncode == 0


def tell(results: dict[str, bool | None]) -> None:
    print()
    for name, passed in results.items():
        print(f"{name:14}", {True: "passed", False: "FAILED", None: "FAILED: this Python is not installed"}[passed])


def main(arguments: list[str]) -> int:
    wanted = [SHORT.get(name, name) for name in arguments]
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"No such pair: {', '.join(unknown)}. There are: {', '.join([*SHORT, *NAMES])}")
        return 2
    wheel = build_wheel()
    results: dict[str, bool | None] = {}
    for name in wanted or NAMES:
        python = find_python(NAMES[name][1])
        results[name] = run_pair(name, python, wheel) if python else None
    tell(results)
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
