"""Where the words of the report are explained: in the documentation, if whoever published the package said where."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["glossary", "glossary_among"]


@cache
def glossary() -> str | None:
    """Return the address of the glossary; None if the package does not say where its documentation is."""
    try:
        return glossary_among(metadata("airflow-provider-vcc").get_all("Project-URL") or [])
    except PackageNotFoundError:
        return None


def glossary_among(urls: Iterable[str]) -> str | None:
    """Return it, given the package's links as its metadata has them: ``Documentation, https://...``."""
    for url in urls:
        label, _, address = url.partition(",")
        if label.strip().lower() == "documentation" and address.strip().startswith("https://"):
            return f"{address.strip().rstrip('/')}/glossary.html"
    return None
