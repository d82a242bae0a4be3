"""How many requests at a time were allowed, how long their answers took, and what held the rate back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.limits.auto import SHORT_JOB
from airflow_provider_vcc.dispositions.engine.limits.spent import HeldBy
from airflow_provider_vcc.wording import plural

if TYPE_CHECKING:
    from airflow_provider_vcc.task.parameters import Parameters

__all__ = ["AtATime", "Curve", "held_back", "how_many"]

MOST_POINTS = 120
FINEST = 0.5
SETTLED = 3.0
"""Seconds after which a limit that has not changed is said to have settled."""
CLEARLY = 0.5


class Curve:
    """Values over time: at most 120 points however long it goes on, the last one always among them."""

    def __init__(self) -> None:
        self._points: list[list[float]] = []
        self._step = FINEST

    def add(self, seconds: float, *values: float) -> None:
        """Note values at a time. A point that is too close to the one before replaces it."""
        point = [round(seconds, 2), *values]
        points = self._points
        if len(points) > 1 and seconds - points[-2][0] < self._step:
            points[-1] = point
            return
        points.append(point)
        if len(points) > MOST_POINTS:
            self._step *= 2
            self._points = [points[0], *points[2:-1:2], points[-1]]

    def points(self) -> list[list[float]]:
        """Return them, in order."""
        return [*self._points]


class AtATime:
    """The limit and the times of answers over a run."""

    def __init__(self) -> None:
        self.limit = Curve()
        self.answer_times = Curve()
        self._sum = 0.0
        self._count = 0
        self._now: int | None = None
        self._since = 0.0
        self._said: int | None = None
        self.mean: float | None = None
        """Seconds that the latest answers took."""

    def answered(self, seconds: float) -> None:
        """Note how long an answer took."""
        self._sum += seconds
        self._count += 1

    def sample(self, seconds: float, limit: int) -> None:
        """Note where it stands."""
        if self._count:
            self.mean = self._sum / self._count
            self.answer_times.add(seconds, round(self.mean, 4))
            self._sum, self._count = 0.0, 0
        if limit != self._now:
            self._now, self._since = limit, seconds
        self.limit.add(seconds, limit)

    def settled(self, seconds: float) -> int | None:
        """Return the limit once, when it has not changed for a while and is another than was last returned."""
        if self._now is None or self._now == self._said or seconds - self._since < SETTLED or self.mean is None:
            return None
        self._said = self._now
        return self._now


def held_back(by: HeldBy, share: float, requests: str, given: Parameters) -> str:
    """Return in a sentence what kept a run from going faster.

    :param requests: what ``how_many`` returns.
    """
    part = f"{share:.0%} of the time" if share >= CLEARLY else f"the largest part of the time ({share:.0%})"
    if by is HeldBy.SERVICE:
        return f"The call centre's server: {part} passed while it worked on {requests}."
    if by is HeldBy.PACE:
        return f"The pace: {part} was waited to keep max_elements_per_second={given.max_elements_per_second:g}."
    if by is HeldBy.SAVES:
        return f"The saves of the progress: {part} was waited for Airflow's task state store."
    if by is HeldBy.INPUT:
        return f"The input: {part} was spent on reading and checking it."
    return f"This worker: {part} was spent on packing requests and writing down answers."


def how_many(limit: int, most: int, sent: int, given: Parameters) -> str:
    """Return in words how many requests were under way at a time, and why not more.

    :param most: the most at any moment. A job of two or three, or one of messages, never reaches the limit.
    :param sent: how many went out in all.
    """
    if most < limit:
        return f"{plural(most, 'request')} at a time"
    if given.max_in_flight != "auto":
        why = "max_in_flight"
    elif sent <= SHORT_JOB:
        why = "a short job gets no more"
    else:
        why = "as many as it answered well"
    return f"{plural(limit, 'request')} at a time ({why})"
