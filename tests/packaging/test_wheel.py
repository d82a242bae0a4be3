"""What is built holds the package, all of it, and nothing else."""

from __future__ import annotations

import email
import re
import subprocess
import sys
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


def test_the_metadata_says_what_the_package_does_and_claims_nothing_that_does_not_hold(metadata):
    assert "nothing sent twice" not in metadata["Summary"]
    assert metadata["Summary"].startswith("Apache Airflow provider for VCC Live: ")


@pytest.fixture(scope="module")
def sdist(built, tmp_path_factory):
    """Unpack the sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(next(built.glob("*.tar.gz"))) as file:
        file.extractall(folder, filter="data")
    return next(folder.iterdir())


def test_the_sdist_has_all_that_a_packager_tests_and_documents_with(sdist, repo):
    tracked = subprocess.run(["git", "ls-files"], cwd=repo, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    expected = {name for name in tracked if name and not name.startswith((".ci/", ".git")) and (repo / name).exists()}
    there = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    assert expected - there == set()
    assert {name.partition("/")[0] for name in there} <= {name.partition("/")[0] for name in tracked} | {"PKG-INFO"}


def test_the_sdist_builds_the_very_same_wheel(sdist, wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=sdist, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as again:
        names = [name for name in wheel.namelist() if not name.endswith("/RECORD")]
        assert {name: again.read(name) for name in names} == {name: wheel.read(name) for name in names}


def test_twine_finds_nothing_wrong(built):
    command = [sys.executable, "-P", "-m", "twine", "--no-color", "check", "--strict", *built.iterdir()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def test_the_package_index_can_show_the_readme(metadata):
    from readme_renderer.markdown import render

    page = render(metadata.get_payload())
    assert page
    assert "<table>" in page
    assert not re.findall(r'(?:href|src)="(?!https?://|#)([^"]*)"', page)
