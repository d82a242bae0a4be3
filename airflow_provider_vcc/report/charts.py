"""The geometry of the charts over time: paths in a box of 1000 by 100, ticks in percent."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from airflow_provider_vcc.wording import count, per_second, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = ["Chart", "Step", "Tick", "answer_chart", "chunk_chart", "limit_chart", "rate_chart"]

WIDTH, HEIGHT = 1000.0, 100.0
MOST_ROWS = 12
MOST_STEPS = 60
NICE = (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
DIGIT_WIDTH = 7
LOWEST_TOP = 0.01
NICE_SECONDS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
DAY = 86_400.0
Y_TICKS, X_TICKS = 4, 5

Span = tuple[float, float, float]
"""From, to (seconds) and the value that holds in between."""


@dataclass(frozen=True)
class Tick:
    """A line of the grid: where, in percent from the left or the top, and what stands beside it."""

    at: float
    label: str


@dataclass(frozen=True)
class Step:
    """A stretch of time with one value: its place in the box, and what it says when pointed at."""

    x: float
    width: float
    title: str


@dataclass(frozen=True)
class Chart:
    """A chart over time, and its figures as rows of a table."""

    line: str
    area: str
    failed: str
    steps: tuple[Step, ...]
    drops: tuple[tuple[float, float], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    average: float | None
    rows: tuple[tuple[str, ...], ...]

    @property
    def scale_width(self) -> int:
        """How many pixels the labels of the scale take."""
        return DIGIT_WIDTH * max(len(tick.label) for tick in self.y_ticks) + DIGIT_WIDTH


def rate_chart(figures: Figures) -> Chart | None:
    """Draw how many elements were settled per second, and how many of them failed; None where there is no curve."""
    points = _even(figures.curve)
    settled, failed = _rates(points, 1), _rates(points, 2)
    if not settled:
        return None
    end, top = settled[-1][1], _nice_above(max(value for *_, value in settled))
    mean = (points[-1][1] - points[0][1]) / (end - points[0][0])
    return Chart(
        line=_line(settled, end, top),
        area=_area(settled, end, top),
        failed=_area(failed, end, top) if any(value for *_, value in failed) else "",
        steps=_steps(settled, end, lambda span: f"{per_second(span[2])} until {seconds(span[1])}"),
        drops=(),
        x_ticks=_x_ticks(end),
        y_ticks=_y_ticks(top),
        average=100 - 100 * mean / top if mean <= top else None,
        rows=_rate_rows(points),
    )


def chunk_chart(figures: Figures) -> Chart | None:
    """Draw how large the requests were; None if that was not kept."""
    return _value_chart(figures, figures.chunks, lambda size: f"{count(size)} records")


def limit_chart(figures: Figures) -> Chart | None:
    """Draw how many requests were allowed at a time; None if that was not kept."""
    return _value_chart(figures, figures.limit, lambda limit: f"{count(limit)} at a time", drops=False)


def answer_chart(figures: Figures) -> Chart | None:
    """Draw how long answers took; None if that was not kept."""
    return _value_chart(figures, figures.answer_times, seconds, drops=False, top=_nice_above)


def _value_chart(
    figures: Figures,
    points: Sequence[tuple[float, ...]],
    words: Callable[[float], str],
    *,
    drops: bool = True,
    top: Callable[[float], float] | None = None,
) -> Chart | None:
    """Draw a value that holds until the next point."""
    if not points:
        return None
    end = max(points[-1][0], figures.curve[-1][0] if figures.curve else 0.0, figures.duration or 0.0) or 1.0
    starts = [0.0, *(point[0] for point in points[1:])]
    spans = [(start, until, value) for start, until, (_, value) in zip(starts, [*starts[1:], end], points, strict=True)]
    height = (top or _whole_above)(max(value for *_, value in spans))
    return Chart(
        line=_line(spans, end, height),
        area=_area(spans, end, height),
        failed="",
        steps=_steps(spans, end, lambda span: f"{words(span[2])} until {seconds(span[1])}"),
        drops=_drops(spans, end, height) if drops else (),
        x_ticks=_x_ticks(end),
        y_ticks=_y_ticks(height),
        average=None,
        rows=tuple((seconds(at), words(value)) for at, _, value in _thinned(spans)),
    )


def _drops(spans: Sequence[Span], end: float, top: float) -> tuple[tuple[float, float], ...]:
    """Mark where the value fell."""
    return tuple(
        (round(100 * at / end, 3), round(100 - 100 * size / top, 3))
        for (*_, before), (at, _, size) in pairwise(spans)
        if size < before
    )


def _even(curve: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Start at nought, and leave out points so close to the one before that chance makes a peak of them."""
    points = list(curve)
    if points and points[0][0] > 0:
        points.insert(0, (0.0, 0.0, 0.0))
    least = points[-1][0] / MOST_STEPS if points else 0.0
    kept = points[:1]
    for point in points[1:]:
        if point[0] - kept[-1][0] >= least:
            kept.append(point)
    if len(kept) > 1 and kept[-1] != points[-1]:
        kept[-1] = points[-1]
    return kept


def _rates(points: Sequence[tuple[float, ...]], column: int) -> list[Span]:
    pairs = pairwise(points)
    return [(a[0], b[0], max(0.0, b[column] - a[column]) / (b[0] - a[0])) for a, b in pairs if b[0] > a[0]]


def _line(spans: Sequence[Span], end: float, top: float) -> str:
    """Draw steps: flat within a span, straight up or down between spans."""
    corners = [(x, value) for start, stop, value in spans for x in (start, stop)]
    return "M" + "L".join(f"{_x(x, end)} {_y(value, top)}" for x, value in corners)


def _area(spans: Sequence[Span], end: float, top: float) -> str:
    return f"{_line(spans, end, top)}L{_x(spans[-1][1], end)} {HEIGHT:g}L{_x(spans[0][0], end)} {HEIGHT:g}Z"


def _x(at: float, end: float) -> str:
    return f"{WIDTH * at / end:.2f}".rstrip("0").rstrip(".")


def _y(value: float, top: float) -> str:
    return f"{HEIGHT - HEIGHT * value / top:.2f}".rstrip("0").rstrip(".")


def _steps(spans: Sequence[Span], end: float, title: Callable[[Span], str]) -> tuple[Step, ...]:
    return tuple(
        Step(round(100 * start / end, 3), round(100 * (stop - start) / end, 3), title((start, stop, value)))
        for start, stop, value in spans
    )


def _nice_above(value: float) -> float:
    """Return a round number, not below ``value``, whose quarters are fit to print."""
    power = 10.0 ** math.floor(math.log10(max(value, LOWEST_TOP)))
    return next((nice * power for nice in NICE if nice * power >= value), 10 * power)


def _whole_above(value: float) -> float:
    """Return a round number, not below ``value``, whose quarters are whole."""
    top = _nice_above(max(value, Y_TICKS))
    while round(top) % Y_TICKS:
        top = _nice_above(top * 1.01)
    return top


def _y_ticks(top: float) -> tuple[Tick, ...]:
    values = [top * i / Y_TICKS for i in range(Y_TICKS + 1)]
    return tuple(Tick(100 - 100 * value / top, f"{value:,.3f}".rstrip("0").rstrip(".")) for value in values)


def _x_ticks(end: float) -> tuple[Tick, ...]:
    step = next((nice for nice in NICE_SECONDS if end / nice <= X_TICKS), DAY * max(1, round(end / DAY / X_TICKS)))
    ticks = (step * i for i in range(int(end / step) + 1))
    return tuple(Tick(round(100 * at / end, 3), seconds(at)) for at in ticks)


def _thinned(rows: Sequence[Span]) -> list[Span]:
    if len(rows) <= MOST_ROWS:
        return list(rows)
    return [rows[i * (len(rows) - 1) // (MOST_ROWS - 1)] for i in range(MOST_ROWS)]


def _rate_rows(points: list[tuple[float, ...]]) -> tuple[tuple[str, ...], ...]:
    kept = [points[i * (len(points) - 1) // MOST_ROWS] for i in range(MOST_ROWS + 1)]
    pairs = [(a, b) for a, b in pairwise(kept) if b[0] > a[0]]
    return tuple(
        (seconds(b[0]), count(b[1]), per_second(max(0.0, b[1] - a[1]) / (b[0] - a[0])), count(b[2])) for a, b in pairs
    )
