"""Callback times as the API takes them: ``YYYY-MM-DD HH:MM:SS`` by the call centre's clock."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

import pendulum

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.times import Ambiguous, read_by_formats, read_time
from airflow_provider_vcc.dispositions.elements.values import native
from airflow_provider_vcc.exceptions import VccConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import tzinfo

__all__ = ["Dates"]

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
DOCUMENTED = re.compile(f"{DAY} {TIME}")
LINES = re.compile(f"(?:{DAY} {TIME}\n)*")
LINE_LENGTH = len("2017-10-10 11:00:00\n")
DAY_LENGTH = len("2017-10-10")
DATE_ONLY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", re.ASCII)
MOST_KNOWN = 16_384
USE = "use YYYY-MM-DD HH:MM:SS, or set date_format"


class Dates:
    """Checks and converts callback times, and remembers those that were good.

    :param timezone: IANA name of the call centre's clock; None if the connection has none.
    :param formats: ``strptime`` formats for texts that are not in the documented form.
    """

    def __init__(self, timezone: str | None = None, formats: Sequence[str] = ()) -> None:
        self.timezone = timezone
        self.formats = tuple(formats)
        self._zone = _zone(timezone)
        self.known: set[str | None] = {None}
        """Texts that pass through unchanged."""
        self._days: set[str] = set()
        self._converted: dict[str, str] = {}

    def all_good(self, texts: Collection[str | None]) -> bool:
        """Return whether all of these are in the documented form and exist in the calendar."""
        if self.known.issuperset(texts):
            return True
        fresh = set(texts) - self.known
        lines = "\n".join(fresh) + "\n"  # type: ignore[arg-type] # None is known
        if len(lines) != LINE_LENGTH * len(fresh) or not LINES.fullmatch(lines):
            return False
        days = {text[:DAY_LENGTH] for text in fresh if text} - self._days
        if not all(map(_exists, days)):
            return False
        self._remember(fresh, days)
        return True

    def _remember(self, texts: set[str | None], days: set[str]) -> None:
        if len(self.known) > MOST_KNOWN:
            self.known = {None}
        if len(self._days) > MOST_KNOWN:
            self._days = set()
        self.known |= texts
        self._days |= days

    def convert(self, value: object) -> str | None:
        """Return the documented form of a text, a date or a datetime; None if there is nothing.

        A time without an offset is one by the call centre's clock.

        :raises InvalidElement: if it is not a date, or has an offset and the connection has no time zone.
        """
        value = native(value)
        if isinstance(value, str):
            return self._of_text(value)
        if isinstance(value, datetime):
            return _written(self._local(value))
        if isinstance(value, date):
            return f"{value.isoformat()} 00:00:00"
        if value is None:
            return None
        raise InvalidElement(f"next_calldate is not a valid date; {USE}")

    def _of_text(self, text: str) -> str | None:
        known = self._converted.get(text)
        if known is None:
            text = text.strip()
            if not text or _is_documented(text):
                return text or None
            known = _written(self._local(self._read(text)))
            if len(self._converted) > MOST_KNOWN:
                self._converted = {}
            self._converted[text] = known
        return known

    def _read(self, text: str) -> datetime:
        try:
            moment = read_by_formats(text, self.formats) or read_time(text)
        except Ambiguous:
            raise InvalidElement("next_calldate is another time by each of two formats in date_format") from None
        if moment is None:
            what = "has no time of day" if DATE_ONLY.fullmatch(text) else "is not a valid date"
            raise InvalidElement(f"next_calldate {what}; {USE}")
        return moment

    def _local(self, moment: datetime) -> datetime:
        if moment.utcoffset() is None:
            return moment
        if self._zone is None:
            raise InvalidElement(
                "next_calldate has an offset, and the connection has no time zone to convert it to; "
                "set `timezone` in the connection, or use YYYY-MM-DD HH:MM:SS by the call centre's clock"
            )
        try:
            return moment.astimezone(self._zone)
        except (OverflowError, ValueError):
            raise InvalidElement("next_calldate is out of range") from None


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")


def _zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    try:
        return pendulum.timezone(name)
    except (ValueError, KeyError, OSError):
        raise VccConfigurationError(
            f"timezone {name!r} is not a time zone; use an IANA name such as 'Europe/Budapest'"
        ) from None


def _is_documented(text: str) -> bool:
    return DOCUMENTED.fullmatch(text) is not None and _exists(text[:DAY_LENGTH])


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True
