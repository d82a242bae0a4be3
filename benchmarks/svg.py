"""A small writer of SVG pictures that follow the reader's light or dark theme."""

from __future__ import annotations

from html import escape
from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Axis", "Picture"]

STYLE = """
text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#1f2328}
.card{fill:#fff;stroke:#d0d7de}.title{font-weight:600;font-size:15px}.muted{fill:#59636e}.small{font-size:11px}
.grid{stroke:#d8dee4;fill:none}.limit{stroke:#c2410c;stroke-dasharray:5 4;fill:none}.limit-text{fill:#c2410c}
.c0{fill:#0a6c74;stroke:#0a6c74}.c1{fill:#8c96a0;stroke:#8c96a0}.c2{fill:#b07b12;stroke:#b07b12}
.line{stroke-width:2.2}.hollow{stroke-width:1.5;stroke-dasharray:3 3}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.card{fill:#14181d;stroke:#30363d}.muted{fill:#9198a1}
.grid{stroke:#2b313a}.limit{stroke:#fb923c}.limit-text{fill:#fb923c}.c0{fill:#4fc3cd;stroke:#4fc3cd}
.c1{fill:#6e7681;stroke:#6e7681}.c2{fill:#e0b04c;stroke:#e0b04c}}
.line,.hollow{fill:none}
"""


class Axis:
    """Values to pixels.

    :param pixels: of the lowest and the highest value.
    """

    def __init__(self, values: tuple[float, float], pixels: tuple[float, float], *, logarithmic: bool = False) -> None:
        self._scale: Callable[[float], float] = log10 if logarithmic else float
        self._low, self._high = map(self._scale, values)
        self._from, self._to = pixels

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (self._scale(value) - self._low) / (self._high - self._low)
        return round(self._from + share * (self._to - self._from), 1)


class Picture:
    """A card with a title, to draw on."""

    def __init__(self, width: int, height: int, title: str, subtitle: str = "") -> None:
        self._size = width, height
        self._title = title
        self._parts: list[str] = []
        self.text(20, 30, title, "title")
        self.text(20, 49, subtitle, "muted small")

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write a text with its base line at ``y``."""
        self._parts.append(f'<text x="{x}" y="{y}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """Draw a bar."""
        shape = f'x="{x}" y="{y}" width="{max(width, 1.5):.1f}" height="{height}"'
        self._parts.append(f'<rect {shape} rx="2" class="{kind}"/>')

    def rule(self, start: tuple[float, float], end: tuple[float, float], kind: str = "grid") -> None:
        """Draw a straight line."""
        self._parts.append(f'<path d="M{start[0]} {start[1]}L{end[0]} {end[1]}" class="{kind}"/>')

    def line(self, points: Sequence[tuple[float, float]], kind: str, *, dots: bool = True) -> None:
        """Draw a line through points."""
        path = "L".join(f"{x} {y}" for x, y in points)
        self._parts.append(f'<path d="M{path}" class="{kind} line"/>')
        if dots:
            self._parts += [f'<circle cx="{x}" cy="{y}" r="3.2" class="{kind}"/>' for x, y in points]

    def __str__(self) -> str:
        width, height = self._size
        card = f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8" class="card"/>'
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">'
        body = "\n".join(self._parts)
        return f"{head}\n<title>{escape(self._title)}</title><style>{STYLE}</style>\n{card}\n{body}\n</svg>\n"
