"""Reading one answer: http.client parses it; here stands what it is too strict, too trusting or too patient about.

Strictness would double: an answer that was sent and is not understood lets the request go out again. So whatever leaves
no doubt about what was said is read. What is held is bounded, whatever the framing or the coding.
"""

from __future__ import annotations

import http.client
import io
import json
import re
import zlib
from contextlib import suppress
from functools import lru_cache, partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.http.attempt import Deadline
from airflow_provider_vcc.dispositions.http.texts.decoding import read_json
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_provider_vcc.dispositions.http.attempt import Carrier

__all__ = ["Reading", "is_whole"]

LARGEST_BODY = 1 << 25
"""Bytes of one answer, decoded."""
LARGER = f"the answer is larger than {LARGEST_BODY >> 20} MiB"
LARGEST_HEAD = 1 << 18
LARGER_HEAD = f"the head of the answer is larger than {LARGEST_HEAD >> 10} KiB"
LONGEST_LINE = 1 << 16
MOST_HEADERS = 80
"""http.client takes a hundred."""
PIECE = 1 << 16
LARGEST_LOOKED_THROUGH = 1 << 16
LARGEST_BOUNDLESS = 1 << 20
"""Bytes up to which an answer without any framing is looked at for its end."""
BODILESS = frozenset({204, 304})
LONGEST_TRAILER = 1.0
"""Seconds."""
MOST_CODINGS = 3
FOLD = re.compile(rb"\n[ \t]+")
STATUS_LINE = re.compile(rb"HTTP/([\d.]+)[ \t]+([1-9]\d\d)(?!\d)(.*)", re.IGNORECASE)
NEEDED = rb"connection|content-encoding|content-length|content-type|retry-after|transfer-encoding"
"""Headers that somebody here looks at."""
OTHER = rb"(?!(?:%b)[ \t]*:)[!#$%%&'*+.^_`|~0-9A-Z-]+" % NEEDED
NEEDED_HEADERS, OTHER_HEADERS = (
    re.compile(rb"^(%b)[ \t]*:[ \t]*([^\r\n]*)" % name, re.IGNORECASE | re.MULTILINE) for name in (NEEDED, OTHER)
)
CHUNK_SIZE = b"0123456789abcdefABCDEF \t"
FRAMING = ("connection", "content-encoding", "content-length", "transfer-encoding")
MOST_KNOWN = 64
GZIP = b"\x1f\x8b"
EITHER_HEADER = 32 + zlib.MAX_WBITS
NO_HEADER = -zlib.MAX_WBITS
TEXT = b'{["\t\r\n \xef\xfe\xff\x00'
"""What JSON may begin with, byte order marks and wide encodings included."""
PACKED = frozenset({"deflate", "gzip"})
BLANK = b"\0 \t\r\n"
END_OF_HEAD = b"\r\n\r\n"
STATED_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
CERTAIN = re.compile(rb"HTTP/1\.[01] [2-5]")
UNSURE = re.compile(rb"content-length[^:]|transfer-encoding|\n[ \t]|(?<!\r)\n", re.IGNORECASE)
RECENT = 64
JSON = json.JSONDecoder(strict=False)


class Unreadable(http.client.HTTPException):
    """What came back is not an answer that can be read."""


class Incoming(io.RawIOBase):
    """What comes in on a connection, up to a deadline and to a number of bytes.

    :param early: what has been read of it already.
    """

    def __init__(self, carrier: Carrier, deadline: Deadline, early: bytes = b"") -> None:
        self._carrier = carrier
        self._early = early
        self.deadline = deadline
        self.allowed = LARGEST_HEAD
        """How many more bytes are taken."""
        self.larger = LARGER_HEAD
        """What is said if there are more."""
        self.ended = False
        self.hung_up = False
        """Whether the server has ended the connection; TLS may have ended where the socket has not."""

    def readable(self) -> bool:
        """Return that it can be read from."""
        return True

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return a buffered reader, as a socket does for http.client.

        It has no ``close`` of its own: that would be called when it is dropped, where an exception from a signal is
        lost.
        """
        return io.BufferedReader(self)

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; 0 at the end.

        :raises TimeoutError: if none come in time.
        """
        if self._early:
            count = min(len(buffer), len(self._early))
            buffer[:count], self._early = self._early[:count], self._early[count:]
        elif self.ended:
            return 0
        else:
            self._carrier.settimeout(self.deadline.left())
            count = self._carrier.recv_into(buffer)
            self.hung_up = not count
        self.allowed -= count
        if self.allowed < 0:
            raise TooLarge(self.larger)
        return count


class Reading(http.client.HTTPResponse):
    """One answer.

    :param deadline: by when it must be whole.
    :param early: what has been read of it already.
    :param brief: whether to keep only the headers that are needed: reading the others is most of the work.
    """

    fp: Any = None  # also of one in the making of which an exception came from a signal
    body = b""
    """Decoded, once it is whole."""
    _tokens: dict[str, list[str]]

    def __init__(  # noqa: PLR0913 -- the first three are http.client's
        self,
        carrier: Carrier,
        debuglevel: int = 0,
        method: str | None = None,
        *,
        deadline: Deadline,
        early: bytes = b"",
        brief: bool = False,
    ) -> None:
        self._brief = brief
        self._incoming = Incoming(carrier, deadline, early)
        super().__init__(self._incoming, debuglevel, method)  # type: ignore[arg-type]
        self._stream: io.BufferedReader = self.fp

    def begin(self) -> None:
        """Read up to the body, past any information before the answer."""
        version, status, reason, lines = _head(self._stream, brief=self._brief)
        self.version = 10 if version == b"1.0" else 11  # as http.client writes 1.0 and 1.1
        self.status, self.reason = int(status), reason.strip().decode("latin-1")
        headers, self._tokens = (_parsed_before if self._brief else _parsed)(lines)
        self.headers = self.msg = headers
        self._incoming.allowed += LARGEST_BODY
        self._incoming.larger = LARGER
        self._frame()

    def _frame(self) -> None:
        """Find out where the body ends. http.client looks at the first of several headers, and fails on some values."""
        if self.status in BODILESS or self._method in {"HEAD", "CONNECT"}:  # type: ignore[attr-defined]  # untyped
            self.chunked, self.length = False, 0
        else:
            self.chunked = "chunked" in str(self._tokens["transfer-encoding"]) and self._begins_a_chunk()
            self.chunk_left = None
            self.length = None if self.chunked else _length(self._tokens["content-length"])
        connection = self._tokens["connection"]
        stays = self.version == 11 or "keep-alive" in connection  # noqa: PLR2004 -- how http.client writes 1.1
        self.will_close = "close" in connection or not stays or self._boundless

    @property
    def _boundless(self) -> bool:
        return not self.chunked and self.length is None

    def _begins_a_chunk(self) -> bool:
        return self._stream.peek(1)[:1] in CHUNK_SIZE  # or there is nothing at all

    def _get_chunk_left(self) -> int | None:
        """Pass over what ends a chunk, which http.client takes for two bytes of anything."""
        if not self.chunk_left:
            self.chunk_left = None
            while self._stream.peek(1)[:1] in {b"\r", b"\n"}:
                self._stream.read(1)
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]  # untyped there
        return left

    def _read_and_discard_trailer(self) -> None:
        """Wait only briefly for what may stand behind the last chunk: the answer is whole without it."""
        try:
            self._incoming.deadline = Deadline(min(LONGEST_TRAILER, self._incoming.deadline.left()))
            super()._read_and_discard_trailer()  # type: ignore[misc]  # untyped there
        except (OSError, http.client.HTTPException):
            self.will_close = True

    def _close_conn(self) -> None:
        """Read no more from the connection, but keep what has been read."""
        self.fp = None
        self._incoming.ended = True

    def finish(self) -> None:
        """Read the body.

        :raises http.client.HTTPException: if it is not whole, too large, or cannot be decoded.
        :raises OSError: if the connection breaks, or the deadline passes.
        """
        held = io.BytesIO()
        pieces = iter(partial(self.read1, PIECE), b"")
        for piece in _decoded(pieces, packed=not PACKED.isdisjoint(self._tokens["content-encoding"])):
            held.write(piece)
            if held.tell() > LARGEST_BODY:
                raise TooLarge(LARGER)
            if self._boundless and b"}" in _recent(held, len(piece)) and (end := _end_of_json(held)):
                held.truncate(end)
                break
        else:
            for _ in pieces:  # what stands behind the end of the coded data
                pass
            if self.length:
                raise http.client.IncompleteRead(b"", self.length)
            if self._boundless:
                held.truncate(_end_of_json(held) or held.tell())
        self.body = held.getvalue()
        self.close()

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another request, now that the answer is whole."""
        return not (self.will_close or self._stream.peek(1) or self._incoming.hung_up)


def _recent(held: io.BytesIO, new: int) -> bytes:
    """Return the bytes of which the last may be that of its JSON; of a large answer only the very last one.

    Each time that its end is looked for, an answer is decoded from its beginning.
    """
    if held.tell() <= LARGEST_LOOKED_THROUGH:
        return bytes(held.getbuffer()[-new - RECENT :])
    return bytes(held.getbuffer()[-RECENT:]).rstrip(BLANK)[-1:]


def _end_of_json(held: io.BytesIO) -> int:
    """Return where the JSON ends of an answer that nothing bounds, whatever stands behind; 0 if it does not yet."""
    if held.tell() > LARGEST_BOUNDLESS:
        return 0
    data = held.getvalue()
    with suppress(ValueError, RecursionError):
        _, end = JSON.raw_decode(data.decode("latin-1"), len(data) - len(data.lstrip(BLANK)))
        return end if data[:end].endswith(b"}") else 0
    with suppress(ValueError):  # in wide letters, or odd in another way
        if data[-RECENT:].rstrip(BLANK).endswith(b"}"):
            read_json(data)
            return len(data)
    return 0


def _length(stated: list[str]) -> int | None:
    """Return the length that is stated; None if there is none, or no single one."""
    [length, *others] = set(stated) or {""}
    return int(length) if re.fullmatch("[0-9]{1,15}", length) and not others else None


def is_whole(data: bytes) -> bool:
    """Return whether these bytes are certainly one whole answer, so that reading them waits for nothing more."""
    head, end, body = data.partition(END_OF_HEAD)
    if not end or not CERTAIN.match(head) or UNSURE.search(head):
        return False
    stated = STATED_LENGTH.findall(head)
    return len(stated) == 1 and len(body) == int(stated[0])


# The head


def _head(stream: io.BufferedReader, *, brief: bool) -> tuple[bytes, bytes, bytes, bytes]:
    """Read a head, past any information before the answer, and return its version, status, reason and headers.

    These as http.client takes them: unfolded, without what is not a header, and not too many.
    """
    status = b"1"
    while status.startswith(b"1"):
        head = FOLD.sub(b" ", b"".join(_lines(stream)).replace(b"\r\n", b"\n"))
        found = STATUS_LINE.match(head)
        if found is None:
            raise http.client.BadStatusLine("not HTTP")
        version, status, reason = found.groups()
    headers = NEEDED_HEADERS.findall(head)
    if not brief:
        headers += OTHER_HEADERS.findall(head)
    lines = [line for header in headers[:MOST_HEADERS] if len(line := b"%b: %b\r\n" % header) <= LONGEST_LINE]
    return version, status, reason, b"".join(lines)


def _lines(stream: io.BufferedReader) -> list[bytes]:
    """Return the lines of a head, without blank ones before it, which are left over from an answer before."""
    lines: list[bytes] = []
    while True:
        line = stream.readline()
        if not line.endswith(b"\n"):
            raise http.client.RemoteDisconnected("no whole head")
        if line.strip(b"\r\n"):
            lines.append(line)
        elif lines:
            return lines


def _parsed(lines: bytes) -> tuple[http.client.HTTPMessage, dict[str, list[str]]]:
    """Let http.client parse headers, and take apart those that say how the body comes."""
    headers = http.client.parse_headers(io.BytesIO(lines))
    return headers, {name: _tokens(headers.get_all(name) or ()) for name in FRAMING}


_parsed_before = lru_cache(MOST_KNOWN)(_parsed)
"""They say the same again and again, once the date is left out, and parsing them is half of the work."""


def _tokens(values: Iterable[str]) -> list[str]:
    return [token.strip().lower() for value in values for token in value.split(",")]


# The coding


def _decoded(pieces: Iterator[bytes], *, packed: bool, most: int = MOST_CODINGS) -> Iterator[bytes]:
    """Undo gzip and deflate. What the bytes are decides, not what a header calls them.

    :param packed: whether a header calls them so: deflate without a header of its own looks like nothing.
    """
    first = b""
    while len(first) < len(GZIP) and (more := next(pieces, b"")):
        first += more
    whole = chain((first,), pieces)
    window = _window(first, packed=packed) if most else None
    if window is None:
        return whole
    return _decoded(filter(None, _inflated(whole, window)), packed=packed, most=most - 1)


def _window(first: bytes, *, packed: bool) -> int | None:
    head = int.from_bytes(first[:2], "big")
    if first.startswith(GZIP) or (head >> 8 & 15 == zlib.DEFLATED and head % 31 == 0):
        return EITHER_HEADER
    return NO_HEADER if packed and first[:1] not in TEXT else None


def _inflated(pieces: Iterator[bytes], window: int) -> Iterator[bytes]:
    decoder, begins = zlib.decompressobj(window), b""
    for piece in pieces:
        rest = piece
        while rest:
            if decoder.eof:
                if rest[:1] != begins:  # padding, not another member
                    return
                decoder = zlib.decompressobj(window)
            try:
                inflated = decoder.decompress(rest, PIECE)
            except zlib.error:
                if begins:
                    raise Unreadable from None
                yield piece  # it only looked like it
                yield from pieces
                return
            begins = begins or rest[:1]
            yield inflated
            rest = decoder.unused_data or decoder.unconsumed_tail
