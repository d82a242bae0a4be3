"""Compressed files, by the end of their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Protocol, cast

from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPRESSIONS", "Readable", "decompress"]

_BLOCK = 64 * 1024
_PYARROW_BLOCK = 16 * 1024
_MOST_OF_XZ = 128 * 1024 * 1024
"""Bytes that a decompressor may take: ``xz -9`` needs half of it."""


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, and none at the end."""
        ...


class _Decompressor(Protocol):
    """One stream of compressed data, as the modules of the standard library have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Streams:
    """Compressed streams, one after another.

    The standard library's own files end in silence at a second stream that is damaged.

    :param padding: what may stand between two streams.
    """

    def __init__(self, file: Readable, make: Callable[[], _Decompressor], padding: bytes = b"") -> None:
        self._file = file
        self._make = make
        self._padding = padding
        self._stream = make()
        self._pending = b""
        self._begun = False

    def read(self, size: int) -> bytes:
        """Return at most ``size`` bytes, and none at the end.

        :raises EOFError: if the last stream is cut off.
        """
        while not (self._stream.eof and not self._is_next()):
            if self._stream.needs_input and not self._pending:
                self._pending = self._file.read(_BLOCK)
                if not self._pending and not self._begun:
                    return b""
                if not self._pending:
                    raise EOFError
            self._begun = True
            given, self._pending = self._pending, b""
            if data := self._stream.decompress(given, size):
                return data
        return b""

    def _is_next(self) -> bool:
        """Go on to the next stream, if there is one."""
        rest = self._stream.unused_data.lstrip(self._padding) if self._padding else self._stream.unused_data
        while not rest:
            block = self._file.read(_BLOCK)
            if not block:
                return False
            rest = block.lstrip(self._padding) if self._padding else block
        self._stream, self._pending = self._make(), rest
        return True


def decompress(file: Readable, suffix: str) -> Callable[[int], bytes]:
    """Return a function that reads at most so many decompressed bytes, and loses none where the file breaks off.

    :param suffix: one of ``COMPRESSIONS``, or nothing.
    :raises VccInputError: if this Python cannot decompress it.
    """
    return _OPENERS[suffix](file) if suffix else file.read


def _gzip(file: Readable) -> Callable[[int], bytes]:
    return gzip.GzipFile(fileobj=file, mode="rb").read1  # type: ignore[call-overload,no-any-return] # it only reads


def _bzip2(file: Readable) -> Callable[[int], bytes]:
    return _Streams(file, bz2.BZ2Decompressor).read


def _xz(file: Readable) -> Callable[[int], bytes]:
    return _Streams(file, lambda: lzma.LZMADecompressor(memlimit=_MOST_OF_XZ), b"\0").read


def _zstandard(file: Readable) -> Callable[[int], bytes]:
    try:
        from compression.zstd import (  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
            ZstdDecompressor,
        )
    except ImportError:
        return _zstandard_by_pyarrow(file)
    return _Streams(file, ZstdDecompressor).read


def _zstandard_by_pyarrow(file: Readable) -> Callable[[int], bytes]:
    try:
        import pyarrow as pa
    except ImportError:
        raise VccInputError(
            "a .zst file needs Python 3.14 or pyarrow: pip install 'airflow-provider-vcc[arrow]', or compress as .gz"
        ) from None
    stream = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return lambda size: cast("bytes", stream.read(min(size, _PYARROW_BLOCK)))


_OPENERS: dict[str, Callable[[Readable], Callable[[int], bytes]]] = {
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".xz": _xz,
    ".zst": _zstandard,
}
COMPRESSIONS = tuple(_OPENERS)
