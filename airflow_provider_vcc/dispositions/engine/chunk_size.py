"""How many elements the next chunk has: fewer after a time-out, as VCC's page advises, and more again with success."""

from __future__ import annotations

__all__ = ["Sizes"]

PATIENCE = 4
MOST_PATIENCE = 64


class Sizes:
    """Halves at once, grows by a quarter after some full chunks went well, and later where growing was too much."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._good = 0
        self._patience = PATIENCE
        self._grew = False
        self.now = most
        """The most elements of the next chunk."""
        self.halvings = 0
        """How often a chunk was too much."""

    def too_much(self, size: int) -> None:
        """Note a chunk of ``size`` elements that timed out."""
        self.halvings += 1
        smaller = max(1, size // 2)
        if smaller < self.now:
            if self._grew:
                self._patience = min(2 * self._patience, MOST_PATIENCE)
            self.now, self._grew = smaller, False
        self._good = 0

    def went_well(self, size: int) -> None:
        """Note a chunk that was answered."""
        if self.now >= self._most or size < self.now:
            return
        self._good += 1
        if self._good >= self._patience:
            self._good = 0
            self.now, self._grew = min(self._most, self.now + max(1, self.now // 4)), True
