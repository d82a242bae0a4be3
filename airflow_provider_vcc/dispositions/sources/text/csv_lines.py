"""The lines of a CSV text, and what is odd about them."""

from __future__ import annotations

import csv
import io
import re
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.bytes.encoding import LongLine, whole_lines
from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.text.csv_header import NEWLINE, line_end

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["RETURN", "STEP", "UNREADABLE", "CsvLines", "TooMuch"]

STEP = 8
"""Rows after which it is asked how large they are."""
_MOST = 9 * LONGEST
"""Bytes of so many rows, which may be of many quoted lines each."""
_BARE_RETURN = re.compile(r"\r(?!\n)")
_BARE_NEWLINE = re.compile(r'(?<![\r"])\n')
# No text that was decoded has halves of characters: these stand for what csv would take for something else.
RETURN, UNREADABLE = "\udc0d", "\udc00"


class TooMuch(csv.Error):
    """A few rows take too much memory together. Nothing can be read behind them."""


class CsvLines:
    """The lines of a text, and what is odd about them: csv itself takes a bare CR for the end of a row."""

    def __init__(self, blocks: Iterable[bytes], name: str) -> None:
        self._end, blocks = line_end(blocks)
        self._pieces = whole_lines(blocks, name, lambda: self._number, self._end[-1:])
        self._name = name
        self._number = 1
        self._quotes = 0
        self._given = 0
        self._kept: list[_Piece] = []
        self.unended = False
        """Whether the last line has no end."""
        self.closed = False
        """Whether it ends with a quote."""
        self.odd = False
        """Whether anything stands for something else."""
        self.torn = False
        """Whether a line of a text whose lines end in CR and LF ends in LF alone."""
        self.has_escapes = self._last_has_escapes = False
        """Whether a quote with a backslash before it is among the lines since the latest mark, or beside them."""

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            text = self._too_long(piece) if isinstance(piece, LongLine) else self._decoded(piece)
            self._kept.append(_Piece(self._number, text))
            self._number += text.count("\n")
            yield from io.StringIO(text, newline="")

    def mark(self) -> None:
        """Forget the lines of earlier rows, and count the bytes of those that come."""
        self._given = 0
        self.has_escapes = self._last_has_escapes
        del self._kept[:-1]

    @property
    def given(self) -> int:
        """How many bytes were given since the latest mark."""
        return self._given

    def taken(self, first: int, last: int) -> list[str]:
        """Return lines that were given since the latest mark, by their numbers from 1."""
        return [line for piece in self._kept for line in piece.between(first, last)]

    def _decoded(self, piece: bytes) -> str:
        self._quotes += piece.count(b'"')
        self._given += len(piece)
        if self._given > _MOST:
            raise TooMuch(f"{STEP} rows take more than {_MOST >> 20} MiB together; is a quote not closed?")
        self.unended = not piece.endswith(self._end[-1:])
        self.closed = piece.endswith(b'"')
        self._last_has_escapes = b'\\"' in piece
        self.has_escapes = self.has_escapes or self._last_has_escapes
        return self._marked(piece.decode())

    def _marked(self, text: str) -> str:
        if self._end == b"\r":
            return text.replace("\r", "\n")
        if "\r" not in text and self._end == b"\n":
            return text
        pairs = text.count("\r\n")
        if text.count("\r") != pairs:
            self.odd = True
            text = _BARE_RETURN.sub(RETURN, text)
        if self._end == b"\r\n" and text.count("\n") != pairs:
            self.odd = self.torn = True
            text = _BARE_NEWLINE.sub(NEWLINE + "\n", text)
        return text

    def _too_long(self, piece: LongLine) -> str:
        """Return a line in place of one that is too long, if it is no part of a quoted cell."""
        if self._quotes % 2 or piece.quotes % 2:
            raise broken(self._name, "cannot be read as CSV", None, "a quoted cell is too long; is a quote not closed?")
        self.odd = True
        return f"{UNREADABLE}{piece.reason}\n"


class _Piece:
    """Some lines.

    :param first: the number of the first one.
    """

    def __init__(self, first: int, text: str) -> None:
        self.first = first
        self._text = text

    @cached_property
    def _lines(self) -> list[str]:
        return list(io.StringIO(self._text, newline=""))

    def between(self, first: int, last: int) -> list[str]:
        """Return the lines that have one of these numbers."""
        return self._lines[max(first - self.first, 0) : max(last + 1 - self.first, 0)]
