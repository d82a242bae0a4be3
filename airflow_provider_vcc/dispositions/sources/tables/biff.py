"""The records of an ``.xls`` file: a container of OLE with a stream, which is records one after another."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["lengths", "records"]

_NO_SECTOR = 0xFFFFFFFA
"""From here on, a number is a sign and not that of a sector."""
_GOES_ON = 0x003C
_ENTRY = 128
_ROOT = 5
_IN_HEADER = 109
_STREAMS = (b"W\0o\0r\0k\0b\0o\0o\0k\0\0\0", b"B\0o\0o\0k\0\0\0")
_HEAD = struct.Struct("<HH").unpack_from
_SHORT = struct.Struct("<H").unpack_from
_LONG = struct.Struct("<I").unpack_from
_WIDE, _FOREIGN, _RICH = 1, 4, 8
"""What the flags of a text say: two bytes a character; phonetics behind it; formats behind it."""


def records(data: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Yield the kind of each record of the workbook, and its content with that of those that go on with it.

    :raises ValueError: if it is not a container with a workbook in it, or a part of that is missing.
    """
    stream = _Container(data).workbook()
    last = len(stream) - 4
    at, kind, parts = 0, _GOES_ON, [b""]
    while at <= last:
        following, size = _HEAD(stream, at)
        part = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if following == _GOES_ON:
            parts.append(part)
            continue
        yield kind, parts
        kind, parts = following, [part]
    yield kind, parts


class _Container:
    """A container of OLE: a file system of sectors, in which a table tells of each sector which is the next one."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 1 << 9:
            raise ValueError("it is cut off")
        self._data = data
        self._shift, self._small_shift = _HEAD(data, 30)
        if not 7 <= self._shift <= 16 or not 2 <= self._small_shift <= self._shift:  # noqa: PLR2004 -- 512 and 64, normally
            raise ValueError("its sectors are of no size")
        self._next = self._table(self._tables())

    def workbook(self) -> bytes:
        """Return the stream of the workbook."""
        directory = self._read(_LONG(self._data, 48)[0])
        entries = [directory[at : at + _ENTRY] for at in range(0, len(directory) - _ENTRY + 1, _ENTRY)]
        found = next((one for name in _STREAMS for one in entries if one.startswith(name)), None)
        if found is None:
            raise ValueError("it has no workbook in it")
        start, size = _LONG(found, 116)[0], _LONG(found, 120)[0]
        if size >= _LONG(self._data, 56)[0]:
            return self._read(start)[:size]
        root = next((one for one in entries if one[66] == _ROOT), found)
        return self._read_small(start, self._read(_LONG(root, 116)[0]))[:size]

    def _tables(self) -> list[int]:
        """Return the sectors in which the table of sectors stands."""
        found = list(struct.unpack_from(f"<{_IN_HEADER}I", self._data, 76))
        more = _LONG(self._data, 68)[0]
        while more < _NO_SECTOR and len(found) << self._shift <= len(self._data):
            *part, more = self._table([more])
            found += part
        return [sector for sector in found if sector < _NO_SECTOR]

    def _table(self, sectors: list[int]) -> array[int]:
        table = array("I", b"".join(map(self._sector, sectors)))
        if sys.byteorder == "big":
            table.byteswap()
        return table

    def _sector(self, number: int) -> bytes:
        sector = self._data[number + 1 << self._shift : number + 2 << self._shift]
        if not sector:
            raise ValueError("it is cut off")
        return sector.ljust(1 << self._shift, b"\0")

    def _read(self, start: int) -> bytes:
        return b"".join(map(self._sector, _chain(start, self._next)))

    def _read_small(self, start: int, within: bytes) -> bytes:
        table = self._table(list(_chain(_LONG(self._data, 60)[0], self._next)))
        shift = self._small_shift
        return b"".join(within[number << shift : number + 1 << shift] for number in _chain(start, table))


def _chain(start: int, table: array[int]) -> Iterator[int]:
    for _ in table:
        if start >= len(table):
            return
        yield start
        start = table[start]


def lengths(parts: list[bytes]) -> array[int]:
    """Return about how many bytes each text of a table takes as UTF-8.

    :param parts: the record with the table, and those that go on with it.
    """
    texts = _Texts(parts)
    found = array("I")
    texts.skip(8)
    while (characters := texts.short()) is not None:
        found.append(texts.text(characters))
    return found


class _Texts:
    """Reads a table of texts, which is cut into records wherever one is full."""

    def __init__(self, parts: list[bytes]) -> None:
        self._coming = iter(parts)
        self._part = next(self._coming, b"")
        self._at = 0

    def short(self) -> int | None:
        """Return a number of two bytes; None at the end."""
        if self._at >= len(self._part) and not self._go_on():
            return None
        self._at += 2
        return int(_SHORT(self._part, self._at - 2)[0]) if self._at <= len(self._part) else None

    def skip(self, size: int) -> None:
        """Pass over some bytes."""
        while size > (left := len(self._part) - self._at):
            size -= left
            if not self._go_on():
                return
        self._at += size

    def text(self, characters: int) -> int:
        """Pass over a text, and return its size."""
        flags = self._flags()
        formats = (self.short() or 0) * 4 if flags & _RICH else 0
        phonetics = ((self.short() or 0) | (self.short() or 0) << 16) if flags & _FOREIGN else 0
        size = 0
        while characters:
            width = 1 + (flags & _WIDE)
            here = min(characters, (len(self._part) - self._at) // width)
            self._at += here * width
            characters -= here
            size += here * (1 + 2 * (flags & _WIDE))
            if characters:
                if not self._go_on():
                    break
                flags = self._flags()
        self.skip(formats + phonetics)
        return size

    def _flags(self) -> int:
        self._at += 1
        return self._part[self._at - 1] if self._at <= len(self._part) else 0

    def _go_on(self) -> bool:
        part = next(self._coming, None)
        if part is None:
            self._at = len(self._part)
            return False
        self._part, self._at = part, 0
        return True
