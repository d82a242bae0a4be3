"""An exception may come between any two lines, as Airflow's time-outs do: nothing is counted twice, or for not sent."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from support.simulator import world as simulated
from support.simulator.inputs import Source, Thing
from support.simulator.plans import Plan
from support.simulator.tries import attempt
from support.simulator.world import Interrupted, World

from airflow_provider_vcc import dispositions
from airflow_provider_vcc.dispositions.engine.sync import Settings
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome

ENGINE = str(Path(dispositions.__file__).parent)
HOSTILE = Plan(
    faults=30, kinds=("acted_lost", "acted_timeout", "busy", "lost", "short", "too_large"), too_much=3, flaky=10
)


class Interrupt:
    """Raises at one line of the engine, counted from the start of a run; without a line it only counts.

    :param within: the name of a method: only lines that it leads to are counted; the end of a run is left out if this
        is not its name.
    :param now: returns the time.
    """

    def __init__(self, line=None, within="run", now=lambda: 0.0):
        self.line = line
        self.within = within
        self.now = now
        self.at = None
        self.count = 0
        self.ended = False
        self.outermost = None

    def __call__(self, frame, event, _):
        """Follow the engine's own frames, from the beginning of a run until it comes to its end."""
        if not frame.f_code.co_filename.startswith(ENGINE):
            return None
        name = frame.f_code.co_name
        if event == "call" and name == "_end" != self.within:
            self.ended = True
        if event == "call" and name == self.within and self.outermost is None:
            self.outermost = frame
        if event == "return" and frame is self.outermost:
            self.outermost = None
        if event == "line" and self.outermost is not None and not self.ended:
            self.count += 1
            if self.count == self.line:
                self.ended = True
                self.at = self.now()
                raise Interrupted
        return self

    def __enter__(self):
        sys.settrace(self)
        return self

    def __exit__(self, *_):
        sys.settrace(None)


def things(random):
    """Return an input in which elements conflict, ask for messages, search and fail."""
    fates = ["good", "good", "good", "bad", "invalid"]
    made = [Thing(f"e{n}", random.choice("ABCDEFG"), random.random() < 0.3, random.choice(fates)) for n in range(24)]
    return [*made, Thing("search", None), *[Thing(f"z{n}", random.choice("AB")) for n in range(4)]]


def interrupted(seed, line=None, within="run", plan=HOSTILE):
    """Run one try that is interrupted at a line; return the world, how it ended, its input, and what interrupted it."""
    random = Random(seed)
    world = World(random)
    some = things(random)
    world.things |= {thing.name: thing for thing in some}
    ways = Settings(chunk_size=6, max_in_flight=3, on_ambiguous=random.choice(["auto", "resend", "report"]))
    with Interrupt(line, within, lambda: world.now) as interrupt:
        ended = attempt(world, Source(some), plan, ways, trusting=False)
    return world, ended, some, ways, interrupt


def look_at(world, ended, some):
    """See that what is counted is true."""
    run = ended.sync
    assert run.tally.total == run.read
    acted = {effect.thing.name for effect in world.ledger if effect.attempt == world.attempt}
    untouched = sum(thing.name not in acted for thing in some[: run.read])
    assert run.tally.counts[Outcome.NOT_SENT] <= untouched
    assert run.tally.counts[Outcome.APPLIED] <= len(acted & world.confirmed)
    failed = Counter(outcome for _, outcome in {(failure.position, failure.outcome) for failure in ended.failures})
    for outcome in (Outcome.REJECTED, Outcome.UNKNOWN):
        assert run.tally.counts[outcome] <= failed[outcome]


@pytest.mark.parametrize("seed", range(8))
def test_an_exception_between_any_two_lines_leaves_true_counts_and_a_next_try_that_ends_well(seed):
    look_at_lines(seed, few=5)


@pytest.mark.parametrize("seed", range(8))
def test_an_exception_while_an_answer_is_settled_leaves_true_counts_and_a_next_try_that_ends_well(seed):
    look_at_lines(seed, few=14, within="_take")


def test_an_answer_that_is_told_again_after_its_chunk_was_split_is_passed_over():
    """The halves are in its place already, and its own state says nothing of that yet."""
    *_, interrupt = interrupted(5, within="_take")
    found = 0
    for line in range(200, min(interrupt.count, 280)):
        world, ended, some, *_ = interrupted(5, line, "_take")
        look_at(world, ended, some)
        found += ended.sync.window.sizes.halvings
    assert found


@pytest.mark.parametrize("within", ["_launch", "_save", "_take", "_send"])
def test_what_an_exception_kept_from_being_begun_or_taken_in_is_not_waited_for(monkeypatch, within):
    """Each request is answered within a second, so that none of them is to be waited for until the grace is over."""
    monkeypatch.setattr(simulated, "NAP", (0.0, 0.004))
    *_, interrupt = interrupted(3, within=within, plan=Plan())
    assert interrupt.count > 10
    for line in range(1, min(interrupt.count, 150)):
        world, ended, some, _, interrupt = interrupted(3, line, within, Plan())
        assert isinstance(ended.error, Interrupted)
        look_at(world, ended, some)
        assert world.now - interrupt.at < 1


@pytest.mark.parametrize("plan", [Plan(), Plan(ends="interrupt", at=9)], ids=["of its own", "by another exception"])
def test_an_exception_while_a_run_comes_to_its_end_leaves_true_counts_and_nothing_open(plan):
    *_, interrupt = interrupted(3, within="_end", plan=plan)
    assert interrupt.count > 30
    for line in range(1, interrupt.count + 1, max(interrupt.count // 150, 1)):
        world, ended, some, *_ = interrupted(3, line, "_end", plan)
        assert isinstance(ended.error, Interrupted)
        look_at(world, ended, some)
        assert ended.life.closed
        assert ended.sync.tally.total == ended.sync.read


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8, 20))
def test_an_exception_between_many_more_lines_leaves_true_counts(seed):
    look_at_lines(seed, few=400)


def look_at_lines(seed, few, within="run"):
    """Interrupt a run at some of its lines, and run it again."""
    *_, interrupt = interrupted(seed, within=within)
    lines = interrupt.count
    assert lines > 200
    for line in sorted(Random(seed).sample(range(1, lines), min(few, lines - 1))):
        world, ended, some, ways, _ = interrupted(seed, line, within)
        assert isinstance(ended.error, Interrupted)
        look_at(world, ended, some)
        again = attempt(world, Source(some), Plan(), ways)
        assert again.error is None
        for position, thing in enumerate(some):
            outcome = again.outcomes[position]
            assert outcome is not Outcome.APPLIED or thing.name in world.confirmed
            if thing.fate == "invalid":
                assert outcome is Outcome.INVALID
            mode = ways.on_ambiguous
            if mode == "report" or (mode == "auto" and thing.messages):
                assert world.effects(thing.name) <= 1
