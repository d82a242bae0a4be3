"""Batches of an exact size, whatever the pieces are that an input comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["rebatch"]

T = TypeVar("T")


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
