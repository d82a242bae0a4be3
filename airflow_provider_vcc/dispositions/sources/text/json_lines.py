"""JSON Lines: one element a line."""

from __future__ import annotations

import re
from itertools import compress
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.bytes.encoding import whole_lines
from airflow_provider_vcc.dispositions.sources.bytes.streams import broken
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import InvalidText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["split_lines"]

_ARRAY = re.compile(rb"\s*\[[ \t\r]*(\{|\n|$)")
_OBJECT = re.compile(rb"\s*\{[ \t\r]*\n")
_BEGINNING = 4096


def split_lines(blocks: Iterable[bytes], name: str, numbers: Lines | None = None) -> Iterator[list[bytes]]:
    """Yield the lines of some blocks of UTF-8, without blank ones, in lists of any size.

    :param numbers: is told the number of each line.
    :raises VccInputError: if the text is not UTF-8, after the lines before that, and if it is a JSON array.
    """
    begun, first = False, 1
    numbers = numbers or Lines()
    for text in whole_lines(blocks, name, lambda: first):  # noqa: B023 -- the number of that moment is asked for
        if isinstance(text, InvalidText):
            numbers.note(range(first, first + 1))
            first += 1
            yield [text]
            continue
        if not begun and _ARRAY.match(text[:_BEGINNING]):
            raise broken(name, "is a JSON array, not JSON Lines; let its name end in .json", "line 1")
        if not begun and _OBJECT.match(text[:_BEGINNING]):
            what = "has a JSON object over several lines, which JSON Lines have in one; write it as an array, as .json"
            raise broken(name, what, "line 1")
        begun = True
        lines = _lines(text)
        found, its_numbers = _without_blanks(lines, range(first, first + len(lines)))
        numbers.note(its_numbers)
        first += len(lines)
        yield found


def _lines(text: bytes) -> list[bytes]:
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    lines = text.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return lines


def _without_blanks(lines: list[bytes], numbers: range) -> tuple[list[bytes], Sequence[int]]:
    if all(lines) and not any(map(bytes.isspace, lines)):
        return lines, numbers
    full = [bool(line) and not line.isspace() for line in lines]
    return [*compress(lines, full)], [*compress(numbers, full)]
