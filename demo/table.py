"""A table for the terminal: box drawing and colours where they can be shown, plain ASCII elsewhere."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

CODES = {"green": "32", "yellow": "33", "red": "31"}
ESCAPE = re.compile(r"\x1b\[\d*m")
BOX = {"top": "┌┬┐", "middle": "├┼┤", "bottom": "└┴┘", "line": "─", "side": "│"}
PLAIN = {"top": "+++", "middle": "+++", "bottom": "+++", "line": "-", "side": "|"}


@dataclass(frozen=True)
class Painter:
    """Paints words, where ``coloured``; ``fancy`` says whether the stream can show box drawing."""

    coloured: bool
    fancy: bool

    @classmethod
    def for_stream(cls, stream: TextIO) -> Self:
        """Ask the stream what it can show. ``NO_COLOR`` and ``TERM=dumb`` are honoured."""
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
        unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
        return cls(coloured=stream.isatty() and not plain, fancy=unicode and stream.isatty())

    def __call__(self, text: str, colour: str) -> str:
        """Return the text in that colour."""
        return f"\x1b[{CODES[colour]}m{text}\x1b[0m" if self.coloured else text


def width(text: str) -> int:
    return len(ESCAPE.sub("", text))


def render(head: Sequence[str], rows: Sequence[Sequence[str]], *, fancy: bool) -> str:
    """Draw a table of one line a row."""
    widths = [max(map(width, column)) for column in zip(head, *rows, strict=True)]
    style = BOX if fancy else PLAIN

    def rule(kind: str) -> str:
        left, cross, right = style[kind]
        return left + cross.join(style["line"] * (size + 2) for size in widths) + right

    def line(cells: Sequence[str]) -> str:
        padded = starmap(pad, zip(cells, widths, strict=True))
        return style["side"] + style["side"].join(f" {cell} " for cell in padded) + style["side"]

    return "\n".join([rule("top"), line(head), rule("middle"), *map(line, rows), rule("bottom")])


def pad(cell: str, size: int) -> str:
    return cell + " " * (size - width(cell))
