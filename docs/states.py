"""Draw docs/images/window.svg, the ways of a chunk through the window, from the table in the code.

``python docs/states.py`` draws it anew; a test checks that it is drawn from the table of today. What is written here is
only where each state stands, and the words beside some moves.
"""

from __future__ import annotations

from itertools import pairwise
from math import hypot
from pathlib import Path

from airflow_provider_vcc.dispositions.engine.chunks.delivery import MOVES, OCCUPYING, State

PICTURE = Path(__file__).parent / "images" / "window.svg"
SIZE = (960, 470)
WIDTH, HEIGHT = 134, 44
PLACES = {
    State.PACKED: (90, 60),
    State.IN_AIR: (450, 60),
    State.ANSWERED: (670, 60),
    State.UNSAVED: (870, 60),
    State.TO_NOTE: (90, 180),
    State.BACKOFF: (530, 180),
    State.ABORTING: (700, 180),
    State.SAVING: (870, 180),
    State.NOTING: (90, 310),
    State.READY: (270, 310),
    State.SPLIT: (450, 310),
    State.DONE: (870, 310),
    State.BEHIND: (270, 410),
}
WELL = [State.PACKED, State.IN_AIR, State.ANSWERED, State.UNSAVED, State.SAVING, State.DONE]
"""The way of a chunk that goes well, where there is a store."""
BY_STOP = {
    State.PACKED: [State.DONE],
    State.TO_NOTE: [State.DONE],
    State.NOTING: [State.DONE],
    State.READY: [State.DONE, State.ANSWERED],
    State.BEHIND: [State.DONE, State.ANSWERED],
    State.BACKOFF: [State.DONE, State.ANSWERED],
}
"""Moves that are written below a state instead of drawn: the run ends, and what was not sent is written down."""
BENT = {(State.UNSAVED, State.DONE): -150}
"""How far a line swerves around what stands between, to its left."""
SAID = {
    (State.PACKED, State.IN_AIR): (270, 50, "sent"),
    (State.PACKED, State.TO_NOTE): (98, 120, "must be noted first", "start"),
    (State.NOTING, State.READY): (182, 300, "saved"),
    (State.IN_AIR, State.ANSWERED): (560, 50, "answer"),
    (State.IN_AIR, State.BACKOFF): (516, 120, "failed", "start"),
    (State.IN_AIR, State.SPLIT): (442, 236, "too much", "end"),
    (State.IN_AIR, State.ABORTING): (592, 100, "stop", "start"),
    (State.IN_AIR, State.READY): (318, 212, "refused", "end"),
    (State.ANSWERED, State.UNSAVED): (770, 50, "to save"),
    (State.ANSWERED, State.DONE): (764, 128, "nothing to save", "start"),
    (State.SAVING, State.DONE): (862, 246, "saved", "end"),
    (State.UNSAVED, State.DONE): (934, 236, "refused", "end"),
    (State.BEHIND, State.READY): (264, 362, "the first half is done", "end"),
}
"""Where the words beside a move stand, and what they are."""
STYLE = """
text { font: 14px sans-serif; text-anchor: middle; dominant-baseline: middle; fill: #1f2937 }
text.small { font-size: 11.5px; fill: #4b5563 }
text.start { text-anchor: start }
text.end { text-anchor: end }
rect { fill: #ffffff; stroke: #6b7280; stroke-width: 1.5 }
rect.place { fill: #dbeafe; stroke: #2563eb }
rect.end { fill: #e5e7eb }
path.move { fill: none; stroke: #9ca3af; stroke-width: 1.2; marker-end: url(#tip) }
path.well { stroke: #1d4ed8; stroke-width: 2.5; marker-end: url(#tip-well) }
"""
TIP = (
    '<marker id="{}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="{}" markerHeight="{}" '
    'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" fill="{}"/></marker>'
)


def edge(origin: tuple[float, float], target: tuple[float, float]) -> tuple[float, float]:
    """Return the point where the line from ``origin`` meets the box around ``target``."""
    (x0, y0), (x1, y1) = origin, target
    dx, dy = x1 - x0, y1 - y0
    share = min(WIDTH / 2 / abs(dx) if dx else 1.0, HEIGHT / 2 / abs(dy) if dy else 1.0)
    return x1 - dx * share, y1 - dy * share


def line(start: State, end: State) -> str:
    """Return the line of a move; where there is one back as well, a little beside it."""
    (x0, y0), (x1, y1) = PLACES[start], PLACES[end]
    length = hypot(x1 - x0, y1 - y0)
    left = ((y1 - y0) / length, -(x1 - x0) / length)
    aside = 7 if start in MOVES[end] else 0
    bend = BENT.get((start, end), 0)
    middle = ((x0 + x1) / 2 - left[0] * bend, (y0 + y1) / 2 + left[1] * bend)
    a, b = edge(middle, (x0, y0)), edge(middle, (x1, y1))
    (x0, y0), (x1, y1) = ((x - left[0] * aside, y - left[1] * aside) for x, y in (a, b))
    way = f"Q{middle[0]:.0f} {middle[1]:.0f} " if bend else "L"
    kind = "move well" if (start, end) in pairwise(WELL) else "move"
    return f'<path class="{kind}" data-from="{start}" data-to="{end}" d="M{x0:.0f} {y0:.0f}{way}{x1:.0f} {y1:.0f}"/>'


def box(state: State) -> str:
    """Return the box of a state, with what the end of a run makes of it; those that take a place are blue."""
    x, y = PLACES[state]
    kind = "place" if state in OCCUPYING else "end" if not MOVES[state] else "free"
    corner = f'x="{x - WIDTH // 2}" y="{y - HEIGHT // 2}"'
    ends = BY_STOP.get(state, [])
    found = f'<rect class="{kind}" {corner} width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
    found += f'<text x="{x}" y="{y - 7 if ends else y}">{state}</text>'
    if ends:
        said = ",".join(f'<tspan data-from="{state}" data-to="{end}"> {end}</tspan>' for end in ends)
        found += f'<text class="small" x="{x}" y="{y + 11}">stop:{said}</text>'
    return found


def words(x: int, y: int, said: str, kind: str = "") -> str:
    """Return the words beside a move."""
    return f'<text class="small {kind}" x="{x}" y="{y}">{said}</text>'


def legend() -> list[str]:
    """Return what the colours mean."""
    return [
        '<rect class="place" x="560" y="400" width="22" height="14" rx="3"/>',
        words(590, 408, "takes a place in the window", "start"),
        '<path class="move well" d="M556 430L582 430"/>',
        words(590, 430, "the way of a chunk that goes well", "start"),
        words(556, 452, "stop: what becomes of it when the run ends before its time", "start"),
        words(450, 344, "its halves are ready,"),
        words(450, 359, "or one behind the other"),
    ]


def drawing() -> str:
    """Return the picture."""
    moves = [(start, end) for start in State for end in sorted(MOVES[start]) if end not in BY_STOP.get(start, ())]
    moves.sort(key=lambda move: move in pairwise(WELL))  # the last one is on top
    width, height = SIZE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
        "<title>The ways of a chunk through the window</title>",
        f"<style>{STYLE}</style><defs>",
        TIP.format("tip", 8, 8, "#6b7280"),
        TIP.format("tip-well", 12, 12, "#1d4ed8"),
        "</defs>",
        f'<rect x="0" y="0" width="{width}" height="{height}" style="stroke: none"/>',
        *(line(*move) for move in moves),
        *map(box, State),
        *(words(*said) for said in SAID.values()),
        *legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(drawing())
