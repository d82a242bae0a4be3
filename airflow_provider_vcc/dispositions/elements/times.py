"""Texts and times: the documented form, its few variants, and formats that somebody gives. Nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST_DIGITS", "Ambiguous", "check_format", "read_by_formats", "read_time"]

MOST_DIGITS = 9
"""Of a fraction of a second."""
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})"
    rf"(?::([0-9]{{2}})(?:[.,]([0-9]{{1,{MOST_DIGITS}}}))?)?"
    r" ?(?:([Zz])|([+-])([0-9]{2})(?::?([0-9]{2}))?(?::?([0-9]{2}))?)?"
)
_PROBE = datetime(2003, 2, 4, 15, 6, 7)  # noqa: DTZ001 -- a wall clock
_DOCUMENTED = "%Y-%m-%d %H:%M:%S"
_OF_A_TIME = re.compile(r"%[HIMSfpcXrRT]")
_OF_A_YEAR = re.compile(r"%[YyGcx]")
_MICROSECONDS = 6
_JOINED = re.compile(r"%[YymdHIMSj]%[YymdHIMSjf]")
"""Numbers with nothing between them, of which strptime takes fewer digits: it reads 202612019 as a day in January."""


class Ambiguous(ValueError):
    """Two formats read a text as two different times."""


def read_time(text: str) -> datetime | None:
    """Return the time of a text ``YYYY-MM-DD HH:MM:SS``: also with T, without seconds, with a fraction or an offset.

    :returns: with a zone if the text has an offset; None if it is anything else.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction = found.groups()[:7]
    microsecond = int((fraction or "0")[:_MICROSECONDS].ljust(_MICROSECONDS, "0"))
    try:
        numbers = map(int, (year, month, day, hour, minute, second or "0"))
        return datetime(*numbers, microsecond, tzinfo=_zone(*found.groups()[7:]))  # type: ignore[misc,arg-type]
    except ValueError:
        return None


def _zone(
    utc: str | None, sign: str | None, hours: str | None, minutes: str | None, seconds: str | None
) -> timezone | None:
    if sign is None or hours is None:
        return UTC if utc else None
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:  # noqa: PLR2004 -- of a clock
        raise ValueError
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return timezone(-offset if sign == "-" else offset)


def read_by_formats(text: str, formats: Sequence[str]) -> datetime | None:
    """Return the time of a text by the formats that fit it; None if none does.

    :raises Ambiguous: if two of them read different times.
    """
    found: datetime | None = None
    for form in formats:
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 -- a zone is only there if the format has one
        except ValueError:
            continue
        if _JOINED.search(form) and not _has_all_digits(text, moment, form):
            continue
        if found is not None and moment != found:
            raise Ambiguous
        found = moment
    return found


def _has_all_digits(text: str, moment: datetime, form: str) -> bool:
    whole, fraction, _ = form.partition("%f")
    written = moment.strftime(whole)
    return text.startswith(written) if fraction else text == written


def check_format(form: str) -> None:
    """Check that a format reads a whole day, and nothing in another way than the documented form.

    :raises VccConfigurationError: with what is wrong.
    """
    if "%Z" in form:
        raise VccConfigurationError(f"date_format {form!r} has %Z, a name of a zone that cannot be trusted; use %z")
    if "%d" in form and not _OF_A_YEAR.search(form):  # strptime warns of these, since Python 3.13
        raise _of_no_day(form)
    try:
        back = datetime.strptime(_PROBE.strftime(form), form)  # noqa: DTZ007 -- likewise
    except ValueError:
        raise VccConfigurationError(
            f"date_format {form!r} is not a format of strptime; write one such as '%d.%m.%Y %H:%M'"
        ) from None
    if back.date() != _PROBE.date():
        raise _of_no_day(form)
    if _OF_A_TIME.search(form) and back.hour != _PROBE.hour:
        raise VccConfigurationError(f"date_format {form!r} does not read the hour of a day; use %H, or %I with %p")
    _check_beside_documented(form)


def _of_no_day(form: str) -> VccConfigurationError:
    return VccConfigurationError(f"date_format {form!r} does not read a whole day; give year, month and day")


def _check_beside_documented(form: str) -> None:
    text = _PROBE.strftime(_DOCUMENTED)
    try:
        moment = datetime.strptime(text, form)  # noqa: DTZ007 -- likewise
    except ValueError:
        return
    if moment != _PROBE:
        raise VccConfigurationError(
            f"date_format {form!r} reads texts such as {text!r} as another day than the API does, which takes them as "
            "YYYY-MM-DD HH:MM:SS; bring them into that form instead"
        )
