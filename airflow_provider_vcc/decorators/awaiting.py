"""What an ``async`` function gives, as if it were an ordinary one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["awaited"]

_END = object()


def awaited(given: object) -> object:
    """Return what a function gave: wait for it, and step through it, if it is to be waited for.

    What it yields is asked for one by one, in the event loop in which it began.
    """
    if not isinstance(given, Awaitable | AsyncIterable):
        return given
    runner = asyncio.Runner()
    try:
        if isinstance(given, Awaitable):
            given = runner.run(_of(given))
        if isinstance(given, AsyncIterable):
            return _stepped(runner, aiter(given))
    except BaseException:
        runner.close()
        raise
    runner.close()
    return given


async def _of(given: Awaitable[object]) -> object:
    return await given


async def _next(items: AsyncIterator[object]) -> object:
    return await anext(items, _END)


def _stepped(runner: asyncio.Runner, items: AsyncIterator[object]) -> Iterator[object]:
    with runner:
        try:
            while (item := runner.run(_next(items))) is not _END:
                yield item
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                runner.run(_of(close()))
