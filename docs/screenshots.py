"""Take the documentation's pictures anew: from what the browser tests see, into ``docs/images``.

``python docs/screenshots.py`` runs those tests (two minutes, needs a Chromium). Look at each picture before committing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TAKEN = HERE.parent / "build" / "screenshots" / "docs"
LARGEST = 160_000
"""Bytes. Whoever clones the repository gets every version of every picture."""


def main() -> None:
    """Take the pictures, and keep those that are small enough."""
    shutil.rmtree(TAKEN, ignore_errors=True)
    subprocess.run([sys.executable, "-P", "-m", "pytest", "tests/ui"], cwd=HERE.parent, check=True)
    pictures = sorted(TAKEN.glob("*.png"))
    if too_large := [picture.name for picture in pictures if picture.stat().st_size > LARGEST]:
        sys.exit(f"over {LARGEST:,} bytes: {', '.join(too_large)}")
    for picture in pictures:
        shutil.copy(picture, HERE / "images")


if __name__ == "__main__":
    main()
