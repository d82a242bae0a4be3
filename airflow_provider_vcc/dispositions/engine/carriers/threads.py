"""The real carrier: it sends over HTTP, and a thread writes the progress."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.carriers.saver import Saver
from airflow_provider_vcc.dispositions.engine.carriers.senders import Senders
from airflow_provider_vcc.dispositions.engine.messages import Saved
from airflow_provider_vcc.dispositions.http.answers import exhausted
from airflow_provider_vcc.dispositions.http.statuses import transport_error
from airflow_provider_vcc.exceptions import VccError, VccTransportError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.messages import Event
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.progress.progress import Store

__all__ = ["Threads"]

SAVER_SECONDS = 0.1


class Threads:
    """Sends over HTTP, and saves to a store.

    :param frame: the bytes before and after a chunk's elements in each request's body.
    """

    def __init__(self, client: Client | None, store: Store | None, frame: tuple[bytes, bytes]) -> None:
        if client is None:
            raise TypeError("a sync needs a client or a carrier")
        self._client = client
        self._events: deque[Event | None] = deque()
        self._told = False
        """Whether the first of them has been returned."""
        self._senders = Senders(client, frame, self._report)
        self._saver = Saver(store, self._report) if store is not None else None

    def clock(self) -> float:
        """Return the seconds of the machine's monotonic clock."""
        return monotonic()

    def prepare(self) -> None:
        """Work out the route to the server, before threads share it, and see that who waits can be woken."""
        self._client.prepare()
        try:
            self._senders.listen()
        except OSError as error:
            fault = exhausted(error)
            if fault is None:
                raise
            raise transport_error(fault, VccTransportError) from None

    def send(self, delivery: Delivery, in_air: int) -> bool | None:  # noqa: ARG002 -- they see for themselves
        """Send a chunk."""
        return self._senders.send(delivery) or None

    def abort(self, delivery: Delivery) -> None:
        """Cut a request's connection."""
        self._senders.abort(delivery)

    def save(self, values: Sequence[tuple[str, object]]) -> None:
        """Hand values to the thread that writes."""
        assert self._saver is not None  # noqa: S101 -- without a store, no save is asked for
        self._saver.save(values)

    def wait(self, seconds: float) -> Event | None:
        """Return what was reported first."""
        self._forget_told()
        bell, until = self._senders.bell, monotonic() + seconds
        self._senders.listen()
        while not self._events:
            left = max(until - monotonic(), 0.0)
            bell.asleep = True
            self._senders.watch(0.0 if self._events else left)  # a thread may have reported before the line above
            bell.asleep = False
            if not left:
                break
        if not self._events:
            return None
        self._told = True
        return self._events[0]

    def _forget_told(self) -> None:
        if self._told:
            self._told = False  # first, since it must not be lost if an exception comes in between
            self._events.popleft()

    def pending(self) -> bool:
        """Return whether something is reported."""
        self._forget_told()
        if not self._events:
            self._senders.watch(0.0)
        return bool(self._events)

    def interrupted(self, on_the_way: Sequence[Delivery], *, saving: bool) -> None:
        """Report what was not taken in once more, and what was never begun."""
        self._told = False
        self._senders.interrupted(on_the_way)
        going_on = self._saver is not None and self._saver.busy  # asked first, since it may end just now
        if saving and not going_on and not any(isinstance(event, Saved) for event in self._events.copy()):
            self._report(Saved(None, VccError("the run was interrupted before its progress was saved")))

    def wake(self) -> None:
        """End a ``wait``."""
        self._report(None)

    def _report(self, event: Event | None) -> None:
        self._events.append(event)
        self._senders.bell.ring()

    def close(self, seconds: float) -> None:
        """Let the threads end, and close the connections."""
        try:
            if self._saver is not None:
                self._saver.close(SAVER_SECONDS)
        finally:
            self._senders.close(seconds)
            self._client.close()
