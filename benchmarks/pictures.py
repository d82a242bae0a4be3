"""The pictures of a run, for the documentation."""

from __future__ import annotations

from math import floor, log10
from typing import TYPE_CHECKING, Any

from benchmarks.svg import Axis, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["draw"]

Results = dict[str, Any]
WIDTH = 720
MIB_LIMIT = 8
LIMIT_SECONDS = 40
SPEEDS = (
    ("ceiling", "msgspec and http.client alone", "c1 hollow"),
    ("ours", "this package, everything on", "c0"),
    ("by_hand", "a loop with requests", "c1"),
    ("thread_pool", "the same, thread pool", "c1"),
    ("parallel_bulk", "parallel_bulk (Elasticsearch)", "c1"),
    ("dlt_destination", "custom destination (dlt)", "c1"),
    ("http_operator", "mapped HttpOperator", "c1"),
)


def draw(results: Results, folder: Path) -> None:
    """Draw all pictures of a full run into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in {
        "speed": speed,
        "memory": memory,
        "growth": growth,
        "store": store,
        "pace": pace,
        "limit": limit,
    }.items():
        (folder / f"bench-{name}.svg").write_text(str(make(results)))


def speed(results: Results) -> Picture:
    """Draw the contenders as bars."""
    found = results["side_by_side"]
    rows = [(label, found[name], kind) for name, label, kind in SPEEDS if name in found]
    picture = Picture(WIDTH, 72 + 34 * len(rows), "Elements per second", "200,000 elements, 500 a request")
    most = max(row["elements_per_second"] for _, row, _ in rows)
    x = Axis((0, most), (230, WIDTH - 175))
    for y, (label, row, kind) in enumerate(rows):
        top = 66 + 34 * y
        picture.text(220, top + 15, label, "" if kind == "c0" else "muted", "end")
        picture.bar(230, top, x(row["elements_per_second"]) - 230, 20, kind)
        memory = f", {row['growth_mib']:+.0f} MiB" if row.get("growth_mib") else ""
        picture.text(x(row["elements_per_second"]) + 8, top + 15, f"{row['elements_per_second']:,.0f}{memory}", "small")
    return picture


def memory(results: Results) -> Picture:
    """Draw how much more memory a million elements take, by source."""
    rows = list(results["memory"].items())
    subtitle = "MiB at the peak, each a process of its own; state saved, failures written"
    picture = Picture(WIDTH, 90 + 24 * len(rows), "Memory: 1,000,000 elements over 10,000", subtitle)
    most = max(MIB_LIMIT, *(row["growth_mib"] for _, row in rows))
    x = Axis((0, most), (200, WIDTH - 80))
    for number, (kind, row) in enumerate(rows):
        top = 64 + 24 * number
        picture.text(190, top + 13, kind, "muted", "end")
        picture.bar(200, top, x(max(row["growth_mib"], 0)) - 200, 15, "c2" if "rejected" in kind else "c0")
        picture.text(x(max(row["growth_mib"], 0)) + 8, top + 12, f"{row['growth_mib']:+.1f}", "small")
    bottom = 64 + 24 * len(rows)
    picture.rule((x(MIB_LIMIT), 58), (x(MIB_LIMIT), bottom), "limit")
    picture.text(x(MIB_LIMIT), bottom + 15, "goal: at most 8 MiB", "small limit-text", "middle")
    return picture


def growth(results: Results) -> Picture:
    """Draw time for each element, and peak memory, as the work grows."""
    sizes = {int(size): row for size, row in results["growth"].items()}
    subtitle = "level lines: twice the elements take twice the time, and no more memory"
    picture = Picture(WIDTH, 280, "As the work grows", subtitle)
    panels = ((70, "us", "µs an element", "{:.1f}"), (420, "peak_mib", "MiB at the peak", "{:.0f}"))
    for left, key, label, form in panels:
        top = _round(max(row[key] for row in sizes.values()))
        x = Axis((min(sizes), max(sizes)), (left, left + 250), logarithmic=True)
        y = Axis((0, top), (230, 90))
        picture.text(left - 10, 78, label, "muted small")
        _levels(picture, y, [0, top / 2, top], (left, left + 250), form)
        for size in sizes:
            picture.text(x(size), 250, _short(size), "muted small", "middle")
        picture.line([(x(size), y(row[key])) for size, row in sizes.items()], "c0")
    return picture


def store(results: Results) -> Picture:
    """Draw the rate that 13 ms a write leave, by what the window holds."""
    rows = {
        int(size): {int(w): cell["elements_per_second"] for w, cell in row.items()}
        for size, row in results["store"].items()
    }
    windows = list(next(iter(rows.values())))
    subtitle = "elements per second with a state store that takes 13 ms a write, as Airflow's does"
    picture = Picture(WIDTH, 320, "What max_in_flight and chunk_size do", subtitle)
    most = _round(max(max(row.values()) for row in rows.values()))
    x, y = Axis((min(windows), max(windows)), (90, 560), logarithmic=True), Axis((0, most), (265, 75))
    _levels(picture, y, [0, most / 2, most], (90, 560), "{:,.0f}")
    for window in windows:
        picture.text(x(window), 285, str(window), "muted small", "middle")
    picture.text(325, 304, "max_in_flight", "muted small", "middle")
    for kind, (size, row) in zip(("c1", "c2", "c0"), rows.items(), strict=False):
        points = [(x(window), y(rate)) for window, rate in row.items()]
        picture.line(points, kind)
        picture.text(points[-1][0] + 10, points[-1][1] + 4, f"chunk_size {size}", "small")
    return picture


def pace(results: Results) -> Picture:
    """Draw the elements of the second that ends at each arrival, over what is allowed."""
    picture = Picture(
        WIDTH, 300, "The pace, as the server sees it", "elements of the last second, over max_elements_per_second"
    )
    ends = [case["arrivals"][-1][0] for case in results["pace"].values()]
    x, y = Axis((0, max(ends)), (70, WIDTH - 40)), Axis((0, 1.15), (230, 75))
    _levels(picture, y, [0, 0.5], (70, WIDTH - 40), "{:.1f}")
    picture.rule((70, y(1)), (WIDTH - 40, y(1)), "limit")
    picture.text(60, y(1) + 4, "1.0", "small limit-text", "end")
    for second in range(int(max(ends)) + 1):
        picture.text(x(second), 248, f"{second} s", "muted small", "middle")
    for number, (name, case) in enumerate(results["pace"].items()):
        points = [(x(at), y(share)) for at, share in _last_second(case["arrivals"], case["allowed"])]
        picture.line(points, f"c{number}", dots=False)
        picture.bar(70 + 215 * number, 268, 12, 12, f"c{number}")
        picture.text(88 + 215 * number, 278, name, "muted small")
    return picture


def limit(results: Results) -> Picture:
    """Draw how the limit that is found while sending goes over a run, for some services."""
    lines = results["limit"]["lines"]
    subtitle = "simulated, noise of 10 %; what is found while sending, over the first 40 seconds of 200,000 elements"
    picture = Picture(WIDTH, 340, "Requests at a time", subtitle)
    x, y = Axis((0, LIMIT_SECONDS), (60, WIDTH - 40)), Axis((0, 32), (250, 75))
    _levels(picture, y, [2, 8, 16, 32], (60, WIDTH - 40), "{:.0f}")
    for second in range(0, LIMIT_SECONDS + 1, 10):
        picture.text(x(second), 268, f"{second} s", "muted small", "middle")
    for number, (name, points) in enumerate(lines.items()):
        kind = ("c1", "c0", "c2", "c1 hollow")[number]
        picture.line([(x(at), y(value)) for at, value in _steps(points)], kind, dots=False)
        left, top = 60 + 330 * (number % 2), 288 + 22 * (number // 2)
        picture.rule((left, top + 6), (left + 14, top + 6), f"{kind} line")
        picture.text(left + 22, top + 10, name, "muted small")
    return picture


def _steps(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for at, value in points:
        if at > LIMIT_SECONDS:
            break
        if found:
            found.append((at, found[-1][1]))
        found.append((at, value))
    return [*found, (LIMIT_SECONDS, found[-1][1])]


def _last_second(arrivals: Sequence[Sequence[float]], allowed: float) -> list[tuple[float, float]]:
    points = []
    for end, _ in arrivals:
        points.append((end, sum(count for at, count in arrivals if end - 1.0 < at <= end) / allowed))
    return points


def _levels(picture: Picture, y: Axis, values: Sequence[float], sides: tuple[float, float], form: str) -> None:
    for value in values:
        picture.rule((sides[0], y(value)), (sides[1], y(value)))
        picture.text(sides[0] - 8, y(value) + 4, form.format(value), "muted small", "end")


def _round(value: float) -> float:
    """Return a round number that is not less."""
    ten = 10 ** floor(log10(value))
    return float(next(step * ten for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * ten >= value))


def _short(size: int) -> str:
    return f"{size // 10**6:,} M" if size >= 10**6 else f"{size // 1000:,} k"
