"""What is built holds the package, all of it, and nothing else."""

from __future__ import annotations

import email
import tarfile
import zipfile

import pytest


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(next(built.glob("*.whl"))) as file:
        yield file


@pytest.fixture(scope="module")
def metadata(wheel):
    [path] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    return email.message_from_bytes(wheel.read(path))


def test_the_wheel_holds_every_module_of_the_package_and_py_typed(wheel, repo):
    package = repo / "airflow_provider_vcc"
    sources = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {path.relative_to(repo).as_posix() for path in sources}
    assert "airflow_provider_vcc/py.typed" in expected
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected


def test_the_wheel_carries_its_licence_and_both_entry_points(wheel):
    names = {name.split(".dist-info/")[-1] for name in wheel.namelist()}
    assert {"licenses/LICENSE", "entry_points.txt"} <= names


def test_the_metadata_names_python_airflow_and_the_extras_as_the_contract_does(metadata):
    requirements = {value.split(";")[0].strip() for value in metadata.get_all("Requires-Dist")}
    assert metadata["Name"] == "airflow-provider-vcc"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "apache-airflow>=2.11" in requirements
    assert set(metadata.get_all("Provides-Extra")) == {"arrow", "excel", "parquet", "sql"}


def test_the_sdist_can_build_the_wheel_again_and_carries_no_tests(built):
    with tarfile.open(next(built.glob("*.tar.gz"))) as file:
        names = {name.split("/", 1)[1] for name in file.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "airflow_provider_vcc/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]
