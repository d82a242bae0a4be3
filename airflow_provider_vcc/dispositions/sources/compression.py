"""Compressed files, by the end of their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COMPRESSIONS", "Readable", "decompress"]

_PYARROW_BLOCK = 16 * 1024


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Give at most ``size`` bytes, and none at the end."""
        ...


def decompress(file: Readable, suffix: str) -> Callable[[int], bytes]:
    """Give a function that reads at most so many decompressed bytes, and loses none where the file breaks off.

    :param suffix: one of ``COMPRESSIONS``, or nothing.
    :raises VccInputError: where this Python cannot decompress it.
    """
    return _OPENERS[suffix](cast("Any", file)) if suffix else file.read


def _gzip(file: Any) -> Callable[[int], bytes]:
    return gzip.GzipFile(fileobj=file, mode="rb").read1


def _bzip2(file: Any) -> Callable[[int], bytes]:
    return bz2.BZ2File(file).read1


def _xz(file: Any) -> Callable[[int], bytes]:
    return lzma.LZMAFile(file).read1


def _zstandard(file: Any) -> Callable[[int], bytes]:
    try:
        from compression.zstd import ZstdFile  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        return _zstandard_by_pyarrow(file)
    return cast("Callable[[int], bytes]", ZstdFile(file).read1)


def _zstandard_by_pyarrow(file: Any) -> Callable[[int], bytes]:
    try:
        import pyarrow as pa
    except ImportError:
        raise VccInputError(
            "a .zst file needs Python 3.14 or pyarrow: pip install 'airflow-provider-vcc[parquet]', or compress as .gz"
        ) from None
    stream = pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")
    return lambda size: cast("bytes", stream.read(min(size, _PYARROW_BLOCK)))


_OPENERS: dict[str, Callable[[Any], Callable[[int], bytes]]] = {
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".xz": _xz,
    ".zst": _zstandard,
}
COMPRESSIONS = tuple(_OPENERS)
