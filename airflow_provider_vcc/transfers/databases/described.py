"""What a cursor's description says of a column, as far as drivers agree on saying anything."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Row", "is_finer", "is_padded", "is_zoned", "type_name"]

FINER = re.compile(r"_NS\b|\bTIMESTAMP_NS|NANO|(?:TIME|DATETIME)\w*\s*\(\s*(?:[7-9]|1[0-2])\b", re.IGNORECASE)
ZONED = re.compile(r"(?:WITH|\bW)\w* (?:LOCAL )?TIME ZONE|TIMESTAMP_?L?TZ|DATETIMEOFFSET", re.IGNORECASE)
PADDED = re.compile(r"(?:DB_TYPE_)?N?CHAR(?:ACTER)?(?:\s*\(\d+\))?|BPCHAR", re.IGNORECASE)
BPCHAR = 1042
"""PostgreSQL's number for CHAR(n)."""
MICROSECONDS, NANOSECONDS = 6, 12
"""Digits of a second that Python's times have, and the most that a database has."""

Row = tuple[Any, ...]
"""What a driver gives of one row: values of whatever types it has."""


def type_name(column: Sequence[object]) -> str:
    """Return the name of a column's type, or what comes nearest: drivers give texts, objects or numbers."""
    kind = column[1]
    if isinstance(kind, str):
        return kind
    name = getattr(kind, "name", None) or getattr(kind, "__name__", None)
    return str(name if isinstance(name, str) else kind)


def is_finer(column: Sequence[object], value: object) -> bool:
    """Return whether a column's times are finer than the driver gives them."""
    if FINER.search(type_name(column)) or getattr(value, "nanosecond", None):
        return True
    scale = column[5] if len(column) > 5 else None  # noqa: PLR2004 -- as PEP 249 counts
    return isinstance(value, datetime) and isinstance(scale, int) and MICROSECONDS < scale <= NANOSECONDS


def is_zoned(column: Sequence[object]) -> bool:
    """Return whether a column's times have a zone in the database, as far as its type is named."""
    return ZONED.search(type_name(column)) is not None


def is_padded(column: Sequence[object]) -> bool:
    """Return whether a column's texts are filled up with blanks to their length."""
    return column[1] == BPCHAR or PADDED.fullmatch(type_name(column)) is not None
