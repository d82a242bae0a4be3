"""What others say of our requests: shown without anything that came from a request."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.redaction.readings import Reading, readings
from airflow_provider_vcc.redaction.spellings import dense, letters, variants
from airflow_provider_vcc.redaction.vocabulary import API, GRAMMAR, IDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["MASK", "Private", "Redaction", "of_request", "redacted"]

MASK = "***"
LONGEST_SHOWN = 5
"""A stretch of a value that is longer than this is not shown."""
GRAM = LONGEST_SHOWN + 1
SHORTEST_WORD = 3
LONGEST_TEXT = 2_000
MANY_CHECKS = 2_000
FEW_CHARACTERS = 2**18
"""Of so many each stretch is kept, which takes some 30 MB; of more only a filter."""
FILTER_SIZE = 2**22
SEPARATORS = " .,:;_<>|-"
BARRIER = "\x01"
_CREDENTIALS = re.compile(rb"authorization: *(?:[a-z]+ )?([!-~]+)", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\w+(?:[.-]\w+)*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9T:+ .Z-]*)?", re.ASCII)
_STRETCH = re.compile(r"1+(?:[ .,:;_<>|-]{1,3}1+)*")
_FILLING = re.compile(r"\S.*\S|\S", re.DOTALL)


class Redaction:
    """What is private of all requests of a run.

    :param disposition: the request's object, which goes out with each of them.
    :param secrets: the connection's: the token, and what is made of it.
    """

    def __init__(self, disposition: Mapping[str, object] | None = None, secrets: Iterable[str] = ()) -> None:
        self._common: list[object] = [disposition, *secrets]

    def of(self, elements: Sequence[object]) -> Private:
        """Return what is private of a request with these elements. Costs nothing before something is to be read."""
        return Private([*self._common, elements])


class Private:
    """What is private of one request, and takes it out of texts.

    :param personal: elements, dispositions, rows or plain values; ids, dates and flags in them are not personal.
    """

    def __init__(self, personal: Sequence[object]) -> None:
        self._personal = personal
        self._index: _Index | None = None
        self._known: dict[str, str] = {}

    def redacted(self, text: str, own: object = None) -> str:
        """Return a text of somebody else's as it may be shown.

        Words of the API's documentation and ids stay. Of what came with the request no stretch of six characters is
        left, however it is escaped or spelt; of ``own`` not even a word.

        :param own: the element that the text is about, where that is known.
        """
        if _is_known(text):
            return text
        own_words = _words_of(own)
        if not own_words and text in self._known:
            return self._known[text]
        shown = _masked(text[:LONGEST_TEXT], self._indexed, own_words)
        if not own_words and len(self._known) < MANY_CHECKS:
            self._known[text] = shown
        return shown

    def code(self, code: int | str | None) -> int | str | None:
        """Return an error's code as it may be shown: one of up to five digits always."""
        if code is None or (isinstance(code, int) and abs(code) < 10**LONGEST_SHOWN):
            return code
        shown = self.redacted(str(code))
        return code if shown == str(code) else shown

    def everything(self, value: object) -> object:
        """Return what a server gave, however nested, with each text in it as it may be shown."""
        if isinstance(value, str):
            return self.redacted(value)
        if isinstance(value, Mapping):
            return {self.everything(name): self.everything(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.everything(item) for item in value]
        return self.code(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def errors(self, errors: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
        """Return an envelope's errors as they may be shown; ``index`` stays."""
        return [{name: item if name == "index" else self.everything(item) for name, item in e.items()} for e in errors]

    @property
    def _indexed(self) -> _Index:
        if self._index is None:
            self._index = _Index(self._personal)
        return self._index


def of_request(head: bytes, body: bytes) -> Private:
    """Return what is private of a request as it went out: its body, and the credentials in its head."""
    try:
        personal = [msgspec.json.decode(body)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        personal = [body]
    for value in _CREDENTIALS.findall(head):
        personal.append(value.decode("latin-1"))
        with suppress(ValueError):
            personal.append(base64.b64decode(value).decode("utf-8", "replace").partition(":")[2])
    return Private(personal)


def redacted(text: str, personal: Iterable[object] = (), own: object = None) -> str:
    """Return a text of somebody else's without anything of ``personal``: see ``Private.redacted``."""
    return Private(list(personal)).redacted(text, own)


def _is_known(text: str) -> bool:
    """Return whether a text is made of the API's own words, so that nothing needs to be looked up."""
    return text.isascii() and all(part in API for word in _WORD.findall(text.lower()) for part in _parts(word))


def _parts(word: str) -> list[str]:
    return [word] if word in API else word.split("_")


class _Index:
    """What is private, ready to be looked for."""

    def __init__(self, personal: Sequence[object]) -> None:
        found = _Found()
        found.take(personal)
        self.ids = found.ids
        spellings = [spelling for value in found.values for spelling in variants(value)]
        self._whole = "\0".join(spellings)
        self._letters = "\0".join(map(letters, spellings))
        self.short = {value for value in map(letters, spellings) if SHORTEST_WORD <= len(value) <= LONGEST_SHOWN}
        self.dense = {pair for _, pair in dense(self._whole)}
        self._checks = 0
        self._seen: dict[str, bool] = {}
        """What was looked for: the errors of one request say much the same."""
        self._grams: set[str] | None = None
        self._filter: bytearray | None = None

    def has(self, gram: str) -> bool:
        """Return whether a stretch stands in anything private."""
        if self._grams is not None:
            return gram in self._grams
        known = self._seen.get(gram)
        if known is not None:
            return known
        found = self._looked_for(gram)
        if len(self._seen) < MANY_CHECKS:
            self._seen[gram] = found
        return found

    def _looked_for(self, gram: str) -> bool:
        self._checks += 1
        if self._checks > MANY_CHECKS:
            if len(self._whole) <= FEW_CHARACTERS:
                both = (self._whole, self._letters)
                self._grams = {text[at : at + GRAM] for text in both for at in range(len(text) - LONGEST_SHOWN)}
            elif not self._may_have(gram):
                return False
        return gram in self._letters or gram in self._whole

    def _may_have(self, gram: str) -> bool:
        if self._filter is None:
            self._filter = marks = bytearray(FILTER_SIZE)
            for text in (self._whole, self._letters):
                for at in range(len(text) - LONGEST_SHOWN):
                    marks[hash(text[at : at + GRAM]) % FILTER_SIZE] = 1
        return bool(self._filter[hash(gram) % FILTER_SIZE])


class _Found:
    """Texts that are personal, and ids, which are not."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.ids: set[str] = set()

    def take(self, value: object, *, fields: bool = True) -> None:
        """Gather from elements, rows or anything else, however they are nested.

        :param fields: whether names mean what they mean in an element; within a search everything is personal.
        """
        if isinstance(value, str):
            self.values.append(value)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                self._field(name, item, fields=fields)
        elif isinstance(value, list | tuple | set | frozenset):
            for item in value:
                self.take(item, fields=fields)
        elif isinstance(value, bytes):
            self.values.append(value.decode("utf-8", "replace"))
        elif hasattr(value, "__struct_fields__"):
            for name in value.__struct_fields__:
                self._field(name, getattr(value, name), fields=fields)
        elif value is not None and not isinstance(value, bool):
            self.values.append(str(value))

    def _field(self, name: object, item: object, *, fields: bool) -> None:
        if isinstance(name, str) and name.lower() not in API:
            self.values.append(name)
        if fields and name in IDS and isinstance(item, str | int):
            self.ids.add(str(item).casefold())
        elif not (fields and name == "next_calldate" and _DATE.fullmatch(str(item))):
            self.take(item, fields=fields and name != "search")


def _words_of(own: object) -> frozenset[str]:
    found = _Found()
    found.take(own)
    words = {word for value in found.values for spelling in variants(value) for word in _WORD.findall(spelling)}
    return frozenset(word for word in words if len(word) >= SHORTEST_WORD and word not in API and word not in GRAMMAR)


def _masked(text: str, index: _Index, own_words: frozenset[str]) -> str:
    barred = _barred(text, index.ids)
    hits = bytearray(len(text))
    for reading in readings(barred):
        for start, end in _hits(reading, index, own_words):
            hits[start:end] = b"\1" * (end - start)
    if not any(hits):
        return text
    for found in _WORD.finditer(barred):  # a word of which a part is gone goes as a whole
        if any(hits[found.start() : found.end()]):
            hits[found.start() : found.end()] = b"\1" * len(found[0])
    return _without(text, hits)


def _barred(text: str, ids: set[str]) -> str:
    """Put something that no value contains in the place of ids."""

    def barrier(found: re.Match[str]) -> str:
        return BARRIER * len(found[0]) if found[0].casefold() in ids else found[0]

    return _WORD.sub(barrier, _TOKEN.sub(barrier, text)) if ids else text


def _hits(reading: Reading, index: _Index, own_words: frozenset[str]) -> Iterator[tuple[int, int]]:
    yield from _grams(reading, index)
    yield from _grams(reading.letters(beside=BARRIER), index)
    for at, pair in dense(reading.text) if index.dense else ():
        if pair in index.dense:
            yield from reading.spans[at : at + len(pair)]
    for found in _WORD.finditer(reading.text):
        if found[0] in own_words or found[0] in index.short:
            yield from reading.spans[found.start() : found.end()]


def _grams(reading: Reading, index: _Index) -> Iterator[tuple[int, int]]:
    text, end = reading.text, 0
    for at in range(len(text) - LONGEST_SHOWN):
        gram = text[at : at + GRAM]
        if index.has(gram) and BARRIER not in gram:
            yield from reading.spans[max(at, end) : at + GRAM]
            end = at + GRAM


def _without(text: str, hits: bytearray) -> str:
    """Put a mask in the place of each stretch, and of what only separates two of them."""
    marks = "".join("1" if hit else char if char in SEPARATORS else "0" for char, hit in zip(text, hits, strict=True))
    shown, at = [], 0
    for found in _STRETCH.finditer(marks):
        stretch = text[found.start() : found.end()]
        if not _is_known(stretch):
            shown += [text[at : found.start()], _FILLING.sub(MASK, stretch, 1)]
            at = found.end()
    return "".join([*shown, text[at:]])
