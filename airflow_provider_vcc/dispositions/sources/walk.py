"""Lists in lists, tables among them, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airflow_provider_vcc.dispositions.sources.tables.frames import Table, is_table

__all__ = ["DEEPEST", "is_list", "walk"]

DEEPEST = 8
"""Lists in lists that are opened. What lies deeper (a list may hold itself) counts as one element, which is invalid."""


def walk(value: Iterable[object], size: int, name: str, depth: int = 0) -> Iterator[list[object]]:
    """Yield elements in pieces of at most ``size``; the rows of a table as objects.

    :param name: what a message calls a table.
    :param depth: how many lists this one stands in.
    """
    if not isinstance(value, (list, tuple)):
        yield from _one_by_one(value, size, name, depth)
        return
    for low in range(0, len(value), size):
        part = list(value[low : low + size])
        if any(map(_is_nested, set(map(type, part)))):
            yield from _one_by_one(part, size, name, depth)
        else:
            yield part


def _one_by_one(value: Iterable[object], size: int, name: str, depth: int) -> Iterator[list[object]]:
    part: list[object] = []
    try:
        for item in value:
            nested = _is_nested(type(item)) and depth < DEEPEST
            if not nested:
                part.append(item)
            if part and (nested or len(part) == size):
                yield part
                part = []
            if nested:
                yield from _nested(item, size, name, depth + 1)
    except Exception:
        if part:
            yield part
        raise
    if part:
        yield part


def _nested(item: object, size: int, name: str, depth: int) -> Iterator[list[object]]:
    if not is_table(type(item)):
        yield from walk(item, size, name, depth)  # type: ignore[arg-type] # a list, then
        return
    table = Table(item, f"a table of {name}")
    for rows in table.rows(whole_times=True):
        yield [dict(zip(table.columns, row, strict=True)) for row in rows]


def _is_nested(kind: type) -> bool:
    return kind is not dict and (is_list(kind) or is_table(kind))


def is_list(kind: type) -> bool:
    """Return whether values of a type are lists of elements; a tuple with names is one element."""
    return (
        kind is not dict
        and issubclass(kind, Sequence)
        and not issubclass(kind, (str, bytes, bytearray))
        and not hasattr(kind, "_asdict")
    )
