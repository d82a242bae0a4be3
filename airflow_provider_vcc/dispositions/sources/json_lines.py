"""JSON Lines: one element a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.streams import broken
from airflow_provider_vcc.dispositions.sources.utf8 import whole_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["split_lines"]

_ARRAY = re.compile(rb"\s*\[[ \t\r]*(\{|\n|$)")
_BEGINNING = 4096


def split_lines(blocks: Iterable[bytes], name: str) -> Iterator[list[bytes]]:
    """Give the lines of some blocks, without blank ones, in lists of any size.

    :raises VccInputError: where the text is no UTF-8, after the lines before that, and where it is a JSON array.
    """
    begun = False
    for text in whole_lines(blocks, name):
        if not begun and _ARRAY.match(text[:_BEGINNING]):
            raise broken(name, "is a JSON array and no JSON Lines; let its name end in .json", "line 1")
        begun = True
        yield _without_blanks(_lines(text))


def _lines(text: bytes) -> list[bytes]:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _without_blanks(lines: list[bytes]) -> list[bytes]:
    if all(lines) and not any(map(bytes.isspace, lines)):
        return lines
    return [line for line in lines if line and not line.isspace()]
