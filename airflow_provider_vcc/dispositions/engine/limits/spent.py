"""Where the time of a run goes, and so what holds its rate back."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["HeldBy", "Spent"]

T = TypeVar("T")


class HeldBy(StrEnum):
    """What a run waits for."""

    SERVICE = "service"
    PACE = "pace"
    SAVES = "saves"
    INPUT = "input"
    WORKER = "worker"


class Spent:
    """Adds up seconds by what they were spent on.

    :param clock: gives the seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self.seconds = dict.fromkeys(HeldBy, 0.0)

    def on(self, what: HeldBy, began: float) -> None:
        """Note that the time since ``began`` was spent on something."""
        self.seconds[what] += self._clock() - began

    def reading(self, batches: Iterator[T]) -> Iterator[T]:
        """Hand on what is read; the time that it takes is the input's."""
        while True:
            began = self._clock()
            try:
                batch = next(batches)
            except StopIteration:
                return
            finally:
                self.on(HeldBy.INPUT, began)
            yield batch

    def most(self) -> tuple[HeldBy, float]:
        """Return on what the most time was spent so far, and its share; what is left of all is the worker's own."""
        total = max(self._clock() - self._began, 1e-9)
        others = {what: seconds for what, seconds in self.seconds.items() if what is not HeldBy.WORKER}
        rest = max(total - sum(others.values()), 0.0)
        what, seconds = max([*others.items(), (HeldBy.WORKER, rest)], key=lambda pair: pair[1])
        return what, seconds / total
