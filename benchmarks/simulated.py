"""The engine as it is, in a service's simulated time: a run of minutes takes a fraction of a second."""

from __future__ import annotations

import heapq
from itertools import count
from math import ceil
from random import Random
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.limits.auto import Auto
from airflow_provider_vcc.dispositions.engine.messages import Answered, Saved
from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.dispositions.engine.settings import Settings
from airflow_provider_vcc.dispositions.engine.sync import Sync
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault
from airflow_provider_vcc.dispositions.sources import from_elements
from benchmarks.engine import Store
from benchmarks.services import NETWORK, Busy, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.messages import Event
    from benchmarks.services import Work

__all__ = ["CHUNK", "Played", "play"]

CHUNK = 500
"""Elements that each request stands for: the engine is given one in place of so many, since only their time matters."""
LONGEST_JITTER = 8.0


class Times(Observer):
    """Keeps how long answers took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def answered(self, seconds: float) -> None:
        """Keep it."""
        self.seconds.append(seconds)


class World:
    """Carries requests to a service, and values to a store, both in simulated time.

    :param save: seconds that a write takes.
    """

    def __init__(self, service: Service, save: float) -> None:
        self._service = service
        self._save = save
        self._now = 0.0
        self._due: list[tuple[float, int, Any]] = []
        self._numbers = count()
        self._air: dict[int, Delivery] = {}

    def clock(self) -> float:
        """Return the simulated seconds."""
        return self._now

    def prepare(self) -> None:
        """Connect to nothing."""

    def send(self, delivery: Delivery, in_air: int) -> bool:  # noqa: ARG002 -- a carrier's
        """Put a request on its way."""
        number = next(self._numbers)
        self._air[number] = delivery
        self._push(NETWORK / 2, number)
        return True

    def abort(self, delivery: Delivery) -> None:
        """Nothing is ever cut here."""

    def save(self, values: Sequence[tuple[str, object]]) -> None:  # noqa: ARG002 -- a carrier's
        """Begin a write."""
        self._push(self._save, Saved(self._save))

    def wait(self, seconds: float) -> Event | None:
        """Let time pass until something is reported."""
        until = self._now + seconds
        while min(self._next_due(), self._service.next_at()) <= until:
            event = self._step()
            if event is not None:
                return event
        self._now = until
        return None

    def pending(self) -> bool:
        """Return whether something else happens at this very moment."""
        return self._next_due() <= self._now

    def interrupted(self, on_the_way: Sequence[Delivery], *, saving: bool) -> None:
        """Nothing is ever interrupted here."""

    def wake(self) -> None:
        """Nobody waits."""

    def close(self, seconds: float) -> None:
        """Nothing is open."""

    def _push(self, seconds: float, what: Any) -> None:
        heapq.heappush(self._due, (self._now + seconds, next(self._numbers), what))

    def _next_due(self) -> float:
        return self._due[0][0] if self._due else float("inf")

    def _step(self) -> Event | None:
        if self._service.next_at() <= self._next_due():
            number = self._service.step()
            self._now = max(self._now, self._service.now)
            if number is not None:
                self._push(NETWORK / 2, Answered(self._air.pop(number), Answer(), self._now + NETWORK / 2))
            return None
        self._now, _, what = heapq.heappop(self._due)
        if not isinstance(what, int):
            return what  # type: ignore[no-any-return]
        try:
            self._service.arrive(what, CHUNK, self._now)
        except Busy:
            fault = Fault("HTTP 429", status=429, delivered=False)
            self._push(NETWORK / 2, Answered(self._air.pop(what), fault, self._now + NETWORK / 2))
        return None


class Played:
    """What came of a run: seconds, answer times, the limit over time."""

    def __init__(self, seconds: float, times: list[float], limits: list[tuple[float, int]]) -> None:
        self.seconds = seconds
        self.p95 = sorted(times)[ceil(0.95 * len(times)) - 1]
        self.limits = limits


class Watched(Auto):
    """A limit that is found while sending, and remembers where it was."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = [(0.0, self.now)]

    def _set(self, limit: float, now: float) -> None:
        super()._set(limit, now)
        if self.now != self.limits[-1][1]:
            self.limits.append((now, self.now))


def play(  # noqa: PLR0913 -- what a run is made of
    work: Work, noise: float, window: int | None, seed: int, chunks: int, *, save: float = 0.0
) -> Played:
    """Send so many chunks with a fixed window, or with the one that is found while sending (None)."""
    random = Random(seed)
    times, limit = Times(), Watched()
    sync = Sync(
        None,
        from_elements([{"numberid": number} for number in range(1, chunks + 1)]),
        Checker(),
        settings=Settings(chunk_size=1, max_in_flight=window or "auto"),
        limit=None if window else limit,
        carrier=World(Service(work, noise, random), save),
        kept=Kept(Store() if save else None),
        observer=times,
        wait=lambda failures: random.uniform(0, min(LONGEST_JITTER, 0.5 * 2 ** (failures - 1))),
    )
    sync.run()
    return Played(sync.tally.duration, times.seconds, [] if window else limit.limits)
