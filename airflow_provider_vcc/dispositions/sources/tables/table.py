"""What sources with columns share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from airflow_provider_vcc.dispositions.sources.bytes.streams import broken
from airflow_provider_vcc.exceptions import VccInputError

__all__ = ["CheckColumns", "check_header", "check_table"]

CheckColumns: TypeAlias = Callable[[tuple[str, ...]], object]

_VALUE = re.compile(r"[0-9][0-9.,:/T Z+-]*")


def check_table(columns: tuple[str, ...], check: CheckColumns | None, name: str) -> None:
    """Check the columns; an error names the table that they are of.

    :raises VccInputError: if one is unknown.
    """
    try:
        if check:
            check(columns)
    except VccInputError as error:
        raise VccInputError(f"{name}: {error}", source=name) from None


def check_header(columns: tuple[str, ...], check: CheckColumns | None, name: str) -> None:
    """Check the first row of a text or a sheet, which may or may not be a header.

    :raises VccInputError: if it cannot be one. Its cells may be personal if it is none: they are shown only if some of
        them are columns that are known.
    """
    wrong = _wrong_names(columns, name) or _unknown(columns, check, name)
    if wrong is None:
        return
    for number, cell in enumerate(columns, 1):
        if _VALUE.fullmatch(cell):
            what = "has no header: its first row has a number or a date"
            raise broken(name, what, f"column {number}", "put the names of the columns into the first line")
    if getattr(wrong, "known", 1) == 0:
        raise broken(
            name,
            f"has a first row in which none of the {len(columns)} columns has the name of a field: is it a header? "
            "If so, say in field_map what its columns mean; if not, put their names into the first line",
            None,
        )
    raise wrong


def _wrong_names(columns: tuple[str, ...], name: str) -> VccInputError | None:
    for number, column in enumerate(columns, 1):
        if not column:
            return broken(
                name,
                f"has no name for column {number} in its header; name it, or leave it out (pandas: index=False)",
                None,
            )
        if columns.index(column) != number - 1:
            first = columns.index(column) + 1
            return broken(name, f"has the same name twice in its header, in columns {first} and {number}", None)
    return None


def _unknown(columns: tuple[str, ...], check: CheckColumns | None, name: str) -> VccInputError | None:
    try:
        check_table(columns, check, name)
    except VccInputError as error:
        error.known = getattr(error.__context__, "known", 1)  # type: ignore[attr-defined] # of this function's own
        return error
    return None
