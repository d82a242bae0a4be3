"""A chunk holds its place in the window until its result is saved."""

from __future__ import annotations

import json
import threading
from queue import SimpleQueue

import pytest
from support.engine import MemoryStore

from airflow_provider_vcc.dispositions.elements.fields import Plain
from airflow_provider_vcc.dispositions.engine.packer import chunk_of
from airflow_provider_vcc.dispositions.engine.saves import Journal
from airflow_provider_vcc.dispositions.progress.progress import KEY, Progress, Segment
from airflow_provider_vcc.dispositions.sources.rows import JsonRows
from airflow_provider_vcc.exceptions import ProgressNotSaved


class Gate(MemoryStore):
    """A store whose writes wait until they are let through."""

    def __init__(self):
        super().__init__()
        self.may_pass = threading.Semaphore(0)

    def set(self, key, value):
        """Keep a value when it is let through."""
        assert self.may_pass.acquire(timeout=10)
        super().set(key, value)


class Desk:
    """A journal with all that it needs."""

    def __init__(self, store, live=lambda: None):
        self.events = SimpleQueue()
        self.progress = Progress()
        self.progress.enter(JsonRows(0, [b"x"] * 100))
        self.progress.snapshot()
        self.journal = Journal(store, self.progress, self.events, live, window=4)

    def applied(self, *positions):
        """Settle a chunk."""
        self.progress.settle(positions, applied=True)
        self.journal.result()

    def saved(self):
        """Wait for the end of a write."""
        return self.journal.saved(self.events.get(timeout=10))


@pytest.fixture
def desk():
    made = Desk(Gate())
    yield made
    made.journal._saver._store.may_pass.release(100)
    made.journal._saver.close(10)


def segment(store):
    """Give what the store knows."""
    return Segment.decode(json.loads(store.values[KEY.format(0)]))


def test_without_a_store_nothing_is_held():
    desk = Desk(None)
    desk.applied(1)
    assert (desk.journal.active, desk.journal.held, desk.journal.writing) == (False, 0, False)
    assert desk.journal.write(0) is None
    desk.journal.finish()


def test_a_result_is_held_until_it_is_saved(desk):
    store = desk.journal._saver._store
    desk.applied(1)
    assert desk.journal.held == 1
    desk.journal.write(0)
    assert desk.journal.held == 1
    store.may_pass.release()
    assert desk.saved() == []
    assert desk.journal.held == 0
    assert segment(store).applied == 0b10


def test_results_that_come_during_a_write_go_with_the_next_one(desk):
    store = desk.journal._saver._store
    desk.applied(1)
    desk.journal.write(0)
    desk.applied(2)
    desk.applied(3)
    desk.journal.write(0)
    assert desk.journal.held == 3
    store.may_pass.release()
    desk.saved()
    assert desk.journal.held == 2
    assert segment(store).applied == 0b10
    desk.journal.write(0)
    store.may_pass.release()
    desk.saved()
    assert desk.journal.held == 0
    assert segment(store).applied == 0b1110
    assert store.writes == 2


def test_a_chunk_is_noted_before_it_is_given_back_to_be_sent(desk):
    store = desk.journal._saver._store
    chunk = chunk_of([Plain("1")], range(5, 6))
    desk.journal.note(chunk)
    assert desk.journal.held == 1
    desk.journal.write(0)
    assert KEY.format(0) not in store.values
    store.may_pass.release()
    assert desk.saved() == [chunk]
    assert chunk.noted
    assert segment(store).unsettled == 1 << 5


def test_chunks_that_were_noted_and_never_sent_can_be_taken_back(desk):
    first, second = chunk_of([Plain("1")], range(1)), chunk_of([Plain("2")], range(1, 2))
    desk.journal.note(first)
    desk.journal.write(0)
    desk.journal.note(second)
    assert desk.journal.unsent() == [first, second]
    assert desk.journal.held == 0


def test_while_requests_are_in_the_air_a_write_waits_a_moment_for_more_results(desk):
    desk.journal._cost = 0.4
    desk.applied(1)
    assert 0 < desk.journal.write(3) <= 0.1
    assert not desk.journal.writing
    assert desk.journal.write(0) is None
    assert desk.journal.writing


def test_nothing_is_written_where_nothing_has_changed(desk):
    desk.journal.result()
    assert desk.journal.held == 0
    desk.journal.write(0)
    assert not desk.journal.writing


def test_what_is_told_live_is_written_along():
    store = MemoryStore()
    desk = Desk(store, live=iter([("vcc_report", {"x": 1})] + [None] * 9).__next__)
    desk.journal.write(1)
    desk.saved()
    assert store.get("vcc_report") == {"x": 1}
    desk.journal.finish()


def test_a_store_that_refuses_for_good_is_an_error_once_and_holds_nothing_any_more():
    store = MemoryStore()
    store.refuse = BrokenPipeError()
    desk = Desk(store)
    noted = chunk_of([Plain("1")], range(50, 51))
    desk.applied(1)
    desk.journal.note(noted)
    desk.journal.write(0)
    with pytest.raises(ProgressNotSaved, match="BrokenPipeError"):
        desk.saved()
    assert desk.journal.failed
    assert desk.journal.unsent() == [noted]
    desk.applied(2)
    assert desk.journal.held == 0
    assert desk.journal.write(0) is None
    desk.journal.finish()


def test_finishing_saves_what_is_left_and_waits_for_a_write_that_goes_on(desk):
    store = desk.journal._saver._store
    desk.applied(1)
    desk.journal.write(0)
    desk.applied(2)
    store.may_pass.release(2)
    desk.journal.finish()
    assert segment(store).applied == 0b110


def test_finishing_does_not_wait_for_a_store_that_hangs(desk):
    desk.applied(1)
    desk.journal.finish(seconds=0.05)
    assert desk.journal.failed
