"""What the sandbox finds wrong with an element. Pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.sandbox.settings import Settings

__all__ = ["FIELDS", "ID", "Problem", "Setting", "check"]

TEXT, FLAG, ID = (str, NoneType), (bool, NoneType), (str, int, NoneType)  # tuples: a union would be made anew each time
IDS = ("numberid", "dispositionid", "userid")
FIELDS = frozenset((*IDS, "search", "next_calldate", "description", "sendDispositionMessages"))


class Problem(Exception):
    """An error for one element; 417 is the only code that is documented."""

    def __init__(self, errormessage: str, errorcode: int = 417) -> None:
        super().__init__(errormessage)
        self.errorcode = errorcode
        self.errormessage = errormessage


class Setting(NamedTuple):
    """What an element asks for, its defaults included."""

    dispositionid: str
    userid: str | None
    next_calldate: str | None
    description: str | None
    messages: bool


def check(element: Mapping[str, object], defaults: Mapping[str, object], settings: Settings) -> Setting:
    """Return what the element sets, or raise what is wrong with it."""
    if settings.strict:
        _strictly(element)
    _reject(element, settings)
    dispositionid = _id("dispositionid", element, defaults)
    if dispositionid is None:
        raise Problem("error.missing_dispositionid")
    if dispositionid not in settings.dispositions:
        raise Problem("error.unknown_disposition")
    userid = _id("userid", element, defaults)
    if userid is not None and userid not in settings.users:
        raise Problem("error.unknown_user")
    date = _choose("next_calldate", element, defaults)
    if date is not None and not (isinstance(date, str) and is_date(date)):
        raise Problem("error.invalid_next_calldate")
    description = _choose("description", element, defaults)
    if not isinstance(description, TEXT):
        raise Problem("error.invalid_description")
    send = element.get("sendDispositionMessages")
    if not isinstance(send, FLAG):
        raise Problem("error.invalid_sendDispositionMessages")
    return Setting(dispositionid, userid, date, description, bool(send))


def _reject(element: Mapping[str, object], settings: Settings) -> None:
    reason = settings.reject(element) if settings.reject else None
    if reason:
        raise Problem(reason[1], reason[0])


def _choose(name: str, element: Mapping[str, object], defaults: Mapping[str, object]) -> object:
    value = element.get(name)
    return defaults.get(name) if value is None else value


def _id(name: str, element: Mapping[str, object], defaults: Mapping[str, object]) -> str | None:
    value = _choose(name, element, defaults)
    if isinstance(value, bool) or not isinstance(value, ID):
        raise Problem(f"error.invalid_{name}")
    return None if value is None else str(value)


def _strictly(element: Mapping[str, object]) -> None:
    for name in element:
        if name not in FIELDS:
            raise Problem("error.unknown_field")
    for name in IDS:
        if not isinstance(element.get(name), TEXT):
            raise Problem(f"error.invalid_{name}")


@lru_cache(maxsize=65_536)
def is_date(text: str) -> bool:
    """Return whether the text is ``YYYY-MM-DD HH:MM:SS`` and such a moment exists."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime("%Y-%m-%d %H:%M:%S") == text  # noqa: DTZ007
    except ValueError:
        return False
