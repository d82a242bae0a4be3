"""How long to wait before the next attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.http.statuses import LONGEST_WAIT, retry_after

NOW = 1_764_000_000.0


def at(seconds):
    """Return an HTTP date so many seconds from now."""
    return format_datetime(datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("5", 5.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("-3", 0.0),
        ("86400", LONGEST_WAIT),
        ("1e400", LONGEST_WAIT),
        ("nan", None),
        (at(12), 12.0),
        (at(-60), 0.0),
        (at(86400), LONGEST_WAIT),
        ("soon", None),
        ("Tue, 99 Nov 2026 99:99:99 GMT", None),
        ("Tue, 03 Nov 99999999999999999999 00:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", LONGEST_WAIT),
    ],
)
def test_retry_after_is_read_in_seconds_or_as_a_date_and_capped(header, seconds):
    assert retry_after(header, lambda: NOW) == seconds


def test_waits_are_spread_over_the_whole_span_which_doubles_up_to_8_seconds():
    for attempt, most in [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (50, 8.0), (5000, 8.0)]:
        waits = [jitter(attempt) for _ in range(300)]
        assert 0 <= min(waits) < most / 3
        assert most * 2 / 3 < max(waits) <= most
