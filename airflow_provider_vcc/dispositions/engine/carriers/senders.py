"""What carries requests: the thread that drives the run, and one more for each request that has to wait.

Each change from one thread to another costs as much as a request does. So who drives the run sends on connections that
are there, waits for all answers together, and takes in what has come whole. Whatever would let it wait longer than for
the next answer, such as connecting, a connection that takes no more, or half an answer, goes on in a thread of its own.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from math import ceil
from select import POLLIN, poll
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.carriers.bell import Bell
from airflow_provider_vcc.dispositions.engine.carriers.workers import Workers
from airflow_provider_vcc.dispositions.engine.messages import Answered, Began
from airflow_provider_vcc.dispositions.http.answers import Fault
from airflow_provider_vcc.dispositions.http.attempt import Attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.http.answers import Evidence
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.http.exchange import Begun

__all__ = ["Senders"]

INTERRUPTED = "the run was interrupted before its answer was read"


class _Job:
    """One request on its way."""

    __slots__ = ("attempt", "begun", "body", "delivery", "descriptor")

    def __init__(self, delivery: Delivery, body: tuple[bytes, bytes, bytes]) -> None:
        self.delivery = delivery
        self.body = body
        self.attempt = Attempt()
        self.begun: Begun | None = None
        self.descriptor = -1
        """Of the connection on which its answer is awaited."""


class Senders:
    """Carries requests until they are answered.

    :param frame: the bytes before and after a chunk's elements in each request's body.
    :param done: takes each chunk with its evidence, in whatever thread that is known, and what it began late.
    """

    def __init__(self, client: Client, frame: tuple[bytes, bytes], done: Callable[[Answered | Began], None]) -> None:
        self._client = client
        self._head, self._tail = frame
        self._done = done
        self._attempts: dict[Delivery, Attempt] = {}
        self._workers = Workers("vcc-sender", self._carry, self._report)
        self._awaited: dict[int, _Job] = {}
        self._watcher = poll()
        self._at_hand: _Job | None = None
        """The request that this thread is busy with. It is still here if an exception came from a signal."""
        self._listened = monotonic()
        """When this thread looked last at what has come."""
        self.bell = Bell()

    def send(self, delivery: Delivery) -> bool:
        """Send a chunk, and return whether it has gone out; where that takes a connection first, ``Began`` tells."""
        self._at_hand = job = _Job(delivery, (self._head, delivery.chunk.body, self._tail))
        self._attempts[delivery] = job.attempt
        try:
            job.begun = begun = self._client.begin(job.body, job.attempt)
        except Exception as error:  # noqa: BLE001 -- it is reported like any other
            self._report(job, _not_understood(error))
            return True
        if begun is None:
            job.attempt.tell = partial(self._done, Began(delivery))
        if begun is None or begun.rest:
            self._give(job)
            return begun is not None
        job.descriptor = descriptor = begun.connection.carrier.fileno()
        self._awaited[descriptor] = job
        self._watcher.register(descriptor, POLLIN)
        self._at_hand = None
        return True

    def abort(self, delivery: Delivery) -> None:
        """Cut a chunk's request off, if it is still on its way."""
        attempt = self._attempts.get(delivery)
        if attempt is not None:
            attempt.abort()

    def interrupted(self, on_the_way: Sequence[Delivery]) -> None:
        """Report what of this was never begun."""
        for delivery in on_the_way:
            if delivery not in self._attempts:  # nor reported: then the first report counts
                self._done(Answered(delivery, Fault(INTERRUPTED, delivered=False), monotonic()))

    def listen(self) -> None:
        """Let the bell be heard by ``watch``. Who sleeps before would not be woken."""
        self.bell.hang(self._watcher)

    def watch(self, seconds: float) -> None:
        """Take in what has come; wait for so long that something comes, or the bell rings.

        What has come is looked at before the time: who drives the run may have been busy with something else.
        """
        if self._at_hand is not None:
            self._take_up_again(self._at_hand)
        away = monotonic() - self._listened
        for descriptor, _ in self._watcher.poll(ceil(self._until_late(seconds) * 1000)):
            if descriptor in self._awaited:
                self._take(self._awaited[descriptor], away)
            elif not self.bell.still(descriptor):
                self._watcher.unregister(descriptor)
        self._give_late_ones_away()
        self._listened = monotonic()

    def close(self, seconds: float) -> None:
        """Let the threads end, and wait for them at most so long."""
        for job in list(self._awaited.values()):
            self._at_hand = job
            self._forget(job).connection.close()
            self._report(job, Fault(INTERRUPTED))
        for attempt in self._attempts.copy().values():
            attempt.abort()
        self._workers.end()
        try:
            self._workers.join(monotonic() + seconds)
        finally:
            self.bell.close()

    def _until_late(self, seconds: float) -> float:
        """Return the seconds until the first request is late, but no more than these."""
        if not seconds:
            return 0.0
        ahead = (job.begun.deadline.ahead for job in self._awaited.values() if job.begun)
        return min(seconds, *ahead, seconds)

    def _take(self, job: _Job, away: float) -> None:
        """Take in what has come of an answer.

        :param away: the seconds before this in which nobody listened. They do not count if the answer has begun: it may
            have waited for us.
        """
        self._at_hand = job
        begun = self._forget(job)
        if begun.receive():
            self._report(job, self._carry(job))
            return
        if begun.early:
            begun.deadline.postpone(away)
        self._give(job)

    def _give(self, job: _Job) -> None:
        """Hand a request to a thread of its own."""
        self._workers.give(job)
        self._at_hand = None

    def _take_up_again(self, job: _Job) -> None:
        """Report a request in the middle of which an exception came, so that nobody waits for its answer.

        It may have been reported, or handed on, just before that: the first report counts.
        """
        self._at_hand = None
        job.attempt.abort()
        if job.begun is not None:
            self._forget(job)
        if job.begun is not None and job.begun.whole:
            self._report(job, self._carry(job))
        else:
            self._report(job, Fault(INTERRUPTED, delivered=None if job.attempt.started else False))

    def _forget(self, job: _Job) -> Begun:
        """Await it no more; also if only half of that was begun, or done, when an exception came."""
        assert job.begun is not None  # noqa: S101 -- it has gone out
        if self._awaited.pop(job.descriptor, None) is not None:
            with suppress(KeyError):
                self._watcher.unregister(job.descriptor)
        return job.begun

    def _give_late_ones_away(self) -> None:
        """Let a thread of its own say of each request whose time is over what that means."""
        for job in [job for job in self._awaited.values() if job.begun and job.begun.deadline.ahead <= 0]:
            self._at_hand = job
            self._forget(job)
            self._give(job)

    # In this thread or in another

    def _carry(self, job: _Job) -> Evidence:
        """Carry a request to its end."""
        begun, count = job.begun, len(job.delivery.chunk)
        try:
            if begun is None:
                return self._client.send(b"".join(job.body), count, job.attempt)
            return self._client.finish(begun, job.body, count)
        except Exception as error:  # noqa: BLE001 -- it must not be lost with its thread
            return _not_understood(error)

    def _report(self, job: _Job, evidence: Evidence) -> None:
        self._done(Answered(job.delivery, evidence, monotonic()))
        self._attempts.pop(job.delivery, None)
        if self._at_hand is job:
            self._at_hand = None


def _not_understood(error: Exception) -> Fault:
    return Fault(f"the answer could not be understood ({type(error).__name__})")
