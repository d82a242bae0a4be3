"""What the sandbox finds wrong with an element. Pure."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

__all__ = ["Book", "Problem", "Setting"]

PLAIN = (str, int)
ELEMENT_IDS = ("numberid", "dispositionid", "userid")
FIELDS = frozenset(
    ("numberid", "search", "dispositionid", "userid", "next_calldate", "description", "sendDispositionMessages")
)
DEFAULTS = frozenset(("description", "dispositionid", "next_calldate", "userid"))


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


class Book(NamedTuple):
    """What there is to choose from.

    :param strict: also refuse what a PHP service lets pass: other types than documented, and fields that are not.
    """

    dispositions: Container[str]
    users: Container[str]
    strict: bool = False

    def check(self, element: Mapping[str, Any], defaults: Mapping[str, Any]) -> Setting:
        """Say what the element sets, or raise what is wrong with it."""
        if self.strict:
            _strictly(element)
        chosen = {name: _choose(name, element, defaults) for name in DEFAULTS}
        dispositionid, userid = _plain(chosen, "dispositionid"), _plain(chosen, "userid")
        if dispositionid is None:
            raise Problem("error.missing_dispositionid")
        if dispositionid not in self.dispositions:
            raise Problem("error.unknown_disposition")
        if userid is not None and userid not in self.users:
            raise Problem("error.unknown_user")
        date, description = chosen["next_calldate"], chosen["description"]
        if date is not None and not (isinstance(date, str) and is_date(date)):
            raise Problem("error.invalid_next_calldate")
        if not isinstance(description, str | None):
            raise Problem("error.invalid_description")
        send = element.get("sendDispositionMessages")
        if not isinstance(send, bool | None):
            raise Problem("error.invalid_sendDispositionMessages")
        return Setting(dispositionid, userid, date, description, bool(send))


def _choose(name: str, element: Mapping[str, Any], defaults: Mapping[str, Any]) -> Any:
    value = element.get(name)
    return defaults.get(name) if value is None else value


def _plain(chosen: Mapping[str, Any], name: str) -> str | None:
    value = chosen[name]
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise Problem(f"error.invalid_{name}")
    return None if value is None else str(value)


def _strictly(element: Mapping[str, Any]) -> None:
    for name in element:
        if name not in FIELDS:
            raise Problem(f"error.unknown_field_{name}")
    for name in ELEMENT_IDS:
        if not isinstance(element.get(name), str | None):
            raise Problem(f"error.invalid_{name}")


@lru_cache(maxsize=65_536)
def is_date(text: str) -> bool:
    """Say whether the text is ``YYYY-MM-DD HH:MM:SS`` and such a moment exists."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime("%Y-%m-%d %H:%M:%S") == text  # noqa: DTZ007
    except ValueError:
        return False
