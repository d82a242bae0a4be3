"""What an ``async`` function gives, as if it were an ordinary one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["awaited"]

HEARS_WITHIN = 1.0
"""Seconds until a signal that came at the worst moment is heard."""
_END = object()


def awaited(given: object) -> object:
    """Return what a function gave: wait for it, and step through it, if it is to be waited for.

    What it yields is asked for one by one, in the event loop in which it began.
    """
    if not isinstance(given, Awaitable):
        return _stepped(_Loop, given) if isinstance(given, AsyncIterable) else given
    loop = _Loop()
    try:
        while isinstance(given, Awaitable):
            given = loop.run(given)
        if isinstance(given, AsyncIterable):
            return _stepped(lambda: loop, given)
    except BaseException:
        loop.close()
        raise
    loop.close()
    return given


class _Loop:
    """An event loop of our own: in this thread or, where this thread runs one already, in another."""

    def __init__(self) -> None:
        # Of this factory, a loop can be made in another thread than it runs in.
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._thread = ThreadPoolExecutor(1, "vcc-async") if _runs_here() else None
        self._context = copy_context()
        if self._thread is not None:
            # Before there is anything to interrupt: a pool that is interrupted while it starts a thread forgets it.
            self._thread.submit(_runs_here).result()
            self._runner.get_loop()

    def run(self, awaitable: Awaitable[object]) -> object:
        if self._thread is None:
            return self._runner.run(_of(awaitable), context=self._context)
        waiting = None
        try:
            waiting = self._thread.submit(self._runner.run, _of(awaitable), context=self._context)
            # Python hears a signal that comes just before it waits for a lock only when it has waited.
            while not waiting.done():
                wait([waiting], HEARS_WITHIN)
            return waiting.result()
        except BaseException:
            # A timeout or a stop ended the wait here, but not what is waited for there.
            if waiting is None or not waiting.done():
                self._runner.get_loop().call_soon_threadsafe(self._cancel)
            raise

    def close(self) -> None:
        if self._thread is None:
            self._runner.close()
            return
        with self._thread:
            self._thread.submit(self._runner.close).result()

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._runner.get_loop()):
            task.cancel()


def _runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _of(given: Awaitable[object]) -> object:
    return await given


async def _next(items: AsyncIterator[object]) -> object:
    return await anext(items, _END)


def _stepped(make: Callable[[], _Loop], given: AsyncIterable[object]) -> Iterator[object]:
    # Made here, so that there is no loop to close where nobody asks for a first item.
    loop, items = make(), aiter(given)
    try:
        while (item := loop.run(_next(items))) is not _END:
            yield item
    finally:
        try:
            close = getattr(items, "aclose", None)
            if close is not None:
                loop.run(close())
        finally:
            loop.close()
