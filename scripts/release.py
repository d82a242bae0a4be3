"""Print what is missing for a release, or that nothing is. See ``RELEASING.md``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from metadata import read_publisher

ROOT = Path(__file__).parents[1]


def version_of(root: Path) -> str:
    text = (root / "airflow_provider_vcc" / "__init__.py").read_text(encoding="utf-8")
    return re.findall(r'^__version__ = "(.+)"', text, re.MULTILINE)[0]


def missing(root: Path, tag: str = "") -> list[str]:
    """Name what a release of this checkout lacks.

    :param tag: the tag that it is released by, if it is there already.
    """
    version = version_of(root)
    publisher = read_publisher(root)
    found = [f"publisher.toml: {name} is empty" for name in ("name", "email", "repository") if not publisher[name]]
    waiting = sorted(path.name for path in (root / "changes").glob("*.md") if path.name != "README.md")
    if waiting:
        found.append(f"changes/ holds {len(waiting)} changes: make changelog VERSION={version}")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)$", changelog, re.MULTILINE):
        found.append(f"CHANGELOG.md has no heading '## {version} (YYYY-MM-DD)'")
    if tag not in ("", f"v{version}"):
        found.append(f"the tag is {tag}, and the version is {version}: tag it v{version}")
    return found


def main() -> int:
    found = missing(ROOT, *sys.argv[1:])
    for line in found:
        print(f"- {line}")
    print("Not ready for a release." if found else f"Ready to release {version_of(ROOT)}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
