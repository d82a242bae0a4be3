"""A real process is killed at every step of its life, and run again; the sandbox's ledger is the judge."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Latency
from airflow_provider_vcc.sandbox.faults.combining import Fault

WITHOUT_AIRFLOW = """
import runpy, sys
sys.modules["airflow"] = None
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WORKER = Path(__file__).with_name("worker.py")
CHUNK, WINDOW = 20, 3
RECORDS = 400


class Fatal(Fault):
    """Kills a process when the ``nth`` request (from 0) comes in, before or after it takes effect."""

    def __init__(self, nth, *, acts):
        self.nth = nth
        self.acts = acts
        self.pid = None

    def __call__(self, request, act):
        if request.nth != self.nth or self.pid is None:
            return act()
        answer = act() if self.acts else None
        os.kill(self.pid, signal.SIGKILL)
        return answer or act()


class Life:
    """An input, and the runs over it, one process after another.

    :param messages: of how many elements each one asks for messages: 1 all, 0 none.
    """

    def __init__(
        self, folder, sandbox, *, messages=0, once=False, delay=0.0, mode="auto", spread=RECORDS, count=RECORDS
    ):
        self.folder = folder
        self.sandbox = sandbox
        self.things = [
            {"numberid": str(n % spread + 1), "description": f"{n:05}"}
            | ({"sendDispositionMessages": True} if messages and n % messages == 0 else {})
            for n in range(count)
        ]
        self.kills = 0
        self.unknown = set()
        self.order = {
            "url": sandbox.url,
            "input": str(folder / "input.jsonl"),
            "store": str(folder / "store.json"),
            "failures": str(folder / "failures.jsonl"),
            "summary": str(folder / "summary.json"),
            "once": once,
            "delay": delay,
            "settings": {"chunk_size": CHUNK, "max_in_flight": WINDOW, "on_ambiguous": mode},
        }
        self.write()

    def write(self):
        """Write the input as it is now."""
        (self.folder / "input.jsonl").write_text("".join(json.dumps(thing) + "\n" for thing in self.things))

    def start(self, **order):
        """Start a process."""
        path = self.folder / "order.json"
        path.write_text(json.dumps(self.order | order))
        (self.folder / "summary.json").unlink(missing_ok=True)
        reach = os.environ | {"PYTHONPATH": str(WORKER.parents[1])}
        return subprocess.Popen([sys.executable, "-P", "-c", WITHOUT_AIRFLOW, WORKER, path], env=reach)

    def dies(self, process):
        """See that a process was killed."""
        assert process.wait(60) == -signal.SIGKILL
        assert not (self.folder / "summary.json").exists()
        assert self.sandbox.idle(10)
        self.kills += 1

    def killed(self, step, nth=1, **order):
        """Run a process that dies at a step."""
        self.dies(self.start(step=step, nth=nth, **order))

    def ends(self, **order):
        """Run a process to its end, and return its summary and its failures."""
        process = self.start(**order)
        assert process.wait(120) == 0
        summary = json.loads((self.folder / "summary.json").read_text())
        failures = [json.loads(line) for line in (self.folder / "failures.jsonl").read_text().splitlines()]
        return summary, failures

    def look_at_end(self, summary, failures):
        """See that nothing was lost, nothing was sent twice that must not, and every record has its last value."""
        assert summary["error"] is None
        assert summary["total"] == len(self.things)
        assert summary["applied"] + summary["unknown"] == len(self.things)
        unknown = {failure["position"] for failure in failures}
        assert {failure["outcome"] for failure in failures} <= {"unknown"}
        effects = self.sandbox.ledger.counts()
        again = 0
        for position, thing in enumerate(self.things):
            count = effects[thing["numberid"], thing["description"]]
            once = thing.get("sendDispositionMessages") and self.order["settings"]["on_ambiguous"] != "resend"
            assert count >= 1 or position in unknown, f"{thing} is lost"
            assert count <= (1 if once else 1 + self.kills), f"{thing} took effect {count} times"
            assert position not in unknown or once
            again += count - 1 if count else 0
        most = self.kills * self.order["settings"]["chunk_size"] * WINDOW
        assert again <= most
        assert len(unknown) <= most
        for number in {thing["numberid"] for thing in self.things}:
            found = self.sandbox.ledger.descriptions(number)
            assert found[-1:] == [max(found, default="")][: len(found)]
        store = json.loads((self.folder / "store.json").read_text())
        assert all(len(json.dumps(value)) < 65_535 for value in store.values())


STEPS = ("before a write", "after a write", "before sending", "after the answer", "a turn of the loop")


@pytest.fixture
def sandbox():
    with Sandbox(records=RECORDS, faults=Latency(0.002, 0.01)) as running:
        yield running


@pytest.mark.parametrize("messages", [0, 2], ids=["plain", "messages"])
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_a_step_loses_nothing_and_repeats_nothing_that_must_not_be(tmp_path, sandbox, step, messages):
    life = Life(tmp_path, sandbox, messages=messages, delay=0.005)
    life.killed(step, nth=4)
    summary, failures = life.ends()
    assert 0 <= summary["resumed"] < RECORDS
    life.look_at_end(summary, failures)


@pytest.mark.parametrize("messages", [0, 1], ids=["plain", "messages"])
@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it acted"])
def test_a_kill_with_a_request_at_the_service_is_as_harmless(tmp_path, acts, messages):
    fatal = Fatal(6, acts=acts)
    with Sandbox(records=RECORDS, faults=fatal) as sandbox:
        life = Life(tmp_path, sandbox, messages=messages)
        process = life.start()
        fatal.pid = process.pid
        life.dies(process)
        fatal.pid = None
        summary, failures = life.ends()
        life.look_at_end(summary, failures)
        assert (summary["unknown"] > 0) is bool(messages)


@pytest.mark.parametrize("messages", [0, 1], ids=["plain", "messages"])
@pytest.mark.parametrize("first", [True, False], ids=["the first write", "before the first write"])
def test_a_kill_around_the_first_note_is_as_harmless(tmp_path, sandbox, first, messages):
    life = Life(tmp_path, sandbox, messages=messages)
    life.killed("after a write" if first else "before a write")
    summary, failures = life.ends()
    life.look_at_end(summary, failures)
    assert first or not summary["resumed"]


@pytest.mark.parametrize("once", [False, True], ids=["file", "generator"])
def test_kills_while_a_retry_reads_are_as_harmless(tmp_path, once):
    with Sandbox(records=3500) as sandbox:
        life = Life(tmp_path, sandbox, messages=5, once=once, spread=3500, count=3500)
        life.order["settings"]["chunk_size"] = 100
        life.killed("after the answer", nth=25)
        for step, nth in [("loading", 1), ("reading", 1), ("reading", 2), ("reading", 4)]:
            life.killed(step, nth=nth)
        summary, failures = life.ends()
        assert summary["resumed"] > 1000
        life.look_at_end(summary, failures)


def test_kills_one_after_another_are_as_harmless_as_one(tmp_path, sandbox):
    life = Life(tmp_path, sandbox, messages=3, spread=60)
    for step, nth in [("after the answer", 2), ("before a write", 3), ("before sending", 4), ("after a write", 2)]:
        life.killed(step, nth=nth)
    summary, failures = life.ends()
    life.look_at_end(summary, failures)


def test_what_changed_between_kills_is_not_lost(tmp_path, sandbox):
    life = Life(tmp_path, sandbox)
    life.killed("after the answer", nth=6)
    life.things.insert(3, {"numberid": "5", "description": "new"})
    life.things[100]["description"] = "00100 changed"
    life.write()
    life.killed("after the answer", nth=3)
    summary, failures = life.ends()
    assert (summary["applied"], failures) == (len(life.things), [])
    effects = sandbox.ledger.counts()
    assert all(effects[thing["numberid"], thing["description"]] for thing in life.things)


def test_a_process_that_is_terminated_saves_what_it_knows(tmp_path):
    with Sandbox(records=RECORDS, faults=Latency(0.05)) as sandbox:
        life = Life(tmp_path, sandbox, messages=1)
        process = life.start()
        while len(sandbox.ledger.requests()) < 4:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(60) == 0
        summary = json.loads((tmp_path / "summary.json").read_text())
        assert "stopped" in summary["error"]
        assert summary["applied"] == len(sandbox.ledger.events())
        assert summary["unknown"] == 0
        done, failures = life.ends()
        assert done["resumed"] == summary["applied"]
        life.look_at_end(done, failures)
        assert set(sandbox.ledger.message_counts().values()) == {1}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(40))
def test_kills_at_random_moments_are_as_harmless(tmp_path, sandbox, seed):
    dice = random.Random(seed)
    life = Life(
        tmp_path,
        sandbox,
        messages=dice.choice([0, 1, 3]),
        once=dice.random() < 0.3,
        delay=dice.choice([0.0, 0.01]),
        mode=dice.choice(["auto", "auto", "resend", "report"]),
        spread=dice.choice([RECORDS, 40]),
    )
    for _ in range(dice.randrange(1, 5)):
        process = life.start()
        time.sleep(dice.uniform(0.3, 1.2))
        process.kill()
        if process.wait(60) == -signal.SIGKILL:
            life.kills += 1
        assert sandbox.idle(10)
    summary, failures = life.ends()
    if life.order["settings"]["on_ambiguous"] != "report":
        life.look_at_end(summary, failures)
    else:
        assert max(sandbox.ledger.counts().values()) == 1
        assert summary["applied"] + summary["unknown"] == len(life.things)
