"""``make demo``: what it shows, and what it leaves behind."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("demo")]  # it is run once


@pytest.fixture(scope="module")
def demo(repo, tmp_path_factory):
    """Run the demo once, piped, with temporary files and home where a test can look."""
    folder, home = tmp_path_factory.mktemp("tmp"), tmp_path_factory.mktemp("home")
    env = os.environ | {"TMPDIR": str(folder), "HOME": str(home), "AIRFLOW_HOME": str(home / "airflow")}
    command = [sys.executable, repo / "demo" / "run.py"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    return done, [*folder.iterdir(), *home.iterdir()]


def test_the_demo_shows_what_each_element_came_to_and_why(demo):
    done, _ = demo
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line[:1] == "|"]
    assert done.returncode == 0, done.stderr
    assert [row[:3] for row in rows[1:4]] == [
        ["0", "record 1", "applied"],
        ["1", "records with name Green", "applied"],
        ["2", "record 404404", "rejected"],
    ]
    assert "417 error.unknown_record" in rows[3]


def test_the_demo_says_what_the_task_came_to_and_what_to_do_next(demo):
    done, _ = demo
    assert "The task's state is failed: 1 of 3 elements failed" in done.stdout
    assert "Next" in done.stdout


def test_the_demo_shows_a_record_before_and_after_as_the_call_centres_api_has_it(demo):
    done, _ = demo
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line[:1] == "|"]
    assert ["", "before", "after"] in rows
    assert ["callback", "-", "2017-10-10 11:00:00"] in rows
    assert ["description", "-", "High school graduate"] in rows


def test_the_demo_ends_by_telling_the_address_of_the_call_centres_page(demo):
    done, _ = demo
    assert re.search(r"The call centre was at http://127\.0\.0\.1:\d+/", done.stdout.splitlines()[-1])


def test_the_demo_is_quiet(demo):
    done, _ = demo
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) < 40


def test_the_demo_uses_plain_ascii_where_nobody_watches(demo):
    done, _ = demo
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


def test_the_demo_leaves_no_file_behind(demo):
    _, left = demo
    assert left == []


def test_the_demo_paints_on_a_terminal(repo, tmp_path):
    code = "import sys; from table import *; paint = Painter.for_stream(sys.stdout)\n"
    code += "print(render(['a'], [[paint('fine', 'green')]], fancy=paint.fancy))"
    env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(repo / "demo")}
    env.pop("NO_COLOR", None)
    reader, writer = pty.openpty()
    subprocess.run([sys.executable, "-c", code], env=env, stdout=writer, check=True)
    os.close(writer)
    shown = os.read(reader, 10_000).decode()
    os.close(reader)
    assert "\x1b[32mfine\x1b[0m" in shown
    assert "┌" in shown
