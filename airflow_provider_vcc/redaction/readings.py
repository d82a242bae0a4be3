"""Every way in which a quoted text may be read: escapes undone, blobs decoded, letters folded; each with its place."""

from __future__ import annotations

import base64
import codecs
import html
import re
import unicodedata
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_vcc.redaction.spellings import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Reading", "readings"]

MOST_LAYERS = 5
LONGEST_BLOB = 600
"""Of a text that comes out of a blob so much is looked at for blobs again."""
MOST_INFLATED = 4096
CODE_POINTS = 0x110000
_PRINTED = re.compile(r"[ -~\s]{8,}")
_CP1252 = {bytes([byte]).decode("cp1252"): byte for byte in range(0x80, 0xA0) if byte not in {129, 141, 143, 144, 157}}

Span = tuple[int, int]


class Reading(NamedTuple):
    """A text as it may be read, and the place in the original that each character comes from."""

    text: str
    spans: list[Span]

    def __repr__(self) -> str:
        return f"Reading({len(self.text)} characters)"

    def folded(self) -> Reading:
        """Return it without differences of case, width and accents."""
        if self.text.isascii():
            return Reading(self.text.lower(), self.spans)
        pairs = [(fold(char), span) for char, span in zip(self.text, self.spans, strict=True)]
        return Reading("".join(char for char, _ in pairs), [span for chars, span in pairs for _ in chars])

    def letters(self, *, beside: str = "") -> Reading:
        """Return its letters and digits only, and what stands in ``beside``."""
        pairs = zip(self.text, self.spans, strict=True)
        kept = [(char, span) for char, span in pairs if char.isalnum() or char in beside]
        return Reading("".join(char for char, _ in kept), [span for _, span in kept])

    def backwards(self) -> Reading:
        """Return it from its end to its beginning."""
        return Reading(self.text[::-1], self.spans[::-1])

    def rotated(self) -> Reading:
        """Return it in ROT13."""
        return Reading(codecs.encode(self.text, "rot13"), self.spans)


def plain(text: str) -> Reading:
    """Return a text as it stands."""
    return Reading(text, [(at, at + 1) for at in range(len(text))])


def readings(text: str) -> Iterator[Reading]:
    """Yield every reading of a text, folded: as it stands, with its escapes undone, its blobs decoded."""
    seen: set[str] = set()
    decoded: set[tuple[Span, str]] = set()
    for reading in _unescaped(plain(text)):
        if reading.text not in seen:
            seen.add(reading.text)
            for way in (reading, reading.backwards(), reading.rotated()):
                yield way.folded()
            yield from _blobs(reading, decoded)


def _unescaped(reading: Reading) -> Iterator[Reading]:
    yield reading
    if not _MAY_ESCAPE.search(reading.text):
        return
    for rules in (_USUAL, _USUAL | _PRINTABLE, _STYLES, _USUAL | _TAGS):
        read = reading
        for _ in range(MOST_LAYERS):
            again = _apply(read, rules)
            if again.text == read.text:
                break
            read = again
            yield read


# Escapes: a pattern, and what it stands for. Bytes are read as UTF-8 where that is what they are.


def _apply(reading: Reading, rules: dict[str, Callable[[str], str | bytes]]) -> Reading:
    pattern = _pattern(tuple(rules))
    ways = list(rules.values())
    text, spans, at = [], [], 0
    for found in pattern.finditer(reading.text):
        text.append(reading.text[at : found.start()])
        spans += reading.spans[at : found.start()]
        at = found.end()
        given = ways[(found.lastindex or 1) - 1](found[0])
        chars = _characters(given) if isinstance(given, bytes) else given
        whole = (reading.spans[found.start()][0], reading.spans[found.end() - 1][1])
        text.append(chars)
        spans += [whole] * len(chars)
    return Reading("".join([*text, reading.text[at:]]), spans + reading.spans[at:])


_PATTERNS: dict[tuple[str, ...], re.Pattern[str]] = {}


def _pattern(parts: tuple[str, ...]) -> re.Pattern[str]:
    if parts not in _PATTERNS:
        _PATTERNS[parts] = re.compile("|".join(f"({part})" for part in parts), re.IGNORECASE | re.DOTALL)
    return _PATTERNS[parts]


def _characters(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _code_points(text: str) -> str:
    units = [int(unit, 16) for unit in re.findall(r"[0-9a-fA-F]+", re.sub(r"[uUxX]\+?", " ", text))]
    data = b"".join(unit.to_bytes(4, "little") for unit in units if unit < CODE_POINTS)
    joined = data.decode("utf-32-le", "surrogatepass")
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _hex(text: str) -> bytes:
    return bytes.fromhex("".join(re.findall(r"[0-9a-fA-F]{2}", text)))


def _octal(text: str) -> bytes:
    return bytes(int(code, 8) & 0xFF for code in text.split("\\")[1:])


def _named(text: str) -> str:
    try:
        return unicodedata.lookup(text[3:-1])
    except KeyError:
        return ""


def _mojibake(text: str) -> str:
    data = bytes(_CP1252.get(char, ord(char) & 0xFF) for char in text)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return text


_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "b": "\b", "0": "\0"}
_HIGH = "[\x80-\xff" + "".join(map(re.escape, _CP1252)) + "]{2,}"
_MAY_ESCAPE = re.compile(r"[&%\\=<\x1b]|U\+|" + _HIGH)
_USUAL: dict[str, Callable[[str], str | bytes]] = {
    r"&(?:#[0-9]{1,7};?|#x[0-9a-f]{1,6};?|[a-z][a-z0-9]{1,30};?)": html.unescape,
    r"(?:%u[0-9a-f]{4})+": _code_points,
    r"(?:%[0-9a-f]{2})+": _hex,
    r"(?:\\+x[0-9a-f]{2})+": _hex,
    r"\x1b\[[0-9;]*[a-z]": lambda _: "",
    r"(?:\\+[ux]\{[0-9a-f]{1,6}\})+|(?:\\+u[0-9a-f]{4})+|(?:U\+[0-9a-f]{4,6}\W?)+|(?:\\+U[0-9a-f]{8})+": _code_points,
    r"\\N\{[^{}]{1,80}\}": _named,
    r"(?:\\[0-3][0-7]{2})+": _octal,
    r"\\.": lambda found: _SIMPLE.get(found[1], found[1]),
    _HIGH: _mojibake,
}
_PRINTABLE: dict[str, Callable[[str], str | bytes]] = {
    r"=\r?\n": lambda _: "",
    r"(?:=[0-9a-f]{2})+": _hex,
}
_STYLES: dict[str, Callable[[str], str | bytes]] = {r"(?:\\[0-9a-f]{1,6}[ ]?)+": _code_points}
_TAGS: dict[str, Callable[[str], str | bytes]] = {r"<[^<>]*>": lambda _: ""}


# Blobs: a whole stretch that stands for another text


def _blobs(reading: Reading, seen: set[tuple[Span, str]], *, again: bool = True) -> Iterator[Reading]:
    for pattern, decode in _BLOBS:
        for found in pattern.finditer(reading.text):
            whole = (reading.spans[found.start()][0], reading.spans[found.end() - 1][1])
            texts = dict.fromkeys(text for data in decode(found[0]) for text in _texts(data))
            for text in (text for text in texts if (whole, text) not in seen):
                seen.add((whole, text))
                folded = fold(text)
                yield Reading(folded, [whole] * len(folded))
                if again and _PRINTED.fullmatch(text):  # what was no blob gives noise, seldom a text
                    inner = Reading(text[:LONGEST_BLOB], [whole] * len(text[:LONGEST_BLOB]))
                    yield from _blobs(inner, seen, again=False)


def _texts(data: str | bytes) -> Iterator[str]:
    if isinstance(data, str):
        yield data
        return
    for some in (data, *_inflated(data)):
        text = some.replace(b"\0", b"").decode("utf-8", "ignore")
        if some:
            yield text
            yield _apply(plain(text), _USUAL).text
            yield some.decode("latin-1")


def _inflated(data: bytes) -> Iterator[bytes]:
    for header in (47, -15):
        with suppress(zlib.error):
            yield zlib.decompressobj(header).decompress(data, MOST_INFLATED)


def _shifted(
    alphabet: str, width: int, zero: bytes, decode: Callable[[bytes], bytes]
) -> Callable[[str], Iterator[bytes]]:
    unwanted = re.compile(f"[^{alphabet}]+")

    def shifts(text: str) -> Iterator[bytes]:
        clean = unwanted.sub("", text).encode()
        for start in range(width):
            part = clean[start:]
            with suppress(ValueError):
                yield decode(part + zero * (-len(part) % width))  # the last group may be cut, or padded

    return shifts


def _decimals(text: str) -> Iterator[str | bytes]:
    codes = [int(code) for code in re.findall(r"\d{2,7}", text)]
    yield "".join(chr(code) for code in codes if code < CODE_POINTS)
    octal = re.findall(r"\b[0-3]?[0-7]{2}\b", text)
    yield bytes(int(code, 8) for code in octal)


def _bits(text: str) -> Iterator[bytes]:
    bits = re.sub("[^01]+", "", text)
    yield bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))


def _urlsafe(data: bytes) -> bytes:
    return base64.b64decode(data.translate(bytes.maketrans(b"-_", b"+/")))


def _upper32(data: bytes) -> bytes:
    return base64.b32decode(data.upper())


def _hexes(text: str) -> Iterator[bytes]:
    digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", text)
    for start in (0, 1):
        part = digits[start:]
        yield bytes.fromhex(part[: len(part) // 2 * 2])


_BLOBS: list[tuple[re.Pattern[str], Callable[[str], Iterable[str | bytes]]]] = [
    (re.compile(r"[A-Za-z0-9+/_-]{8,}(?:\s+[A-Za-z0-9+/_-]{8,})*"), _shifted("A-Za-z0-9+/_-", 4, b"A", _urlsafe)),
    (re.compile(r"[A-Za-z2-7]{10,}"), _shifted("A-Za-z2-7", 8, b"A", _upper32)),
    (re.compile(r"(?:(?:0x|\\x)?[0-9A-Fa-f]{2}[\s:,;-]{0,2}){6,}"), _hexes),
    (re.compile(r"[!-~]{8,}"), _shifted("!-~", 5, b"0", base64.b85decode)),
    (re.compile(r"[!-uz]{8,}"), _shifted("!-uz", 5, b"!", base64.a85decode)),
    (re.compile(r"\d{2,7}(?:\D{1,8}\d{2,7}){5,}"), _decimals),
    (re.compile(r"(?:[01]{8}\W?){6,}"), _bits),
]
