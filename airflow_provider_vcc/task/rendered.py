"""Rendered values that hold what is personal: Airflow shows them on its page of rendered templates, without that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.wording import elements

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MASK", "Personal", "bare", "masked"]

MASK = "***"
IDS = frozenset({"numberid", "dispositionid", "userid"})
DATE = re.compile(r"[0-9T:+ .Z-]+", re.ASCII)
MOST_SHOWN = 20


class Personal:
    """Behaves as the value that it holds, and shows it masked.

    :param value: elements or an object, rendered.
    """

    def __init__(self, value: Any) -> None:
        self.value = value

    def serialize(self) -> Any:
        """Give what may be shown: Airflow 3 calls this for its page of rendered templates."""
        return shown(self.value)

    def __str__(self) -> str:
        return str(self.serialize())

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return bool(self.value == bare(other))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __contains__(self, item: object) -> bool:
        return item in self.value

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]


def bare(value: Any) -> Any:
    """Give the value itself."""
    return value.value if isinstance(value, Personal) else value


def shown(value: Any) -> Any:
    """Give of a value what may be shown: its first elements, masked."""
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list | tuple):
        first = [masked(item) for item in value[:MOST_SHOWN]]
        return first if len(value) <= MOST_SHOWN else [*first, f"and {elements(len(value) - MOST_SHOWN)} more"]
    if isinstance(value, str | bytes):
        return f"a text of {len(value):,} characters, not shown since it may hold personal data"
    if isinstance(value, Sequence):
        return f"a {type(value).__name__}, not shown since it may hold personal data"
    return "None" if value is None else MASK  # not None itself, since Airflow 3.1 takes its length


def masked(element: Any) -> Any:
    """Give an element with its ids and dates, and without the rest."""
    if isinstance(element, Mapping):
        return {name: _masked(name, value) for name, value in element.items()}
    return [masked(item) for item in element[:MOST_SHOWN]] if isinstance(element, list | tuple) else MASK


def _masked(name: object, value: Any) -> Any:
    if name in IDS and isinstance(value, str | int | None):
        return value
    if name == "sendDispositionMessages" and isinstance(value, bool | None):
        return value
    if name == "next_calldate" and DATE.fullmatch(str(value)):
        return str(value)
    if name == "search" and isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    if name == "search" and isinstance(value, list | tuple):
        return [dict.fromkeys(one, MASK) if isinstance(one, Mapping) else MASK for one in value]
    return MASK
