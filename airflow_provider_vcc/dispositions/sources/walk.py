"""Lists in lists, tables and iterators among them, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from contextlib import suppress
from copy import copy
from dataclasses import is_dataclass

import msgspec

from airflow_provider_vcc.dispositions.sources.tables.frames import Table, is_table
from airflow_provider_vcc.exceptions import VccConfigurationError

__all__ = ["DEEPEST", "is_list", "is_read_once", "walk"]

DEEPEST = 8
"""Lists in lists that are opened. What lies deeper (a list may hold itself) counts as one element, which is invalid."""
_INSTEAD = {
    "__await__": "has to be awaited; write await before it",
    "__aiter__": "is an async iterator; go through it with async for, and yield each",
    "collect": "is a query that has not run yet; collect it",
}


def walk(
    value: Iterable[object], size: int, name: str, depth: int = 0, *, passing: bool = False
) -> Iterator[list[object]]:
    """Yield elements in pieces of at most ``size``; the rows of a table as objects.

    :param name: what a message calls a table.
    :param depth: how many lists this one stands in.
    :param passing: an iterator gave it, which may change what it gave when it is asked for more.
    :raises VccConfigurationError: if there is something that would give elements only if it were asked otherwise.
    """
    passing = passing or not isinstance(value, Sequence)
    if not isinstance(value, (list, tuple)):
        yield from _one_by_one(value, size, name, depth, passing=passing)
        return
    for low in range(0, len(value), size):
        part = list(value[low : low + size])
        if set(map(type, part)) != {dict}:
            yield from _one_by_one(part, size, name, depth, passing=passing)
        else:
            yield list(map(_as_it_is, part)) if passing else part


def _one_by_one(value: Iterable[object], size: int, name: str, depth: int, *, passing: bool) -> Iterator[list[object]]:
    part: list[object] = []
    try:
        for item in value:
            nested = item.__class__ is not dict and depth < DEEPEST and _is_nested(item, name)
            if not nested:
                one = item if item.__class__ is dict else _as_dict(item)
                part.append(_as_it_is(one) if passing else one)
            if part and (nested or len(part) == size):
                yield part
                part = []
            if nested:
                yield from _nested(item, size, name, depth + 1, passing=passing)
    except Exception:
        if part:
            yield part
        raise
    if part:
        yield part


def _nested(item: object, size: int, name: str, depth: int, *, passing: bool) -> Iterator[list[object]]:
    if not is_table(type(item)):
        yield from walk(item, size, name, depth, passing=passing)  # type: ignore[arg-type] # a list or an iterator
        return
    table = Table(item, f"a table of {name}")
    for rows in table.rows(whole_times=True):
        yield [dict(zip(table.columns, row, strict=True)) for row in rows]


def _is_nested(item: object, name: str) -> bool:
    """Return whether an item holds elements, and is not one.

    :raises VccConfigurationError: if it would, and cannot be asked for them here.
    """
    kind = type(item)
    if is_list(kind) or is_table(kind) or issubclass(kind, Iterator | AbstractSet | ValuesView):
        return True
    instead = next((what for sign, what in _INSTEAD.items() if hasattr(kind, sign)), None)
    if instead is not None:
        raise VccConfigurationError(f"{name} gives something of the type {kind.__name__}, which {instead}")
    return False


def is_list(kind: type) -> bool:
    """Return whether values of a type are lists of elements; a tuple or a row with names is one element."""
    return (
        kind is not dict
        and issubclass(kind, Sequence)
        and not issubclass(kind, (str, bytes, bytearray))
        and not hasattr(kind, "_asdict")
        and not hasattr(kind, "keys")
    )


def is_read_once(kind: type) -> bool:
    """Return whether values of a type give what they hold only once."""
    return issubclass(kind, Iterator) or hasattr(kind, "read_next_batch")


def _as_dict(item: object) -> object:
    """Return a row that has names, or a model of pydantic, as a dict: shown by itself, it may not say what is in it."""
    kind = type(item)
    with suppress(Exception):  # it is anybody's, and raises what it likes; it is looked at later on
        if hasattr(kind, "model_dump"):
            return item.model_dump()  # type: ignore[attr-defined] # just seen
        if hasattr(kind, "keys") and not issubclass(kind, dict):
            names = list(item.keys())  # type: ignore[attr-defined] # likewise
            row = {name: item[name] for name in names}  # type: ignore[index]
            return row if len(row) == len(names) else item
    return item


def _as_it_is(item: object) -> object:
    """Return an element that stays as it is now: a function may fill the same one again and again."""
    if type(item) is dict:
        same = item.copy()
        if "search" in same or "element" in same:  # the latter of a row of failures
            return {name: _copied(value) for name, value in same.items()}
        return same
    if isinstance(item, MutableMapping | msgspec.Struct) or is_dataclass(item):
        with suppress(Exception):  # likewise
            return copy(item)
    return item


def _copied(value: object) -> object:
    if type(value) is dict:
        return {name: _copied(one) for name, one in value.items()}
    return list(map(_copied, value)) if type(value) is list else value
