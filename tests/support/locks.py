"""An exception that comes from a signal, just after one of Python's own locks was taken."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress

import pytest


@contextmanager
def interrupted_once_locked(error):
    """Raise an exception in this thread as soon as it has entered a condition, an event or a semaphore, and end there.

    Other threads are left alone. Who they are is asked by number: ``current_thread()`` itself enters an event, for a
    thread that Python did not start, as that of xdist which hands the tests on is; and that would stay locked.
    """
    enter, mine = threading.Condition.__enter__, threading.get_ident()

    def interrupted(condition):
        enter(condition)
        if threading.get_ident() == mine:
            raise error
        return True

    with pytest.MonkeyPatch.context() as patch, suppress(error):
        patch.setattr(threading.Condition, "__enter__", interrupted)
        yield
