"""The number of requests at a time, found while sending.

A job of up to 16 requests has no time to find out, and gets 4 at a time. A longer one starts with up to 6 and goes up
threefold while answers take no longer among more; twofold if their times scatter. As soon as there is a knee (see
``knee.py``), it keeps to a quarter more than that, so that a worker of the service that gets free finds the next
request waiting, or to the knee itself if the service gets slower beyond it. Old answers are forgotten, so it goes up
again now and then, and finds what has changed. At 3 it looks now and then at how long a few requests take among 2,
since one more or less is a lot there. If answers suddenly take far longer than before among as many, the service has
lost capacity: it goes down by as much, and forgets what it knew. A time-out, a 429 and a 503 halve it at once.
"""

from __future__ import annotations

from math import ceil, exp, inf
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.limits.knee import MOST, Knee
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed, Sent, Trouble

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.engine.limits.limit import Limit
    from airflow_provider_vcc.dispositions.engine.settings import Settings

__all__ = ["SHORT_JOB", "Auto", "limit_of"]

FEWEST = 2
FIRST, SHORT = 6, 4
"""With how many a long and a short job start."""
PART = 4
"""It goes up to one of so many requests of the whole job at most: more would find out what is of no use any more."""
SHORT_JOB = SHORT * PART
"""Requests up to which a job gets no more at a time than a short one starts with."""
UNKNOWN = 10
"""Answers after which a job of unknown length counts as a long one."""
ROOM = 1.25
LEAP, CAREFUL_LEAP = 3.0, 2.0
SCATTERED = 0.2
"""Of the logarithms of times: beyond it, steps are careful."""
WORTH_IT = 0.15
SLOWER = 0.3
"""Of the logarithms of times: while answers take so much longer than they did, nothing goes up."""
LOST, LAG = 0.5, 2.0
"""Of the logarithms of times: how much longer answers take, beside how far they scatter, when capacity was lost; and by
how much the average that tells it lags behind."""
TOP, ENOUGH_AT_TOP = 0.7, 0.15
"""Nothing is decided before so many answers, as a part of the limit, came to requests among so many, likewise."""
PAUSE = 0.02
"""Seconds from one decision to the next, since each costs a fraction of a millisecond."""
LOOKS_AT, LOOK_EVERY, LOOK = 3, 16, 6
"""Up to which limit it looks at how the fewest fare, after how many answers without, and for how many answers."""
QUIET, LONGEST_QUIET, ROUNDS = 24, 384, 3
"""Answers after which a service that was too much troubled may get more again: doubled each time that
more was too much again; and so many times the limit at least."""
ALMOST = 0.25
"""A limit is rounded up but for this: a request that waits shows when the service has become faster."""


class Auto:
    """A limit from 2 to 32."""

    most = MOST
    most_unrepeatable = 4
    """Of each of these, a kill leaves nobody knowing what became of it."""

    def __init__(self) -> None:
        self._limit = FIRST
        self._part = inf
        self._knee = Knee()
        self._answers = 0
        self._opening = True
        self._since = self._top = 0
        self._decided_at = self._changed_at = self._cut_at = -inf
        self._lost_at = -inf
        self._spread = inf
        self._seconds = 1.0
        self._ceiling = float(MOST)
        self._quiet, self._calm, self._rose = QUIET, 0, False
        self._few_at = self._looks_until = 0

    @property
    def now(self) -> int:
        """Return how many at a time; the first few are not replaced until they have told something."""
        return max(FEWEST, self._limit - self._answers) if self._opening and not self._short else self._limit

    @property
    def _short(self) -> bool:
        return self._part <= SHORT

    def expect(self, requests: int | None) -> None:
        """Note how long the job is: a short one starts with fewer, and stays there."""
        if requests is not None:
            self._part = max(SHORT, requests / PART)
        else:
            self._part = inf if self._answers >= UNKNOWN else SHORT
        if self._opening and not self._answers:
            self._limit = int(min(FIRST, self._part))

    def sent(self, among: int, now: float) -> Sent:
        """Note that a request goes out."""
        return Sent(among, now)

    def answered(self, sent: Sent, count: int, now: float) -> None:
        """Learn from how long a request took."""
        seconds = now - sent.at
        if sent.at >= self._lost_at:  # what had queued up before tells how long the queue was
            self._knee.add(sent.among, count, seconds)
            self._notice_loss(sent.among, count, seconds, now)
        self._answers += 1
        self._opening = self._opening and self._answers < self._limit
        self._few_at = self._answers if self._limit == FEWEST else self._few_at
        self._seconds += (seconds - self._seconds) / min(self._answers, 8)
        self._since += 1
        self._top += sent.among >= TOP * self._limit
        self._recover()
        if not self._short and self._knows_enough(sent, now):
            self._decide(now)

    def _notice_loss(self, among: int, count: int, seconds: float, now: float) -> None:
        slower = self._knee.slower
        if slower > LOST + self._spread:
            self._knee.forget()
            self._knee.add(among, count, seconds)
            self._lost_at = now
            self._set(self._limit * exp(-LAG * slower), now)

    def _knows_enough(self, sent: Sent, now: float) -> bool:
        return (
            self._since >= max(2, self._limit / 4)
            and self._top >= max(1, ENOUGH_AT_TOP * self._limit)
            and sent.at >= self._changed_at
            and now >= self._decided_at + PAUSE
        )

    def _decide(self, now: float) -> None:
        self._opening = False
        self._since, self._decided_at = 0, now
        if self._answers < self._looks_until:
            return
        knee = self._knee.estimate()
        self._spread = knee.spread
        room = ROOM + (1 - ROOM) * knee.steep
        leap = LEAP if knee.spread < SCATTERED else CAREFUL_LEAP
        up = min(leap * self._limit, room * knee.high, self._ceiling, self._part)
        down = min(room * knee.middle, self._ceiling)
        if FEWEST < self._limit <= LOOKS_AT and self._answers - self._few_at >= LOOK_EVERY:
            self._looks_until = self._answers + LOOK
            self._set(FEWEST, now)
        elif up >= self._limit * (1 + WORTH_IT) and self._knee.slower < SLOWER:
            self._set(up, now)
        elif down <= self._limit / (1 + WORTH_IT):
            self._set(down, now)

    def _set(self, limit: float, now: float) -> None:
        found = max(FEWEST, min(MOST, ceil(limit - ALMOST)))
        if found != self._limit:
            self._limit, self._top, self._changed_at = found, 0, now

    def _recover(self) -> None:
        self._calm += 1
        if self._ceiling < MOST and self._calm >= max(self._quiet, ROUNDS * self._limit):
            self._calm, self._rose = 0, True
            self._ceiling = min(1.5 * self._ceiling, MOST)

    def failed(self, trouble: Trouble, now: float) -> None:
        """Lower the limit at once, once for all requests that were in flight together."""
        if trouble is Trouble.OTHER or now < self._cut_at:
            return
        self._opening = False
        self._cut_at = now + self._seconds
        self._ceiling = max(FEWEST, self._limit / 2)
        if self._rose:
            self._quiet = min(2 * self._quiet, LONGEST_QUIET)
        self._calm, self._rose = 0, False
        self._set(self._ceiling, now)


def limit_of(settings: Settings) -> Limit:
    """Return the limit that settings ask for; where nothing may be sent twice, there is none to be found."""
    if settings.max_in_flight != "auto":
        return Fixed(settings.max_in_flight)
    return Fixed(Auto.most_unrepeatable) if settings.on_ambiguous == "report" else Auto()
