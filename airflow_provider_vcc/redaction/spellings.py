"""A private value as others may spell it: in other letters, with its date or number written otherwise."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["dense", "fold", "letters", "variants"]

SMALLEST_NUMBER = 100_000
"""The first of six digits: of smaller ones nothing is to be hidden."""
MOST_DAYS = 50
"""So many in one value are looked for in other orders."""
LARGEST_NUMBER = 10**40
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_NO_LETTERS = re.compile(r"[\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_DENSE = re.compile("(?=([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]{2}))")
_NUMBER = re.compile(r"[+(]?\d[\d ()/.,-]{4,60}", re.ASCII)
_DAYS = [
    re.compile(rf"(?<!\d){day}(?!\d)", re.ASCII)
    for day in (
        r"(?P<y>[12]\d{3})(?P<m>\d\d)(?P<d>\d\d)",
        r"(?P<y>[12]\d{3})[-/. ]+(?P<m>\d\d?)[-/. ]+(?P<d>\d\d?)",
        r"(?P<d>\d\d?)[-/. ]+(?P<m>\d\d?)[-/. ]+(?P<y>[12]\d{3})",
    )
]
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
LAST_DAY = 31
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "æ": "ae", "œ": "oe", "ß": "ss"})
_CYRILLIC = "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e yu ya"  # from U+0430 on
_GREEK = "a v g d e z i th i k l m n x o p r s s t y f ch ps o"  # from U+03B1 on
_LATIN = {
    first + at: spelt.strip("-")
    for first, alphabet in ((0x430, _CYRILLIC), (0x3B1, _GREEK))
    for at, spelt in enumerate(alphabet.split())
} | dict.fromkeys(map(ord, "іїы"), "i")
_CODE_PAGES = ("cp1251", "koi8-r", "cp1253", "cp1250", "shift-jis", "gb18030", "big5")


def fold(text: str) -> str:
    """Return a text without differences of case, width and accents."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()))


def letters(text: str) -> str:
    """Return the letters and digits of a folded text."""
    return _NO_LETTERS.sub("", text)


def dense(text: str) -> Iterator[tuple[int, str]]:
    """Yield each two characters of which one is a word, as in Chinese, and where they stand."""
    if not text.isascii():
        for found in _DENSE.finditer(text):
            yield found.start(), found[1]


def variants(text: str) -> Iterator[str]:
    """Yield a text as others may write it."""
    folded = fold(text)
    yield folded
    if not text.isascii():
        yield from _in_other_letters(text, folded)
    if text[:1].isdigit() or text[:1] in "+(":
        yield from _numbers(text)
    days = {
        (int(found["y"]), int(found["m"]), int(found["d"])) for pattern in _DAYS for found in pattern.finditer(text)
    }
    for day in sorted(days)[:MOST_DAYS]:
        yield from _dates(*day)


def _in_other_letters(text: str, folded: str) -> Iterator[str]:
    """Yield a text without what is not ASCII, with umlauts spelt out, in Latin letters, read in the wrong encoding."""
    lower = unicodedata.normalize("NFC", text).casefold()
    yield _NOT_ASCII.sub("", lower)
    yield fold(lower.translate(_SPELT_OUT))
    if not folded.isascii():
        yield fold(lower.translate(_LATIN))
        for code_page in _CODE_PAGES:
            with suppress(UnicodeError):
                data = text.encode(code_page)
                yield fold(data.decode("latin-1"))
                yield fold(data.decode("cp1252", "replace"))


def _numbers(text: str) -> Iterator[str]:
    """Yield a number to other bases."""
    digits = letters(text)
    if _NUMBER.fullmatch(text) and digits.isdecimal() and SMALLEST_NUMBER <= int(digits) < LARGEST_NUMBER:
        yield from (f"{int(digits):x}", f"{int(digits):o}", f"{int(digits):b}")


def _dates(year: int, month: int, day: int) -> Iterator[str]:
    """Yield a day in other orders, as letters and digits only, and by the seconds that computers count."""
    if not (1 <= month <= len(_MONTHS) and 1 <= day <= LAST_DAY):
        month, day = day, month
    try:
        yield str(int(datetime(year, month, day, tzinfo=UTC).timestamp()))
    except ValueError:
        return
    for y in (f"{year}", f"{year % 100:02}"):
        for d in (f"{day:02}", f"{day}"):
            for m in (f"{month:02}", f"{month}", _MONTHS[month - 1], _MONTHS[month - 1][:3]):
                yield from (f"{d}{m}{y}", f"{m}{d}{y}", f"{y}{m}{d}")
