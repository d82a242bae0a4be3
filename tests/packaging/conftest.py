from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.fixture(scope="session")
def built(repo, tmp_path_factory):
    """Build the sdist and the wheel as a release would, and return their folder."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", folder], cwd=repo, check=True)
    return folder
