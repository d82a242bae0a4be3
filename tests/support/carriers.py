"""A carrier with a clock of its own: requests and writes take as long as a test says, and nobody waits for them."""

from __future__ import annotations

import heapq
import json
from itertools import count

from airflow_provider_vcc.dispositions.engine.messages import Answered, Saved
from airflow_provider_vcc.dispositions.http.answers import Answer
from airflow_provider_vcc.dispositions.progress.progress import Segment
from airflow_provider_vcc.dispositions.progress.synced import Change, Remembering


class Carried:
    """Answers each request in the order of its time.

    :param reply: returns the evidence for a chunk; all is well by default.
    :param takes: seconds until an answer, or a function of the chunk that returns them.
    :param store: where values are kept; what is for ``table``, which outlasts the run, goes there.
    :param saves: seconds that a write takes.
    """

    def __init__(self, reply=lambda _: Answer(), *, takes=1.0, store=None, table=None, saves=0.01):
        self.now = 1_000.0
        self.reply = reply
        self.takes = takes if callable(takes) else lambda _: takes
        self.store = store
        self.table = table
        self.saves = saves
        self.sent = []
        self.aborted = []
        self.waits = []
        self.closed = None
        self._due = []
        self._numbers = count()

    def clock(self):
        """Return the time of this carrier."""
        return self.now

    def prepare(self):
        """Nothing is to be prepared."""

    def _report(self, seconds, event_of):
        heapq.heappush(self._due, (self.now + seconds, next(self._numbers), event_of))

    def send(self, delivery, in_air):
        """Put a request on its way."""
        self.sent.append((list(delivery.chunk.positions), in_air, self.now))
        evidence = self.reply(delivery.chunk)
        self._report(self.takes(delivery.chunk), lambda: Answered(delivery, evidence, self.now))
        return True

    def abort(self, delivery):
        """Note what is cut off."""
        self.aborted.append(list(delivery.chunk.positions))

    def save(self, values):
        """Begin to keep values, as JSON; they are there when that is reported."""
        kept = [(key, value if isinstance(value, Change) else json.dumps(_plain(value))) for key, value in values]
        self._report(self.saves, lambda: self._written(kept))

    def _written(self, kept):
        for key, value in kept:
            if isinstance(value, Change):
                Remembering(self.table, None).set(key, value)
            elif self.store is not None:
                self.store[key] = value
        return Saved(self.saves)

    def wait(self, seconds):
        """Go on to what comes next, if it comes in time."""
        self.waits.append(seconds)
        if self._due and self._due[0][0] <= self.now + seconds:
            self.now, _, event_of = heapq.heappop(self._due)
            return event_of()
        self.now += seconds
        return None

    def pending(self):
        """Return whether something else happens at this very moment."""
        return bool(self._due) and self._due[0][0] <= self.now

    def interrupted(self, on_the_way, *, saving):
        """Report all of it in its time."""

    def wake(self):
        """Nobody waits."""

    def close(self, seconds):
        """Note how long was to be waited."""
        self.closed = seconds


def _plain(value):
    return value.encode() if isinstance(value, Segment) else value
