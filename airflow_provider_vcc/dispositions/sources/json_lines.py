"""JSON Lines: one element a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.streams import broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BOM", "split_lines"]

BOM = b"\xef\xbb\xbf"
_ARRAY = re.compile(rb"\s*\[\s*(\{|$)")
_LONGEST_BEGINNING = 4096


def split_lines(blocks: Iterable[bytes], name: str) -> Iterator[list[bytes]]:
    """Give the lines of some blocks, without blank ones, in lists of any size.

    :raises VccInputError: where the text is no UTF-8, after the lines before it, and where it is a JSON array.
    """
    lines = _Lines(name)
    rest: list[bytes] = []
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest.append(block)
            continue
        yield from lines.split(b"".join([*rest, block[:cut]]))
        rest = [block[cut:]]
    if last := b"".join(rest):
        yield from lines.split(last)


class _Lines:
    """Whole lines in, lines out; knows where it is."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = 1
        self._byte = 0

    def split(self, text: bytes) -> Iterator[list[bytes]]:
        start = self._check_beginning(text) if not self._byte else 0
        wrong = None if text.isascii() else _first_wrong(text)
        end = len(text) if wrong is None else text.rfind(b"\n", 0, wrong) + 1
        lines = _lines(text[start:end])
        self._line += len(lines)
        self._byte += len(text)
        yield _without_blanks(lines)
        if wrong is not None:
            place = f"line {self._line}, byte {self._byte - len(text) + wrong}"
            raise broken(self._name, "is no UTF-8", place)

    def _check_beginning(self, text: bytes) -> int:
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise broken(self._name, "is UTF-16; save it as UTF-8", "byte 0")
        start = len(BOM) if text.startswith(BOM) else 0
        if _ARRAY.match(text[start:_LONGEST_BEGINNING].partition(b"\n")[0]):
            raise broken(self._name, "is a JSON array and no JSON Lines; let its name end in .json", "line 1")
        return start


def _first_wrong(text: bytes) -> int | None:
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


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
