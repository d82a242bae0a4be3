"""Shards on several workers, of which some are killed in the middle."""

from __future__ import annotations

import os
import re
import signal
import time
from collections import Counter

import pytest
from support.workers import CHUNK_SIZE, EACH_MISSING, MIDDLE, ROWS, SHARDS, is_alive, parent

from airflow_provider_vcc.sandbox.faults import Latency
from airflow_provider_vcc.sharding import shard

pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.redis, pytest.mark.xdist_group("workers")]

FAST = Latency(0.1)
WINDOW = 2 * CHUNK_SIZE
"""The most elements that a task has in flight or not saved yet: max_in_flight times chunk_size."""
WITH_MESSAGES = SHARDS - 1
"""The shard whose elements ask for messages."""


class Run:
    """A run of the DAG: which process works on which shard, what reached the call centre, how it was judged."""

    def __init__(self, stack, call_centre):
        self.stack, self.call_centre = stack, call_centre
        self.id = stack.trigger("sharded")

    def wait_for_middle(self):
        """Wait until each shard has sent a window, or more, and return the process of each one's task."""
        self.stack.wait_for(lambda: min(self.sent().values()) >= max(WINDOW, MIDDLE), "each shard's first chunks")
        instances = self.stack.instances("sharded", self.id)
        assert {instances["sync", number]["state"] for number in range(SHARDS)} == {"running"}
        return {number: instances["sync", number]["pid"] for number in range(SHARDS)}

    def wait_for_successor(self, number):
        """Wait until the second try of a shard runs."""

        def is_there():
            second = self.stack.instances("sharded", self.id)["sync", number]
            return second["try_number"] == 2 and second["state"] in {"running", "success"}

        self.stack.wait_for(is_there, "the successor")

    def sent(self):
        """Return how many dispositions of each shard took effect."""
        events = Counter(shard(event.numberid, SHARDS) for event in self.call_centre.ledger.events())
        return {number: events[number] for number in range(SHARDS)}

    def finish(self):
        """Let the call centre be fast, wait for the judgement, and return the merged summary."""
        self.call_centre.faults = FAST
        assert self.stack.wait_for_state("sharded", self.id, "judge", "success", "failed") == "success"
        assert self.call_centre.idle()
        summary = self.stack.xcom("sharded", self.id, "judge", "summary")
        print({name: count for name, count in summary.items() if name != "errors"})
        return summary

    def tries(self):
        """Return the number of tries of each shard."""
        instances = self.stack.instances("sharded", self.id)
        return {number: instances["sync", number]["try_number"] for number in range(SHARDS)}

    def repeats(self):
        """Return how many dispositions of each shard took effect a further time."""
        counts = Counter(event.numberid for event in self.call_centre.ledger.events())
        repeats = Counter()
        for numberid, count in counts.items():
            repeats[shard(numberid, SHARDS)] += count - 1
        return {number: repeats[number] for number in range(SHARDS)}


@pytest.fixture
def run(stack, call_centre):
    stack.start_workers("w1", "w2")
    stack.wait_for_workers()
    return Run(stack, call_centre)


def assert_complete(run, summary, killed):
    """See that each row is where it belongs or reported as unknown, and the judgement counts all."""
    events = run.call_centre.ledger.events()
    assert all(int(event.dispositionid) == int(event.numberid) % 100 + 1 for event in events)
    there = {str(number) for number in range(1, ROWS + 1) if number % EACH_MISSING}
    missing = there - {event.numberid for event in events}
    assert {shard(numberid, SHARDS) for numberid in missing} <= {WITH_MESSAGES} & killed
    assert len(missing) <= summary["unknown"] <= WINDOW
    assert (summary["total"], summary["applied"]) == (ROWS, ROWS - summary["failed"])
    assert summary["resumed"] >= len(killed) * WINDOW / 2


def assert_written_back(run, rows, summary):
    """See that the results table holds each failed element once, as the last try of its shard found it."""
    tries = run.tries()
    assert {number for number, try_number, _ in rows if try_number != tries[number]} == set()
    outcomes = Counter(outcome for *_, outcome in rows)
    assert outcomes == Counter({name: summary[name] for name in ("rejected", "unknown") if summary[name]})
    assert summary["rejected"] + summary["unknown"] >= ROWS // EACH_MISSING


def assert_shown(run, summary):
    """See that the page of the judging task shows the merged picture, and each shard."""
    page = run.stack.report("sharded", run.id, "judge")
    merged = f"{summary['applied']:,} of {summary['total']:,} records set"
    assert merged in page
    assert re.findall(r'<tr><th scope="row">(\d+)</th>', page) == [str(number) for number in range(SHARDS)]


def assert_repeats(run, killed):
    """See that only what a killed task had in flight came twice, and no message did."""
    repeats = run.repeats()
    print(f"repeats by shard: {repeats}, killed: {sorted(killed)}, window: {WINDOW}")
    limits = {number: WINDOW if number in killed - {WITH_MESSAGES} else 0 for number in range(SHARDS)}
    assert all(repeats[number] <= limits[number] for number in range(SHARDS)), repeats
    assert set(run.call_centre.ledger.message_counts().values()) == {1}


def make_orphan(pid):
    """Kill the supervising parent of a task's process, and wait until the process is an orphan."""
    supervisor = parent(pid)
    os.kill(supervisor, signal.SIGKILL)
    while parent(pid) == supervisor:
        time.sleep(0.001)


def test_orphans_go_on_beside_their_successors(run, failed):
    """Where only the supervising parents of tasks are killed, the orphans stop by themselves within their window.

    One goes on at once; the one with messages is halted until its successor is there, so that both surely work.
    """
    killed = {0, WITH_MESSAGES}
    pids = run.wait_for_middle()
    for number in killed:
        make_orphan(pids[number])
    os.kill(pids[WITH_MESSAGES], signal.SIGSTOP)
    run.call_centre.faults = FAST
    run.wait_for_successor(WITH_MESSAGES)
    os.kill(pids[WITH_MESSAGES], signal.SIGCONT)
    run.stack.wait_for(lambda: not any(is_alive(pids[number]) for number in killed), "the orphans to stop")
    summary = run.finish()
    assert {number for number, tries in run.tries().items() if tries > 1} == killed
    assert_complete(run, summary, killed)
    assert_repeats(run, killed)
    assert_written_back(run, failed(run.id), summary)
    assert_shown(run, summary)


def test_another_worker_takes_over_from_one_that_is_killed(run, failed):
    """Where a worker is killed with all its processes, its shards go on elsewhere from what they had saved."""
    pids = run.wait_for_middle()
    worker = run.stack.worker_of(pids[WITH_MESSAGES])
    killed = {number for number, pid in pids.items() if run.stack.worker_of(pid) == worker}
    run.stack.kill_part(worker)
    summary = run.finish()
    assert {number for number, tries in run.tries().items() if tries > 1} == killed
    assert_complete(run, summary, killed)
    assert_repeats(run, killed)
    assert_written_back(run, failed(run.id), summary)
    assert_shown(run, summary)
