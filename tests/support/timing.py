"""Tests of when something happens, on a machine that may stand still for a moment at any time."""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import Event, Thread

TRIES = 3
POLL = 0.005
"""Seconds between two looks at what nothing tells of."""


@contextmanager
def as_soon_as(holds, do):
    """Do something, in another thread, as soon as a condition holds; it must have held by the end of the block."""
    over, done = Event(), []

    def wait():
        while not over.wait(POLL):
            if holds():
                done.append(do())
                return

    thread = Thread(target=wait, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert done, "what was waited for never came"


def timed(what, most):
    """Return how many seconds something took, and what it returned.

    A busy machine makes anything take longer, and nothing shorter: what took too long is tried again.
    """
    for _ in range(TRIES):
        began = time.monotonic()
        result = what()
        took = time.monotonic() - began
        if took < most:
            break
    return took, result
