"""A thread that writes the progress, one write at a time."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING

from tenacity import Retrying, retry_if_not_exception_type, stop_after_attempt, wait_random_exponential

from airflow_provider_vcc.dispositions.engine.messages import Saved
from airflow_provider_vcc.dispositions.progress.progress import Segment
from airflow_provider_vcc.exceptions import VccError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.dispositions.progress.progress import Store

__all__ = ["Saver"]

TRIES = 3


class Saver:
    """A thread that keeps values in the store, and reports each write to ``done``."""

    def __init__(self, store: Store, done: Callable[[Saved], None]) -> None:
        self._store = store
        self._done = done
        self._work: SimpleQueue[Sequence[tuple[str, object]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._begun = self._ended = 0

    @property
    def busy(self) -> bool:
        """Whether a write goes on that is still to be reported."""
        return self._begun > self._ended

    def save(self, values: Sequence[tuple[str, object]]) -> None:
        """Begin a write; only when the last one was reported."""
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="vcc-saver", daemon=True)
            thread.start()
            self._thread = thread  # not before, since an exception from a signal may come in between
        self._work.put(values)
        self._begun += 1

    def close(self, seconds: float) -> None:
        """Let the thread end."""
        self._work.put(None)
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while (values := self._work.get()) is not None:
            began = monotonic()
            error: BaseException | None = None
            try:
                for key, value in values:
                    self._set(key, value.encode() if isinstance(value, Segment) else value)
            except BaseException as refused:  # noqa: BLE001 -- the loop decides what it means, and would wait for ever
                error = refused
            self._done(Saved(monotonic() - began, error))
            self._ended += 1

    def _set(self, key: str, value: object) -> None:
        for attempt in Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.1, max=1),
            retry=retry_if_not_exception_type(VccError),  # one of ours has been patient already
            reraise=True,
        ):
            with attempt:
                self._store.set(key, value)
