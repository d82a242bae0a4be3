"""How much memory an answer takes with all that it says, judged by its text: a few bytes of it may be an object."""

from __future__ import annotations

import re
from http.client import HTTPException
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TooLarge", "see_that_it_fits"]

MOST_HELD = 61 << 20
"""Bytes of memory that an answer may take together with what is made of it: 64 MiB, less what else a request takes."""
ALWAYS_FITS = 1 << 18
"""Bytes of an answer that takes less than that, whatever it says."""
TAKES = {b"{": 208, b"[": 144, b",": 48, b":": 40, b'"': 32}
"""Bytes that Python takes at most for what each of these begins: an object and its first value, a list and its first
value, a place in one of them and a number there, a name's place, half of a text."""
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?(\s*+:)?|[\[{]\s*+[\]}]?|[^\s,:"\[\]{}]++', re.DOTALL)
OBJECT, LIST, EMPTY, ENTRY, PLACE, TEXT, NUMBER = 192, 96, 64, 40, 16, 72, 32
"""What each takes, of an object its first entries included."""
QUOTE = ord('"')
SMALLEST_NUMBER = len("257")
LONGEST_NAME = 32
MOST_NAMES = 64
WIDE = ((re.compile(rb"[\xf0-\xff]|\\u[dD][89aAbB]"), 4), (re.compile(rb"[\xc4-\xff]|\\u"), 2))
"""What makes each character of a text take so many bytes."""
TAKES_ERROR = 600
"""Bytes that are made of each error at most."""


class TooLarge(HTTPException, ValueError):
    """The answer takes more memory than one may.

    :param reason: what is too large about it.
    """

    def __init__(self, reason: str = "the answer takes more than 64 MiB of memory") -> None:
        super().__init__(reason)
        self.reason = reason


def see_that_it_fits(body: bytes, errors: int = 0, *, times: int = 1, as_text: bool = False) -> None:
    """See that what an answer says can be held: a few bytes of it may be a whole object.

    :param errors: how many errors are made of it.
    :param times: how many copies of what it says there are.
    :param as_text: whether it is only made a text.
    :raises TooLarge: if it cannot.
    """
    if len(body) * times <= ALWAYS_FITS:
        return
    left = (MOST_HELD - errors * TAKES_ERROR) // times - _texts(body)
    if left < 0 or not (as_text or _at_most(body) <= left or _nearly(body, left) <= left):
        raise TooLarge


def _texts(body: bytes) -> int:
    """Return how many bytes of memory an answer takes at most with all of its texts."""
    copied = not body.isascii() or b"\\" in body  # while its texts are unquoted and decoded
    width = next((width for signs, width in WIDE if signs.search(body)), 1) if copied else 1
    return len(body) * (1 + width + (2 if copied else 0))


def _at_most(body: bytes) -> int:
    """Return more bytes than what an answer says takes beside its texts: quickly, since it looks at signs alone."""
    return sum(takes * body.count(sign) for sign, takes in TAKES.items())


def _nearly(body: bytes, most: int) -> int:
    """Return somewhat more bytes than what an answer says takes beside its texts, up to where it is too much."""
    held, names = 0, dict[bytes, int]()
    for token in TOKEN.finditer(body):
        start, end = token.span()
        if body[start] != QUOTE:
            opens = body[start] in b"[{"
            held += PLACE + (_container if opens else _number)(body[start], end - start)
        elif token[1] is None:
            held += PLACE + TEXT
        else:
            name = body[start : token.start(1)] if token.start(1) - start < LONGEST_NAME else b""
            held += ENTRY
            if name in names or (name and b"\\" not in name and len(names) < MOST_NAMES):
                names[name] = names.get(name, 0) + 1
            else:
                held += TEXT
        if held > most:
            break
    return held + TEXT * _again_and_again(names)


def _container(begin: int, size: int) -> int:
    if size > 1:
        return EMPTY
    return OBJECT if begin == ord("{") else LIST


def _number(begin: int, size: int) -> int:
    """Return what a number takes; true, false, null, and numbers of two digits are there already."""
    return NUMBER if size >= SMALLEST_NUMBER and begin not in b"tfn" else 0


def _again_and_again(names: Mapping[bytes, int]) -> int:
    """Return how often a name is made anew: most that have been seen once are taken from there."""
    one = b"{%b}" % b",".join(b"%b:0" % name for name in names)
    try:
        first, second = msgspec.json.decode(b"[%b,%b]" % (one, one))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return sum(names.values())
    return sum(count for count, name, same in zip(names.values(), first, second, strict=True) if name is not same)
