"""Counts, times, places and suggestions in words: one place for how they are said, in logs, messages and pages."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_provider_vcc.documents import ErrorRow

__all__ = [
    "NOT_KNOWN",
    "clock",
    "count",
    "did_you_mean",
    "elements",
    "listed",
    "nearest",
    "one_line",
    "outcomes",
    "per_second",
    "percent",
    "places",
    "plural",
    "reason",
    "seconds",
    "shown",
    "title",
    "zone_of",
]

NOT_KNOWN = "\N{EN DASH}"
MOST_TEXT = 300
MOST_VALUE = 60
LONGEST_NAME = 64
NEAR = 0.5
"""How alike a name is to one that was probably meant, from 0 to 1."""
MOST_PLACES = 5
HUNDREDTH_OF_PERCENT = 0.0001
MINUTE, HOUR, DAY = 60, 3600, 86_400


# Counts


def count(value: float | None) -> str:
    """Return a count such as ``12,000``, or a dash if it is not known."""
    return NOT_KNOWN if value is None else f"{value:,.0f}"


def plural(value: int, noun: str) -> str:
    """Return a count with its noun: ``1 record``, ``12,000 records``."""
    return f"{count(value)} {noun}{'' if value == 1 else 's'}"


def elements(value: int) -> str:
    """Return a count of elements: ``1 element``, ``12,000 elements``."""
    return plural(value, "element")


def percent(part: float, whole: float) -> str:
    """Return a share. One that is not zero never reads ``0%``, and one that is not all never ``100%``."""
    share = part / whole if whole else 0.0
    if share in {0.0, 1.0}:
        return f"{share:.0%}"
    if share < HUNDREDTH_OF_PERCENT:
        return "<0.01%"
    if share > 1 - HUNDREDTH_OF_PERCENT:
        return ">99.99%"
    places = 2 if not 0.01 <= share <= 0.99 else 1  # noqa: PLR2004 -- where one more digit says something
    return f"{share:.{places}%}"


def per_second(value: float | None) -> str:
    """Return a rate: ``412 per second``."""
    if value is None:
        return NOT_KNOWN
    return f"{value:,.0f} per second" if value >= 10 else f"{value:.2g} per second"  # noqa: PLR2004 -- three digits do


# Times


def seconds(value: float | None) -> str:
    """Return a duration: ``0.4 s``, ``42 s``, ``1 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if value is None:
        return NOT_KNOWN
    if value < 10 and value != int(value):  # noqa: PLR2004 -- tenths matter below
        return f"{value:.1f} s" if value >= 0.1 else "under 0.1 s"  # noqa: PLR2004 -- a tenth
    for unit, name, smaller, its_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if value >= unit:
            big, rest = divmod(int(value), unit)
            return f"{big:,} {name}" + (f" {rest // smaller} {its_name}" if rest // smaller else "")
    return f"{value:.0f} s"


def zone_of(name: str | None) -> ZoneInfo | None:
    """Return the time zone of an IANA name, or None if there is no such zone here."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def clock(value: datetime | None, zone: ZoneInfo | None = None) -> str:
    """Return a moment: ``24 Nov 2026, 06:00:12 UTC``, or by the call centre's clock with UTC beside it."""
    if value is None:
        return ""
    if zone is None:
        return f"{value.day} {value:%b %Y, %H:%M:%S} UTC"
    there = value.astimezone(zone)
    day = "" if there.date() == value.date() else f"{value.day} {value:%b}, "
    return f"{there.day} {there:%b %Y, %H:%M:%S} ({day}{value:%H:%M} UTC)"


# Texts


def one_line(text: str, most: int = MOST_TEXT) -> str:
    """Return a text from elsewhere on one line, without control characters, and not too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= most else line[: most - 3] + "..."


def shown(value: object) -> str:
    """Show a value in a message, unless it is long: then only of which type it is."""
    with suppress(ValueError):  # a number of thousands of digits
        text = repr(value)
        if len(text) <= MOST_VALUE:
            return text
    return f"a {type(value).__name__}"


def title(name: str) -> str:
    """Return an identifier as a title: ``up_for_retry`` as ``Up For Retry``."""
    return name.replace("_", " ").title()


def nearest(given: str, names: Iterable[str]) -> str | None:
    """Return the name that was probably meant, or None if none is near.

    Upper and lower case, blanks and hyphens make no difference.
    """
    folded = {_fold(name): name for name in names}
    near = get_close_matches(_fold(given[:LONGEST_NAME]), folded, 1, NEAR)
    return folded[near[0]] if near else None


def did_you_mean(given: str, names: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the nearest of the names, or nothing if none is near."""
    near = nearest(given, names)
    return f"; did you mean {near!r}?" if near else ""


def _fold(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")


# Outcomes


def outcomes(summary: Mapping[str, object]) -> str:
    """Return the counts that are not zero: ``12 applied, 3 rejected``."""
    names = ("applied", "rejected", "invalid", "unknown", "not_sent")
    said = [f"{summary[name]:,} {name.replace('_', ' ')}" for name in names if summary[name]]
    return ", ".join(said) or "none"


def reason(errorcode: object, errormessage: str) -> str:
    """Return an error as its code and its message, on one line."""
    return one_line(errormessage if errorcode is None else f"{errorcode} {errormessage}")


def places(row: ErrorRow, most: int = MOST_PLACES) -> str:
    """Return where an error occurred: ``records 4711, 4712 at positions 3, 17``.

    Documents of older versions have no record ids, and searches have none.
    """
    records = [record for record in (row.get("records") or [])[:most] if record is not None]
    positions = [str(position) for position in row["positions"][:most]]
    found = [listed("record", records, row["count"]), listed("at position", positions, row["count"])]
    return " ".join(filter(None, found))


def listed(noun: str, shown: Sequence[str], total: int) -> str:
    """Return some of so many things: ``records 4711, 4712 ...``, or nothing if none is known."""
    if not shown:
        return ""
    return f"{noun}{'' if total == 1 else 's'} {', '.join(shown)}{' ...' if total > len(shown) else ''}"
