"""Read ahead of whoever takes the pieces: what is not taken yet waits in memory and then on disk."""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_vcc.transfers.databases.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

__all__ = ["read_ahead"]

T = TypeVar("T")
IN_MEMORY = 4
"""Pieces that wait in memory."""
LONGEST_END = 5.0
"""Seconds to wait for a fetch that is under way when nothing more is wanted."""


def read_ahead(pieces: Callable[[], Generator[T]], on_disk: Callable[[], object]) -> Iterator[T]:
    """Yield the pieces of an iterator that runs in a thread of its own, as fast as it can.

    :param on_disk: told once, when the first piece has to wait on disk.
    :raises BaseException: whatever the iterator raised, after what came before it.
    """
    waiting: Spool[tuple[T] | None] = Spool(IN_MEMORY)
    reader, told = _Reader(pieces, waiting), False
    reader.start()
    try:
        while (piece := waiting.get(None)) is not None:
            if waiting.on_disk and not told:  # told by this thread: a task's logger belongs to it
                told = True
                on_disk()
            yield piece[0]
        if reader.error is not None:
            raise reader.error
    finally:
        waiting.close()
        reader.ended.wait(LONGEST_END)


class _Reader(Thread):
    """Takes the pieces, in a thread that holds nothing up at the end: a fetch cannot be interrupted."""

    def __init__(self, pieces: Callable[[], Generator[T]], waiting: Spool[tuple[T] | None]) -> None:
        super().__init__(name="vcc_query", daemon=True)
        self.error: BaseException | None = None
        self.ended = Event()
        self._pieces = pieces
        self._waiting = waiting

    def run(self) -> None:
        """Read to the end, or until nothing more is wanted."""
        try:
            self._read()
        except BaseException as error:  # noqa: BLE001 -- raised where the pieces are taken
            self.error = error
        self._waiting.put(None)
        self.ended.set()

    def _read(self) -> None:
        pieces = self._pieces()
        try:
            for piece in pieces:
                if not self._waiting.put((piece,)):
                    return
        finally:
            pieces.close()
