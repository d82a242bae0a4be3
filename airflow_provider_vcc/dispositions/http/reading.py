"""Reading one answer: http.client parses it; here stands what it is too strict, too trusting or too patient about.

Strictness would double: an answer that was sent and is not understood lets the request go out again. So whatever leaves
no doubt about what was said is read. What is held is bounded, whatever the framing or the coding.
"""

from __future__ import annotations

import http.client
import io
import re
import zlib
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
LONGEST_LINE = 1 << 16
LONGEST_FOLDED = 1 << 13
MOST_HEADERS = 80
"""http.client takes a hundred."""
PIECE = 1 << 16
LARGEST_BOUNDLESS = 1 << 20
"""Bytes up to which an answer without any framing is looked at for its end."""
INFORMATION = len(b"HTTP/1.1 ")
"""Where a status begins; one that begins with 1 is not an answer yet."""
BODILESS = frozenset({204, 304})
LONGEST_TRAILER = 1.0
"""Seconds."""
MOST_CODINGS = 3
STATUS_LINE = re.compile(rb"[ \t]*HTTP/(\d+)(?:\.(\d+))?[ \t]+(\d{3})(?!\d)(.*)", re.IGNORECASE | re.DOTALL)
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
NEEDED = frozenset(
    {
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"retry-after",
        b"transfer-encoding",
    }
)
"""Headers that somebody here looks at."""
CHUNK_SIZE = frozenset(b"0123456789abcdefABCDEF \t")
PARSED = ("version", "status", "code", "reason", "headers", "msg", "_tokens")
"""What http.client makes of a head, but for the framing, which is judged here by these tokens."""
FRAMING = ("connection", "content-encoding", "content-length", "transfer-encoding")
MOST_KNOWN = 64
_KNOWN_HEADS: dict[bytes, dict[str, Any]] = {}
"""Heads say the same again and again, once the date is left out, and parsing them is half of the work."""
GZIP = b"\x1f\x8b"
TEXT = frozenset(b'{["\t\r\n \xef\xfe\xff\x00')
"""What JSON may begin with, byte order marks and wide encodings included."""
PACKED = frozenset({"deflate", "gzip"})
BLANK = b"\0 \t\r\n"
END_OF_HEAD = b"\r\n\r\n"
STATED_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*(?=\r\n|\Z)", re.IGNORECASE)
CERTAIN = re.compile(rb"HTTP/1\.[01] [2-5]")
UNSURE = re.compile(rb"content-length[^:]|transfer-encoding|\n[ \t]|(?<!\r)\n", re.IGNORECASE)
RECENT = 64


class Unreadable(http.client.HTTPException):
    """What came back is not an answer that can be read."""


class Incoming(io.RawIOBase):
    """What comes in on a connection, up to a deadline and to a number of bytes.

    :param early: what has been read of it already.
    """

    def __init__(self, carrier: Carrier, deadline: Deadline, early: bytes = b"") -> None:
        self._carrier = carrier
        self._deadline = deadline
        self._early = early
        self.allowed = LARGEST_HEAD
        """How many more bytes are taken."""
        self.ended = False

    def readable(self) -> bool:
        """Return that it can be read from."""
        return True

    def hurry(self, seconds: float) -> None:
        """Wait for what is still to come no longer than this."""
        self._deadline = Deadline(min(seconds, self._deadline.left()))

    def makefile(self, _mode: str) -> Stream:
        """Return a buffered reader, as a socket does for http.client."""
        return Stream(self)

    def readinto(self, buffer: Any) -> int:
        """Read some bytes; 0 at the end.

        :raises TimeoutError: if none come in time.
        """
        if self.ended:
            return 0
        if self._early:
            count = min(len(buffer), len(self._early))
            buffer[:count], self._early = self._early[:count], self._early[count:]
        else:
            self._carrier.settimeout(self._deadline.left())
            count = self._carrier.recv_into(buffer)
            self._carrier.settimeout(self._deadline.left())  # for what comes next, such as TLS behind a proxy
        self.allowed -= count
        if self.allowed < 0:
            raise TooLarge(LARGER)
        return count


class Stream(io.BufferedReader):
    """A buffered reader that tells, once it is closed, whether more had come than was read."""

    raw: Incoming
    leftover = False

    def close(self) -> None:
        """Close it, but not the connection."""
        if not self.closed:
            self.raw.ended = True
            self.leftover = bool(self.peek(1))
        super().close()


class Reading(http.client.HTTPResponse):
    """One answer.

    :param deadline: by when it must be whole.
    :param early: what has been read of it already.
    :param brief: whether to keep only the headers that are needed: reading the others is most of the work.
    """

    fp: Any = None  # also of one in the making of which an exception came from a signal
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
        super().__init__(Incoming(carrier, deadline, early), debuglevel, method)  # type: ignore[arg-type]
        self._stream: Stream = self.fp

    def begin(self) -> None:
        """Read up to the body, past any information before the answer."""
        head = _head(self._stream, brief=self._brief)
        while head[INFORMATION] == b"1"[0]:
            head = _head(self._stream, brief=self._brief)
        known = _KNOWN_HEADS.get(head)  # once, since another thread may clear it
        if known is None:
            self._parse(head)
        else:
            self.__dict__.update(known)
        self._stream.raw.allowed += LARGEST_BODY
        self._frame()

    def _parse(self, head: bytes) -> None:
        self.fp = io.BytesIO(head)
        try:
            super().begin()
        finally:
            self.fp = self._stream
        self._tokens = {name: _tokens(self.headers.get_all(name) or ()) for name in FRAMING}
        if self._brief:
            if len(_KNOWN_HEADS) >= MOST_KNOWN:
                _KNOWN_HEADS.clear()
            _KNOWN_HEADS[head] = {name: getattr(self, name) for name in PARSED}

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
        first = self._stream.peek(1)[:1]
        return not first or first[0] in CHUNK_SIZE

    def _get_chunk_left(self) -> int | None:
        self.chunk_left = self.chunk_left or None  # what ends a chunk is passed over below, not two bytes of anything
        left: int | None = super()._get_chunk_left()  # type: ignore[misc]  # untyped there
        return left

    def _read_next_chunk_size(self) -> int:
        while self._stream.peek(1)[:1] in {b"\r", b"\n"}:
            self._stream.read(1)
        size: int = super()._read_next_chunk_size()  # type: ignore[misc]  # untyped there
        return size

    def _read_and_discard_trailer(self) -> None:
        """Wait only briefly for what may stand behind the last chunk: the answer is whole without it."""
        try:
            self._stream.raw.hurry(LONGEST_TRAILER)
            super()._read_and_discard_trailer()  # type: ignore[misc]  # untyped there
        except (OSError, http.client.HTTPException):
            self.will_close = True

    def whole(self) -> bytes:
        """Return the body, decoded.

        :raises http.client.HTTPException: if it is not whole, too large, or cannot be decoded.
        :raises OSError: if the connection breaks, or the deadline passes.
        """
        held = io.BytesIO()
        pieces = self._pieces()
        for piece in _decoded(pieces, packed=not PACKED.isdisjoint(self._tokens["content-encoding"])):
            held.write(piece)
            if held.tell() > LARGEST_BODY:
                raise TooLarge(LARGER)
            if self._boundless and _is_whole(held):
                break
        else:
            self._finish(pieces)
        self.close()
        return held.getvalue()

    def _pieces(self) -> Iterator[bytes]:
        while piece := self.read1(PIECE):
            yield piece

    def _finish(self, pieces: Iterator[bytes]) -> None:
        """Read what stands behind the end of the coded data, and see that nothing is missing."""
        for _ in pieces:
            pass
        if self.length:
            raise http.client.IncompleteRead(b"", self.length)

    @property
    def reusable(self) -> bool:
        """Whether the connection can carry another request, now that the answer is whole."""
        return not self.will_close and not self._stream.leftover


def _is_whole(held: io.BytesIO) -> bool:
    """Return whether an answer that nothing bounds has come to its end: its JSON has."""
    if held.tell() > LARGEST_BOUNDLESS or not bytes(held.getbuffer()[-RECENT:]).rstrip(BLANK).endswith(b"}"):
        return False
    try:
        read_json(held.getvalue())
    except ValueError:
        return False
    return True


def _tokens(values: Iterable[str]) -> list[str]:
    return [token.strip().lower() for value in values for token in value.split(",")]


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


def _head(stream: Stream, *, brief: bool = False) -> bytes:
    """Read a head as http.client takes it: unfolded, without what is not a header, and not too many."""
    lines = [_status_line(stream)]
    folds = False
    while (line := _line(stream)).strip(b"\r\n"):
        if line[:1] in b" \t":
            if folds and len(lines[-1]) < LONGEST_FOLDED:
                lines[-1] = b"%b %b\r\n" % (lines[-1].rstrip(), line.strip())
            continue
        name, colon, value = line.partition(b":")
        name = name.strip()
        folds = bool(colon) and (
            name.lower() in NEEDED or (not brief and len(lines) < MOST_HEADERS and bool(NAME.fullmatch(name)))
        )
        if folds:
            lines.append(b"%b: %b\r\n" % (name, value.strip()))
    return b"".join(lines[: 2 * MOST_HEADERS]) + b"\r\n"


def _status_line(stream: Stream) -> bytes:
    line = _line(stream, first=True)
    while not line.strip(b"\r\n"):  # left over from an answer before
        line = _line(stream, first=True)
    found = STATUS_LINE.match(line)
    if found is None:
        raise http.client.BadStatusLine("not HTTP")
    major, minor, status, reason = found.groups()
    version = b"HTTP/1.0" if (major, minor) == (b"1", b"0") else b"HTTP/1.1"
    return b"%b %b %b\r\n" % (version, status, reason.strip())


def _line(stream: Stream, *, first: bool = False) -> bytes:
    """Read a line of the head; one that is too long is as good as none."""
    line = stream.readline(LONGEST_LINE)
    if line.endswith(b"\n"):
        return line
    if len(line) < LONGEST_LINE:
        if first and not line:
            raise http.client.RemoteDisconnected("no answer")
        raise http.client.IncompleteRead(line)
    while not line.endswith(b"\n"):
        line = stream.readline(LONGEST_LINE)
        if not line:
            raise http.client.IncompleteRead(line)
    return b"-\r\n"


# The coding


def _decoded(pieces: Iterator[bytes], *, packed: bool, most: int = MOST_CODINGS) -> Iterator[bytes]:
    """Undo gzip and deflate. What the bytes are decides, not what a header calls them.

    :param packed: whether a header calls them so: deflate without a header of its own looks like nothing.
    """
    first = next(pieces, b"")
    while first and len(first) < len(GZIP):
        more = next(pieces, b"")
        first += more
        if not more:
            break
    window = _window(first, packed=packed) if most else None
    whole = chain((first,), pieces)
    return whole if window is None else _decoded(_inflated(whole, window), packed=packed, most=most - 1)


def _window(first: bytes, *, packed: bool) -> int | None:
    if first.startswith(GZIP):
        return 16 + zlib.MAX_WBITS
    if not first or first[0] in TEXT:
        return None
    if first[0] & 15 == zlib.DEFLATED and int.from_bytes(first[:2], "big") % 31 == 0:
        return zlib.MAX_WBITS
    return -zlib.MAX_WBITS if packed else None


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
