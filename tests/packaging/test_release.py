"""What depends on who publishes the package, and what a release needs."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

KNOWN = {
    "name": "Ana",
    "email": "ana@call.test",
    "repository": "https://code.test/ana/vcc",
    "documentation": "https://docs.test/vcc",
    "branch": "main",
}
UNKNOWN = dict.fromkeys(KNOWN, "") | {"branch": "main"}


@pytest.fixture(scope="module")
def script(repo):
    """Load a script of the checkout as a module."""

    def load(name):
        sys.path.insert(0, str(repo / "scripts"))
        try:
            spec = importlib.util.spec_from_file_location(name, repo / "scripts" / f"{name}.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        finally:
            sys.path.remove(str(repo / "scripts"))
        return module

    return load


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[how](docs/errors.md#timeouts)", "[how](https://docs.test/vcc/errors.html#timeouts)"),
        ("[law](LICENSE)", "[law](https://code.test/ana/vcc/blob/main/LICENSE)"),
        ("![seen](docs/images/a.png)", "![seen](https://code.test/ana/vcc/raw/main/docs/images/a.png)"),
        ("[elsewhere](https://vcc.test) [below](#more)", "[elsewhere](https://vcc.test) [below](#more)"),
    ],
)
def test_links_are_made_absolute_from_where_the_package_is_published(script, text, shown):
    assert script("metadata").absolute_links(text, KNOWN) == shown


def test_nothing_is_invented_while_nobody_has_said_where_the_package_is_published(script):
    metadata = script("metadata")
    text = "![seen](docs/images/a.png) [how](docs/errors.md), [law](LICENSE) and [`code`](example_dags/a.py)"
    assert metadata.absolute_links(text, UNKNOWN) == " how, law and `code`"
    assert metadata.urls(UNKNOWN) == {}
    assert metadata.urls(KNOWN)["Changelog"] == "https://docs.test/vcc/changelog.html"


@pytest.fixture
def checkout(repo, tmp_path):
    """Copy what a release looks at."""
    for name in ("publisher.toml", "CHANGELOG.md", "pyproject.toml", "airflow_provider_vcc/__init__.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(repo / name, tmp_path / name)
    shutil.copytree(repo / "changes", tmp_path / "changes")
    return tmp_path


def test_a_release_is_refused_with_what_is_missing_until_all_is_there(script, checkout):
    release = script("release")
    (checkout / "changes" / "+more.feature.md").write_text("There is more.\n")
    found = "\n".join(release.missing(checkout))
    assert "publisher.toml: repository is empty" in found
    assert "make changelog" in found
    (checkout / "publisher.toml").write_text("\n".join(f'{name} = "{text}"' for name, text in KNOWN.items()))
    (checkout / "airflow_provider_vcc" / "__init__.py").write_text('__version__ = "7.8.9"\n')
    command = [sys.executable, "-P", "-m", "towncrier", "build", "--yes", "--version", "7.8.9"]
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    subprocess.run(["git", "add", "."], cwd=checkout, check=True)
    subprocess.run(command, cwd=checkout, check=True, capture_output=True)
    assert release.missing(checkout) == []
    assert release.missing(checkout, "v7.8.9") == []
    assert release.missing(checkout, "v7.8.8") == ["the tag is v7.8.8, and the version is 7.8.9: tag it v7.8.9"]
    changelog = (checkout / "CHANGELOG.md").read_text()
    assert changelog.index("## 7.8.9 (") < changelog.index("There is more.") < changelog.index("## 0.1.0")


def test_make_runs_the_check_which_says_what_is_missing(repo):
    [line] = re.findall(
        r"^release-check:.*\n\t@\$\(RUN\)/python (.*) \$\(TAG\)$", (repo / "Makefile").read_text(), re.MULTILINE
    )
    command = [sys.executable, *line.split(), "v9.9.9"]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "the tag is v9.9.9" in done.stdout
    assert done.stdout.endswith("Not ready for a release.\n")


def test_each_change_has_a_kind_that_the_changelog_knows_and_ends_as_a_sentence_does(repo):
    kinds = set(re.findall(r"^\| `(\w+)` \|", (repo / "changes" / "README.md").read_text(), re.MULTILINE))
    settings = tomllib.loads((repo / "pyproject.toml").read_text())["tool"]["towncrier"]
    assert kinds == {kind["directory"] for kind in settings["type"]}
    for path in (repo / "changes").glob("*.md"):
        if path.name != "README.md":
            assert path.name.split(".")[1] in kinds, path.name
            assert path.read_text().rstrip().endswith((".", ")", "`")), path.name


@pytest.fixture(scope="module")
def jobs(repo):
    """Return all jobs of all workflows."""
    workflows = [yaml.safe_load(path.read_text()) for path in sorted(repo.glob(".github/workflows/*.yml"))]
    return {name: job for workflow in workflows for name, job in workflow["jobs"].items()}


def test_workflows_call_make_and_nothing_else_and_what_they_call_is_there(jobs, repo):
    targets = set(re.findall(r"^([a-z-]+):", (repo / "Makefile").read_text(), re.MULTILINE))
    lines = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert lines
    for line in lines:
        assert line == ".ci/install" or re.match(r"make ([a-z-]+)", line)[1] in targets
    assert {"lint", "test", "docs", "dist", "matrix", "publish"} <= set(jobs)


def test_the_workflow_tries_every_pair_of_the_matrix(jobs, script):
    assert set(jobs["matrix"]["strategy"]["matrix"]["pair"]) == set(script("matrix").NAMES)


def test_workflows_may_read_and_no_more_and_pin_each_action_by_commit(repo):
    workflows = {path.name: path.read_text() for path in repo.glob(".github/workflows/*.yml")}
    for name, text in workflows.items():
        assert yaml.safe_load(text)["permissions"] == {}, name
        used = re.findall(r"uses: (.*)", text)
        assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", one)] == [], name


def test_publishing_keeps_no_token(jobs, repo):
    assert {name: job["permissions"] for name, job in jobs.items() if job["permissions"] != {"contents": "read"}} == {
        "publish": {"id-token": "write"}
    }
    assert "secrets." not in "".join(path.read_text() for path in repo.glob(".github/workflows/*.yml"))


def test_pre_commit_runs_the_checks_of_make_lint_from_the_same_environment(repo):
    hooks = yaml.safe_load((repo / ".pre-commit-config.yaml").read_text())["repos"]
    entries = [hook["entry"] for source in hooks for hook in source["hooks"]]
    assert {source["repo"] for source in hooks} == {"local"}
    assert [entry.split()[0] for entry in entries] == [".venv/bin/ruff", ".venv/bin/ruff", ".venv/bin/mypy"]


def test_the_lowest_versions_of_the_matrix_are_the_floors_of_the_metadata(repo):
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    floors = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    lines = (repo / "scripts/matrix/constraints-lowest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    for floor in floors:
        name, version = floor.split(">=")
        assert f"{pins[name]}.".startswith(f"{version}."), floor
