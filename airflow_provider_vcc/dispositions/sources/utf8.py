"""Bytes to whole lines of valid UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.streams import broken

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["BOM", "check_encoding", "whole_lines"]

BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def check_encoding(beginning: bytes | bytearray, name: str) -> None:
    """See that a text does not begin as UTF-16 does.

    :raises VccInputError: where it does.
    """
    if beginning.startswith(_UTF16):
        raise broken(name, "is UTF-16; save it as UTF-8", "byte 0")


def whole_lines(blocks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Give the text in pieces that end where a line does, without a byte order mark.

    :raises VccInputError: where it is no UTF-8, after the lines before that.
    """
    line, byte = 1, 0
    for text in _pieces(blocks):
        if not byte:
            check_encoding(text, name)
        wrong = _first_wrong(text)
        good = text if wrong is None else text[: text.rfind(b"\n", 0, wrong) + 1]
        yield good if byte else good.removeprefix(BOM)
        line += good.count(b"\n")
        if wrong is not None:
            raise broken(name, "is no UTF-8", f"line {line}, byte {byte + wrong}")
        byte += len(text)


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    rest: list[bytes] = []
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join([*rest, block[:cut]])
            rest.clear()
        rest.append(block[cut:])
    if last := b"".join(rest):
        yield last


def _first_wrong(text: bytes) -> int | None:
    try:
        if not text.isascii():
            text.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None
