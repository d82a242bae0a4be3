"""What stands between the engine and the world: time, requests, and the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.messages import Event

__all__ = ["Carrier"]


class Carrier(Protocol):
    """Carries requests and values, and reports what became of them as events."""

    def clock(self) -> float:
        """Return the seconds of a monotonic clock."""

    def prepare(self) -> None:
        """Get ready, before anything is sent.

        :raises VccError: if nothing could be sent.
        """

    def send(self, delivery: Delivery, in_air: int) -> bool | None:
        """Begin to send a chunk, as the ``in_air``-th at the same time; ``Answered`` is reported.

        :returns: True if a request has gone out, None if it will, which ``Began`` reports, False if none does.
        """

    def abort(self, delivery: Delivery) -> None:
        """Cut a request off; it is still reported."""

    def save(self, values: Sequence[tuple[str, object]]) -> None:
        """Begin to write values; ``Saved`` is reported. Only one write at a time is asked for."""

    def wait(self, seconds: float) -> Event | None:
        """Return what was reported first; None if nothing was within that time, or ``wake`` was called.

        It counts as taken in when this or ``pending`` is called the next time.
        """

    def pending(self) -> bool:
        """Return whether something is reported that was not waited for yet."""

    def wake(self) -> None:
        """End a ``wait``. May be called from a signal handler."""

    def interrupted(self, on_the_way: Sequence[Delivery], *, saving: bool) -> None:
        """Let everything be reported that somebody waits for, since an exception came in the middle of anything.

        What was not taken in is reported again. Of what was never begun, it is reported that nothing came of it.

        :param on_the_way: the requests that are waited for.
        :param saving: whether the end of a write is.
        """

    def close(self, seconds: float) -> None:
        """Leave nothing behind; wait for what still runs at most so long."""
