"""Draws docs/images/window.svg, the ways of a chunk through the window, from the table in the code.

``python docs/states.py`` draws it anew; a test sees that it is drawn from the table of today.
"""

from __future__ import annotations

from math import hypot
from pathlib import Path

from airflow_provider_vcc.dispositions.engine.chunks.delivery import MOVES, OCCUPYING, State

PICTURE = Path(__file__).parent / "images" / "window.svg"
PLACES = {
    State.PACKED: (110, 60),
    State.TO_NOTE: (110, 170),
    State.NOTING: (110, 280),
    State.READY: (330, 280),
    State.IN_AIR: (550, 60),
    State.BACKOFF: (550, 280),
    State.SPLIT: (440, 400),
    State.BEHIND: (220, 400),
    State.ABORTING: (770, 170),
    State.ANSWERED: (770, 280),
    State.UNSAVED: (770, 400),
    State.SAVING: (770, 500),
    State.DONE: (330, 500),
}
WIDTH, HEIGHT = 120, 36
STYLE = """
text { font: 14px sans-serif; text-anchor: middle; dominant-baseline: middle; fill: #1f2937 }
rect { fill: #ffffff; stroke: #6b7280; stroke-width: 1.5 }
rect.place { fill: #dbeafe; stroke: #2563eb }
rect.end { fill: #e5e7eb }
line { stroke: #6b7280; stroke-width: 1.2; marker-end: url(#tip) }
"""


def edge(origin: tuple[float, float], target: tuple[float, float]) -> tuple[float, float]:
    """Return the point where the line from ``origin`` meets the box around ``target``."""
    (x0, y0), (x1, y1) = origin, target
    dx, dy = x1 - x0, y1 - y0
    share = min(WIDTH / 2 / abs(dx) if dx else 1.0, HEIGHT / 2 / abs(dy) if dy else 1.0)
    return x1 - dx * share, y1 - dy * share


def line(start: State, end: State) -> str:
    """Return the line of a move, a little beside the straight one, so that two directions are two lines."""
    (x0, y0), (x1, y1) = PLACES[start], PLACES[end]
    length = hypot(x1 - x0, y1 - y0)
    aside = (-(y1 - y0) / length * 7, (x1 - x0) / length * 7)
    a, b = edge((x1, y1), (x0, y0)), edge((x0, y0), (x1, y1))
    points = [value + aside[index % 2] for index, value in enumerate((*a, *b))]
    names = f'data-from="{start}" data-to="{end}"'
    return '<line {} x1="{:.0f}" y1="{:.0f}" x2="{:.0f}" y2="{:.0f}"/>'.format(names, *points)


def box(state: State) -> str:
    """Return the box of a state; those that take a place in the window are blue."""
    x, y = PLACES[state]
    kind = "place" if state in OCCUPYING else "end" if not MOVES[state] else "free"
    corner = f'x="{x - WIDTH // 2}" y="{y - HEIGHT // 2}"'
    return (
        f'<rect class="{kind}" {corner} width="{WIDTH}" height="{HEIGHT}" rx="6"/><text x="{x}" y="{y}">{state}</text>'
    )


def drawing() -> str:
    """Return the picture."""
    lines = [line(start, end) for start in State for end in sorted(MOVES[start])]
    tip = '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 540" role="img">',
        "<title>The ways of a chunk through the window</title>",
        f'<style>{STYLE}</style><defs>{tip}<path d="M0 0L8 4L0 8z" fill="#6b7280"/></marker></defs>',
        '<rect x="0" y="0" width="860" height="540" style="stroke: none"/>',
        *lines,
        *map(box, State),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawing())
