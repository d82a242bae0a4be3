"""The repository holds what belongs there."""

from __future__ import annotations

import re
import subprocess

import pytest


@pytest.fixture(scope="module")
def tracked(repo):
    """Return the files that git knows."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=repo, capture_output=True, text=True, check=True).stdout
    return [repo / name for name in names.split("\0") if name and (repo / name).is_file()]


@pytest.fixture(scope="module")
def texts(tracked):
    """Return the lines of all text files as (place, line)."""
    lines = []
    for path in tracked:
        data = path.read_bytes()
        if b"\0" not in data:
            lines += [(f"{path}:{i}", line) for i, line in enumerate(data.decode(errors="replace").splitlines(), 1)]
    return lines


def places(pattern, texts):
    return [place for place, line in texts if re.search(pattern, line)]


def test_no_file_names_the_host_of_a_package_registry(texts):
    assert not places(r"\b(pypi|pythonhosted|debian|npmjs)\.(org|com|net)\b", texts)


def test_no_file_holds_a_path_of_somebodys_machine(texts):
    assert not places(r"(?<![\w.}])/(root|home|Users|work)/", texts)


def test_no_module_of_the_package_has_500_lines(repo):
    modules = repo.joinpath("airflow_provider_vcc").rglob("*.py")
    assert not [path for path in modules if len(path.read_text().splitlines()) >= 500]


def test_constraints_are_pins_by_name_and_version_and_nothing_else(tracked):
    files = [path for path in tracked if path.name.startswith("constraints") and path.suffix == ".txt"]
    lines = [line for path in files for line in path.read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert not [line for line in lines if not re.fullmatch(r"[a-z0-9._-]+==[0-9a-z.+!]+", line)]


def test_every_path_in_the_readme_exists(repo):
    links = re.findall(r"\]\((?!http|#)([^)#]+)", repo.joinpath("README.md").read_text())
    assert links
    assert not [link for link in links if not repo.joinpath(link).exists()]


def test_docstrings_return_and_yield_instead_of_giving_and_saying(texts):
    """Docstrings begin as those of other packages do: "Return the ...", not "Give the ..." or "Say whether ..."."""
    assert not places(r'^\s*"""(Give|Say|Hold|Have|Hear)\b', texts)
