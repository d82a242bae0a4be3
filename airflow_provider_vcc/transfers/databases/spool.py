"""A queue between two threads that takes a bounded piece of memory: what does not fit waits on disk."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections import deque
from threading import Condition
from typing import IO, Generic, TypeVar

__all__ = ["Spool"]

T = TypeVar("T")


class Spool(Generic[T]):
    """First in, first out.

    What waits on disk is in a file without a name, which nobody else can open and which ends with the process.

    :param in_memory: how many pieces wait in memory.
    """

    def __init__(self, in_memory: int) -> None:
        self._in_memory = in_memory
        self._first: deque[T] = deque()
        self._later: deque[tuple[int, int]] = deque()
        self._file: IO[bytes] | None = None
        self._end = 0
        self._changed = Condition()
        self._closed = False
        self._writing = False

    @property
    def on_disk(self) -> int:
        """How many pieces wait on disk."""
        return len(self._later)

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is wanted."""
        return self._closed

    def __len__(self) -> int:
        return len(self._first) + len(self._later)

    def put(self, piece: T) -> bool:
        """Add a piece; where it cannot be written to disk, wait until there is space in memory.

        One thread puts. It writes without the lock, so that whoever takes pieces never waits for a disk.

        :returns: whether it is still wanted: False after ``close``.
        """
        with self._changed:
            if self._closed or self._fits():
                return self._added(piece)
            if not self._later:
                self._end = 0  # what was there has been read
            self._writing = True
        place = self._written(piece)
        with self._changed:
            self._writing = False
            if self.is_closed:
                self._forget()
                return False
            if place is None:
                self._changed.wait_for(lambda: self._closed or self._fits())
                return self._added(piece)
            self._later.append(place)
            self._changed.notify_all()
            return True

    def _fits(self) -> bool:
        return not self._later and len(self._first) < self._in_memory

    def _added(self, piece: T) -> bool:
        if not self._closed:
            self._first.append(piece)
            self._changed.notify_all()
        return not self._closed

    def _written(self, piece: T) -> tuple[int, int] | None:
        """Write a piece to disk; return where it is, or None if that fails."""
        try:
            data = pickle.dumps(piece, pickle.HIGHEST_PROTOCOL)
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the spool
            os.pwrite(self._file.fileno(), data, self._end)
        except Exception:  # noqa: BLE001 -- a full disk, a value that cannot be pickled
            return None
        place = (self._end, len(data))
        self._end += len(data)
        return place

    def peek(self) -> T | None:
        """Return the first piece without taking it, or None if nothing waits."""
        with self._changed:
            return self._first[0] if self._refilled() else None

    def get(self, timeout: float | None = 0.0) -> T | None:
        """Take the first piece.

        :param timeout: seconds to wait for one; None for as long as it takes.
        :returns: None if there was none in time, or the spool was closed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._refilled() or self._closed, timeout) or not self._refilled():
                return None
            piece = self._first.popleft()
            self._changed.notify_all()
            return piece

    def _refilled(self) -> bool:
        if not self._first and self._later and self._file is not None and not self._closed:
            start, length = self._later.popleft()
            self._first.append(pickle.loads(os.pread(self._file.fileno(), length, start)))  # noqa: S301 -- our own
        return bool(self._first)

    def close(self) -> None:
        """Forget what waits, and let whoever waits go on."""
        with self._changed:
            self._closed = True
            if not self._writing:  # else the writer does it
                self._forget()
            self._changed.notify_all()

    def _forget(self) -> None:
        self._first.clear()
        self._later.clear()
        if self._file is not None:
            self._file.close()
