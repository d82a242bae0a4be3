"""Threads that carry requests: one for all that need no waiting, and one for each that does.

Each change from one thread to another costs as much as a request does. So a single thread sends on connections that are
there, waits for all answers together, and takes in what has come whole. Whatever would let it wait, such as connecting,
a connection that takes no more, or half an answer, goes on in a thread of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from math import ceil
from select import POLLIN, poll
from socket import socketpair
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.carriers.workers import Workers
from airflow_provider_vcc.dispositions.engine.messages import Answered
from airflow_provider_vcc.dispositions.http.answers import Fault
from airflow_provider_vcc.dispositions.http.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.http.answers import Evidence
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.http.exchange import Begun

__all__ = ["Senders"]

LONGEST_WAIT = 60.0


class _Job:
    """One request on its way."""

    __slots__ = ("attempt", "begun", "body", "delivery")

    def __init__(self, delivery: Delivery, body: bytes) -> None:
        self.delivery = delivery
        self.body = body
        self.attempt = Attempt()
        self.begun: Begun | None = None


class Senders:
    """Carries requests until they are answered.

    :param frame: the bytes before and after a chunk's elements in each request's body.
    :param done: takes each chunk with its evidence, in a thread of this class.
    """

    def __init__(self, client: Client, frame: tuple[bytes, bytes], done: Callable[[Answered], None]) -> None:
        self._client = client
        self._head, self._tail = frame
        self._done = done
        self._attempts: dict[Delivery, Attempt] = {}
        self._workers = Workers("vcc-sender", self._carry, self._report)
        self._thread: threading.Thread | None = None
        self._new: deque[_Job | None] = deque()
        self._asleep = False
        self._awaited: dict[int, _Job] = {}
        self._watcher = poll()

    def send(self, delivery: Delivery) -> None:
        """Send a chunk."""
        job = _Job(delivery, b"".join((self._head, delivery.chunk.body, self._tail)))
        self._attempts[delivery] = job.attempt
        if self._thread is None:
            self._start()
        self._tell(job)

    def abort(self, delivery: Delivery) -> None:
        """Cut a chunk's request off, if it is still on its way."""
        attempt = self._attempts.get(delivery)
        if attempt is not None:
            attempt.abort()

    def close(self, seconds: float) -> None:
        """Let the threads end, and wait for them at most so long."""
        until = monotonic() + seconds
        if self._thread is not None:
            self._tell(None)
            self._thread.join(seconds)
        self._workers.join(until)

    def _start(self) -> None:
        self._ear, self._mouth = socketpair()
        self._ear.settimeout(0)
        self._watcher.register(self._ear, POLLIN)
        self._thread = threading.Thread(target=self._run, name="vcc-sender", daemon=True)
        self._thread.start()

    def _tell(self, job: _Job | None) -> None:
        self._new.append(job)
        if self._asleep:
            self._asleep = False
            with suppress(OSError):  # it has ended already
                self._mouth.send(b"!")

    # In the thread for all

    def _run(self) -> None:
        with self._ear, self._mouth:
            while self._take_turn():
                pass

    def _take_turn(self) -> bool:
        """Wait until something can be done, and do it; return whether to go on."""
        for descriptor, _ in self._wait():
            if descriptor in self._awaited:
                self._take(self._awaited[descriptor])
            else:
                self._ear.recv(1 << 10)
        while self._new:
            job = self._new.popleft()
            if job is None:
                self._end()
                return False
            self._begin(job)
        self._give_late_ones_away()
        return True

    def _wait(self) -> list[tuple[int, int]]:
        self._asleep = True
        if self._new:  # it came before the line above
            self._asleep = False
        found = self._watcher.poll(ceil(self._seconds() * 1000) if self._asleep else 0)
        self._asleep = False
        return found

    def _seconds(self) -> float:
        return min((job.begun.deadline.ahead for job in self._awaited.values() if job.begun), default=LONGEST_WAIT)

    def _begin(self, job: _Job) -> None:
        try:
            job.begun = begun = self._client.begin(job.body, job.attempt)
        except Exception as error:  # noqa: BLE001 -- it must not be lost with its thread
            self._report(job, _not_understood(error))
            return
        if begun is None or begun.rest:
            self._workers.give(job)
            return
        descriptor = begun.connection.carrier.fileno()
        self._awaited[descriptor] = job
        self._watcher.register(descriptor, POLLIN)

    def _take(self, job: _Job) -> None:
        """Take in what has come of an answer."""
        begun = self._forget(job)
        if begun.receive():
            self._report(job, self._carry(job))
        else:
            self._workers.give(job)

    def _forget(self, job: _Job) -> Begun:
        assert job.begun is not None  # noqa: S101 -- it is awaited
        descriptor = job.begun.connection.carrier.fileno()
        del self._awaited[descriptor]
        self._watcher.unregister(descriptor)
        return job.begun

    def _give_late_ones_away(self) -> None:
        """Let a thread of its own say of each request whose time is over what that means."""
        for job in [job for job in self._awaited.values() if job.begun and job.begun.deadline.ahead <= 0]:
            self._forget(job)
            self._workers.give(job)

    def _end(self) -> None:
        for job in list(self._awaited.values()):  # nobody waits for them any more
            self._forget(job).connection.close()
        self._workers.end()

    # In that thread or in another

    def _carry(self, job: _Job) -> Evidence:
        """Carry a request to its end."""
        begun, count = job.begun, len(job.delivery.chunk)
        try:
            if begun is None:
                return self._client.send(job.body, count, job.attempt)
            return self._client.finish(begun, job.body, count)
        except Exception as error:  # noqa: BLE001 -- it must not be lost with its thread
            return _not_understood(error)

    def _report(self, job: _Job, evidence: Evidence) -> None:
        with suppress(KeyError):
            del self._attempts[job.delivery]
        self._done(Answered(job.delivery, evidence, monotonic()))


def _not_understood(error: Exception) -> Fault:
    return Fault(f"the answer could not be understood ({type(error).__name__})")
