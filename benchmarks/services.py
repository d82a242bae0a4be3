"""Call centres' servers in simulated time: how long each request waits for its turn and is worked on.

They say nothing of HTTP. What happens is decided by the seed alone, so that the same run always gives the same figures.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

__all__ = ["SERVICES", "Busy", "Service", "Work"]

NETWORK = 0.002
"""Seconds that a request and its answer travel, together."""
AGENTS = -1


@dataclass(frozen=True)
class Work:
    """How a service works.

    :param workers: how many requests it works on at a time, by the time; None for any number.
    :param fixed: seconds for each request.
    :param each: seconds for each element.
    :param slower: by how much it gets slower with each request more than it has workers.
    :param per_second: requests a second, beyond which it answers 429.
    :param agents: requests a second of the people who work there, each as long as ``agent``.
    """

    workers: Callable[[float], int] | None
    fixed: float = 0.05
    each: float = 0.001
    slower: float = 0.0
    per_second: float | None = None
    agents: float = 0.0
    agent: float = 0.1


def _always(workers: int) -> Callable[[float], int]:
    return lambda now: workers  # noqa: ARG005 -- a function of the time


def _changing(many: int, few: int, seconds: float) -> Callable[[float], int]:
    return lambda now: many if int(now / seconds) % 2 == 0 else few


SERVICES = {
    "waits only, 0.25 s": Work(None, 0.25, 0.0),
    "8 workers": Work(_always(8)),
    "32 workers": Work(_always(32)),
    "one at a time, 2 ms an element": Work(_always(1), 0.0, 0.002),
    "4 workers, 25 % slower with each too many": Work(_always(4), slower=0.25),
    "5 requests a second, then 429": Work(None, 0.25, 0.0, per_second=5.0),
    "8 workers, then 1, then 8, every 10 s": Work(_changing(8, 1, 10.0)),
    "8 workers, agents at the same time": Work(_always(8), agents=20.0, agent=0.1),
}


class Busy(Exception):
    """The service has answered 429."""


@dataclass
class Service:
    """A service at work.

    :param noise: the standard deviation of the time that a request is worked on, over its mean.
    """

    work: Work
    noise: float
    random: Random
    now: float = 0.0
    _queue: deque[tuple[int, float]] = field(default_factory=deque)
    _running: list[tuple[float, int]] = field(default_factory=list)
    _tokens: float = 0.0
    _filled: float = 0.0
    _agent_at: float = math.inf
    _change_at: float = 0.0

    def __post_init__(self) -> None:
        """Let the first agent come."""
        self._tokens = self.work.per_second or 0.0
        self._next_agent(0.0)

    def _next_agent(self, now: float) -> None:
        if self.work.agents:
            self._agent_at = now + self.random.expovariate(self.work.agents)

    def arrive(self, number: int, count: int, now: float) -> None:
        """Take a request of ``count`` elements.

        :raises Busy: if it is one too many in this second.
        """
        self.now = now
        if self.work.per_second is not None:
            self._allow(self.work.per_second, now)
        self._queue.append((number, self.work.fixed + self.work.each * count))
        self._start()

    def _allow(self, rate: float, now: float) -> None:
        self._tokens = min(rate, self._tokens + (now - self._filled) * rate)
        self._filled = now
        if self._tokens < 1:
            raise Busy
        self._tokens -= 1

    def _start(self) -> None:
        workers = self.work.workers(self.now) if self.work.workers else math.inf
        while self._queue and len(self._running) < workers:
            number, seconds = self._queue.popleft()
            excess = max(0, len(self._queue) + len(self._running) + 1 - workers) if self.work.slower else 0
            seconds *= (1 + self.work.slower * excess) * self._noise()
            heapq.heappush(self._running, (self.now + seconds, number))

    def _noise(self) -> float:
        if not self.noise:
            return 1.0
        variance = math.log(1 + self.noise**2)
        return math.exp(self.random.gauss(-variance / 2, math.sqrt(variance)))

    def next_at(self) -> float:
        """Return the time of the next event."""
        step = self.now + 0.5 if self._queue else math.inf  # workers may come back
        return min(self._running[0][0] if self._running else math.inf, self._agent_at, step)

    def step(self) -> int | None:
        """Go on to the next event; return the request that is answered, if one is."""
        at = self.next_at()
        self.now = at
        if at == self._agent_at:
            self._queue.append((AGENTS, self.work.agent * self.random.expovariate(1)))
            self._next_agent(at)
        elif self._running and self._running[0][0] == at:
            _, number = heapq.heappop(self._running)
            self._start()
            return number if number != AGENTS else None
        self._start()
        return None
