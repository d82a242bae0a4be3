"""Take the documentation's pictures anew: from what the browser tests see, into ``docs/images``.

``python docs/screenshots.py`` runs those tests (two minutes, needs a Chromium). Look at each picture before committing.
``report-light``, ``-dark`` and ``-phone`` are not among them: they show the state "form" of ``make gallery``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TAKEN = HERE.parent / "build" / "screenshots" / "docs"
OF_THE_GALLERY = {"report-light", "report-dark", "report-phone"}
LARGEST = 160_000
"""Bytes. Whoever clones the repository gets every version of every picture."""


def main() -> None:
    """Take the pictures, and keep those that are small enough."""
    shutil.rmtree(TAKEN, ignore_errors=True)
    subprocess.run([sys.executable, "-P", "-m", "pytest", "tests/ui"], cwd=HERE.parent, check=True)
    pictures = sorted(picture for picture in TAKEN.glob("*.png") if picture.stem not in OF_THE_GALLERY)
    if too_large := [picture.name for picture in pictures if picture.stat().st_size > LARGEST]:
        sys.exit(f"over {LARGEST:,} bytes: {', '.join(too_large)}")
    for picture in pictures:
        shutil.copy(picture, HERE / "images")


if __name__ == "__main__":
    main()
