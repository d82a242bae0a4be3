"""What an import brings along: nothing where nothing is needed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.versions import AIRFLOW

import airflow_provider_vcc

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked or name in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Block())
"""

WALK = """
import importlib, pkgutil
def walk(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
"""

# Older Airflows warn of their own doing.
WARNINGS = ["-W", "error"] if AIRFLOW >= (3, 3) else []

PACKAGE = Path(airflow_provider_vcc.__file__).parent
FILES = [path for folder in ("decorators", "operators", "transfers") for path in sorted(PACKAGE.glob(f"{folder}/*.py"))]
OPERATORS = [path for path in FILES if re.search(r"^class \w+Operator\(", path.read_text(), re.MULTILINE)]
MODULES = ["hooks.vcc", *(f"{path.parent.name}.{path.stem}" for path in OPERATORS)]
HEAVY = {"airflow.providers.common.sql", "fastapi", "fsspec", "httpx", "openlineage", "pandas", "pyarrow", "requests"}


def run(*lines):
    """Run Python code in a process of its own and return the names of the modules it has imported."""
    code = "\n".join([*lines, "import sys, json; print(json.dumps(sorted(sys.modules)))"])
    done = subprocess.run([sys.executable, "-P", *WARNINGS, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("package", ["airflow_provider_vcc.dispositions", "airflow_provider_vcc.sandbox"])
def test_the_engine_and_the_sandbox_import_where_there_is_no_airflow(package):
    modules = run("blocked = {'airflow'}", BLOCK, WALK, f"walk({package!r})")
    assert package in modules
    assert "airflow" not in modules


def test_the_sandbox_does_not_know_the_engine():
    blocked = {"airflow", "airflow_provider_vcc.dispositions", "airflow_provider_vcc.exceptions"}
    assert "airflow_provider_vcc.sandbox" in run(f"{blocked=}", BLOCK, WALK, "walk('airflow_provider_vcc.sandbox')")


def test_nothing_but_the_sandbox_itself_imports_the_sandbox():
    modules = run(
        "blocked = {'airflow_provider_vcc.sandbox'}",
        BLOCK,
        WALK,
        "import airflow_provider_vcc",
        "for name in ('dispositions', 'hooks', 'operators', 'transfers'): walk(f'airflow_provider_vcc.{name}')",
    )
    assert "airflow_provider_vcc.hooks.vcc" in modules


def test_the_provider_info_is_read_without_importing_airflow():
    modules = run("from airflow_provider_vcc.get_provider_info import get_provider_info", "get_provider_info()")
    assert not {name for name in modules if name.split(".")[0] in {"airflow", "requests", "msgspec"}}


@pytest.fixture(scope="module")
def brought():
    """Return the modules that each of ours brings to a DAG file, in one process: Airflow takes seconds to import.

    What two of ours bring is counted to the first of them.
    """
    code = f"""
import importlib, json, sys
from airflow.providers.common.compat.sdk import DAG, BaseOperator, BaseHook, task
brought = {{}}
for module in {MODULES!r}:
    before = set(sys.modules)
    importlib.import_module("airflow_provider_vcc." + module)
    brought[module] = sorted(set(sys.modules) - before)
print(json.dumps(brought))
"""
    done = subprocess.run([sys.executable, "-P", *WARNINGS, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {f"airflow_provider_vcc.{module}" for module in MODULES} <= {
        name for names in found.values() for name in names
    }
    return found


@pytest.mark.parametrize("module", MODULES)
def test_a_dag_that_is_parsed_imports_nothing_heavy_for_this_package(module, brought):
    assert not {name for name in brought[module] for heavy in HEAVY if name == heavy or name.startswith(heavy + ".")}
