"""The progress is written in the background, one write at a time."""

from __future__ import annotations

from queue import SimpleQueue

import pytest
from support.engine import MemoryStore, threads_of_the_engine
from tenacity import wait_none

from airflow_provider_vcc.dispositions.engine.carriers import saver as module
from airflow_provider_vcc.dispositions.engine.carriers.saver import Saver
from airflow_provider_vcc.dispositions.progress.progress import Segment


class Fickle(MemoryStore):
    """Refuses the first so many writes."""

    def __init__(self, refusals):
        super().__init__()
        self.refusals = refusals

    def set(self, key, value):
        """Keep a value, or refuse."""
        self.refusals -= 1
        if self.refusals >= 0:
            raise OSError("not now")
        super().set(key, value)


@pytest.fixture
def saving(monkeypatch):
    """Yield a function that saves values and returns the report, without waiting between attempts."""
    monkeypatch.setattr(module, "wait_random_exponential", lambda **_: wait_none())
    made = []

    def save(store, values):
        done = SimpleQueue()
        saver = Saver(store, done.put)
        made.append(saver)
        saver.save(values)
        return done.get(timeout=10)

    yield save
    for saver in made:
        saver.close(10)
    assert threads_of_the_engine() == []


def test_values_are_kept_and_segments_encoded(saving):
    store = MemoryStore()
    assert saving(store, [("a", {"x": 1}), ("b", Segment())]).error is None
    assert store.get("a") == {"x": 1}
    assert store.get("b")["v"] == 1


def test_a_write_that_fails_twice_is_tried_a_third_time(saving):
    store = Fickle(2)
    assert saving(store, [("a", 1)]).error is None
    assert store.get("a") == 1


def test_a_write_that_fails_for_good_is_reported(saving):
    report = saving(Fickle(3), [("a", 1)])
    assert isinstance(report.error, OSError)


def test_a_thread_is_started_only_when_there_is_something_to_save():
    saver = Saver(MemoryStore(), print)
    saver.close(1)
    assert threads_of_the_engine() == []
