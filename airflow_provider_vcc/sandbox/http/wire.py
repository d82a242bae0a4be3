"""HTTP/1.1 as a sandbox needs it: read requests off a stream, put answers into bytes, break off anywhere.

The standard library's server hides the moments at which a connection can break; here each has its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from io import BufferedIOBase

__all__ = ["Answer", "BadRequest", "CutOff", "Head", "read_body", "read_head"]

LONGEST_LINE = 65_536
MOST_HEADERS = 200
PIECE = 8_192
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
JSON_TYPE = "text/plain; charset=utf-8"


class BadRequest(Exception):
    """What arrived is not HTTP."""


class CutOff(Exception):
    """The connection ends here, by a reset or by a plain close."""

    def __init__(self, *, reset: bool = True) -> None:
        super().__init__("reset" if reset else "close")
        self.reset = reset


class Head(NamedTuple):
    """A request's line and its headers, with lower-case names."""

    method: str
    target: str
    version: str
    headers: dict[str, str]

    @property
    def length(self) -> int:
        """Return the announced size of the body in bytes; 0 where none is announced."""
        text = self.headers.get("content-length", "0")
        if not text.isdecimal():
            raise BadRequest("Content-Length is not a number")
        return int(text)

    @property
    def keeps_alive(self) -> bool:
        """Return whether the client wants to send another request on this connection."""
        wish = self.headers.get("connection", "").lower()
        return wish != "close" if self.version == "HTTP/1.1" else wish == "keep-alive"


@dataclass(frozen=True)
class Answer:
    """An answer, and how it is put on the wire.

    :param cut: after how many bytes (head included; negative: from the end) the connection is cut; None: never.
    :param pace: ``(bytes, seconds)``: that many bytes, then a pause, and so on.
    :param closes: None keeps the connection, True announces its end, False ends it without a word.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    pace: tuple[int, float] | None = None
    closes: bool | None = None

    def encode(self) -> bytes:
        """Return the bytes of the whole answer, chunked as nginx sends what comes from PHP."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        headers = {"Server": "nginx", "Content-Type": JSON_TYPE, "Transfer-Encoding": "chunked"} | self.headers
        headers["Connection"] = "close" if self.closes else "keep-alive"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + _chunked(self.body)


def _chunked(body: bytes) -> bytes:
    pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read_head(stream: BufferedIOBase) -> Head | None:
    """Read up to the empty line; None if the client has nothing more to say."""
    line = stream.readline(LONGEST_LINE)
    if not line.strip():
        return None
    words = line.decode("latin-1").split()
    if len(words) != len(("method", "target", "version")):
        raise BadRequest("no request line")
    headers: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = stream.readline(LONGEST_LINE)
        if not line.strip():
            return Head(words[0], words[1], words[2], headers)
        name, _, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise BadRequest("too many headers")


def read_body(stream: BufferedIOBase, head: Head) -> bytes:
    """Read the body, announced by its length or in chunks; CutOff if it breaks off."""
    if head.headers.get("transfer-encoding", "").lower() == "chunked":
        return b"".join(_chunks(stream))
    return _exactly(stream, head.length)


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    body = stream.read(size)
    if len(body) < size:
        raise CutOff(reset=False)
    return body


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError:
        raise BadRequest("no size of a chunk") from None


def _chunks(stream: BufferedIOBase) -> list[bytes]:
    chunks = []
    while size := _chunk_size(stream.readline(LONGEST_LINE)):
        chunks.append(_exactly(stream, size))
        stream.readline(LONGEST_LINE)
    while stream.readline(LONGEST_LINE).strip():
        pass
    return chunks
