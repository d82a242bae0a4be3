"""Read values that may be absent, of another version or of the wrong type: what makes no sense is None or empty."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["flag", "listed", "mapping", "masked", "moment", "number", "numbers", "rows", "text", "whole"]

LARGEST = 10**15
MOST_DIGITS = 15
MOST_TEXT = 500
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
USER_INFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<user>[^\s/?#@]*)@", re.IGNORECASE)
QUERY = re.compile(r"(?P<url>[a-z][a-z0-9+.-]*://[^\s?]*)\?[^\s)'\"]*", re.IGNORECASE)


def whole(value: object) -> int | None:
    """Read a count: a whole number from 0 to 10**15."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS:
        return int(value)
    given = number(value)
    return int(given) if given is not None and given == int(given) else None


def number(value: object) -> float | None:
    """Read a finite number from 0 to 10**15."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= LARGEST and math.isfinite(value) else None


def flag(value: object) -> bool | None:
    """Read what is true or false."""
    return value if isinstance(value, bool) else None


def text(value: object, most: int = MOST_TEXT) -> str:
    """Read one line of text without control characters, of at most ``most`` characters."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    try:
        line = CONTROLS.sub(" ", str(value)[: 2 * most]).strip()
    except ValueError:  # a whole number of thousands of digits
        return ""
    line = line.encode("utf-8", "replace").decode()
    return line if len(line) <= most else line[: most - 1] + "…"


def masked(value: object, most: int = MOST_TEXT) -> str:
    """Read a text, with the credentials of the URLs in it masked: passwords, tokens, signed queries.

    The user of an object store's URL is the id of a connection, and stays.
    """
    line = QUERY.sub(r"\g<url>?***", text(value, most))
    return USER_INFO.sub(_mask_user, line)


def _mask_user(match: re.Match[str]) -> str:
    scheme, user = match["scheme"], match["user"]
    if ":" in user:
        return f"{scheme}{user.partition(':')[0]}:***@"
    web = scheme.lower().startswith(("http", "ftp", "sftp"))
    return f"{scheme}***@" if web else match[0]


def moment(value: object) -> datetime | None:
    """Read an ISO date-time; one without an offset is in UTC."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def listed(value: object) -> list[Any]:
    """Read a list; empty if it is none."""
    return value if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    """Read an object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> Iterator[Mapping[str, Any]]:
    """Read a list of objects, leaving out what is none."""
    return (row for row in value if isinstance(row, dict)) if isinstance(value, list) else iter(())


def numbers(value: object, width: int) -> Iterator[tuple[float, ...]]:
    """Read a list of points, each of ``width`` numbers, leaving out what is none."""
    for point in value if isinstance(value, list) else ():
        read = [number(item) for item in point[:width]] if isinstance(point, list) else []
        clean = tuple(item for item in read if item is not None)
        if len(clean) == width:
            yield clean
