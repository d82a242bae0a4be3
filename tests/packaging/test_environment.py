"""``scripts/environment``: what ``make`` sets up, with which Python, and when again. ``uv`` is played by a script."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

UV = """#!/bin/sh
echo "uv $*" >>"{log}"
[ "$1" = venv ] || exit 0
for last; do :; done
mkdir -p "$last/bin" && ln -s "{python}" "$last/bin/python"
"""


class Checkout:
    """A checkout's files in a folder of their own, and a PATH where only what a test puts there comes first."""

    def __init__(self, folder, repo):
        self.folder = folder / "checkout with a space"
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "uv.log"
        (self.folder / "scripts").mkdir(parents=True)
        for name in ("pyproject.toml", "constraints.txt", "scripts/environment", "airflow_provider_vcc/__init__.py"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(repo / name, self.folder / name)
        self.command("uv", UV.format(log=self.log, python=sys.executable))

    def command(self, name, text):
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def set_up(self, kind="demo", **env):
        done = subprocess.run(
            [self.folder / "scripts" / "environment", kind],
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.bin), **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done

    def calls(self):
        """Return the calls of uv since the last time."""
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return calls


@pytest.fixture
def checkout(tmp_path, repo):
    return Checkout(tmp_path, repo)


def test_the_demo_gets_the_package_alone_and_all_else_gets_the_tools(checkout):
    checkout.set_up("demo")
    demo = checkout.calls()
    checkout.set_up("dev")
    assert demo[-1].endswith("--constraints constraints.txt --build-constraints constraints.txt -e .")
    assert checkout.calls()[-1].endswith("-e .[arrow,excel,sql] --group dev")


def test_a_second_run_finds_the_environment_of_the_first(checkout):
    checkout.set_up("dev")
    assert checkout.calls()
    checkout.set_up("dev")
    checkout.set_up("demo")
    assert checkout.calls() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt", "airflow_provider_vcc/__init__.py"])
def test_a_change_of_what_is_wanted_sets_up_again(checkout, name):
    checkout.set_up()
    checkout.calls()
    with (checkout.folder / name).open("a") as file:
        file.write("\n# changed\n")
    checkout.set_up()
    assert checkout.calls()


def test_an_environment_whose_python_is_gone_is_made_anew(checkout):
    checkout.set_up()
    checkout.calls()
    python = checkout.folder / ".venv/bin/python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    checkout.set_up()
    assert any(call.startswith("uv venv") for call in checkout.calls())


def test_a_shim_without_its_python_is_passed_over(checkout):
    for name in ("python3", "python3.13"):
        checkout.command(name, "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    checkout.command("python3.12", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    checkout.set_up()
    assert f"--python {checkout.bin}/python3.12 " in checkout.calls()[0]


def test_python_can_be_named(checkout):
    checkout.command("my python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    checkout.set_up(PYTHON=str(checkout.bin / "my python"))
    assert f"--python {checkout.bin}/my python " in checkout.calls()[0]
