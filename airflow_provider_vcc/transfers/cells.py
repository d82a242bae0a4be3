"""What a query's columns are called, and what has to be done to their values before they are elements."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.transfers.databases.described import is_padded, is_zoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_vcc.transfers.databases.described import Row

    Convert = Callable[[object], object]

_ENDLESS = {datetime.max, datetime.min}  # noqa: DTZ901 -- DuckDB's driver gives them for infinite times of any kind

__all__ = ["converted", "converters", "matched"]

ZONELESS = (
    "the {} gives {} as a time with a zone, and its driver gives it without the zone, so it cannot be converted. Write "
    'it as a text with its offset. Oracle: TO_CHAR(SYS_EXTRACT_UTC({}), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS {}'
)


def matched(columns: Sequence[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns by the names that are known: databases fold letters up or down.

    A column stays as it is where it is a name, or more than one column or name comes into question.
    """
    names = list(dict.fromkeys(names))
    folded: dict[str, list[str]] = {}
    for name in names:
        folded.setdefault(name.casefold(), []).append(name)
    count = Counter(column.casefold() for column in columns)
    return tuple(
        candidates[0]
        if column not in names
        and count[column.casefold()] == 1
        and len(candidates := folded.get(column.casefold(), [])) == 1
        else column
        for column in columns
    )


def converters(
    columns: Sequence[str], described: Sequence[Sequence[object]], targets: Sequence[str | None], name: str
) -> list[tuple[int, Convert]]:
    """Return what is to be done to which column, by its type.

    :param targets: the field of each column; None for one that is no field.
    :param name: what a message calls the query.
    """
    found: list[tuple[int, Convert]] = []
    for at, (column, kind, target) in enumerate(zip(columns, described, targets, strict=True)):
        if is_padded(kind):
            found.append((at, _stripped))
        elif target is not None and is_zoned(kind):
            found.append((at, _zoned_or_refused(name, column)))
    return found


def _stripped(value: object) -> object:
    """Return a text of CHAR(n) without the blanks that fill it up."""
    return value.rstrip(" ") if isinstance(value, str) else value


def _zoned_or_refused(name: str, column: str) -> Convert:
    def check(value: object) -> object:
        if isinstance(value, datetime) and value.tzinfo is None:
            if value in _ENDLESS:
                return "infinity"
            raise VccInputError(ZONELESS.format(name, column, column, column), source=name)
        return value

    return check


def _read(value: object) -> object:
    """Return what a large object holds, while its connection is there."""
    return value.read() if hasattr(value, "read") else value


def converted(rows: list[Any], by_type: Sequence[tuple[int, Convert]]) -> list[Row]:
    """Return rows with what has to be done to them."""
    if rows and type(rows[0]) is not tuple:
        rows = [tuple(row.values()) if hasattr(row, "values") else tuple(row) for row in rows]
    by_type = [*by_type, *((at, _read) for at, value in enumerate(rows[0]) if hasattr(value, "read"))] if rows else []
    if not by_type:
        return rows
    done = []
    for row in rows:
        cells = list(row)
        for at, convert in by_type:
            cells[at] = convert(cells[at])
        done.append(tuple(cells))
    return done
