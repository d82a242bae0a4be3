"""Bytes in any encoding to UTF-8, and to whole lines of it."""

from __future__ import annotations

import codecs
import re
from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.bytes.signatures import check_text
from airflow_provider_vcc.dispositions.sources.bytes.streams import LONGEST, broken
from airflow_provider_vcc.dispositions.sources.rows import InvalidText
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["LongLine", "as_utf8", "check_encoding", "not_utf8", "whole_lines"]

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longer ones come before those that they begin with."""
_LONGEST_MARK = 4
_BEGINNING = 4096
_ZEROS = 8
"""Of how many bytes at least one is zero in UTF-16 of European languages; a text has a single one by mistake."""
_SURE = 4
_CUT = frozenset({"truncated data", "unexpected end of data", "incomplete multibyte sequence"})
"""What decoders say of an end within a character."""
_SINGLE_BYTE = re.compile(r"cp(12[0-9]{2}|[0-9]{3})|iso8859-[0-9]+|koi8.*|mac.*|latin.*")
_TOO_LONG = f"longer than {LONGEST >> 20} MiB"


class LongLine(InvalidText):
    """Stands for a line that is too long to be read.

    :param quotes: how many quotes are in it.
    """

    quotes: int

    @classmethod
    def of(cls, quotes: int) -> LongLine:
        """Make one."""
        line = cls(f"the line is {_TOO_LONG}".encode())
        line.quotes = quotes
        return line


def check_encoding(name: str) -> str:
    """Return Python's own name of an encoding of texts.

    :raises VccConfigurationError: if Python does not know it.
    """
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise VccConfigurationError(
            f"encoding must be one that Python knows, such as 'utf-8', 'windows-1250' or 'utf-16', got {name!r}"
        ) from None


def as_utf8(blocks: Iterable[bytes], name: str, encoding: str | None = None) -> Iterator[bytes]:
    """Return a text in UTF-8, without its byte order mark; whether it is valid UTF-8 is for its reader to see.

    :param encoding: its encoding; None for what its byte order mark says, else UTF-8.
    :raises VccInputError: if it is not in its encoding, after what comes before that.
    """
    coming = iter(blocks)
    beginning = b""
    while len(beginning) < _LONGEST_MARK and (block := next(coming, None)) is not None:
        beginning += block
    if wrong := check_text(beginning):
        raise broken(name, wrong, None)
    mark = next((mark for mark in _MARKS if beginning.startswith(mark)), b"")
    encoding = _encoding_of(beginning, mark, encoding, name)
    if encoding == "utf-8":
        return chain([beginning.removeprefix(codecs.BOM_UTF8)], coming)
    return _recoded(chain([beginning], coming), name, encoding)


def _encoding_of(beginning: bytes, mark: bytes, given: str | None, name: str) -> str:
    said = _MARKS.get(mark)
    if given is None:
        if said is None and (unmarked := _unmarked(beginning[:_BEGINNING])):
            what = "has bytes of zero, so it is not UTF-8; if it is UTF-16 without a byte order mark, set "
            raise broken(name, f"{what}encoding={unmarked!r}", None)
        return said or "utf-8"
    given = check_encoding(given).removesuffix("-sig").replace("utf_8", "utf-8")
    if said is not None and not given.startswith(said):
        what = f"begins with the byte order mark of {said.upper()}, and encoding says {given!r}; leave encoding out"
        raise broken(name, what, None)
    if _SINGLE_BYTE.fullmatch(given) and _is_utf8_for_sure(beginning):
        raise broken(name, f"is UTF-8, and encoding says {given!r}; leave encoding out", None)
    return said or given


def _unmarked(beginning: bytes) -> str | None:
    """Return the encoding of a text that has far more zeros than by mistake; None if it has not."""
    if b"\0" not in beginning[:2] and beginning.count(b"\0") * _ZEROS <= len(beginning):
        return None
    return "utf-16-be" if beginning[::2].count(b"\0") > beginning[1::2].count(b"\0") else "utf-16-le"


def _is_utf8_for_sure(beginning: bytes) -> bool:
    """Return whether all that is not ASCII is UTF-8, and that often enough that it cannot be chance."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(beginning)
    return "\ufffd" not in text and len(text) - len(text.encode("ascii", "ignore")) >= _SURE


def _recoded(blocks: Iterable[bytes], name: str, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    given, line, begun = 0, 1, False
    for block in chain(blocks, [b""]):
        kept = decoder.getstate()[0]
        try:
            text, wrong = decoder.decode(block, final=not block), None
        except UnicodeError as error:
            # For a missing mark, Python 3.13 raises the narrower error, too.
            if isinstance(error, UnicodeDecodeError) and "BOM" not in error.reason:
                text, wrong = _before(error, encoding), error
            else:
                raise _without_mark(name, encoding) from None
        data = (text if begun else text.removeprefix("\ufeff")).encode("utf-8", "surrogatepass")
        begun = begun or bool(text)
        yield data
        line += data.count(b"\n")
        if wrong is not None:
            what = "breaks off" if wrong.reason in _CUT else f"is not {encoding}, as encoding or its first bytes say"
            place = f"line {line}, byte {given - len(kept) + wrong.start}"
            raise broken(name, what, place, "its last character is cut off" if wrong.reason in _CUT else None)
        given += len(block)


def _without_mark(name: str, encoding: str) -> VccInputError:
    what = f"is not {encoding}, which is the encoding that was given: it has no byte order mark"
    return broken(name, f"{what}; set encoding='{encoding}-le' or '{encoding}-be'", None)


def _before(error: UnicodeDecodeError, encoding: str) -> str:
    """Return what comes before an error: the decoder has thrown it away."""
    return error.object[: error.start].decode(encoding, "ignore")


def not_utf8(name: str, place: str) -> VccInputError:
    """Make the error of a text that is not UTF-8, with what to do about it."""
    message = (
        f'{name} is not UTF-8 ({place}). If it comes from Excel, save it as "CSV UTF-8", or set encoding="windows-1250"'
    )
    return VccInputError(message, source=name, place=place)


def whole_lines(blocks: Iterable[bytes], name: str, number: Callable[[], int], ends: bytes = b"\n") -> Iterator[bytes]:
    """Yield a text in pieces that end where a line does.

    A line that is too long is a piece of its own, an ``InvalidText``, and its end is not kept.

    :param number: gives the number of the line that comes next, which who takes the pieces knows.
    :param ends: what a line ends with, one byte.
    :raises VccInputError: if it is not UTF-8, after the lines before that.
    """
    byte = 0
    for text, size in _pieces(blocks, ends):
        wrong = None if isinstance(text, InvalidText) else _first_wrong(text)
        yield text if wrong is None else text[: text.rfind(ends, 0, wrong) + 1]
        if wrong is not None:
            raise not_utf8(name, f"line {number()}, byte {byte + wrong}")
        byte += size


def _pieces(blocks: Iterable[bytes], ends: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of whole lines, each with its size in the text."""
    rest: list[bytes] = []
    size = quotes = 0
    for block in blocks:
        cut = block.rfind(ends) + 1
        if cut and size > LONGEST:  # the end of a line that is too long already
            end = block.find(ends) + 1
            yield LongLine.of(quotes + block.count(b'"', 0, end)), size + end
            rest, size = [], 0
            block, cut = block[end:], cut - end  # noqa: PLW2901 -- the rest of it
        if cut:
            yield b"".join([*rest, block[:cut]]), size + cut
            rest, size = [], 0
        size += len(block) - cut
        rest.append(block[cut:])
        quotes = 0 if size <= LONGEST else quotes + sum(part.count(b'"') for part in rest)
        if size > LONGEST:
            rest.clear()
    if size > LONGEST:
        yield LongLine.of(quotes), size
    elif last := b"".join(rest):
        yield last, size


def _first_wrong(text: bytes) -> int | None:
    try:
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None
