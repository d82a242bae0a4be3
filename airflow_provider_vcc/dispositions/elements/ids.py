"""The one rule for ids: ``numberid``, ``dispositionid``, ``userid`` and the project's, however they came."""

from __future__ import annotations

import re
from decimal import Decimal
from numbers import Rational
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.values import native
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.wording import shown

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["LONGEST_NUMBER", "a_project", "all_plain", "an_id"]

LONGEST_NUMBER = 64
"""Digits of a number that may be an id."""
_EXACT_FLOATS = {2: 2**11, 4: 2**24}
_EXACT_FLOAT = 2**53
_WHOLE = re.compile(r"([+-]?[0-9]+)\.0*")
_WITH_FRACTION = re.compile(r"[+-]?[0-9]*[.,][0-9]+")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([ \u00a0\u202f,'\u2019])[0-9]{3}(?:\1[0-9]{3})*|(?:\.[0-9]{3}){2,})")
_NO_VALUE = r"None|[Nn]ull|NULL|[Nn]a[Nn]|NAN|NaT|<NA>|#N/A|\\N"
"""What programs write as a text for a value that is not there."""
_NOTHING = re.compile(_NO_VALUE)
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-][0-9]+|[+-]?[0-9]+[.,][0-9]+[eE][0-9]+")
_PLAIN_LINES = re.compile(rf"(?:(?![0-9]+[eE]-|(?:{_NO_VALUE})\n)[A-Za-z0-9_-]+\n)*+")


def an_id(name: str, value: object) -> str | None:
    """Return an id as the API takes it: a text without blanks around it; None if there is nothing.

    :param name: the field, for the reason.
    :raises InvalidElement: if it is neither a text nor a whole number whose digits are all there.
    """
    if value.__class__ is not str:
        exact = _exact(value)
        value = native(value)
        if value is None:
            return None
        if not isinstance(value, str):
            return _of_number(name, value, exact)
    return value if value.isdecimal() and value.isascii() else _of_text(name, value.strip())


def a_project(value: object) -> int:
    """Return a project's number: an id that is a whole number above 0.

    :raises VccConfigurationError: if it is not; in the path of a request, anything else might lead elsewhere.
    """
    try:
        text = an_id("project_id", value) or ""
    except InvalidElement:
        text = ""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else 0
    if not number:
        raise VccConfigurationError(f"project_id must be the project's number, such as 17, got {shown(value)}")
    return number


def all_plain(texts: Collection[str]) -> bool:
    """Return whether all of these texts are ids that go out as they are, as far as that is quickly seen."""
    joined = "".join(texts)
    if joined.isascii() and joined.encode("ascii").isdigit():  # four times as fast as isdecimal
        return True
    lines = "\n".join(texts) + "\n"
    return lines.count("\n") == len(texts) and _PLAIN_LINES.fullmatch(lines) is not None


def _exact(value: object) -> int:
    """Return up to where a float has all whole numbers: numpy has smaller ones, too."""
    return _EXACT_FLOATS.get(getattr(getattr(value, "dtype", None), "itemsize", 0), _EXACT_FLOAT)


def _of_text(name: str, text: str) -> str | None:
    if not text:
        return None
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    if _GROUPED.fullmatch(text):
        raise InvalidElement(
            f"{name} is a number in groups of digits, as spreadsheets show it; format the column without a separator "
            "of thousands, and export it again"
        )
    if _WITH_FRACTION.fullmatch(text):
        raise InvalidElement(f"{name} must be a text or a whole number")
    if _SCIENTIFIC.fullmatch(text):
        raise InvalidElement(
            f"{name} is a number in scientific notation, as spreadsheets shorten long ones, and its last digits are "
            "lost; format the column as a number without decimals or as text, and export it again"
        )
    if _NOTHING.fullmatch(text):
        raise InvalidElement(f"{name} is a text that stands for no value; leave it empty instead")
    if not text.isprintable() or (text.isdecimal() and not text.isascii()):
        raise InvalidElement(f"{name} has characters that cannot be seen, or digits other than 0 to 9")
    return text


def _of_number(name: str, value: object, exact: int) -> str:
    if not _is_whole(value, exact):
        raise InvalidElement(f"{name} must be a text or a whole number")
    return str(int(value))  # type: ignore[call-overload] # a number, by now


def _is_whole(value: object, exact: int) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return abs(value) < exact and value.is_integer()
    if isinstance(value, Decimal):
        return value.is_finite() and value.adjusted() < LONGEST_NUMBER and value == value.to_integral_value()
    return isinstance(value, Rational) and value.denominator == 1 and abs(value) < 10**LONGEST_NUMBER
