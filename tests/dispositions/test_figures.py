"""The engine's figures, written out: how often, how long and how many, as people see them."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.engine.breaker import Service
from airflow_provider_vcc.dispositions.engine.chunk_size import Sizes
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
from airflow_provider_vcc.dispositions.engine.limits.auto import Auto, limit_of
from airflow_provider_vcc.dispositions.engine.limits.pace import Pace
from airflow_provider_vcc.dispositions.engine.saves import Saves
from airflow_provider_vcc.dispositions.engine.settings import Settings, Times


def test_a_service_is_down_after_six_failures_over_thirty_seconds():
    def failing(times, seconds):
        service = Service(lambda _: 0.0)
        for number in range(times):
            at = seconds * number / (times - 1)
            service.failed(at, at)
        return service.is_down(seconds)

    assert failing(6, 30.0)
    assert not failing(5, 30.0)
    assert not failing(6, 29.9)


def test_the_longest_wait_between_attempts_doubles_from_half_a_second_to_eight():
    assert [jitter(attempt, max) for attempt in range(1, 8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
    assert jitter(3, min) == 0.0


def test_chunks_are_halved_and_grow_by_a_quarter_after_four_that_went_well_and_later_the_second_time():
    sizes = Sizes(100)
    sizes.too_much(100)
    grown = [_went_well(sizes) for _ in range(3)]
    assert (grown, sizes.now, sizes.halvings) == ([4, 4, 4], 96, 1)
    sizes.too_much(96)
    assert (_went_well(sizes), sizes.now) == (8, 60)


def _went_well(sizes):
    """Let chunks go well until they grow; return how many that took."""
    before, count = sizes.now, 0
    while sizes.now == before:
        sizes.went_well(before)
        count += 1
    return count


def test_patience_with_growing_ends_at_64():
    sizes = Sizes(10**6)
    sizes.too_much(1000)
    for _ in range(8):
        count = _went_well(sizes)
        sizes.too_much(sizes.now)
    assert count == 64


@pytest.mark.parametrize(
    ("attempts", "too_much", "exhausted"), [(4, False, False), (5, False, True), (2, True, False), (3, True, True)]
)
def test_a_chunk_that_may_have_acted_is_given_up_after_five_failures_or_three_time_outs(attempts, too_much, exhausted):
    failed = Delivery(chunk_of([], []))
    failed.maybe_acted, failed.attempts, failed.successes_before = True, attempts, 0
    assert failed.is_exhausted(1, too_much=too_much) is exhausted


def test_a_second_of_the_pace_has_two_hundredths_of_room():
    pace = Pace(100.0, clock=lambda: 0.0)
    pace.sent(object(), 100)
    assert pace.delay(100) == pytest.approx(1.02)


def test_full_chunks_are_as_good_as_smaller_ones_if_they_reach_97_percent_of_the_pace():
    assert Pace(1030.0).size(500) == 500
    assert Pace(1032.0).size(500) == 344


def test_a_cheap_write_begins_when_half_of_the_window_waits_and_a_costly_one_lingers_a_quarter_of_its_cost():
    saves = Saves(active=True)
    saves._cost = 0.0019
    assert saves.due_in(2, 0, 2, 4, 10.0) == 0.0
    assert saves.due_in(1, 0, 3, 4, 0.0) == 0.0005
    saves._cost = 0.002
    assert saves.due_in(2, 0, 2, 4, 0.0) == 0.0005
    saves._cost = 0.4
    assert saves.due_in(2, 0, 2, 4, 0.0) == 0.1


def test_what_is_seen_live_is_written_after_half_a_second_first():
    saves = Saves(active=True, live_every=2.0)
    assert saves.due_in(0, 0, 1, 4, 10.0) == 0.5
    assert saves.begin(0, 10.5)
    saves.ended(0.01, 10.6, well=True)
    assert saves.due_in(0, 0, 1, 4, 10.5) == 2.0


def test_the_defaults_are_those_of_the_contract():
    assert Settings() == Settings(500, 1_048_576, "auto", None, "auto", False)
    assert Times() == Times(3.0, 1.0, 10.0)
    assert (Auto().now, Auto.most, Auto.most_unrepeatable) == (6, 32, 4)


@pytest.mark.parametrize(
    ("settings", "now"),
    [({"max_in_flight": 7}, 7), ({"on_ambiguous": "report"}, 4), ({}, 6), ({"on_ambiguous": "resend"}, 6)],
)
def test_where_nothing_may_be_sent_twice_four_at_a_time_are_all(settings, now):
    assert limit_of(Settings(**settings)).now == now
    assert limit_of(Settings(on_ambiguous="report")).most == 4
