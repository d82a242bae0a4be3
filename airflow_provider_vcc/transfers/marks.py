"""The highest value of a watermark's column: told only if the database means the same by "higher" as we do."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.elements.values import native
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.transfers.databases.described import is_finer, is_zoned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Mark", "is_comparable", "kind_of"]

AWARE, NAIVE, DAY, WHOLE, TEXT = (
    "a time with a zone",
    "a time without a zone",
    "a date",
    "a whole number",
    "a text in ISO form",
)
ISO = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?|\d{8}(?:T\d{6})?)([.,]\d+)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
ZERO = re.compile(r"0000-00-00|\d{4}-(?:00-\d\d|\d\d-00)")
ENDLESS = {"infinity", "-infinity"}
"""PostgreSQL's words; some drivers give the last and the first time there is instead."""
DIGITS = str.maketrans("123456789", "000000000")
FURTHEST_ZONE = timedelta(hours=14)
"""A time without a zone may be that of a clock which is so much ahead of UTC."""
REFUSED = "watermark_column: {} holds {}. {}"
WRITE = "Write {} AS {{0}} in SELECT, and the same in WHERE"
ADVICE = {
    "times that are finer than the driver gives them, so the newest rows would be read again and again": (
        WRITE.format("{finer}")
    ),
    "times with a zone that the driver gives without it": (
        WRITE.format("{0} AT TIME ZONE 'UTC'") + " (Oracle: SYS_EXTRACT_UTC({0}))"
    ),
    "numbers with a fraction, which are not kept exactly": WRITE.format("{whole}"),
    "a number that is not one (NaN or infinity)": "Leave such rows out: AND {0} < 1e18, or mend them",
    "an infinite time": "Leave such rows out: AND {0} BETWEEN '1000-01-01' AND '9999-01-01', or mend them",
    "a zero date": "Leave such rows out: AND {0} > '1000-01-01'",
    "values of several types": "CAST {0} to one type in SELECT and in WHERE, such as {time}",
    "texts that are not in ISO form (2026-01-31 or 2026-01-31 10:00:00), so their order is the database's secret": (
        WRITE.format("{time}") + ", if they are times; or take another column that grows"
    ),
    "texts of several forms or offsets, which do not sort as the times do": WRITE.format("{time}"),
}
FINER, ZONELESS, FRACTION, NO_NUMBER, INFINITE, ZERO_DATE, MIXED, NO_ISO, FORMS = ADVICE
CASTS = {
    "mysql": ("CAST({0} AS DATETIME(6))", "CAST({0} AS DATETIME(6))", "CAST({0} AS SIGNED)"),
    "mssql": ("CAST({0} AS DATETIME2(6))", "CAST({0} AS DATETIME2(6))", "CAST({0} AS BIGINT)"),
    "oracle": ("CAST({0} AS TIMESTAMP(6))", "CAST({0} AS TIMESTAMP(6))", "CAST({0} AS NUMBER(19))"),
    "sqlite": ("datetime({0})", "datetime({0})", "CAST({0} AS INTEGER)"),
    "bigquery": ("CAST({0} AS DATETIME)", "CAST({0} AS DATETIME)", "CAST({0} AS INT64)"),
}
"""How a time, a time to the microsecond, and a whole number are made; elsewhere as the standard has it."""
STANDARD = ("CAST({0} AS TIMESTAMP)", "CAST({0} AS TIMESTAMP(6))", "CAST({0} AS BIGINT)")
OTHER_TYPE = "values of the type {}, which cannot be kept"
OTHER = "Take a column that grows, such as a time or a whole number, or CAST {0} to one in SELECT and in WHERE"
IN_FUTURE = (
    "watermark_column: %s holds a time in the future, which becomes the watermark: until then nothing older is read "
    "any more. Bound the query, as by AND %s <= CURRENT_TIMESTAMP, or mend the row"
)


def kind_of(value: object) -> str | None:
    """Return what a value is for a watermark, or None if it cannot be one."""
    if isinstance(value, datetime):
        return NAIVE if value.tzinfo is None else AWARE
    if isinstance(value, date):
        return DAY
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, Decimal) and _is_whole(value)):
        return WHOLE
    if isinstance(value, str) and (found := ISO.fullmatch(value)) and _is_time(value):
        return f"{TEXT} ({_form(found)})"
    return None


def is_comparable(initial: object, kind: str) -> bool:
    """Return whether a text to start from sorts among a column's texts as its time does.

    A shorter one does if it is the beginning of their form, such as a date before times.
    """
    before = kind_of(initial)
    if not isinstance(initial, str) or before is None or not kind.startswith(TEXT):
        return True
    return kind.removesuffix(")").startswith(before.removesuffix(")"))


def _is_time(text: str) -> bool:
    """Return whether a text of the right form is a time that exists."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ZERO.match(text) is not None  # which has a refusal of its own
    return True


def _is_whole(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()


def _form(found: re.Match[str]) -> str:
    """Return the form of an ISO text: with the same one, texts sort as times do, under any collation.

    A fraction may be there or not if nothing follows it.
    """
    whole, fraction, zone = found.groups()
    return whole.translate(DIGITS) + (f"{(fraction or '').translate(DIGITS)}{zone}" if zone else "")


class Mark:
    """The highest value so far.

    :param column: its name, for messages.
    :param described: its entry in the cursor's description.
    :param check_kind: is told the kind of the first value, and raises if it cannot go on from the value that is kept.
    :param warn: says something in the log.
    :param dialect: the database's, by which the SQL to write instead is told.
    """

    def __init__(
        self,
        column: str,
        described: Sequence[object],
        check_kind: Callable[[str], None],
        warn: Callable[..., object],
        dialect: str = "",
    ) -> None:
        self.highest: object = None
        self._column = column
        self._described = described
        self._check_kind = check_kind
        self._warn = warn
        casts = (cast.format(column) for cast in CASTS.get(dialect, STANDARD))
        self._casts = dict(zip(("time", "finer", "whole"), casts, strict=True))
        self._kind: str | None = None
        self._warned = False

    def see(self, values: Iterable[object]) -> None:
        """Look at some of the column's values.

        :raises VccConfigurationError: if they cannot be kept exactly, with the SQL to write instead.
        """
        there = [value if type(value) in PLAIN else _native(value) for value in values if value is not None]
        if not there:
            return
        if self._kind is None:
            self._begin(there[0])
        if not self._is_uniform(there):
            self._check_all(there)
        highest = max(there)  # type: ignore[type-var] # all are of one kind by now
        if _is_endless(highest):
            raise self._refused(INFINITE)
        if self.highest is None or highest > self.highest:  # type: ignore[operator]
            self.highest = highest
            self._look_ahead(highest)

    def _begin(self, first: object) -> None:
        """Judge the column by its first value, before anything is sent."""
        kind = self._kind_or_refuse(first)
        if is_finer(self._described, first):
            raise self._refused(FINER)
        if kind == NAIVE and is_zoned(self._described):
            raise self._refused(ZONELESS)
        self._check_kind(kind)
        self._kind = kind

    def _is_uniform(self, values: list[object]) -> bool:
        """Return quickly whether all are of one kind, as far as the types alone show it."""
        [kind, *others] = set(map(type, values))
        if others or kind not in {int, date, datetime}:
            return False
        if kind is datetime:
            naive = {value.tzinfo is None for value in values}  # type: ignore[attr-defined] # all are times
            return naive == {self._kind == NAIVE} and self._kind in {NAIVE, AWARE}
        return self._kind == (WHOLE if kind is int else DAY)

    def _check_all(self, values: list[object]) -> None:
        for value in values:
            kind = self._kind_or_refuse(value)
            if kind != self._kind:
                raise self._refused(FORMS if isinstance(value, str) and str(self._kind).startswith(TEXT) else MIXED)

    def _kind_or_refuse(self, value: object) -> str:
        if _is_endless(value):
            raise self._refused(INFINITE)
        kind = kind_of(value)
        if kind is not None and not (isinstance(value, str) and ZERO.match(value)):
            return kind
        if isinstance(value, str):
            raise self._refused(ZERO_DATE if ZERO.match(value) else NO_ISO)
        if isinstance(value, float | Decimal):
            finite = value.is_finite() if isinstance(value, Decimal) else value - value == 0
            raise self._refused(FRACTION if finite else NO_NUMBER)
        raise self._refused(OTHER_TYPE.format(type(value).__name__), OTHER)

    def _refused(self, what: str, advice: str | None = None) -> VccConfigurationError:
        advice = (advice or ADVICE[what]).format(self._column, **self._casts)
        return VccConfigurationError(REFUSED.format(self._column, what, advice))

    def _look_ahead(self, highest: object) -> None:
        if not self._warned and _is_in_future(highest):
            self._warned = True
            self._warn(IN_FUTURE, self._column, self._column)


PLAIN = {int, str, datetime, date, Decimal}


def _native(value: object) -> object:
    """Return a number or a time of another library's as Python has it; NaN stays what it is."""
    return value if isinstance(value, float) or getattr(value, "nanosecond", None) else native(value) or value


def _is_endless(value: object) -> bool:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) in {datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)}
    if isinstance(value, date):
        return value in {date.max, date.min}
    return isinstance(value, str) and value in ENDLESS


def _is_in_future(value: object) -> bool:
    now = datetime.now(UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return False
    if isinstance(value, datetime):
        return value > now if value.tzinfo is not None else value > now.replace(tzinfo=None) + FURTHEST_ZONE
    return isinstance(value, date) and value > (now + FURTHEST_ZONE).date()
