"""What an ``async`` function gives, in a thread that runs no event loop, and in one that does."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from contextvars import ContextVar

import pytest

from airflow_provider_vcc.decorators.awaiting import awaited

NAME = ContextVar("NAME", default="nobody")


async def returned():
    await asyncio.sleep(0)
    return [NAME.get(), 2, 3]


async def yielded():
    for item in (NAME.get(), 2, 3):
        await asyncio.sleep(0)
        yield item


async def within_a_loop(do):
    return do()


def alone(do):
    return do()


def beside_a_loop(do):
    return asyncio.run(within_a_loop(do))


@pytest.fixture(params=[alone, beside_a_loop])
def somewhere(request):
    """Call a function in a thread without an event loop, and in one whose event loop runs."""
    return request.param


@pytest.mark.parametrize("give", [returned, yielded])
def test_it_comes_whole_and_in_the_callers_context(somewhere, give):
    token = NAME.set("somebody")
    try:
        assert somewhere(lambda: list(awaited(give()))) == ["somebody", 2, 3]
    finally:
        NAME.reset(token)


def test_a_coroutine_that_it_returned_without_awaiting_it_is_awaited_too(somewhere):
    async def forgetful():
        return returned()

    assert somewhere(lambda: awaited(forgetful())) == ["nobody", 2, 3]


def test_its_error_is_the_callers_and_no_thread_is_left(somewhere):
    async def fail():
        raise LookupError("nothing there")

    async def fail_later():
        yield 1
        raise LookupError("nothing more")

    before = threading.active_count()
    with pytest.raises(LookupError, match="nothing there"):
        somewhere(lambda: awaited(fail()))
    with pytest.raises(LookupError, match="nothing more"):
        somewhere(lambda: list(awaited(fail_later())))
    assert threading.active_count() == before


def test_it_is_closed_when_nothing_more_is_wanted(somewhere):
    said = []

    async def give():
        try:
            yield 1
            yield 2
        finally:
            said.append("closed")

    def take_one():
        items = awaited(give())
        assert next(items) == 1
        items.close()

    somewhere(take_one)
    assert said == ["closed"]


def test_what_is_waited_for_is_cancelled_when_the_caller_is_interrupted():
    began, said = threading.Event(), []

    async def wait_for_ever():
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            said.append("cancelled")
            raise

    def stop():
        began.wait(10)
        os.kill(os.getpid(), signal.SIGUSR1)

    def over(*_):
        raise TimeoutError("the task's time is over")

    before = signal.signal(signal.SIGUSR1, over)
    stopping = threading.Thread(target=stop)
    stopping.start()
    try:
        with pytest.raises(TimeoutError, match="time is over"):
            beside_a_loop(lambda: awaited(wait_for_ever()))
    finally:
        stopping.join()
        signal.signal(signal.SIGUSR1, before)
    assert said == ["cancelled"]


def test_an_interruption_while_its_thread_starts_leaves_nothing_running(monkeypatch):
    """A pool that is interrupted then forgets the thread, and would close the loop in another one while it runs."""
    start = threading.Thread.start

    def start_and_be_interrupted(thread):
        monkeypatch.undo()
        start(thread)
        raise TimeoutError("the task's time is over")

    async def take_a_while():
        await asyncio.sleep(0.2)

    given = take_a_while()
    monkeypatch.setattr(threading.Thread, "start", start_and_be_interrupted)
    with pytest.raises(TimeoutError, match="time is over"):
        beside_a_loop(lambda: awaited(given))
    given.close()
    gc.collect()  # a loop that nobody closed says so, which is an error


def test_nothing_is_open_where_nobody_asks_for_a_first_item(somewhere):
    async def give():
        yield 1

    somewhere(lambda: awaited(give()))
    gc.collect()
