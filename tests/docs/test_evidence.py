"""docs/evidence.md says how long it takes until a service counts as down."""

from __future__ import annotations

import re

import pytest

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.engine.breaker import Service


def verdict(retry_after=None):
    """Give the seconds until a service that fails each request at once counts as down."""
    now = 0.0
    service = Service(jitter)
    while not service.is_down(now):
        now += service.closed_for(now)
        service.failed(now, now, retry_after)
    return now


@pytest.fixture
def stated(page):
    """Give the second cell of the row that begins so."""
    rows = page("evidence").partition("### How long it takes")[2]
    return lambda beginning: re.search(rf"^\| {beginning}.*? \| (.*?) \|", rows, re.MULTILINE)[1]


def test_a_service_that_refuses_is_given_up_within_the_seconds_that_the_page_gives(stated):
    least, most = map(int, re.fullmatch(r"(\d+) to (\d+) s", stated("refuses connections")).groups())
    assert all(least <= verdict() <= most for _ in range(200))


def test_a_service_that_asks_for_half_a_minute_each_time_is_waited_for_as_long_as_the_page_says(stated):
    least = int(re.fullmatch(r"(\d+) s or more", stated("answers 503 with `Retry-After: 30`"))[1])
    assert all(least <= verdict(30.0) <= 2 * least for _ in range(50))
