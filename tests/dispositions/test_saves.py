"""When progress is written: at once where something waits for it, a moment later where more may come along."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.dispositions.engine.saves import CHEAP, LIVE_FIRST, SHORTEST_LINGER, Saves


@pytest.fixture
def saves():
    return Saves(active=True)


def costing(saves, seconds, now=100.0):
    """Let a write have cost so much, twice to have it known, and end now."""
    for _ in range(40):
        saves.begin(0, now)
        saves.ended(seconds, now, well=True)
    return saves


def due(saves, *, unsaved=0, to_note=0, in_air=0, window=4, now=100.0):
    """Return the seconds until a write is due."""
    return saves.due_in(unsaved, to_note, in_air, window, now)


def test_without_a_store_nothing_is_ever_due_and_nothing_is_held():
    saves = Saves(active=False, live_every=2.0)
    assert (saves.holds, due(saves, unsaved=1), due(saves, to_note=1), saves.lags(3)) == (False, None, None, False)


def test_where_nothing_has_changed_nothing_is_due(saves):
    assert due(saves) is None
    assert due(saves, in_air=2) is None


def test_what_waits_to_be_noted_is_written_at_once(saves):
    costing(saves, 0.4)
    assert due(saves, to_note=1, in_air=3) == 0


def test_a_result_is_written_at_once_where_nothing_is_in_the_air(saves):
    costing(saves, 0.4)
    saves.first_result(100.0)
    assert due(saves, unsaved=1) == 0


def test_while_requests_are_in_the_air_a_write_waits_a_quarter_of_its_cost_for_more_results(saves):
    costing(saves, 0.4)
    saves.first_result(100.0)
    assert due(saves, unsaved=1, in_air=3) == pytest.approx(0.1)
    assert due(saves, unsaved=1, in_air=3, now=100.06) == pytest.approx(0.04)
    assert due(saves, unsaved=1, in_air=3, now=100.2) == 0


def test_a_write_that_costs_nothing_yet_waits_as_briefly_as_can_be(saves):
    saves.first_result(100.0)
    assert due(saves, unsaved=1, in_air=3) == pytest.approx(SHORTEST_LINGER)


def test_cheap_writes_do_not_wait_once_half_of_the_window_is_unsaved(saves):
    costing(saves, CHEAP / 2)
    saves.first_result(100.0)
    assert due(saves, unsaved=1, in_air=3) > 0
    assert due(saves, unsaved=2, in_air=2) == 0
    assert due(saves, unsaved=2, in_air=2, window=6) > 0


def test_dear_writes_wait_also_when_half_of_the_window_is_unsaved(saves):
    costing(saves, 2 * CHEAP)
    saves.first_result(100.0)
    assert due(saves, unsaved=2, in_air=2) > 0


def test_the_cost_is_half_of_what_was_known_and_half_of_what_is_new(saves):
    saves.begin(0, 100.0)
    saves.ended(0.4, 100.0, well=True)
    assert due(saves, unsaved=1, in_air=3) == pytest.approx(0.05)
    saves.begin(0, 100.0)
    saves.ended(None, 100.0, well=True)
    assert due(saves, unsaved=1, in_air=3) == pytest.approx(0.05), "a write of nothing says nothing of the cost"


def test_one_write_at_a_time(saves):
    saves.begin(0, 100.0)
    assert saves.busy
    assert due(saves, unsaved=2, to_note=1) is None
    saves.ended(0.01, 100.0, well=True)
    assert not saves.busy
    assert due(saves, unsaved=2) == 0


def test_a_store_that_refuses_is_asked_no_more(saves):
    saves.begin(0, 100.0)
    saves.ended(0.01, 100.0, well=False)
    assert (saves.refused, saves.holds, due(saves, unsaved=2, to_note=1)) == (True, False, None)


def test_the_store_lags_until_a_write_that_began_after_the_change_has_ended(saves):
    assert not saves.lags(0)
    assert saves.lags(1)
    saves.begin(1, 100.0)
    assert saves.lags(1)
    saves.ended(0.01, 100.0, well=True)
    assert not saves.lags(1)
    assert saves.lags(2)


def test_a_write_that_failed_leaves_it_lagging(saves):
    saves.begin(1, 100.0)
    saves.ended(0.01, 100.0, well=False)
    assert saves.lags(1)


def test_what_is_watched_is_written_soon_and_then_every_so_often():
    saves = Saves(active=True, live_every=2.0)
    assert due(saves, now=100.0) == LIVE_FIRST
    assert due(saves, now=100.0 + LIVE_FIRST) == 0
    assert saves.begin(0, 100.0 + LIVE_FIRST)
    saves.ended(0.01, 100.6, well=True)
    assert due(saves, now=101.0) == pytest.approx(1.5)
    assert due(saves, now=103.0) == 0


def test_a_write_for_results_takes_what_is_watched_along_only_when_its_time_has_come():
    saves = Saves(active=True, live_every=2.0)
    assert due(saves) == LIVE_FIRST
    assert not saves.begin(0, 100.1)
    saves.ended(0.4, 100.2, well=True)
    saves.first_result(100.2)
    assert due(saves, unsaved=1, in_air=1, now=100.2) == pytest.approx(0.05)
    assert due(saves, unsaved=1, in_air=1, now=100.48) == 0
    assert saves.begin(0, 100.6)
