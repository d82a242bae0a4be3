"""What the package says of itself that depends on who publishes it: see ``publisher.toml``. Hatch calls this."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

NOBODY = "The airflow-provider-vcc authors"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|`[^`]*`)*)\]\((?!https?://|#)([^)\s]+)\)")


def read_publisher(root: Path) -> dict[str, str]:
    """Read who publishes the package; what is not known is empty."""
    return tomllib.loads((root / "publisher.toml").read_text(encoding="utf-8"))


def absolute_links(text: str, publisher: dict[str, str]) -> str:
    """Make the links of a page absolute, for where it is shown without the files beside it.

    Where the repository is not known, a link's words stay without it, and a picture is left out.
    """

    def absolute(match: re.Match[str]) -> str:
        mark, words, path = match.groups()
        address = _address(path, publisher, is_picture=bool(mark))
        if address is None:
            return "" if mark else words
        return f"{mark}[{words}]({address})"

    return LINK.sub(absolute, text)


def _address(path: str, publisher: dict[str, str], *, is_picture: bool) -> str | None:
    page = re.fullmatch(r"docs/(.+)\.md(#.*)?", path)
    if page and publisher["documentation"]:
        return f"{publisher['documentation']}/{page[1]}.html{page[2] or ''}"
    if not publisher["repository"]:
        return None
    return f"{publisher['repository']}/{'raw' if is_picture else 'blob'}/{publisher['branch']}/{path}"


def urls(publisher: dict[str, str]) -> dict[str, str]:
    """Name the project's places, as far as they are known."""
    known = {}
    if publisher["documentation"]:
        known["Documentation"] = publisher["documentation"]
        known["Changelog"] = f"{publisher['documentation']}/changelog.html"
    if repository := publisher["repository"]:
        known["Repository"] = repository
        known["Issues"] = f"{repository}/issues"
        known.setdefault("Changelog", f"{repository}/blob/{publisher['branch']}/CHANGELOG.md")
    return known


class PublisherHook(MetadataHookInterface):
    """Fills in the fields that ``pyproject.toml`` calls dynamic."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set authors, links and the text of the page on the package index."""
        root = Path(self.root)
        publisher = read_publisher(root)
        author = {"name": publisher["name"] or NOBODY} | ({"email": publisher["email"]} if publisher["email"] else {})
        metadata["authors"] = metadata["maintainers"] = [author]
        metadata["urls"] = urls(publisher)
        readme = (root / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": absolute_links(readme, publisher)}
