"""The bytes of an input in blocks: a file's, decompressed, or a text's."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, NoReturn, Protocol

from airflow_provider_vcc.dispositions.sources.bytes.compression import decompress
from airflow_provider_vcc.dispositions.sources.bytes.signatures import check_named
from airflow_provider_vcc.dispositions.sources.names import redacted
from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.redaction import raise_alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

__all__ = ["BLOCK", "LONGEST", "FileStream", "Stream", "TextStream", "broken", "local_size", "open_local"]

BLOCK = 256 * 1024
LONGEST = 4 * 1024 * 1024
"""Bytes of one element, line or row: a larger one is told from its neighbours, but not read."""
_LONGEST_REASON = 200
_BEGINNING = 128


class Stream(Protocol):
    """Bytes that can be read from the beginning as often as one likes."""

    name: str

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes, in blocks of at most 256 KiB.

        :raises VccInputError: where they break off, after what came before has been given.
        """
        ...

    def share(self) -> float | None:
        """Return how much has been read, from 0 to 1."""
        ...


def open_local(path: str) -> BinaryIO:
    """Open a local file."""
    return open(path, "rb")  # noqa: PTH123 -- who asked for it closes it


def local_size(path: str) -> int | None:
    """Return the size of a local file in bytes."""
    return os.path.getsize(path)  # noqa: PTH202 -- paths are texts here: some are URLs


def broken(name: str, what: str, place: str | None, reason: object = None) -> VccInputError:
    """Make the error of an input that cannot be read any further."""
    where = f" at {place}" if place else ""
    why = f": {str(reason)[:_LONGEST_REASON]}" if reason else ""
    return VccInputError(f"{name} {what}{where}{why}", source=name, place=place)


class FileStream:
    """A file, decompressed where it is compressed.

    :param path: what ``opener`` and ``sizer`` understand.
    :param name: what messages call it; no credentials.
    :param compression: the suffix that says how it is compressed, or nothing.
    """

    def __init__(
        self,
        path: str,
        name: str,
        compression: str = "",
        opener: Callable[[str], BinaryIO] = open_local,
        sizer: Callable[[str], int | None] = local_size,
    ) -> None:
        self.name = name
        self._path = path
        self._compression = compression
        self._opener = opener
        self._sizer = sizer
        self._size: int | None = None
        self._read = 0

    def open(self) -> CountedFile:
        """Open the file itself, compressed or not, at its beginning.

        :raises VccInputError: where that fails.
        """
        try:
            self._size, self._read = self._sizer(self._path), 0
            return CountedFile(self._opener(self._path), self._count)
        except VccInputError:
            raise
        except Exception as error:  # noqa: BLE001 -- file systems raise what they like
            self.fail(error, "cannot be opened")

    def blocks(self) -> Iterator[bytes]:
        """Yield the decompressed bytes, in blocks of at most 256 KiB.

        :raises VccInputError: where they break off, after what came before has been given.
        """
        given = 0
        with self.open() as file:
            try:
                self._check_named(file)
                read = decompress(file, self._compression)
                while block := read(BLOCK):
                    given += len(block)
                    yield block
            except VccInputError:
                raise
            except Exception as error:  # noqa: BLE001 -- file systems raise what they like
                self.fail(error, "breaks off", f"byte {given}")
        if self._compression and not self._read:
            raise broken(self.name, f"is empty, which no {self._compression} file is", None)
        if self._size and self._read < self._size:
            what = f"it had {self._size:,} bytes when it was opened, and {self._read:,} when it was read"
            raise broken(self.name, "breaks off", f"byte {given}", f"{what}; was it cut or replaced meanwhile?")

    def _check_named(self, file: CountedFile) -> None:
        if self._compression and (wrong := check_named(file.peek(), self._compression)):
            raise broken(self.name, wrong, None)

    def share(self) -> float | None:
        """Return how much of the file has been read, from 0 to 1."""
        return min(self._read / self._size, 1.0) if self._size else None

    def fail(self, error: Exception, what: str, place: str | None = None) -> NoReturn:
        """Raise what went wrong, without credentials, which the path may hold.

        :raises VccInputError: always.
        """
        raise_alone(broken(self.name, what, place, self._reason(error)))

    def _reason(self, error: Exception) -> str:
        if isinstance(error, FileNotFoundError):
            return "there is no such file"
        if isinstance(error, IsADirectoryError):
            return "it is a directory; give a file"
        if isinstance(error, EOFError):
            return "the compressed data is cut off"
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return redacted(said, self._path) or type(error).__name__

    def _count(self, size: int) -> None:
        self._read += size


class CountedFile(io.RawIOBase):
    """A file that tells how much is read of it."""

    def __init__(self, file: BinaryIO, count: Callable[[int], None]) -> None:
        self._file = file
        self._count = count
        self._ahead = b""

    def peek(self) -> bytes:
        """Return the beginning, which is read once more."""
        if not self._ahead:
            self._ahead = self._file.read(_BEGINNING)
            self._count(len(self._ahead))
        return self._ahead

    def read(self, size: int = -1, /) -> bytes:
        """Return at most ``size`` bytes, and none at the end."""
        if self._ahead:
            end = len(self._ahead) if size < 0 else size
            data, self._ahead = self._ahead[:end], self._ahead[end:]
            return data if size >= 0 else data + self.read(size)
        data = self._file.read(size)
        self._count(len(data))
        return data

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read into a buffer, and return how much."""
        view = memoryview(buffer)
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return whether it can be read at any place."""
        return self._file.seekable()

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go to a place."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place that it is at."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._file.close()
        super().close()


class TextStream:
    """A text that is in memory, encoded block by block."""

    name = "elements"

    def __init__(self, text: str | bytes) -> None:
        self._text = text
        self._read = 0

    def blocks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8."""
        for start in range(0, len(self._text), BLOCK):
            part = self._text[start : start + BLOCK]
            self._read = start + len(part)
            # Half of a character becomes JSON's escape for it, so that only the element that has it is invalid.
            yield part.encode("utf-8", "backslashreplace") if isinstance(part, str) else part

    def share(self) -> float | None:
        """Return how much of the text has been read, from 0 to 1."""
        return self._read / len(self._text) if self._text else None
