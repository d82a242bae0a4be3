"""Putting requests to one server over kept-alive connections, from several threads."""

from __future__ import annotations

import os
import socket
import ssl
import weakref
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from http import HTTPStatus
from math import inf
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.dispositions.http.attempt import Attempt, Deadline
from airflow_provider_vcc.dispositions.http.connection import PATIENCE, PIECE, RECEIVE, Answered, PlainConnection
from airflow_provider_vcc.dispositions.http.reading import Reading, is_whole
from airflow_provider_vcc.redaction.shapes import shape

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from airflow_provider_vcc.dispositions.http.attempt import Carrier
    from airflow_provider_vcc.dispositions.http.route import Route

__all__ = ["Attempt", "Begun", "Exchange", "Times"]

MOST_KNOWN = 16


class Times(msgspec.Struct, frozen=True):
    """How long a request may take, in seconds.

    :param answer: from its first byte to the last one of its answer.
    :param connect: for everything before that byte.
    :param whole: for both together.
    """

    answer: float = 60.0
    connect: float = 10.0
    whole: float = inf


NOTHING_LEFT = memoryview(b"")


class Begun(msgspec.Struct):
    """A request that has gone out as far as that was possible without waiting, and what has come of its answer."""

    connection: PlainConnection
    method: str
    attempt: Attempt
    deadline: Deadline
    known: Mapping[bytes, Reading]
    """Answers that came before, by their bytes."""
    rest: memoryview = NOTHING_LEFT
    """What has not gone out."""
    early: bytes = b""
    """What has come."""
    whole: bool = False
    """Whether that is the whole answer for certain."""
    broken: OSError | None = None
    """What the connection broke with; it says so only once."""

    __repr__ = shape

    def send(self, request: bytes) -> None:
        """Send what the connection takes at once. If it is broken, whoever sends the rest is told."""
        carrier = self.connection.carrier
        self.rest = memoryview(request)
        if not isinstance(carrier, socket.socket):  # TLS within TLS cannot leave off in the middle
            return
        with suppress(OSError):
            carrier.settimeout(0)
            while self.rest:
                self.rest = self.rest[carrier.send(self.rest[:PIECE]) :]
            self.rest = NOTHING_LEFT  # a slice would hold all that has gone out until the answer comes

    def receive(self) -> bool:
        """Take in what has come, and return whether it is the whole answer, so that ``finish`` will not wait."""
        carrier = self.connection.carrier
        try:
            while not (self.early in self.known or is_whole(self.early)):
                piece = carrier.recv(RECEIVE)
                self.early += piece
                if not piece or len(self.early) > RECEIVE:
                    return False
        except (BlockingIOError, ssl.SSLWantReadError):  # nothing more has come
            return False
        except OSError as error:
            self.broken = error
            return False
        self.whole = True
        return True


class Turns:
    """Lets so many in at a time. A semaphore could stay locked for ever, if an exception came from a signal."""

    def __init__(self, most: int) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(most):
            self._free.put(None)

    def __enter__(self) -> None:
        self._free.get()

    def __exit__(self, *_: object) -> None:
        self._free.put(None)


class Exchange:
    """Carries requests to the end of one route, each on a connection of its own at that time.

    :param most: how many connections there are at a time; None for as many as are asked for.
    :param brief: whether only the headers of an answer that are needed here are kept.
    """

    def __init__(self, route: Route, most: int | None = None, *, brief: bool = False) -> None:
        self.route = route
        self._brief = brief
        self._most = most
        self._slots = self._turns()
        self._idle: list[PlainConnection] = []
        self._closed = False
        self._known: dict[bytes, Reading] = {}
        weakref.finalize(self, _close_all, self._idle)
        _ALL.add(self)

    def _turns(self) -> AbstractContextManager[None]:
        return nullcontext() if self._most is None else Turns(self._most)

    def forked(self) -> None:
        """Leave the connections to the process that this one was forked from: two that write to one garble it."""
        self._slots = self._turns()  # of those that have theirs, no thread is here to give it back
        _close_all(self._idle)

    def send(self, method: str, request: bytes, attempt: Attempt, times: Times) -> Reading:
        """Send one request and read its answer.

        :param request: head and body.
        :raises Exception: of many kinds; ``attempt.started`` says whether the server may have got the request.
        """
        with self._slots:
            attempt.check()
            began = monotonic()
            connection = self._take() or self.route.connect(attempt, min(times.connect, times.whole))
            left = times.whole - (monotonic() - began)
            return self.finish(self._begin(connection, method, request, attempt, min(times.answer, left)))

    def begin(self, method: str, request: bytes, attempt: Attempt, times: Times) -> Begun | None:
        """Send what can go at once on a connection that is there; None, and nothing is sent, if there is none.

        ``finish`` must follow.
        """
        if attempt.aborted or (connection := self._take()) is None:
            return None
        try:
            return self._begin(connection, method, request, attempt, min(times.answer, times.whole))
        except ConnectionAbortedError:
            return None

    def _begin(
        self, connection: PlainConnection, method: str, request: bytes, attempt: Attempt, seconds: float
    ) -> Begun:
        begun = Begun(connection, method, attempt, Deadline(seconds), self._known)
        try:
            attempt.carried_by(connection.handle)
            attempt.start()
            begun.send(request)
        except BaseException:
            self._give_back(begun, keep=False)
            raise
        return begun

    def finish(self, begun: Begun) -> Reading:
        """Send the rest of a request, and read its answer.

        :raises Exception: of many kinds.
        """
        keep = False
        try:
            known = self._known.get(begun.early) if begun.whole else None
            if known is not None:
                response, keep = known, True
            else:
                response, keep = self._exchange(begun)
                self._remember(begun, response, keep=keep)
        finally:
            self._give_back(begun, keep=keep)
        return response

    def _remember(self, begun: Begun, answer: Reading, *, keep: bool) -> None:
        """Know an answer again: of many requests, most are answered with the very same bytes."""
        if keep and begun.whole:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[begun.early] = answer

    def _exchange(self, begun: Begun) -> tuple[Reading, bool]:
        if begun.broken is not None and not begun.early:
            raise begun.broken
        carrier = begun.connection.carrier
        early = _send(carrier, begun.rest, begun.deadline)
        read = begun.early + (early or b"")
        reading = Reading(carrier, method=begun.method, deadline=begun.deadline, early=read, brief=self._brief)
        reading.begin()
        reading.finish()
        # A server that gives a quiet connection up says 408 unasked: its answer to our request would come after it.
        keep = reading.reusable and early is None and reading.status != HTTPStatus.REQUEST_TIMEOUT
        return reading, keep

    def _give_back(self, begun: Begun, *, keep: bool) -> None:
        begun.attempt.carried_by(None)
        if keep and not (begun.attempt.aborted or self._closed):
            self._idle.append(begun.connection)
        else:
            begun.connection.close()

    def close(self) -> None:
        """Close the connections that nobody uses, and keep none from now on."""
        self._closed = True
        _close_all(self._idle)

    def _take(self) -> PlainConnection | None:
        with suppress(IndexError):  # other threads take from it, too
            while True:
                connection = self._idle.pop()
                if not connection.dropped:
                    return connection
                connection.close()
        return None


_ALL: weakref.WeakSet[Exchange] = weakref.WeakSet()


def _forked() -> None:
    for exchange in _ALL:
        exchange.forked()


if hasattr(os, "register_at_fork"):  # not everywhere
    os.register_at_fork(after_in_child=_forked)


def _close_all(idle: list[PlainConnection]) -> None:
    with suppress(IndexError):
        while True:
            idle.pop().close()


def _send(carrier: Carrier, data: memoryview, deadline: Deadline) -> bytes | None:
    """Send all of it, and return None; or as much as the server takes, and return how its answer begins.

    A server may answer, with 413 for example, before it has read the request, and hang up or read no further.
    """
    patient = not isinstance(carrier, socket.socket)  # TLS within TLS listens itself: it goes on within its records
    while data:
        left = deadline.left()
        carrier.settimeout(left if patient else min(left, PATIENCE))
        try:
            data = data[carrier.send(data[:PIECE]) :]
        except Answered as answered:
            return answered.early
        except TimeoutError:
            early = _early(carrier)
            if early:
                return early
        except OSError:
            return b""
    return None


def _early(carrier: Carrier) -> bytes:
    """Return what has come already, without waiting for it."""
    carrier.settimeout(0)
    try:
        return carrier.recv(RECEIVE)
    except OSError:  # there is nothing yet; or the connection is broken, which the next send tells
        return b""
