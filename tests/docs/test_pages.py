"""The pages as a reader sees them: built by Sphinx, opened in Chromium."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def built(repo, tmp_path_factory):
    """Build the documentation as ``make docs`` does, and return the folder of its pages."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-P", "-m", "sphinx", "-W", "-q", "-b", "html", repo / "docs", folder / "html"]
    done = subprocess.run([*command, "-d", folder / "trees"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "html"


@pytest.mark.chromium
def test_pages_fit_the_screen_show_their_pictures_and_have_no_grave_finding_of_axe(built):
    command = [sys.executable, Path(__file__).with_name("look.py"), built]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) > 30
    assert {page: wrong for page, wrong in found.items() if wrong} == {}
