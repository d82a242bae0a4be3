"""Callback times as the API takes them: ``YYYY-MM-DD HH:MM:SS`` by the call centre's clock."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.exceptions import VccConfigurationError

__all__ = ["Dates"]

DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
DOCUMENTED = re.compile(f"{DAY} {TIME}")
LINES = re.compile(f"(?:{DAY} {TIME}\n)*")
LINE_LENGTH = len("2017-10-10 11:00:00\n")
DAY_LENGTH = len("2017-10-10")
DATE_ONLY = re.compile(r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}", re.ASCII)
MOST_KNOWN = 16_384


class Dates:
    """Checks and converts callback times, and remembers those that were good.

    :param timezone: IANA name of the call centre's clock; None where the connection has none.
    """

    def __init__(self, timezone: str | None = None) -> None:
        self.timezone = timezone
        self._zone = _zone(timezone)
        self.known: set[str | None] = {None}
        """Texts that pass through unchanged."""
        self._days: set[str] = set()

    def all_good(self, texts: set[str | None]) -> bool:
        """Say whether all of these are in the documented form and exist in the calendar."""
        fresh = texts - self.known
        if not fresh:
            return True
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

    def convert(self, value: Any) -> str:
        """Give the documented form of a text, a date or a datetime.

        A time without an offset is one by the call centre's clock.

        :raises InvalidElement: where it is no date, or has an offset and the connection has no time zone.
        """
        if isinstance(value, str):
            if _is_documented(value):
                return value
            value = _parse(value)
        if isinstance(value, datetime):
            return self._local(value).strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0")
        if isinstance(value, date):
            return f"{value.isoformat()} 00:00:00"
        raise InvalidElement("next_calldate is no date; write it as YYYY-MM-DD HH:MM:SS")

    def _local(self, moment: datetime) -> datetime:
        if moment.utcoffset() is None:
            return moment
        if self._zone is None:
            raise InvalidElement(
                "next_calldate has an offset, and the connection has no time zone to convert it to; "
                "set `timezone` in the connection, or write YYYY-MM-DD HH:MM:SS by the call centre's clock"
            )
        try:
            return moment.astimezone(self._zone)
        except (OverflowError, ValueError):
            raise InvalidElement("next_calldate is out of range") from None


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise VccConfigurationError(
            f"timezone {name!r} is no time zone; write an IANA name such as 'Europe/Budapest'"
        ) from None


def _is_documented(text: str) -> bool:
    return DOCUMENTED.fullmatch(text) is not None and _exists(text[:DAY_LENGTH])


def _exists(day: str) -> bool:
    try:
        date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _parse(text: str) -> datetime | None:
    if DATE_ONLY.fullmatch(text.strip()):
        raise InvalidElement("next_calldate has no time of day; write it as YYYY-MM-DD HH:MM:SS")
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None
