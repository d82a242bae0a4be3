"""Elements, and what makes one valid.

Field names, types and the exclusive choice of ``numberid`` and ``search`` are those of VCC Live's page on batch
disposition modification.
"""

from __future__ import annotations

from decimal import Decimal
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import msgspec

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.dispositions.elements.dates import Dates

__all__ = ["FIELDS", "Element", "InvalidElement", "Plain", "check_disposition", "normalise", "parse"]

FIELDS = (
    "numberid",
    "search",
    "dispositionid",
    "userid",
    "next_calldate",
    "description",
    "sendDispositionMessages",
)
IDS = ("numberid", "dispositionid", "userid")
DISPOSITION_FIELDS = ("dispositionid", "userid", "next_calldate", "description")
FAILURE_FIELDS = frozenset({"position", "outcome", "errorcode", "errormessage", "element"})
LARGEST_EXACT_FLOAT = 2**53
LONGEST_NUMBER = 64

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Plain(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The common element: one record by its id, no messages. What decodes as this is valid but for its date."""

    numberid: Text
    dispositionid: Text | None = None
    userid: Text | None = None
    next_calldate: str | None = None
    description: str | None = None
    search: ClassVar[None] = None
    sendDispositionMessages: ClassVar[None] = None  # noqa: N815 -- the API's name


class Element(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A change to one record, or to those that a search matches. None means absent."""

    numberid: str | int | None = None
    search: dict[str, Any] | list[dict[str, Any]] | None = None
    dispositionid: str | int | None = None
    userid: str | int | None = None
    next_calldate: str | None = None
    description: str | None = None
    sendDispositionMessages: bool | None = None  # noqa: N815 -- the API's name


def normalise(element: Element, dates: Dates) -> Element:
    """Check an element whose fields have the right types, and bring ids and date into the API's form, in place.

    :raises InvalidElement: with the reason.
    """
    for name in IDS:
        value = getattr(element, name)
        if value is not None and (value.__class__ is not str or not value):
            setattr(element, name, _id(name, value))
    if element.next_calldate not in dates.known:
        element.next_calldate = dates.convert(element.next_calldate)
    if element.search is not None:
        _check_search(element.search)
    if (element.numberid is None) == (element.search is None):
        raise InvalidElement(
            "neither numberid nor search says which record"
            if element.numberid is None
            else "numberid and search are both given; leave one out"
        )
    return element


def parse(value: Any, dates: Dates, field_map: Mapping[str, str] | None = None) -> Element:
    """Make an element of whatever a source gave: a dictionary, or a row of a failures file.

    :raises InvalidElement: with the reason.
    """
    if isinstance(value, dict) and value.keys() == FAILURE_FIELDS:
        if value["outcome"] != "invalid":
            field_map = None  # it was sent, so its names are those of the API
        value = value["element"]
    if not isinstance(value, dict):
        raise InvalidElement("not an object with the fields of an element")
    if field_map:
        from airflow_provider_vcc.dispositions.elements.columns import map_fields

        value = map_fields(value, field_map)
    unknown = [name for name in value if name not in FIELDS]
    if unknown:
        raise InvalidElement(_unknown_field(unknown[0]))
    return normalise(_typed({name: item for name, item in value.items() if item is not None}, dates), dates)


def _typed(given: dict[str, Any], dates: Dates) -> Element:
    for name in IDS:
        if name in given:
            given[name] = _id(name, given[name])
    if "next_calldate" in given:
        given["next_calldate"] = dates.convert(given["next_calldate"])
    if "search" in given:
        _check_search(given["search"])
    if not isinstance(given.get("description", ""), str):
        raise InvalidElement("description must be a text")
    if not isinstance(given.get("sendDispositionMessages", False), bool):
        raise InvalidElement("sendDispositionMessages must be true or false")
    return Element(**given)


def _id(name: str, value: Any) -> str:
    if isinstance(value, str) and value:
        return value
    whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, float):
        whole = abs(value) < LARGEST_EXACT_FLOAT and value.is_integer()
    if isinstance(value, Decimal):
        whole = value.is_finite() and value.adjusted() < LONGEST_NUMBER and value == value.to_integral_value()
    if not whole or abs(value) >= 10**LONGEST_NUMBER:
        raise InvalidElement(f"{name} is empty" if value == "" else f"{name} must be a text or a whole number")
    return str(int(value))


def _check_search(search: Any) -> None:
    criteria = search if isinstance(search, list) else [search]
    for one in criteria:
        if not isinstance(one, dict) or not all(isinstance(name, str) for name in one):
            raise InvalidElement("search must be an object, or a list of objects")
        if any(_is_null(value) for value in one.values()):
            raise InvalidElement("a criterion of search is null; it would widen the search")
    if not all(criteria) or not criteria:
        raise InvalidElement("search is empty; it would touch every record")


def _is_null(value: Any) -> bool:
    """Say whether JSON would have null for a criterion, or somewhere in it."""
    if isinstance(value, float):
        return not isfinite(value)
    if isinstance(value, dict | list | tuple):
        return any(_is_null(one) for one in (value.values() if isinstance(value, dict) else value))
    return value is None


def _unknown_field(name: object) -> str:
    shown = str(name)[:64]
    near = get_close_matches(shown.lower(), [field.lower() for field in FIELDS], 1, 0.6)
    hint = next((f"; did you mean {field!r}?" for field in FIELDS if near and field.lower() == near[0]), "")
    return f"{shown!r} is no field of an element{hint or '; the fields are ' + ', '.join(FIELDS)}"


def check_disposition(given: Mapping[str, Any] | None, dates: Dates) -> dict[str, Any] | None:
    """Check the request's ``disposition`` object, and bring its ids into integers, as the API's table has them.

    :raises VccConfigurationError: with what to write instead.
    """
    if given is None:
        return None
    if not hasattr(given, "items"):
        raise VccConfigurationError("disposition must be an object such as {'dispositionid': 2}")
    unknown = [name for name in given if name not in DISPOSITION_FIELDS]
    if unknown:
        fields = ", ".join(DISPOSITION_FIELDS)
        raise VccConfigurationError(f"disposition has no field {unknown[0]!r}; its fields are {fields}")
    return {name: _disposition_value(name, value, dates) for name, value in given.items() if value is not None}


def _disposition_value(name: str, value: Any, dates: Dates) -> Any:
    try:
        if name == "next_calldate":
            return dates.convert(value)
        if name == "description":
            if not isinstance(value, str):
                raise InvalidElement("description must be a text")  # noqa: TRY301 -- one place turns reasons into errors
            return value
        return int(_id(name, value))
    except InvalidElement as reason:
        raise VccConfigurationError(f"disposition: {reason}") from None
    except ValueError:
        raise VccConfigurationError(f"disposition: {name} must be a whole number") from None
