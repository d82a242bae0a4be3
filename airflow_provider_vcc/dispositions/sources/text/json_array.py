"""A JSON array of any size, element by element.

Blocks are cut where an element seems to end and are given to msgspec, which says in C whether that was right. Where it
was not, an exact scanner finds the end of an element, going on where it left off, so that the time stays linear.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.rows import InvalidText
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["REQUEST", "split_array"]

_SPACE = b" \t\r\n"
_GUESSES = 3
_LONGEST_GAP = 64
_LONGEST_BEGINNING = 128
_TOO_LARGE = InvalidText(f"larger than {LONGEST >> 20} MiB".encode())
_OBJECT = "is a JSON object, not an array; wrap one element in [ ]; JSON Lines need a name ending in .jsonl"
REQUEST = (
    "is a whole request, not an array of elements: give what is in its 'elements' as an array, "
    "and what is beside it as the parameters disposition and avoid_in_call"
)
_REQUEST = re.compile(rb'"elements"\s*:\s*\[')
_decode_array = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_one = msgspec.json.Decoder(msgspec.Raw).decode
_OUTSIDE = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{},]', re.DOTALL)
_INSIDE = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


def split_array(blocks: Iterable[bytes], name: str, _: object = None) -> Iterator[list[bytes]]:
    """Yield the texts of an array's elements, in lists of any size.

    :raises VccInputError: if the text is not an array or breaks off, after the elements before that.
    """
    array = _Array(name)
    coming = iter(blocks)
    while True:
        try:
            block = next(coming, None)
        except VccInputError:
            yield from array.complete_ones()
            raise
        if block is None:
            break
        yield from array.feed(block)
    yield from array.finish()


class _Array:
    """Blocks in, elements out.

    ``_buffer`` begins behind the bracket or comma before an element, and ``_offset`` is its place in the whole text.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._buffer = bytearray()
        self._offset = 0
        self._count = 0
        self._opened = False
        self._scanner: _Scanner | None = None
        self._skipping = False
        """Whether the element is too large, and only its end is looked for."""
        self._ended = False
        """Whether the last element was given already."""

    def feed(self, block: bytes) -> Iterator[list[bytes]]:
        """Take a block, and return the elements that it completes, as far as that is quickly seen."""
        self._buffer += block
        if not self._is_opened():
            return
        if self._scanner is None and (texts := self._guess()):
            yield texts
            return
        yield from self._exactly()
        end = self._scanner.end if self._scanner else None
        if end is not None and self._is_wrong_after(end):
            yield from self._last(end)

    def finish(self) -> Iterator[list[bytes]]:
        """Yield the last elements, up to the closing bracket."""
        if not self._is_opened():
            raise broken(self._name, "is empty; an array without elements is []", None)
        if self._scanner is None and self._buffer.rstrip(_SPACE).endswith(b"]"):
            texts = _split(b"[" + self._buffer)
            if texts is not None and (texts or not self._count):
                yield texts
                return
        yield from self._exactly()
        end = self._scanner.end if self._scanner else None
        if end is None:
            yield from self._last_complete_one()
            raise self._broken("breaks off", len(self._buffer))
        yield from self._last(end)

    def complete_ones(self) -> Iterator[list[bytes]]:
        """Yield the complete elements of what is there."""
        if self._opened:
            yield from self._exactly()
            yield from self._last_complete_one()

    def _is_opened(self) -> bool:
        if not self._opened:
            self._open()
        return self._opened

    def _open(self) -> None:
        text = self._buffer.lstrip(_SPACE)
        if text.startswith(b"{"):
            raise broken(self._name, _OBJECT if _REQUEST.search(text) is None else REQUEST, None)
        if text and not text.startswith(b"["):
            raise broken(self._name, "is not a JSON array", None)
        if text:
            self._opened = True
        self._drop(len(self._buffer) - len(text) + self._opened)

    def _guess(self) -> list[bytes] | None:
        """Cut between the last two objects, if what looks like it is.

        The elements of one file mostly begin with the same name, which objects within them do not.
        """
        for beginning in (self._beginning(), b"{"):
            at = len(self._buffer)
            for _ in range(_GUESSES):
                at = self._last_gap(beginning, at)
                if at < 0:
                    break
                if texts := _split(b"[" + self._buffer[:at] + b"]"):
                    self._count += len(texts)
                    self._drop(at + 1)
                    return texts
        return None

    def _beginning(self) -> bytes:
        head = bytes(self._buffer[:_LONGEST_BEGINNING]).lstrip(_SPACE)
        colon = head.find(b":")
        return head[: colon + 1] if head.startswith(b"{") and colon > 0 else b"{"

    def _last_gap(self, beginning: bytes, before: int) -> int:
        """Find the comma of the last ``},{`` before a place, and not so early that most of the buffer is left over."""
        least = len(self._buffer) // 2
        while (before := self._buffer.rfind(beginning, least, before)) >= 0:
            gap = self._buffer[max(0, before - _LONGEST_GAP) : before]
            upto = gap.rstrip(_SPACE)
            if upto.endswith(b",") and upto[:-1].rstrip(_SPACE).endswith(b"}"):
                return before - (len(gap) - len(upto)) - 1
        return -1

    def _exactly(self) -> Iterator[list[bytes]]:
        """Yield the elements up to the last comma between two."""
        scanner = self._scanner = self._scanner or _Scanner()
        scanner.scan(self._buffer)
        if self._skipping:
            yield from self._skipped(scanner)
        if not scanner.cuts:
            self._skip(scanner)
            return
        cuts, last = scanner.cuts, scanner.cuts[-1]
        texts = _split(b"[" + self._buffer[:last] + b"]")
        if texts is None or len(texts) != len(cuts):
            yield from self._one_by_one(cuts)
        else:
            self._count += len(texts)
            yield texts
        self._drop(last + 1)
        self._scanner = None if scanner.end is None else _Scanner(scanner.end - last - 1)

    def _skip(self, scanner: _Scanner) -> None:
        """Forget what there is of an element that is too large."""
        if scanner.end is None and (self._skipping or len(self._buffer) > LONGEST):
            self._skipping = True
            self._drop(scanner.restart())

    def _skipped(self, scanner: _Scanner) -> Iterator[list[bytes]]:
        """Go on behind an element that was too large, if its end is there."""
        end = scanner.cuts[0] if scanner.cuts else scanner.end
        if end is None:
            return
        self._skipping = False
        yield [_TOO_LARGE]
        self._count += 1
        self._ended = not scanner.cuts
        behind = end if self._ended else end + 1
        self._drop(behind)
        scanner.shift(behind)

    def _one_by_one(self, cuts: list[int]) -> Iterator[list[bytes]]:
        start = 0
        for cut in cuts:
            yield [self._one(start, cut)]
            self._count += 1
            start = cut + 1

    def _one(self, start: int, end: int) -> bytes:
        text = bytes(self._buffer[start:end]).strip(_SPACE)
        if not text:
            raise self._broken("has a comma too many", end)
        if fault := _fault(text):
            raise self._broken(fault, start)
        return text

    def _last(self, end: int) -> Iterator[list[bytes]]:
        """Yield the element before the closing bracket, and check that nothing comes after it."""
        if not self._ended and (self._count or self._buffer[:end].strip(_SPACE)):
            yield [self._one(0, end)]
            self._count += 1
        if self._is_wrong_after(end):
            raise self._broken("goes on after the end of the array", end)

    def _is_wrong_after(self, end: int) -> bool:
        wrong = self._buffer[end] != ord("]") or bool(self._buffer[end + 1 :].strip(_SPACE))
        if not wrong:
            del self._buffer[end + 1 :]
        return wrong

    def _last_complete_one(self) -> Iterator[list[bytes]]:
        if self._skipping:
            return
        text = bytes(self._buffer).strip(_SPACE)
        if text.endswith((b"}", b"]", b'"')) and not _fault(text):
            yield [text]
            self._count += 1
            self._buffer.clear()

    def _drop(self, size: int) -> None:
        del self._buffer[:size]
        self._offset += size

    def _broken(self, what: str, at: int) -> VccInputError:
        return broken(self._name, what, f"byte {self._offset + at}, in element {self._count}")


class _Scanner:
    """Finds the commas between elements and the closing bracket, going on where it left off."""

    def __init__(self, end: int | None = None) -> None:
        self.cuts: list[int] = []
        self.end = end
        self._at = 0
        self._depth = 0
        self._quoted = False

    def restart(self) -> int:
        """Go on at the beginning of what is left when all that was scanned is dropped, and return how much that is."""
        scanned, self._at = self._at, 0
        return scanned

    def shift(self, size: int) -> None:
        """Forget the first cut, and go on as if the text began so much later."""
        self.cuts = [cut - size for cut in self.cuts[1:]]
        self.end = None if self.end is None else self.end - size
        self._at -= size

    def scan(self, buffer: bytearray) -> None:
        while self.end is None and self._at < len(buffer):
            if self._quoted and not self._unquote(buffer):
                return
            self._outside(buffer)

    def _unquote(self, buffer: bytearray) -> bool:
        inside = _INSIDE.match(buffer, self._at)
        self._at = inside.end() if inside else self._at
        # Where it is no quote, it is a backslash at the end: what it escapes is still to come.
        self._quoted = buffer[self._at : self._at + 1] != b'"'
        self._at += not self._quoted
        return not self._quoted

    def _outside(self, buffer: bytearray) -> None:
        for found in _OUTSIDE.finditer(buffer, self._at):
            token = found[0]
            self._at = found.end()
            if token == b'"':
                self._quoted = True
                return
            if token == b"," and not self._depth:
                self.cuts.append(found.start())
            elif token in b"[{":
                self._depth += 1
            elif token in b"]}":
                if not self._depth:
                    self.end = found.start()
                    return
                self._depth -= 1
        self._at = len(buffer)


def _split(array: bytes) -> list[bytes] | None:
    """Return an array's elements, or None if it is not an array."""
    try:
        if not array.isascii():
            array.decode()
        return list(map(bytes, _decode_array(array)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _fault(text: bytes) -> str | None:
    """Return what breaks the array here, if anything does; what is an element, if a wrong one, is left to its check."""
    try:
        text.decode()
        _decode_one(text)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except msgspec.MsgspecError:
        return None if _is_json_for_python(text) else "is not valid JSON"
    except RecursionError:
        return None
    return None


def _is_json_for_python(text: bytes) -> bool:
    """Return whether only Python reads it: half of a character, NaN, very many digits, a bare tab or zero byte."""
    try:
        json.loads(text, parse_int=len, strict=False)
    except ValueError:
        return False
    except RecursionError:
        pass
    return True
