"""The one rule for ``search``: one object or several, whose criteria all have a value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

import msgspec

from airflow_provider_vcc.dispositions.elements.ids import LONGEST_NUMBER
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.values import is_nothing, native

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.elements.dates import Dates

__all__ = ["Criteria", "Search", "a_criterion", "a_search"]

Criteria: TypeAlias = dict[str, object]
Search: TypeAlias = Criteria | list[Criteria]

_SHAPE = "search must be an object, or a list of objects"
_NULL = "a criterion of search is null; it would widen the search"
_EMPTY = "a criterion of search is empty; it would widen the search"


def a_search(value: object, dates: Dates) -> Search | None:
    """Return a search as it goes out; None if there is nothing.

    :param value: an object, a list of them, or the JSON of either in a text, as a cell of a table has it.
    :raises InvalidElement: if it is anything else, is empty, or has a criterion without a value: leaving one out
        would widen the search.
    """
    value = _whole(value)
    if value is None:
        return None
    if isinstance(value, Mapping):
        return _criteria(value, dates)
    if not isinstance(value, list | tuple):
        raise InvalidElement(_SHAPE)
    found = [_criteria(one, dates) for one in map(native, value)]
    if not found:
        raise InvalidElement("search is empty; it would touch every record")
    return found


def _whole(value: object) -> object:
    value = native(value)
    if isinstance(value, str):
        try:
            return msgspec.json.decode(value) if value else None
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise InvalidElement(_SHAPE) from None
    return value.tolist() if hasattr(value, "tolist") else value


def _criteria(one: object, dates: Dates) -> Criteria:
    if not isinstance(one, Mapping) or not all(isinstance(name, str) for name in one):
        raise InvalidElement(_SHAPE)
    if not one:
        raise InvalidElement("search is empty; it would touch every record")
    if not all(map(str.strip, one)):
        raise InvalidElement("a criterion of search has no name")
    return {
        str.__str__(name): value if value.__class__ is str and value.strip() else a_criterion(value, dates)
        for name, value in one.items()
    }


def a_criterion(value: object, dates: Dates) -> object:
    """Return a criterion as JSON has it: whole numbers without a fraction, times by the call centre's clock.

    :raises InvalidElement: if it has no value, here or somewhere within, or JSON has nothing of its type.
    """
    value = native(value)
    if is_nothing(value):
        raise InvalidElement(_NULL)
    if isinstance(value, str):
        if value.isspace():
            raise InvalidElement(_EMPTY)
        return value
    if isinstance(value, int):
        return value
    if isinstance(value, float | Decimal):
        return _number(value)
    return _time(value, dates) if isinstance(value, date) else _nested(value, dates)


def _nested(value: object, dates: Dates) -> object:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping | list | tuple) and not value:
        raise InvalidElement(_EMPTY)
    if isinstance(value, Mapping):
        return {_name(name): a_criterion(one, dates) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [a_criterion(one, dates) for one in value]
    if isinstance(value, UUID):
        return str(value)
    raise InvalidElement(f"a criterion of search is of the type {type(value).__name__}")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidElement(_SHAPE)
    return str.__str__(name)


def _number(value: float | Decimal) -> object:
    if not (value.is_finite() if isinstance(value, Decimal) else isfinite(value)):
        raise InvalidElement(_NULL)
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if value.adjusted() >= LONGEST_NUMBER:
        raise InvalidElement("a criterion of search is a number with too many digits")
    return int(value) if value == value.to_integral_value() else str(value)


def _time(value: date, dates: Dates) -> object:
    if not isinstance(value, datetime):
        return value.isoformat()
    try:
        return dates.convert(value)
    except InvalidElement as reason:
        raise InvalidElement(str(reason).replace("next_calldate", "a criterion of search", 1)) from None
