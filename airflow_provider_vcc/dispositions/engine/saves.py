"""When progress is written to the store, and which chunks hold a place in the window until it is."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.engine.saver import Saved, Saver
from airflow_provider_vcc.exceptions import ProgressNotSaved

if TYPE_CHECKING:
    from collections.abc import Callable
    from queue import SimpleQueue

    from airflow_provider_vcc.dispositions.engine.packer import Chunk
    from airflow_provider_vcc.dispositions.progress.progress import Progress, Store

__all__ = ["Journal"]

FLUSH_SECONDS = 10.0
SHORTEST_LINGER = 0.0005
CHEAP = 0.002


class Journal:
    """Writes what changed, one write at a time; without a store it does nothing.

    :param events: where the end of each write is reported.
    :param live: gives a key and a value to write along, where there is something new.
    :param window: the most chunks in the air.
    """

    def __init__(
        self,
        store: Store | None,
        progress: Progress,
        events: SimpleQueue[Any],
        live: Callable[[], tuple[str, Any] | None],
        window: int,
    ) -> None:
        self._progress = progress
        self._events = events
        self._live = live
        self._saver = Saver(store, events.put) if store is not None else None
        self._window = window
        self._cost = 0.0
        self._since = 0.0
        self._results = 0
        self._saving = 0
        self._to_note: list[Chunk] = []
        self._noting: list[Chunk] = []
        self._saving_changes = 0
        self._saved_changes = 0
        self.failed = False
        """Whether the store refuses for good."""

    @property
    def active(self) -> bool:
        """Whether there is a store."""
        return self._saver is not None

    @property
    def held(self) -> int:
        """How many chunks wait to be noted, or for their results to be saved."""
        return self._results + self._saving + len(self._to_note) + len(self._noting)

    @property
    def writing(self) -> bool:
        """Whether a write goes on."""
        return self._saver is not None and self._saver.busy

    def note(self, chunk: Chunk) -> None:
        """Have the store know of a chunk before it is sent; ``saved`` gives it back then."""
        self._progress.note(chunk.positions)
        chunk.noted = True
        self._to_note.append(chunk)

    def lags(self, chunk: Chunk) -> bool:
        """Say whether the store still holds what an earlier try did where this chunk's part of the input has changed.

        If that were sent, and the input changed back before a save, a retry would take the old results for true.
        """
        return self.active and chunk.changes > self._saved_changes

    def hold(self, chunk: Chunk) -> None:
        """Have what was read so far saved before a chunk is sent; ``saved`` gives it back then."""
        self._to_note.append(chunk)

    def result(self) -> None:
        """Hold a place for a chunk until its result is saved."""
        if self.active and not self.failed and self._progress.dirty:
            self._since = self._since if self._results else monotonic()
            self._results += 1

    def write(self, in_air: int) -> float | None:
        """Begin a write where it is worth it; give the seconds until it will be, where something waits for it.

        A write costs 13 ms in Airflow, so answers that come together go together.
        """
        if self._saver is None or self._saver.busy or self.failed:
            return None
        if self._results and in_air and not self._to_note:
            wait = self._since + max(self._cost / 4, SHORTEST_LINGER) - monotonic()
            enough = self._cost < CHEAP and 2 * self._results >= self._window
            if wait > 0 and not enough:
                return wait
        self._write()
        return None

    def _write(self) -> None:
        extra = self._live()
        if self._saver is None or not (self._results or self._to_note or extra):
            return
        values: list[tuple[str, Any]] = list(self._progress.snapshot())
        self._saving_changes = self._progress.changes
        self._saving, self._results = self._results, 0
        self._noting, self._to_note = self._to_note, []
        self._saver.save([*values, extra] if extra else values)

    def saved(self, event: Saved) -> list[Chunk]:
        """Take the end of a write: give the chunks that may be sent now.

        :raises ProgressNotSaved: where the store refuses for good.
        """
        assert self._saver is not None  # noqa: S101 -- it reported
        self._saver.busy = False
        self._saving = 0
        self._cost = (self._cost + event.seconds) / 2
        self._since = monotonic()
        noted, self._noting = self._noting, []
        if event.error is None:
            self._saved_changes = self._saving_changes
            return noted
        self.failed = True
        self._to_note = [*noted, *self._to_note]
        self._results = 0
        raise ProgressNotSaved(
            "the progress cannot be saved any more, so nothing more is sent "
            f"({type(event.error).__name__}); the next try goes on from what was saved"
        ) from event.error

    def unsent(self) -> list[Chunk]:
        """Take back the chunks that were noted and never sent."""
        chunks, self._to_note, self._noting = [*self._noting, *self._to_note], [], []
        return chunks

    def finish(self, seconds: float = FLUSH_SECONDS) -> None:
        """Save what is left, and let the thread end. Waits at most so long."""
        if self._saver is None:
            return
        until = monotonic() + seconds
        self._results += 1
        while not self.failed and (self.writing or self._results):
            self.write(0)
            self._await(until)
        self._saver.close(max(until - monotonic(), 0.1))

    def _await(self, until: float) -> None:
        try:
            event = self._events.get(timeout=max(until - monotonic(), 0.01))
            if isinstance(event, Saved):
                self.saved(event)
        except Exception:  # noqa: BLE001 -- the queue stayed empty, or the store refuses: the next try sends more again
            self.failed = True
