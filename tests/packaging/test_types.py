"""What a user writes passes ``mypy --strict`` against the installed wheel: the examples and the pages' code do."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

from airflow_provider_vcc._compat import BaseOperator
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.rendering.arguments import SendingArguments, TaskArguments

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CONFIG = """
[mypy]
strict = true
warn_unreachable = true
untyped_calls_exclude = airflow.providers

[mypy-pyarrow.*,pandas.*]
ignore_missing_imports = true
"""


@pytest.fixture(scope="module")
def python(built, tmp_path_factory):
    """Return an environment that has the wheel, and everything but this package from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("user") / "venv"
    venv.create(folder, with_pip=False)
    packages = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    zipfile.ZipFile(next(built.glob("*.whl"))).extractall(packages)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def code(repo, tmp_path_factory):
    """Return a folder with the example DAGs, the Python of all pages, and what must be accepted or refused."""
    folder = tmp_path_factory.mktemp("code")
    for path in [*repo.glob("example_dags/*.py"), repo / "tests" / "packaging" / "public_api.py"]:
        shutil.copy(path, folder)
    for page in [repo / "README.md", *repo.glob("docs/*.md")]:
        for number, block in enumerate(PYTHON.findall(page.read_text())):
            (folder / f"{page.stem.replace('-', '_').lower()}_{number}.py").write_text(block)
    (folder / "mypy.ini").write_text(CONFIG)
    return folder


def test_the_examples_and_the_pages_code_pass_mypy_strict_against_the_installed_wheel(python, code, repo):
    assert len(list(code.glob("*.py"))) > 20
    command = [sys.executable, "-P", "-m", "mypy", "--python-executable", python]
    command += ["--cache-dir", repo / "build" / "mypy-user", *sorted(code.glob("*.py"))]
    done = subprocess.run(command, cwd=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def parameters(operator):
    return {
        name
        for name, kind in inspect.signature(operator.__init__).parameters.items()
        if kind.kind.name == "KEYWORD_ONLY"
    }


def test_the_types_of_handed_on_keywords_know_each_parameter_of_airflow_and_of_the_operator():
    of_airflow, of_sending = set(TaskArguments.__annotations__), set(SendingArguments.__annotations__)
    assert parameters(BaseOperator) - of_airflow == set()
    assert of_sending - of_airflow == parameters(BatchDispositionOperator) - {"elements", "elements_path"}


def test_mypy_sees_the_wheel_and_not_the_checkout(python, code, repo):
    asks = "import airflow_provider_vcc; print(airflow_provider_vcc.__file__)"
    found = subprocess.run([python, "-P", "-c", asks], cwd=code, capture_output=True, text=True, check=True).stdout
    assert not found.startswith(str(repo / "airflow_provider_vcc"))
