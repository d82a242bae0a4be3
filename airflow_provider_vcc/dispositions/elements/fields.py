"""Elements, and what makes one valid.

Field names, types and the exclusive choice of ``numberid`` and ``search`` are those of VCC Live's page on batch
disposition modification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import msgspec

from airflow_provider_vcc.dispositions.elements.field_map import map_fields
from airflow_provider_vcc.dispositions.elements.ids import an_id
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.names import FIELDS, IDS, shown_name
from airflow_provider_vcc.dispositions.elements.search import Search, a_search
from airflow_provider_vcc.dispositions.elements.values import a_flag, a_text, as_mapping
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.redaction.shapes import shape
from airflow_provider_vcc.wording import did_you_mean

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.elements.dates import Dates

__all__ = ["FIELDS", "IDS", "Element", "InvalidElement", "Plain", "Usual", "check_disposition", "normalise", "parse"]

DISPOSITION_FIELDS = ("dispositionid", "userid", "next_calldate", "description")
FAILURE_FIELDS = frozenset({"position", "outcome", "errorcode", "errormessage", "element"})

MOST_USUAL = 64
"""Ids of which such a type is made, a third of a millisecond each time."""
_LITERAL: Any = Literal

Text = Annotated[str, msgspec.Meta(min_length=1)]


class Plain(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The common element: one record by its id, no messages. What decodes as this is valid but for its ids and date."""

    numberid: Text
    dispositionid: Text | None = None
    userid: Text | None = None
    next_calldate: str | None = None
    description: Text | None = None
    search: ClassVar[None] = None
    sendDispositionMessages: ClassVar[None] = None  # noqa: N815 -- the API's name

    __repr__ = shape


class Usual:
    """The type of plain elements whose dispositions and users have been seen before, as most are.

    The texts of these are neither made anew nor looked at again, which would take a twentieth of a run's time. It is
    made anew whenever other ids have been seen.
    """

    def __init__(self) -> None:
        self._ids: frozenset[str] = frozenset()
        self.kind: type[Plain] = Plain
        """The type; ``Plain`` itself if there is none."""
        self.decode = msgspec.json.Decoder(Plain).decode

    def learn(self, ids: Iterable[str | None]) -> None:
        """Note ids of dispositions or users that are good."""
        if len(self._ids) > MOST_USUAL:  # there are too many, and nothing is made of them any more
            return
        known = self._ids | {str.__str__(one) for one in ids if one is not None}  # also of a subclass, such as numpy's
        if known == self._ids:
            return
        self._ids = known
        self.kind = _kind(known) if len(known) <= MOST_USUAL else Plain
        self.decode = msgspec.json.Decoder(self.kind).decode


def _kind(ids: frozenset[str]) -> type[Plain]:
    """Return the type whose dispositions and users are these: all of ``Plain`` in its order, but for their types."""
    one = _LITERAL[tuple(sorted(ids))] | None
    own = {"dispositionid": one, "userid": one}
    fields = [
        (field.name, own.get(field.name, field.type), *(() if field.required else (field.default,)))
        for field in msgspec.structs.fields(Plain)
    ]
    kind = msgspec.defstruct("Usual", fields, bases=(Plain,), gc=False, omit_defaults=True, forbid_unknown_fields=True)
    return cast("type[Plain]", kind)


class Element(msgspec.Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A change to one record, or to those that a search matches. None means absent."""

    numberid: str | int | None = None
    search: dict[str, object] | list[dict[str, object]] | None = None
    dispositionid: str | int | None = None
    userid: str | int | None = None
    next_calldate: str | None = None
    description: str | None = None
    sendDispositionMessages: bool | None = None  # noqa: N815 -- the API's name

    __repr__ = shape


def normalise(element: Element, dates: Dates) -> Element:
    """Check an element whose fields have the right types, and bring them into the API's form, in place.

    :raises InvalidElement: with the reason.
    """
    element.numberid = an_id("numberid", element.numberid)
    element.dispositionid = an_id("dispositionid", element.dispositionid)
    element.userid = an_id("userid", element.userid)
    if element.next_calldate not in dates.known:
        element.next_calldate = dates.convert(element.next_calldate)
    if element.search is not None:
        element.search = a_search(element.search, dates)
    element.description = element.description or None
    _check_record(element.numberid, element.search)
    return element


def _check_record(numberid: object, search: Search | None) -> None:
    if (numberid is None) == (search is None):
        raise InvalidElement(
            "neither numberid nor search says which record"
            if numberid is None
            else "numberid and search are both given; leave one out"
        )


def parse(value: object, dates: Dates, field_map: Mapping[str, str] | None = None) -> Element:
    """Make an element of whatever a source gave: an object, or a row of a failures file.

    :raises InvalidElement: with the reason.
    """
    if not isinstance(value, Mapping):
        value = as_mapping(value)
    if isinstance(value, Mapping) and value.keys() == FAILURE_FIELDS:
        if value["outcome"] != "invalid":
            field_map = None  # it was sent, so its names are those of the API
        value = value["element"]
    if not isinstance(value, Mapping):
        raise InvalidElement("not an object with the fields of an element")
    if isinstance(value.get("elements"), list):
        raise InvalidElement("it is a whole request, not an element; give what is in its 'elements'")
    if field_map:
        value = map_fields(value, field_map)
    for number, name in enumerate(value, 1):
        if not isinstance(name, str) or name not in FIELDS:
            raise InvalidElement(_unknown_field(name, number))
    return _element(value, dates)


def _element(given: Mapping[str, object], dates: Dates) -> Element:
    get = given.get
    element = Element(
        numberid=an_id("numberid", get("numberid")),
        dispositionid=an_id("dispositionid", get("dispositionid")),
        userid=an_id("userid", get("userid")),
        next_calldate=dates.convert(get("next_calldate")),
        search=a_search(get("search"), dates),
        description=a_text("description", get("description")),
        sendDispositionMessages=a_flag("sendDispositionMessages", get("sendDispositionMessages")),
    )
    _check_record(element.numberid, element.search)
    return element


def _unknown_field(name: object, number: int) -> str:
    shown = shown_name(name, number) if isinstance(name, str) else f"{type(name).__name__!r}"
    hint = did_you_mean(name, FIELDS) if isinstance(name, str) and shown == repr(name) else ""
    what = shown if shown[0] in "'\"" else f"name {shown} of it"
    return f"{what} is not a field of an element{hint or '; the fields are ' + ', '.join(FIELDS)}"


@without_causes()
def check_disposition(given: Mapping[str, object] | None, dates: Dates) -> dict[str, object] | None:
    """Check the request's ``disposition`` object, and bring its ids into integers, as the API's table has them.

    :raises VccConfigurationError: with what to write instead.
    """
    if given is None:
        return None
    if not hasattr(given, "items"):
        raise VccConfigurationError("disposition must be an object such as {'dispositionid': 2}")
    for number, name in enumerate(given, 1):
        if name not in DISPOSITION_FIELDS:
            shown, fields = shown_name(str(name), number), ", ".join(DISPOSITION_FIELDS)
            what = f"has no field {shown}" if shown == repr(name) else f"has no field such as its {shown}"
            raise VccConfigurationError(f"disposition {what}; its fields are {fields}")
    checked = {name: _disposition_value(name, value, dates) for name, value in given.items()}
    return {name: value for name, value in checked.items() if value is not None}


def _disposition_value(name: str, value: object, dates: Dates) -> object:
    try:
        if name == "next_calldate":
            return dates.convert(value)
        if name == "description":
            return a_text(name, value)
        number = an_id(name, value)
        return None if number is None else int(number)
    except InvalidElement as reason:
        raise VccConfigurationError(f"disposition: {reason}") from None
    except ValueError:
        raise VccConfigurationError(f"disposition: {name} must be an integer") from None
