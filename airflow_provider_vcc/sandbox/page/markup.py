"""HTML in which everything is escaped that does not say it is HTML."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Markup", "html", "join", "table"]


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def _safe(value: object) -> str:
    return value if isinstance(value, Markup) else escape("" if value is None else str(value))


def html(template: str, *values: object) -> Markup:
    """Fill ``{}`` in a template of ours; what is not ``Markup`` is escaped, and None is left empty."""
    return Markup(template.format(*map(_safe, values)))


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Put parts one after another; what is not ``Markup`` is escaped."""
    return Markup(between.join(map(_safe, parts)))


def table(name: str, heads: Iterable[str], rows: Iterable[Iterable[object]], empty: str) -> Markup:
    """Draw a table that is scrolled by itself if it is too wide, or say that it would be empty."""
    lines = [html("<tr>{}</tr>", join(html("<td>{}</td>", cell) for cell in row)) for row in rows]
    if not lines:
        return html('<p class="muted">{}</p>', empty)
    head = join(html('<th scope="col">{}</th>', head) for head in heads)
    return html(
        '<div class="scroll" role="region" tabindex="0" aria-label="{}">'
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>",
        name,
        head,
        join(lines),
    )
