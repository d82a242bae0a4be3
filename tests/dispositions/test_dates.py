"""Callback times: the documented form passes through, an offset is converted to the call centre's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.dates import MOST_KNOWN, Dates
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.times import check_format
from airflow_provider_vcc.exceptions import VccConfigurationError

BUDAPEST = Dates("Europe/Budapest")
NOWHERE = Dates()


@pytest.mark.parametrize("text", ["2017-10-10 11:00:00", "2024-02-29 23:59:59", "0001-01-01 00:00:00"])
@pytest.mark.parametrize("dates", [BUDAPEST, NOWHERE])
def test_the_documented_form_passes_through_unchanged(dates, text):
    assert dates.convert(text) == text
    assert dates.all_good({text, None})


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("2026-11-24T05:00:00+00:00", "2026-11-24 06:00:00"),
        ("2026-07-24T05:00:00Z", "2026-07-24 07:00:00"),
        ("2026-07-24 05:00:00-0500", "2026-07-24 12:00:00"),
        ("2026-07-24 05:00-05", "2026-07-24 12:00:00"),
        ("2026-07-24 05:00:00 +0530", "2026-07-24 01:30:00"),
        (datetime(2026, 7, 24, 5, 0, 0, tzinfo=UTC), "2026-07-24 07:00:00"),
        (datetime(2026, 7, 24, 5, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2))), "2026-07-24 05:00:00"),
        # the hour that occurs twice, and the one that does not
        ("2026-10-25T00:30:00Z", "2026-10-25 02:30:00"),
        ("2026-10-25T01:30:00Z", "2026-10-25 02:30:00"),
        ("2026-03-29T01:00:00Z", "2026-03-29 03:00:00"),
        ("0001-01-02T00:00:00Z", "0001-01-02 01:16:20"),
    ],
)
def test_what_has_an_offset_is_converted_to_the_call_centres_clock(given, out):
    assert BUDAPEST.convert(given) == out


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("2026-11-24T05:00:00", "2026-11-24 05:00:00"),
        ("2026-11-24 05:00", "2026-11-24 05:00:00"),
        ("2026-11-24T05:00:00,5", "2026-11-24 05:00:00"),
        ("2026-11-24 05:00:00.123456789", "2026-11-24 05:00:00"),
        (" 2026-11-24 05:00:00.25 ", "2026-11-24 05:00:00"),
        (datetime(2026, 11, 24, 5), "2026-11-24 05:00:00"),  # noqa: DTZ001 -- it is about times without an offset
        (date(2026, 11, 24), "2026-11-24 00:00:00"),
        (datetime(9, 1, 2), "0009-01-02 00:00:00"),  # noqa: DTZ001 -- likewise
    ],
)
def test_what_has_no_offset_is_by_the_call_centres_clock_already(given, out):
    assert BUDAPEST.convert(given) == out
    assert NOWHERE.convert(given) == out


@pytest.mark.parametrize("given", ["2026-11-24T05:00:00Z", datetime(2026, 11, 24, 5, tzinfo=UTC)])
def test_an_offset_without_a_time_zone_is_invalid_and_says_what_to_do(given):
    with pytest.raises(InvalidElement, match="set `timezone` in the connection"):
        NOWHERE.convert(given)


@pytest.mark.parametrize(
    "given",
    [
        "soon",
        "2026-12-01 09.30",
        "2026-12-01+02:00",
        "2026-12-01 09",
        "2026-12-01T0930",
        "2026-W49-2 09:30",
        "1796110100000",
        "20261201123",
        "20261201T093000",
        "2026-12-01  09:30:00",
        "2026-12-01 09:30:00 CET",
        "2026-12-01 24:00:00",
        "2026-12-01 09:30:00+25:00",
        "2026-12-01 09:30:00+01:75",
        "2026-02-30 11:00:00",
        "2026-13-01 11:00:00",
        "2026-11-24 25:00:00",
        "2026-11-24 11:60:00",
        "2026-11-24 11:00:61",
        "0000-00-00 00:00:00",
        "2026-11-24",
        "20261124",
        "24.11.2026 11:00",
        "1764000000",
        "\uff12\uff10\uff12\uff16-11-24 11:00:00",
        "2026-11-24 11:00:00\n2026-11-24 11:00:00",
        1764000000,
        1.5,
        True,
        [],
        {},
        b"x",
    ],
    ids=repr,
)
def test_what_is_no_date_is_invalid(given):
    with pytest.raises(InvalidElement, match="next_calldate"):
        BUDAPEST.convert(given)
    if isinstance(given, str):
        assert not BUDAPEST.all_good({given})
        assert not BUDAPEST.all_good({"2017-10-10 11:00:00", given})


@pytest.mark.parametrize("given", ["", " ", None, float("nan")], ids=repr)
def test_nothing_is_absent(given):
    assert BUDAPEST.convert(given) is None


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("01.12.2026 09:30", "2026-12-01 09:30:00"),
        (" 1.12.2026 9:30 ", "2026-12-01 09:30:00"),
        ("2026/12/01", "2026-12-01 00:00:00"),
        ("01.12.2026 09:30 +0000", "2026-12-01 10:30:00"),
        ("2026-12-01 09:30:00", "2026-12-01 09:30:00"),
        ("2026-12-01T09:30", "2026-12-01 09:30:00"),
    ],
)
def test_texts_are_read_by_the_formats_that_somebody_gave_or_in_the_documented_form(given, out):
    dates = Dates("Europe/Budapest", ["%d.%m.%Y %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M %z"])
    assert dates.convert(given) == out == dates.convert(given)


@pytest.mark.parametrize("given", ["12/01/2026 09:30", "01.13.2026 09:30", "01.12.26 09:30", "01.12.2026"])
def test_a_text_that_no_format_fits_is_invalid_and_the_message_says_how_to_set_one(given):
    with pytest.raises(InvalidElement, match="set date_format"):
        Dates("Europe/Budapest", ["%d.%m.%Y %H:%M"]).convert(given)


@pytest.mark.parametrize(
    ("form", "text", "out"),
    [
        ("%Y%m%d%H%M", "202612010930", "2026-12-01 09:30:00"),
        ("%Y%m%d%H%M", "202612019", None),
        ("%Y%m%d%H%M", "2026120193", None),
        ("%Y%m%d%H%M%S", "1796110100000", None),
        ("%Y%m%dT%H%M%S%f", "20261201T093000123", "2026-12-01 09:30:00"),
        ("%Y%m%dT%H%M%S%f", "20261201T93000123", None),
        ("%d.%m.%Y %H:%M", "1.12.2026 9:30", "2026-12-01 09:30:00"),
    ],
)
def test_numbers_that_touch_in_a_format_have_all_their_digits(form, text, out):
    """Else epoch milliseconds are a day in 1796, and a digit that was lost makes another day."""
    try:
        assert Dates(None, [form]).convert(text) == out
    except InvalidElement:
        assert out is None


def test_a_text_that_two_formats_read_as_different_times_is_invalid():
    dates = Dates(None, ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"])
    assert dates.convert("04.04.2026 09:00") == "2026-04-04 09:00:00"
    assert dates.convert("13.04.2026 09:00") == "2026-04-13 09:00:00"
    with pytest.raises(InvalidElement, match="two formats"):
        dates.convert("03.04.2026 09:00")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("%d.%m. %H:%M", "whole day"),
        ("%m.%Y", "whole day"),
        ("dd.mm.yyyy", "whole day"),
        ("%d.%m.%Y %I:%M", "hour of a day"),
        ("%Y-%d-%m %H:%M:%S", "another day than the API"),
        ("%d.%m.%Y %H:%M %Z", "use %z"),
        ("%d.%m.%Y %Q", "not a format"),
    ],
)
def test_a_format_that_does_not_read_a_time_or_reads_another_one_is_refused(form, said):
    with pytest.raises(VccConfigurationError, match=said):
        check_format(form)


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%Y.%m.%d. %H:%M:%S", "%m/%d/%Y %I:%M %p", "%d/%m/%y", "%c"])
def test_a_format_that_reads_a_whole_day_is_fine(form):
    check_format(form)


def test_a_moment_that_the_call_centres_clock_cannot_show_is_invalid():
    with pytest.raises(InvalidElement, match="range"):
        Dates("Asia/Tokyo").convert(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", "/etc/passwd", "+02:00", "a\0b"])
def test_an_unknown_time_zone_is_a_fault_of_the_connection(name):
    with pytest.raises(VccConfigurationError, match="time zone"):
        Dates(name)


@pytest.mark.parametrize("name", ["", None])
def test_no_time_zone_is_none(name):
    assert Dates(name).timezone is name


digits = st.text("0123456789", min_size=19, max_size=19)
shaped = digits.map(lambda d: f"{d[:4]}-{d[4:6]}-{d[6:8]} {d[8:10]}:{d[10:12]}:{d[12:14]}")
real = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0"))


@given(st.lists(shaped | real | st.text(max_size=20), max_size=5))
@example(["2026-11-24 05:00:00", "x" * 19])
@example(["2026-11-24 05:00:00\n", "026-11-24 05:00:00"])
def test_many_at_once_are_judged_as_one_by_one(texts):
    def passes(text):
        try:
            return NOWHERE.convert(text) == text
        except InvalidElement:
            return False

    assert Dates().all_good(set(texts)) == all(map(passes, texts))


def test_what_is_remembered_is_bounded():
    dates = Dates()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for day in range(60):
        texts = {(start + timedelta(days=day, seconds=s)).strftime("%Y-%m-%d %H:%M:%S") for s in range(1000)}
        assert dates.all_good(texts)
    assert len(dates.known) <= MOST_KNOWN + 1001
