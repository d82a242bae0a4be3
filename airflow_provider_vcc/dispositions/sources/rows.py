"""Raw batches of an input, as sources read them and before anything is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import msgspec

from airflow_provider_vcc.redaction.shapes import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HasLines", "InvalidText", "JsonRows", "ObjectRows", "Rows", "Source", "TableRows"]

_encoder = msgspec.json.Encoder(enc_hook=repr)


class InvalidText(bytes):
    """Stands for an element that a source could tell from its neighbours and could not read; it is its own reason."""

    @property
    def reason(self) -> str:
        """Why it is invalid."""
        return self.decode()


class JsonRows(msgspec.Struct, frozen=True, gc=False):
    """Elements as JSON texts, one each, not parsed yet."""

    start: int
    texts: list[bytes]

    __repr__ = shape

    def __len__(self) -> int:
        return len(self.texts)

    def pick(self, indexes: list[int]) -> JsonRows:
        """Return some of the rows, as if they were consecutive."""
        return JsonRows(self.start, [self.texts[index] for index in indexes])

    def fingerprint_bytes(self, low: int, high: int) -> bytes:
        """Return bytes that are the same only if the rows are; those of two slices, joined, are those of both."""
        return b",\n".join([*self.texts[low:high], b""])


class ObjectRows(msgspec.Struct, frozen=True, gc=False):
    """Elements as Python values, normally dictionaries."""

    start: int
    objects: list[Any]

    __repr__ = shape

    def __len__(self) -> int:
        return len(self.objects)

    def pick(self, indexes: list[int]) -> ObjectRows:
        """Return some of the rows, as if they were consecutive."""
        return ObjectRows(self.start, [self.objects[index] for index in indexes])

    def fingerprint_bytes(self, low: int, high: int) -> bytes:
        """Return bytes that are the same only if the rows are; those of two slices, joined, are those of both."""
        return _encode_lines(self.objects[low:high])


class TableRows(msgspec.Struct, frozen=True, gc=False):
    """Elements as the rows of a table: CSV, Parquet, a query."""

    start: int
    columns: tuple[str, ...]
    values: list[tuple[Any, ...]]
    times: frozenset[int] = frozenset()
    """The columns whose texts stand for times, which are quicker to give so."""

    __repr__ = shape

    def __len__(self) -> int:
        return len(self.values)

    def pick(self, indexes: list[int]) -> TableRows:
        """Return some of the rows, as if they were consecutive."""
        return TableRows(self.start, self.columns, [self.values[index] for index in indexes], self.times)

    def fingerprint_bytes(self, low: int, high: int) -> bytes:
        """Return bytes that are the same only if the rows are; those of two slices, joined, are those of both."""
        return _encode_lines(self.values[low:high])


def _encode_lines(values: list[Any]) -> bytes:
    try:
        return _encoder.encode_lines(values)
    except Exception:  # noqa: BLE001 -- an object of anybody's raises what it likes
        return b"".join(map(_encode_line, values))


def _encode_line(value: object) -> bytes:
    try:
        return _encoder.encode(value) + b"\n"
    except Exception:  # noqa: BLE001 -- likewise
        return _repr(value).encode("utf-8", "surrogatepass") + b"\n"


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 -- likewise
        return type(value).__name__


Rows = JsonRows | ObjectRows | TableRows


class Source(Protocol):
    """Where elements come from: read in batches, never held whole."""

    name: str
    """What a message calls it: a path without credentials, ``elements``, ``query of warehouse``."""
    repeatable: bool
    """Whether ``read`` may be called again and gives the same."""

    @property
    def total(self) -> int | None:
        """How many elements there are, where that is known before reading."""
        ...

    def read(self, size: int) -> Iterator[Rows]:
        """Yield batches of exactly ``size`` rows, except the last.

        :raises VccInputError: where the input breaks off, after what came before has been given.
        """
        ...

    def share(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1."""
        ...


@runtime_checkable
class HasLines(Protocol):
    """A source whose elements somebody can look up: in a text by their line, in a sheet by their row."""

    def line(self, position: int) -> int | None:
        """Return where an element stands, from 1; None if it is not known. Asked soon after it was read."""
        ...
