"""Which values can be a watermark, which cannot, and what to write instead of these."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.transfers.marks import Mark

NOTHING_SAID = ("updated_at", None, None, None, None, None, None)
DAY = datetime.fromisoformat("2026-01-01")
NOW = datetime.now(UTC)
NIGHT = timezone(timedelta(hours=2))


def a_mark(described=NOTHING_SAID, check_kind=lambda _kind: None, warn=lambda *_words: None):
    return Mark("updated_at", described, check_kind, warn)


@pytest.mark.parametrize(
    ("values", "highest"),
    [
        ([None, 3, None, 5, 4], 5),
        ([Decimal(7), 3], Decimal(7)),
        ([DAY, DAY + timedelta(microseconds=1)], DAY + timedelta(microseconds=1)),
        ([datetime(2026, 1, 1, 1, tzinfo=NIGHT), datetime(2026, 1, 1, tzinfo=UTC)], datetime(2026, 1, 1, tzinfo=UTC)),
        ([date(2026, 1, 2), date(2026, 1, 1)], date(2026, 1, 2)),
        (["2026-01-02 10:00:00", "2026-01-02 10:00:00.5"], "2026-01-02 10:00:00.5"),
        (["2026-01-02T10:00:00Z", "2026-01-01T10:00:00Z"], "2026-01-02T10:00:00Z"),
        (["20260102", "20260103"], "20260103"),
        ([None, None], None),
    ],
)
def test_the_highest_of_times_whole_numbers_and_iso_texts_is_kept(values, highest):
    mark = a_mark()
    mark.see(values)
    assert mark.highest == highest


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_it_is_the_highest_of_all_pieces(first, second):
    mark = a_mark()
    mark.see(first)
    mark.see(second)
    assert mark.highest == max([*first, *second], default=None)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([0.5], r"numbers with a fraction, .*Write CAST\(updated_at AS BIGINT\) AS updated_at in SELECT"),
        ([Decimal("0.5")], "numbers with a fraction"),
        ([Decimal("NaN")], r"a number that is not one \(NaN or infinity\)"),
        ([5, float("nan")], "not one"),
        ([float("inf")], "not one"),
        ([datetime.max.replace(tzinfo=None)], "an infinite time. Leave such rows out"),  # noqa: DTZ901 -- PostgreSQL's
        ([DAY.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], "an infinite time"),
        ([DAY.date(), date.max], "an infinite time"),
        (["-infinity"], "an infinite time"),
        ([DAY, "infinity"], "an infinite time"),
        ([DAY, "0000-00-00 00:00:00"], "a zero date. Leave such rows out: AND updated_at > '1000-01-01'"),
        (["2026-00-10"], "a zero date"),
        ([DAY, DAY.replace(tzinfo=UTC)], "values of several types"),
        ([DAY, DAY.date()], "values of several types"),
        ([5, "2026-01-01"], "values of several types"),
        ([uuid.uuid4()], "values of the type UUID, which cannot be kept. Take a column that grows"),
        ([b"\0\1"], "values of the type bytes"),
        ([True], "values of the type bool"),
        ([DAY.time()], "values of the type time"),
        (["v10"], r"texts that are not in ISO form .*Write CAST\(updated_at AS TIMESTAMP\)"),
        (["31.12.2026"], "not in ISO form"),
        (["2026-01-01 10:00:00 "], "not in ISO form"),
        (["2026-01-01", "2026-01-01 10:00:00"], "texts of several forms or offsets"),
        (["2026-01-01T10:00:00+01:00", "2026-01-01T10:00:00+02:00"], "texts of several forms or offsets"),
        (["2026-01-01T10:00:00Z", "2026-01-01T10:00:00.5Z"], "texts of several forms or offsets"),
    ],
)
def test_what_cannot_be_kept_exactly_is_refused_with_what_to_write(values, reason):
    """None of these ends as a bare TypeError, whichever piece it comes in."""
    for pieces in ([values], [[value] for value in values]):
        mark = a_mark()
        for piece in pieces[:-1]:
            mark.see(piece)
        with pytest.raises(VccConfigurationError, match=f"watermark_column: updated_at holds .*{reason}"):
            mark.see(pieces[-1])


@pytest.mark.parametrize(
    ("dialect", "value", "sql"),
    [
        ("mysql", 0.5, "CAST(updated_at AS SIGNED) AS updated_at"),
        ("mysql", "v10", "CAST(updated_at AS DATETIME(6)) AS updated_at"),
        ("sqlite", "31.12.2026", "datetime(updated_at) AS updated_at"),
        ("postgresql", "v10", "CAST(updated_at AS TIMESTAMP) AS updated_at"),
    ],
)
def test_what_to_write_is_in_the_database_s_own_sql(dialect, value, sql):
    mark = Mark("updated_at", NOTHING_SAID, lambda _kind: None, lambda *_words: None, dialect)
    with pytest.raises(VccConfigurationError, match=re.escape(f"Write {sql} in SELECT")):
        mark.see([value])


class NamedType:
    """Stands for the objects by which drivers name types."""

    def __init__(self, name):
        self.name = name


def shown(value):
    """Name a case, the same in every process."""
    return str(getattr(value, "name", value))


@pytest.mark.parametrize(
    ("kind", "scale"),
    [
        ("timestamp(9)", None),
        ("timestamp(7) with time zone", None),
        ("DateTime64(9)", None),
        ("TIMESTAMP_NS", None),
        (datetime, 7),
        (8, 9),
        (NamedType("DB_TYPE_TIMESTAMP"), 9),
    ],
    ids=shown,
)
def test_times_that_are_finer_than_the_driver_gives_them_are_refused(kind, scale):
    """Trino, ClickHouse, DuckDB, SQL Server by ODBC, Snowflake and Oracle say so, each in its own way."""
    with pytest.raises(VccConfigurationError, match=r"finer than the driver gives them.*CAST\(updated_at AS TIMESTAMP"):
        a_mark(("updated_at", kind, None, None, None, scale, None)).see([DAY])


@pytest.mark.parametrize("kind", ["timestamp(6)", "TIMESTAMP", datetime, NamedType("DB_TYPE_TIMESTAMP")], ids=shown)
def test_times_to_the_microsecond_are_taken(kind):
    a_mark(("updated_at", kind, None, None, None, 6, None)).see([DAY])


@pytest.mark.parametrize("name", ["DB_TYPE_TIMESTAMP_TZ", "DB_TYPE_TIMESTAMP_LTZ"])
def test_times_that_lose_their_zone_are_refused(name):
    """Oracle's driver gives the clock's time and leaves the zone out."""
    with pytest.raises(VccConfigurationError, match=r"SYS_EXTRACT_UTC\(updated_at\)"):
        a_mark(("updated_at", NamedType(name), None, None, None, 6, None)).see([DAY])


def test_a_value_in_the_future_is_warned_of_once():
    said = []
    mark = a_mark(warn=lambda *words: said.append(words[0] % words[1:]))
    for years in (1, 2):
        mark.see([datetime.now(UTC) + timedelta(days=365 * years)])
    assert len(said) == 1
    assert "updated_at holds a time in the future" in said[0]
    assert "AND updated_at <= CURRENT_TIMESTAMP" in said[0]


@pytest.mark.parametrize("value", [NOW, NOW.replace(tzinfo=None), NOW.date(), "2026-01-01", 10**12])
def test_nothing_else_is_warned_of(value):
    said = []
    a_mark(warn=lambda *words: said.append(words)).see([value])
    assert said == []


def test_the_kind_is_told_by_the_first_value_there_is():
    kinds = []
    mark = a_mark(check_kind=kinds.append)
    mark.see([None])
    assert kinds == []
    mark.see([None, 5])
    mark.see([6])
    assert kinds == ["a whole number"]
