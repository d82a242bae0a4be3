"""What sources with columns share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from airflow_provider_vcc.exceptions import VccInputError

__all__ = ["CheckColumns", "check_table"]

CheckColumns: TypeAlias = Callable[[tuple[str, ...]], object]


def check_table(columns: tuple[str, ...], check: CheckColumns | None, name: str) -> None:
    """Let the columns be checked, and say which table they are of.

    :raises VccInputError: where one is unknown.
    """
    try:
        if check:
            check(columns)
    except VccInputError as error:
        raise VccInputError(f"{name}: {error}", source=name) from None
