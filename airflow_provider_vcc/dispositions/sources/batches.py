"""Batches of an exact size, whatever the pieces are that an input comes in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["LARGEST_BATCH", "rebatch", "weighed"]

T = TypeVar("T")

LARGEST_BATCH = 128 * 1024 * 1024
"""Bytes of the elements of one batch together."""


def rebatch(pieces: Iterable[list[T]], size: int) -> Iterator[list[T]]:
    """Join pieces and cut them into lists of exactly ``size`` but for the last.

    Where the pieces break off with an error, what came before is given first. The pieces belong to this function.
    """
    pending: list[T] = []
    broken: Exception | None = None
    try:
        for piece in pieces:
            if pending:
                pending += piece
            else:
                pending = piece
            at = 0
            while len(pending) - at >= size:
                yield pending[at : at + size]
                at += size
            if at:
                pending = pending[at:]
    except Exception as error:  # noqa: BLE001 -- raised again below
        broken = error
    if pending:
        yield pending
    if broken is not None:
        raise broken


def weighed(pieces: Iterable[list[T]], size: int, weigh: Callable[[list[T]], int], name: str) -> Iterator[list[T]]:
    """Pass pieces on, as long as no ``size`` neighbours of them take too much memory together.

    :param weigh: gives the bytes of a piece. It is called once for each.
    :raises VccInputError: if they do, after what came before.
    """
    recent: deque[tuple[int, int]] = deque()
    rows = weight = passed = 0
    for piece in pieces:
        recent.append((len(piece), weigh(piece)))
        rows += len(piece)
        weight += recent[-1][1]
        while rows - recent[0][0] >= size:
            dropped = recent.popleft()
            rows, weight = rows - dropped[0], weight - dropped[1]
        if weight > LARGEST_BATCH:
            raise VccInputError(
                f"{name} has {size:,} neighbouring elements that take more than {LARGEST_BATCH >> 20} MiB together, "
                f"from position {passed:,} on at the latest; is a description far too long?",
                source=name,
                place=f"position {passed}",
            )
        passed += len(piece)
        yield piece
