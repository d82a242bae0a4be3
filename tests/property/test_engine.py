"""The engine against a model of the service: whatever goes wrong, and wherever a run is cut, nothing is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.simulation import attempt, played
from support.world import FAULTS, RECORDS, Plan, Source, Thing, World

from airflow_provider_vcc.dispositions.engine.sync import Settings
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.exceptions import VccError

SHORT = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass
class Scenario:
    """An input that may change, how it is sent, and what happens in each try."""

    things: list
    settings: Settings
    store: bool
    repeatable: bool
    tries: list = field(default_factory=list)
    edits: list = field(default_factory=list)


def some_things(most):
    """Draw inputs: few records, so that elements conflict; some search, ask for messages, or fail."""
    kinds = st.sampled_from(["good"] * 6 + ["bad", "invalid"])
    records = st.sampled_from([*RECORDS, *RECORDS, *"fghijklmnop", None])
    return st.lists(st.tuples(records, st.sampled_from([False, False, True]), kinds), max_size=most)


plans = st.builds(
    Plan,
    faults=st.sampled_from([0, 0, 10, 40, 90]),
    kinds=st.sets(st.sampled_from(FAULTS), min_size=1).map(sorted),
    too_much=st.sampled_from([10**9, 10**9, 2, 1]),
    flaky=st.sampled_from([0, 0, 20]),
    ends=st.sampled_from([None, "kill", "kill", "kill", "stop", "interrupt", "store"]),
    at=st.integers(1, 60),
)
ways = st.builds(
    Settings,
    chunk_size=st.integers(1, 7),
    max_in_flight=st.integers(1, 4),
    max_chunk_bytes=st.sampled_from([1_048_576, 1_048_576, 300]),
    on_ambiguous=st.sampled_from(["auto", "auto", "resend", "report"]),
    max_elements_per_second=st.sampled_from([None, None, None, 4.0, 25.0]),
)
edits = st.lists(st.tuples(st.sampled_from(["put", "drop", "add"]), st.integers(0, 40)), max_size=3)


def play(scenario, random):
    """Run the tries of a scenario and a last one in which nothing goes wrong, looking at everything."""
    world = World(random)
    inputs = named(world, scenario.things)
    changes = 0
    with played(world):
        for plan, edit in zip(scenario.tries, scenario.edits, strict=True):
            source = Source(inputs, repeatable=scenario.repeatable, world=world)
            ended = attempt(world, source, plan, scenario.settings, store=scenario.store)
            look_at_try(world, ended, inputs)
            look_at_order(world, inputs)
            before = inputs
            inputs = edited(world, inputs, edit)
            changes += inputs != before
        source = Source(inputs, repeatable=scenario.repeatable, world=world)
        ended = attempt(world, source, Plan(), scenario.settings, store=scenario.store)
        assert ended.error is None
        look_at_try(world, ended, inputs)
        look_at_order(world, inputs)
        look_at_end(world, ended, inputs, scenario, changes)
        if scenario.store:
            look_at_messages(world, scenario, changes)
            ended.sync.clear()
            assert not world.stored


def named(world, specs):
    """Give each thing of an input a name of its own."""
    things = [Thing(f"e{len(world.things) + n}", *spec) for n, spec in enumerate(specs)]
    world.things |= {thing.name: thing for thing in things}
    return things


def edited(world, things, changes):
    """Change an input here and there."""
    things = list(things)
    for change, anywhere in changes:
        at = anywhere % (len(things) + 1)
        if change == "add":
            things[at:at] = named(world, [(RECORDS[at % len(RECORDS)], False, "good")])
        elif things[at : at + 1]:
            things[at : at + 1] = named(world, [(things[at].record, False, "good")]) if change == "put" else []
    return things


def look_at_try(world, ended, inputs):
    """See that what one try says is true."""
    if ended.killed:
        return
    run = ended.sync
    counts = Counter(ended.outcomes.values())
    for outcome in (Outcome.APPLIED, Outcome.REJECTED, Outcome.INVALID, Outcome.UNKNOWN):
        assert run.tally.counts[outcome] == counts[outcome], outcome
    assert run.tally.total == run.read
    assert run.tally.requests == len(world.sent)
    stopped = world.plan.ends in {"stop", "interrupt"}
    assert run.read == len(inputs) or (stopped and ended.error is not None)
    assert ended.error is None or stopped or isinstance(ended.error, VccError)
    pace = run.settings.max_elements_per_second
    for start, _ in world.launches if pace else ():
        assert sum(count for at, count in world.launches if start <= at < start + 1) <= pace
    acted = {effect.thing.name for effect in world.ledger if effect.attempt == world.attempt}
    for position, thing in enumerate(inputs[: run.read]):
        outcome = ended.outcomes.get(position, Outcome.NOT_SENT)
        if outcome is Outcome.APPLIED:
            assert thing.name in world.confirmed, "claimed without an answer"
            assert world.effects(thing.name)
        if thing.name in acted:
            assert outcome in {Outcome.APPLIED, Outcome.UNKNOWN, Outcome.REJECTED}, f"{thing} took effect: {outcome}"
        assert (outcome is Outcome.INVALID) == (thing.fate == "invalid") or outcome is Outcome.NOT_SENT
        look_at_superseded(world, ended, inputs, position)


def look_at_superseded(world, ended, inputs, position):
    """See that what was not sent for the sake of a newer element has one."""
    reason = ended.reasons.get(position, "")
    if not reason.startswith("superseded by position "):
        return
    later = int(reason.rpartition(" ")[2])
    assert later > position
    assert inputs[later].name in world.confirmed or later in ended.before[1]
    assert None in {inputs[later].record, inputs[position].record} or inputs[later].record == inputs[position].record


def look_at_order(world, inputs):
    """See that in one try, nothing first reached a record after something that comes later in the input."""
    places = {thing.name: position for position, thing in enumerate(inputs)}
    for record in {thing.record for thing in inputs} - {None}:
        effects = [effect.thing for effect in world.reached if effect.attempt == world.attempt]
        order = list(dict.fromkeys(places[thing.name] for thing in effects if thing.record in {record, None}))
        assert order == sorted(order)


def look_at_end(world, ended, inputs, scenario, changes):
    """See that after a last try without faults all is as it would have been without any, but for what is said."""
    for position, thing in enumerate(inputs):
        outcome, reason = ended.outcomes[position], ended.reasons.get(position, "")
        if thing.fate == "invalid":
            assert outcome is Outcome.INVALID
        elif reason.startswith("superseded"):
            assert outcome is Outcome.REJECTED
        elif outcome is Outcome.UNKNOWN:
            assert reason.startswith("an earlier try sent it")
            assert scenario.settings.on_ambiguous != "resend"
            assert thing.messages or scenario.settings.on_ambiguous == "report"
        else:
            assert outcome is (Outcome.APPLIED if thing.fate == "good" else Outcome.REJECTED)
    places = {
        thing.name: position
        for position, thing in enumerate(inputs)
        if not ended.reasons.get(position, "").startswith("superseded")
        and not (changes and ended.outcomes[position] is Outcome.UNKNOWN)  # what it did before the change is past
    }
    for record in {thing.record for thing in inputs} - {None}:
        order = [places.get(e.thing.name) for e in world.ledger if e.thing.record in {record, None}]
        order = [place for place in order if place is not None]
        assert not order or order[-1] == max(order), f"{record} ends with {order}"


def look_at_messages(world, scenario, changes):
    """See that nothing took effect twice that must not: an input that changed may say it once more."""
    mode = scenario.settings.on_ambiguous
    for thing in world.things.values():
        if mode == "report" or (mode == "auto" and thing.messages):
            assert world.effects(thing.name) <= 1 + changes, thing


@st.composite
def scenarios(draw, *, change):
    """Draw a scenario."""
    tries = draw(st.lists(plans, max_size=3))
    return Scenario(
        things=draw(some_things(30)),
        settings=draw(ways),
        store=change or draw(st.sampled_from([True, True, True, False])),
        repeatable=draw(st.booleans()),
        tries=tries,
        edits=[draw(edits) if change else [] for _ in tries],
    )


@SHORT
@given(scenarios(change=False), st.randoms(use_true_random=False))
def test_a_run_that_is_cut_anywhere_ends_as_one_that_was_not(scenario, random):
    play(scenario, random)


@SHORT
@given(scenarios(change=True), st.randoms(use_true_random=False))
def test_an_input_that_changed_between_tries_loses_nothing(scenario, random):
    play(scenario, random)


@pytest.mark.long
@LONG
@given(scenarios(change=False), st.randoms(use_true_random=False))
def test_a_run_that_is_cut_anywhere_ends_as_one_that_was_not_in_many_worlds(scenario, random):
    play(scenario, random)


@pytest.mark.long
@LONG
@given(scenarios(change=True), st.randoms(use_true_random=False))
def test_an_input_that_changed_between_tries_loses_nothing_in_many_worlds(scenario, random):
    play(scenario, random)
