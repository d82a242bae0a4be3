"""What the times of answers say about how many requests a service works on at a time.

As long as it works on all of them at once, a request takes as long among many as alone. Beyond that number, the knee,
it waits for its turn, so that its time grows with the number of requests that were there when it went out, or even
faster if the service gets slower under load. Which knees fit the times that were seen, and how well, is weighed for a
few dozen of them: a regression for each, in logarithms, in which the time of a request alone and the part that its size
plays are fitted too. What was seen long ago counts less.
"""

from __future__ import annotations

from itertools import accumulate
from math import exp, inf, log, sqrt

import msgspec

__all__ = ["Estimate", "Knee"]

MOST = 32
KNEES = (1, 1.4, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 23, 26, 29, 32, inf)
NO_KNEE = 0.15
"""How likely it is, before anything was seen, that there is no knee up to 32."""
STEEP = 0.25
"""How likely it is that the service gets slower with each request too many."""
HALF_LIFE = 160
"""Answers after which an answer counts half."""
SMALLEST_SPREAD = 0.12
"""Of the logarithms of times: what is closer together says no more than that."""
BY_SIZE, BY_SIZE_WEIGHT = 0.7, 4.0
"""The power of its size with which a request's time grows, before sizes that differ were seen, and what that weighs."""
LATEST = 0.2
"""How much the latest answer weighs."""
FORGOTTEN = 0.05
"""What still counts of an answer from before the service changed."""
SHORTEST = 1e-6
NEGLIGIBLE = 0.01
LARGEST = 1e9
HALF, MOST_OF_IT = 0.5, 0.75

_HYPOTHESES = [(knee, power) for knee in KNEES for power in (1, 2) if knee < inf or power == 1]
_GROWTH = [
    [power * max(0.0, log(max(among, 1) / knee)) if knee < inf else 0.0 for among in range(MOST + 1)]
    for knee, power in _HYPOTHESES
]
"""By how much the logarithm of the time grows, by hypothesis and by the number of requests."""
_PRIOR = [
    log((1 - NO_KNEE) / (len(KNEES) - 1) * (STEEP if power > 1 else 1 - STEEP)) if knee < inf else log(NO_KNEE)
    for knee, power in _HYPOTHESES
]


class Estimate(msgspec.Struct, frozen=True):
    """What is believed of the knee.

    :param middle: it is as likely above as below.
    :param high: three times as likely below as above; ``inf`` if there may be none.
    :param steep: how likely it is that the service gets slower beyond it.
    :param spread: how far the times scatter, of their logarithms.
    """

    middle: float
    high: float
    steep: float
    spread: float


class _Sums:
    """Weighted sums over the answers that went out among the same number of requests.

    ``x`` is the logarithm of a request's size, ``y`` that of its time.
    """

    __slots__ = ("w", "x", "xx", "xy", "y", "yy")

    def __init__(self) -> None:
        self.w = self.x = self.y = self.xx = self.xy = self.yy = 0.0

    def add(self, weight: float, x: float, y: float) -> None:
        self.w += weight
        self.x += weight * x
        self.y += weight * y
        self.xx += weight * x * x
        self.xy += weight * x * y
        self.yy += weight * y * y

    def take(self, other: _Sums) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def scale(self, by: float) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) * by)


class Knee:
    """Takes in answers, and says where the knee may be."""

    def __init__(self) -> None:
        self._levels = [_Sums() for _ in range(MOST + 1)]
        self._weight = 1.0
        self.slower = 0.0
        """By how much the latest answers took longer than earlier ones among as many, of their logarithms."""

    def add(self, among: int, count: int, seconds: float) -> None:
        """Take in one answer: to a request of ``count`` elements that went out as one ``among`` so many."""
        self._weight *= 2 ** (1 / HALF_LIFE)
        sums, x, y = self._levels[min(among, MOST)], log(count), log(max(seconds, SHORTEST))
        if sums.w > NEGLIGIBLE * self._weight:
            self.slower += LATEST * (y - sums.y / sums.w - BY_SIZE * (x - sums.x / sums.w) - self.slower)
        sums.add(self._weight, x, y)
        if self._weight > LARGEST:
            for sums in self._levels:
                sums.scale(1 / self._weight)
            self._weight = 1.0

    def forget(self) -> None:
        """Let what was seen so far count very little, since the service has changed."""
        for sums in self._levels:
            sums.scale(FORGOTTEN)
        self.slower = 0.0

    def estimate(self) -> Estimate:
        """Return what is believed now. At least one answer must have been taken in."""
        seen = [(among, sums) for among, sums in enumerate(self._levels) if sums.w > NEGLIGIBLE * self._weight]
        misfits = _misfits(seen, self._weight)
        weight = sum(sums.w for _, sums in seen) / self._weight
        variance = max(min(misfits) / max(weight - 1, 1), SMALLEST_SPREAD**2)
        logs = [prior - misfit / (2 * variance) for prior, misfit in zip(_PRIOR, misfits, strict=True)]
        return _believed(logs, sqrt(variance))


def _misfits(seen: list[tuple[int, _Sums]], scale: float) -> list[float]:
    """Return the sum of squares that each hypothesis leaves, at its best."""
    total = _Sums()
    for _, sums in seen:
        total.take(sums)
    total.scale(1 / scale)
    return [_misfit(seen, scale, total, growth) for growth in _GROWTH]


def _misfit(seen: list[tuple[int, _Sums]], scale: float, total: _Sums, growth: list[float]) -> float:
    """Return what is left of y - growth - mean - slope x, with the mean and the slope that leave least."""
    g = gx = gy = gg = 0.0
    for among, sums in seen:
        if by := growth[among]:
            g += by * sums.w
            gx += by * sums.x
            gy += by * sums.y
            gg += by * by * sums.w
    w, x, xx = total.w, total.x, total.xx
    r, rx, rr = total.y - g / scale, total.xy - gx / scale, total.yy - (2 * gy - gg) / scale
    slope = (rx - x * r / w + BY_SIZE_WEIGHT * BY_SIZE) / (xx - x * x / w + BY_SIZE_WEIGHT)
    mean = (r - slope * x) / w
    left = rr - 2 * mean * r - 2 * slope * rx + mean * mean * w + 2 * mean * slope * x + slope * slope * xx
    return max(left + BY_SIZE_WEIGHT * (slope - BY_SIZE) ** 2, 0.0)


def _believed(logs: list[float], spread: float) -> Estimate:
    best = max(logs)
    likely = [exp(value - best) for value in logs]
    by_knee = dict.fromkeys(KNEES, 0.0)
    for (knee, _), share in zip(_HYPOTHESES, likely, strict=True):
        by_knee[knee] += share / sum(likely)
    bounded = sum(share for (knee, _), share in zip(_HYPOTHESES, likely, strict=True) if knee < inf)
    steep = sum(share for (_, power), share in zip(_HYPOTHESES, likely, strict=True) if power > 1)
    up_to = list(zip(KNEES, accumulate(by_knee.values()), strict=True))
    middle, high = (next((knee for knee, share in up_to if share >= part), inf) for part in (HALF, MOST_OF_IT))
    return Estimate(middle, high, steep / bounded if bounded else 0.0, spread)
