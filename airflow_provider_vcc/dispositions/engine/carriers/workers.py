"""Threads that each do one thing at a time, as many as are needed."""

from __future__ import annotations

import threading
from collections import deque
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_provider_vcc.dispositions.http.answers import MORE_THREADS, NO_THREADS
from airflow_provider_vcc.exceptions import VccTransportError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Workers"]

Job = TypeVar("Job")
Result = TypeVar("Result")


class Workers(Generic[Job, Result]):
    """Started when all others are busy, and kept until the end. Only one thread hands them jobs.

    :param name: of each thread, with its number.
    :param do: does a job. It must raise nothing.
    :param report: takes a job and what came of it, in the thread that did it, which counts as free by then.
    """

    def __init__(self, name: str, do: Callable[[Job], Result], report: Callable[[Job, Result], None]) -> None:
        self._name = name
        self._do = do
        self._report = report
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free: deque[None] = deque()
        """One for each that is free. A semaphore could stay locked, if an exception came from a signal meanwhile."""

    def give(self, job: Job) -> None:
        """Hand a job to a thread that is free, a new one if all are busy.

        :raises VccTransportError: if that cannot be started.
        """
        if self._free:
            self._free.pop()
        else:
            thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            try:
                thread.start()
            except RuntimeError:
                says = f"{NO_THREADS}: {MORE_THREADS}, or lower max_in_flight"
                raise VccTransportError(says, delivered=False) from None
        self._jobs.put(job)

    def end(self) -> None:
        """Let each end after the job that it has."""
        for _ in self._threads:
            self._jobs.put(None)

    def join(self, until: float) -> None:
        """Wait for all of them, until an instant of the monotonic clock at most."""
        for thread in self._threads:
            if thread.ident is None:  # an exception came from a signal before it was started
                continue
            thread.join(max(until - monotonic(), 0.0))

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            result = self._do(job)
            self._free.append(None)
            self._report(job, result)
