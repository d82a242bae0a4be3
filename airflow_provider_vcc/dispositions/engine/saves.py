"""When progress is written to the store. Pure: every instant is handed in.

A chunk whose result is not in the store holds its place in the window, so a kill repeats at most what the window holds.
"""

from __future__ import annotations

__all__ = ["Saves"]

SHORTEST_LINGER = 0.0005
CHEAP = 0.002
"""Seconds that a write takes at most to be begun early, when half of the window waits for it."""
LIVE_FIRST = 0.5


class Saves:
    """Decides when the next write begins: one at a time, and answers that come together go together.

    :param active: whether there is a store.
    :param live_every: seconds after which a write is due even if no chunk waits for it; None: never.
    """

    def __init__(self, *, active: bool, live_every: float | None = None) -> None:
        self.active = active
        self.busy = False
        """Whether a write goes on."""
        self.refused = False
        """Whether the store refuses for good."""
        self._live_every = live_every
        self._live_at: float | None = None
        self._cost = 0.0
        self._since = 0.0
        self._saving_changes = 0
        self._saved_changes = 0

    @property
    def holds(self) -> bool:
        """Whether a result holds its place until it is saved."""
        return self.active and not self.refused

    def lags(self, changes: int) -> bool:
        """Return whether the store holds what an earlier try did to parts of the input that have changed since.

        If a chunk from there were sent, and the input changed back before a save, a retry would take the old results
        for true.
        """
        return self.active and changes > self._saved_changes

    def first_result(self, now: float) -> None:
        """Note that a result waits to be saved, and none did before."""
        self._since = now

    def due_in(self, unsaved: int, to_note: int, in_air: int, window: int, now: float) -> float | None:
        """Return the seconds until a write is worth it; 0: now, None: only after something has happened.

        A write costs 13 ms in Airflow, so it waits a moment for more results, unless a chunk cannot go out before it.
        """
        if not self.holds or self.busy:
            return None
        if to_note or (unsaved and not in_air):
            return 0.0
        live = self._live_in(now)
        if not unsaved or (self._cost < CHEAP and 2 * unsaved >= window):
            return 0.0 if unsaved else live
        linger = max(self._since + max(self._cost / 4, SHORTEST_LINGER) - now, 0.0)
        return linger if live is None else min(linger, live)

    def _live_in(self, now: float) -> float | None:
        if self._live_every is None:
            return None
        if self._live_at is None:
            self._live_at = now + LIVE_FIRST
        return max(self._live_at - now, 0.0)

    def begin(self, changes: int, now: float) -> bool:
        """Note that a write begins, of all that is known by now; return whether it is one that whoever watches sees.

        :param changes: how many changed stretches had been read.
        """
        self.busy = True
        self._saving_changes = changes
        live = self._live_in(now) == 0
        if live and self._live_every is not None:
            self._live_at = now + self._live_every
        return live

    def ended(self, seconds: float | None, now: float, *, well: bool) -> None:
        """Note that a write has ended; ``seconds`` is None if there was nothing to write."""
        self.busy = False
        self._since = now
        if seconds is not None:
            self._cost = (self._cost + seconds) / 2
        if well:
            self._saved_changes = self._saving_changes
        else:
            self.refused = True
