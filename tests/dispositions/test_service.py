"""One verdict on the service for all requests in the air."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.dispositions.engine.breaker import FEWEST_FAILURES, LONGEST_OUTAGE, Service


class Clock:
    """Time that passes when it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Timed(Service):
    """A breaker that is told the time by a clock."""

    def __init__(self, clock):
        super().__init__(lambda attempt: float(min(8, 2 ** (attempt - 1))))
        self.clock = clock

    def failed(self, sent_at, retry_after=None):
        """Fail now."""
        super().failed(sent_at, self.clock(), retry_after)

    def delay(self, in_air):
        """Return the delay from now on."""
        return super().delay(in_air, self.clock())

    @property
    def down(self):
        """Whether it is down now."""
        return self.is_down(self.clock())


@pytest.fixture
def breaker(clock):
    return Timed(clock)


def test_while_all_is_well_nothing_waits(breaker):
    breaker.succeeded()
    assert breaker.delay(0) == 0
    assert breaker.delay(4) == 0


def test_after_a_failure_one_request_at_a_time_probes_when_the_wait_is_over(breaker, clock):
    breaker.failed(sent_at=99.0)
    assert breaker.delay(0) == 1.0
    clock.now += 1.0
    assert breaker.delay(0) == 0
    assert breaker.delay(1) is None


def test_requests_that_were_in_the_air_together_fail_once(breaker, clock):
    for _ in range(8):
        breaker.failed(sent_at=99.0)
        clock.now += 0.1
    assert breaker.failures == 1
    breaker.failed(sent_at=100.5)
    assert breaker.failures == 2


def test_waits_grow_with_each_round(breaker, clock):
    waits = []
    for _ in range(5):
        breaker.failed(sent_at=clock.now)
        waits.append(breaker.delay(0))
        clock.now += breaker.delay(0)
    assert waits == [1.0, 2.0, 4.0, 8.0, 8.0]
    assert breaker.waited == sum(waits)


def test_one_success_opens_the_way_again(breaker, clock):
    breaker.failed(sent_at=99.0)
    breaker.succeeded()
    assert breaker.delay(3) == 0
    assert breaker.failures == 0


def test_what_the_server_asked_for_is_kept_even_after_a_success(breaker, clock):
    breaker.failed(sent_at=99.0, retry_after=20.0)
    breaker.succeeded()
    assert breaker.delay(2) == 20.0
    clock.now += 20.0
    assert breaker.delay(2) == 0


def test_the_longest_wait_that_any_request_was_asked_for_counts(breaker, clock):
    breaker.failed(sent_at=99.0, retry_after=20.0)
    breaker.failed(sent_at=99.0, retry_after=2.0)
    breaker.failed(sent_at=99.0)
    assert breaker.delay(0) == 20.0


def test_it_is_down_when_request_after_request_fails_for_long_enough(breaker, clock):
    while clock.now < 100 + LONGEST_OUTAGE:
        assert not breaker.down
        breaker.failed(sent_at=clock.now)
        clock.now += max(breaker.delay(0), 1)
    breaker.failed(sent_at=clock.now)
    assert breaker.down
    assert breaker.failures >= FEWEST_FAILURES


def test_a_few_slow_failures_are_not_enough(breaker, clock):
    for _ in range(FEWEST_FAILURES - 1):
        breaker.failed(sent_at=clock.now)
        clock.now += LONGEST_OUTAGE
    assert not breaker.down


def test_a_success_in_between_begins_anew(breaker, clock):
    for _ in range(10):
        for _ in range(FEWEST_FAILURES - 1):
            clock.now += 20
            breaker.failed(sent_at=clock.now)
        breaker.succeeded()
    clock.now += 20
    breaker.failed(sent_at=clock.now)
    assert not breaker.down


def test_a_new_breaker_lets_everything_through_from_the_first_instant_on():
    new = Service(float)
    assert (new.failures, new.successes, new.waited, new.is_down(0.0)) == (0, 0, 0.0, False)
    assert new.delay(3, 0.0) == 0.0
    new.failed(0.0, 0.0)
    assert (new.waited, new.delay(0, 0.0)) == (1.0, 1.0)
    new.succeeded()
    assert (new.successes, new.delay(0, 0.0)) == (1, 0.0)
