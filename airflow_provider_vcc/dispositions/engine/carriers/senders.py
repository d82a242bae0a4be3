"""Threads that each carry one request at a time."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.messages import Answered
from airflow_provider_vcc.dispositions.http.answers import Fault
from airflow_provider_vcc.dispositions.http.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.http.client import Client

__all__ = ["Senders"]


class Senders:
    """As many threads as requests are in the air, started when they are needed.

    :param frame: the bytes before and after a chunk's elements in each request's body.
    :param done: takes each chunk with its evidence, in the sender's thread.
    """

    def __init__(self, client: Client, frame: tuple[bytes, bytes], done: Callable[[Answered], None]) -> None:
        self._client = client
        self._head, self._tail = frame
        self._done = done
        self._attempts: dict[Delivery, Attempt] = {}
        self._work: SimpleQueue[tuple[Delivery, Attempt] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def send(self, delivery: Delivery, in_air: int) -> None:
        """Send a chunk, as the ``in_air``-th at the same time."""
        attempt = self._attempts[delivery] = Attempt()
        if in_air > len(self._threads):
            thread = threading.Thread(target=self._run, name=f"vcc-sender-{in_air}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put((delivery, attempt))

    def abort(self, delivery: Delivery) -> None:
        """Cut a chunk's request off, if it is still on its way."""
        attempt = self._attempts.get(delivery)
        if attempt is not None:
            attempt.abort()

    def close(self, seconds: float) -> None:
        """Let the threads end, and wait for them at most so long."""
        for _ in self._threads:
            self._work.put(None)
        until = monotonic() + seconds
        for thread in self._threads:
            thread.join(max(until - monotonic(), 0.0))

    def _run(self) -> None:
        head, tail = self._head, self._tail
        while (work := self._work.get()) is not None:
            delivery, attempt = work
            body = b"".join((head, delivery.chunk.body, tail))
            try:
                evidence = self._client.send(body, len(delivery.chunk), attempt)
            except Exception as error:  # noqa: BLE001 -- it must not be lost with its thread
                evidence = Fault(f"the answer could not be understood ({type(error).__name__})")
            self._attempts.pop(delivery, None)
            self._done(Answered(delivery, evidence, monotonic()))
