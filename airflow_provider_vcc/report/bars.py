"""The geometry of the outcome bar: where each part of it stands, in percent of its width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.figures import Counts, Figures

__all__ = ["ORDER", "Bar", "Part", "outcome_bar", "plain_bar", "zoomed_bar"]

RESUMED = "resumed"
ORDER = (Outcome.APPLIED, Outcome.NOT_SENT, Outcome.UNKNOWN, Outcome.INVALID, Outcome.REJECTED)
"""From left to right; what failed grows from the right, towards the threshold's mark."""
LEAST_WIDTH = 0.6
SMALL = 0.15
ROOM = 1.3
FEWEST_TO_ZOOM = 50
FULL = 100.0


@dataclass(frozen=True)
class Part:
    """One outcome in the bar."""

    kind: str
    x: float
    width: float
    count: int


@dataclass(frozen=True)
class Bar:
    """A bar, and where the threshold stands on it; ``size`` is how many elements its whole width stands for."""

    parts: tuple[Part, ...]
    size: int
    mark: float | None = None


def outcome_bar(figures: Figures) -> Bar:
    """Draw all five outcomes; what an earlier try had applied is a part of its own."""
    counts = [(RESUMED, figures.resumed), *((kind.value, figures.counts[kind]) for kind in ORDER)]
    counts[1] = (Outcome.APPLIED.value, figures.counts[Outcome.APPLIED] - figures.resumed)
    return _bar(counts, figures.size, figures.allowed)


def plain_bar(counts: Counts, total: int) -> Bar:
    """Draw the five outcomes of one shard or one try."""
    return _bar([(kind.value, counts[kind]) for kind in ORDER], total, None)


def zoomed_bar(figures: Figures) -> Bar | None:
    """Draw the right end of the bar magnified, where what failed and what is tolerated are too small to tell apart."""
    reach = max(figures.failed, figures.allowed or 0)
    if not figures.failed or figures.size < FEWEST_TO_ZOOM or reach > SMALL * figures.size:
        return None
    size = max(int(reach * ROOM), 5)
    failed = [(kind.value, figures.counts[kind]) for kind in ORDER[2:]]
    before, room = figures.size - figures.failed, size - figures.failed
    unsent = min(figures.counts[Outcome.NOT_SENT], room)
    blank = max(0, before - figures.counts[Outcome.APPLIED] - figures.counts[Outcome.NOT_SENT])
    applied = max(0, room - unsent - blank)
    return _bar([(Outcome.APPLIED.value, applied), (Outcome.NOT_SENT.value, unsent), *failed], size, figures.allowed)


def _bar(counts: list[tuple[str, int]], size: int, allowed: int | None) -> Bar:
    widths = _widths([count for _, count in counts], size)
    lefts = counts[: 1 + [kind for kind, _ in counts].index(Outcome.APPLIED.value)]
    parts, x = [], 0.0
    for index, ((kind, count), width) in enumerate(zip(counts, widths, strict=True)):
        if index == len(lefts):
            x = FULL - sum(widths[index:])
        if count:
            parts.append(Part(kind, round(x, 3), round(width, 3), count))
        x += width
    mark = None if allowed is None or not size else round(max(0.0, FULL * (1 - allowed / size)), 3)
    return Bar(tuple(parts), size, mark)


def _widths(counts: list[int], size: int) -> list[float]:
    """Share out the width; the smallest part stays visible, at the largest one's cost."""
    if not size:
        return [0.0] * len(counts)
    widths = [max(FULL * count / size, LEAST_WIDTH) if count else 0.0 for count in counts]
    excess = sum(widths) - FULL
    if excess > 0:
        widest = widths.index(max(widths))
        widths[widest] -= excess
    return widths
