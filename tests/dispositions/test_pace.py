"""The pace that is not exceeded over any second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.engine.limits.pace import Pace


class Clock:
    """Time that passes when it is told to."""

    now = 50.0

    def __call__(self):
        return self.now


def most_within(sent, seconds):
    """Return the most elements that went out in any span of so many seconds."""
    return max(sum(count for at, count in sent if start <= at < start + seconds) for start, _ in sent)


@pytest.mark.parametrize("per_second", [None])
def test_without_a_pace_nothing_waits(per_second):
    pace = Pace(per_second)
    pace.sent(object(), 10**6)
    assert pace.delay(10**6) == 0
    assert pace.size(500) == 500


@given(
    per_second=st.sampled_from([1, 2, 7, 10, 95, 1000, 2.5]),
    wanted=st.lists(st.integers(1, 500), min_size=5, max_size=60),
    lags=st.lists(st.floats(0, 0.3), min_size=60, max_size=60),
    held_up=st.lists(st.sampled_from([0, 0, 0.001, 0.5, 3]), min_size=60, max_size=60),
)
def test_no_second_has_more_elements_than_the_pace_whatever_the_chunks(per_second, wanted, lags, held_up):
    clock = Clock()
    pace = Pace(per_second, clock)
    sent = []
    for size, lag, until_it_goes in zip(wanted, lags, held_up, strict=False):
        count = pace.size(size)
        clock.now += pace.delay(count)
        assert pace.delay(count) <= 1e-9
        pace.sent(object(), count)
        clock.now += until_it_goes
        sent.append((clock.now, count))
        pace.gone()
        clock.now += lag
    assert most_within(sent, 1.0) <= max(per_second, 1)


def test_what_went_out_before_the_last_second_is_forgotten():
    clock = Clock()
    pace = Pace(10, clock)
    for _ in range(100):
        clock.now += pace.delay(1)
        pace.sent(object(), 1)
        pace.gone()
    assert len(pace._sent) <= 12


@pytest.mark.parametrize(
    ("per_second", "wanted", "size"),
    [
        (15, 500, 15),
        (500, 500, 500),
        (700, 500, 350),
        (1000, 500, 500),
        (1001, 500, 500),
        (2.5, 500, 2),
        (20_000, 7, 7),
    ],
)
def test_a_seconds_elements_go_out_in_as_few_chunks_as_can_hold_them(per_second, wanted, size):
    assert Pace(per_second).size(wanted) == size


@pytest.mark.parametrize("per_second", [15, 95, 700, 1000])
def test_no_more_requests_are_made_than_a_seconds_pace_and_the_chunk_size_ask_for(per_second):
    clock = Clock()
    pace = Pace(per_second, clock)
    requests = left = 0
    left = 20 * per_second
    while left:
        count = min(pace.size(500), left)
        clock.now += pace.delay(count)
        pace.sent(object(), count)
        left, requests = left - count, requests + 1
    assert requests == 20 * -(-per_second // 500)
    assert clock.now - 50 <= 21, "and it takes no longer for that"


@pytest.mark.parametrize("per_second", [0.25, 0.5])
def test_less_than_one_a_second_is_kept_as_well(per_second):
    clock = Clock()
    pace = Pace(per_second, clock)
    sent = []
    for _ in range(8):
        assert pace.size(500) == 1
        clock.now += pace.delay(1)
        sent.append((clock.now, 1))
        pace.sent(object(), 1)
    assert most_within(sent, 1 / per_second) == 1


@pytest.mark.parametrize("per_second", [1, 1.5, 1.9])
def test_of_less_than_two_a_second_one_goes_out(per_second):
    pace = Pace(per_second, Clock())
    pace.sent(object(), 1)
    assert pace.delay(1) >= 1


@pytest.mark.parametrize("per_second", [10, 95, 1000])
def test_it_comes_close_to_what_is_allowed(per_second):
    clock = Clock()
    pace = Pace(per_second, clock)
    count = 0
    while clock.now < 60:
        size = pace.size(500)
        clock.now += pace.delay(size)
        pace.sent(object(), size)
        count += size
    assert 0.9 * per_second <= count / 10 <= 1.15 * per_second


def test_a_chunk_that_is_larger_than_a_seconds_share_goes_alone():
    clock = Clock()
    pace = Pace(10, clock)
    pace.sent(object(), 50)
    assert pace.delay(1) >= 1.0
    clock.now += pace.delay(50)
    pace.sent(object(), 50)
    assert clock.now >= 51


def test_what_waits_for_a_connection_counts_when_it_goes_out():
    clock = Clock()
    pace = Pace(10, clock)
    slow, fast = object(), object()
    pace.sent(slow, 6)
    pace.gone()
    pace.waits(slow)
    clock.now += 5
    assert pace.delay(6) > 1, "both would go out at once"
    assert pace.delay(4) == 0
    pace.sent(fast, 4)
    pace.gone()
    clock.now += 0.5
    pace.began(slow)
    assert pace.delay(1) == pytest.approx(0.52)
    clock.now += 0.6
    assert pace.delay(4) == 0
    assert pace.delay(5) > 0
    clock.now += 0.5
    assert pace.delay(10) == 0
    pace.began(slow)
    assert pace.delay(10) == 0
