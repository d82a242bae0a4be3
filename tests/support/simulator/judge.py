"""What must hold after each try and at the end, by the world's ledger."""

from __future__ import annotations

from collections import Counter

from support.simulator.world import LAYOUT

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.exceptions import VccError


def look_at_try(world, ended, inputs, readable=None):
    """See that what one try says is true.

    :param readable: how many elements can be read, if the input breaks off.
    """
    if ended.killed:
        return
    run, life = ended.sync, ended.life
    assert not isinstance(ended.error, RuntimeError | TypeError | AttributeError), f"a defect: {ended.error!r}"
    counts = Counter(ended.outcomes.values())
    for outcome in (Outcome.APPLIED, Outcome.REJECTED, Outcome.INVALID, Outcome.UNKNOWN):
        assert run.tally.counts[outcome] == counts[outcome], outcome
    assert run.tally.total == run.read
    assert run.tally.requests == len(life.sent)
    stopped = life.plan.ends in {"stop", "interrupt"}
    whole = len(inputs) if readable is None else readable
    assert run.read == whole or (stopped and ended.error is not None)
    assert ended.error is None or stopped or isinstance(ended.error, VccError)
    look_at_pace(run, life)
    look_at_patience(world, ended, inputs)
    acted = {effect.thing.name for effect in world.ledger if effect.attempt == life.attempt}
    for position, thing in enumerate(inputs[: run.read]):
        outcome = ended.outcomes.get(position, Outcome.NOT_SENT)
        if outcome is Outcome.APPLIED:
            assert thing.name in world.confirmed, "claimed without an answer"
            assert world.effects(thing.name)
        if thing.name in acted:
            assert outcome in {Outcome.APPLIED, Outcome.UNKNOWN, Outcome.REJECTED}, f"{thing} took effect: {outcome}"
        assert (outcome is Outcome.INVALID) == (thing.fate == "invalid") or outcome is Outcome.NOT_SENT
        look_at_superseded(world, ended, inputs, position)


def look_at_patience(world, ended, inputs):
    """See that where nothing but the size of requests was wrong, all that may go twice arrives in the end."""
    plan, life = ended.life.plan, ended.life
    if plan.faults or plan.ends or life.sync.source.breaks_at is not None:
        return
    assert ended.error is None, ended.error
    for position, thing in enumerate(inputs):
        if thing.fate == "good" and life.repeats(thing):
            outcome, reason = ended.outcomes.get(position), ended.reasons.get(position, "")
            past = reason.startswith(("an earlier try", "superseded"))
            assert past or outcome is Outcome.APPLIED or (plan.flaky and outcome is Outcome.REJECTED), (
                f"{thing} {reason}"
            )


def look_at_pace(run, life):
    """See that in no second more elements went out than the pace allows."""
    pace = run.settings.max_elements_per_second
    for start, _ in life.launches if pace else ():
        assert sum(count for at, count in life.launches if start <= at < start + 1) <= pace, "the pace is exceeded"


def look_at_superseded(world, ended, inputs, position):
    """See that what was not sent for the sake of a newer element has one."""
    reason = ended.reasons.get(position, "")
    if not reason.startswith("superseded by position "):
        return
    later = int(reason.rpartition(" ")[2])
    assert later > position
    assert inputs[later].name in world.confirmed or later in ended.before[1]
    assert None in {inputs[later].record, inputs[position].record} or inputs[later].record == inputs[position].record


def look_at_order(world, inputs, attempt):
    """See that in one try, nothing first reached a record after something that comes later in the input."""
    places = {thing.name: position for position, thing in enumerate(inputs)}
    for record in {thing.record for thing in inputs} - {None}:
        effects = [effect.thing for effect in world.service.reached if effect.attempt == attempt]
        order = list(dict.fromkeys(places[thing.name] for thing in effects if thing.record in {record, None}))
        assert order == sorted(order), f"{record} was reached in the order {order}"


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
        look_at_record(world, record, places)
        look_at_versions(world, ended, record, inputs)


def look_at_record(world, record, places):
    """See that a record ends with the last element for it; an orphan, which nobody can stop, may have come later."""
    effects = [e for e in world.ledger if e.thing.record in {record, None} and e.thing.name in places]
    if not effects or any(effect.late for effect in effects):
        return
    order = [places[effect.thing.name] for effect in effects]
    assert order[-1] == max(order), f"{record} ends with {order}"


def look_at_versions(world, ended, record, inputs):
    """See that no record is held for done that a version of its stretch which is past has changed since."""
    effects = [effect for effect in world.ledger if effect.thing.record in {record, None}]
    last = max(position for position, thing in enumerate(inputs) if thing.record == record)
    if not effects or any(effect.late for effect in effects) or ended.outcomes[last] is not Outcome.APPLIED:
        return
    latest = effects[-1].thing
    if latest not in inputs:
        stood = world.stood[effects[-1].attempt][latest.name]
        assert last // LAYOUT.stretch != stood, f"{record} is what {latest} made of it"


def look_at_messages(world, scenario, changes):
    """See that nothing took effect twice that must not: an input that changed may say it once more."""
    mode = scenario.settings.on_ambiguous
    for thing in world.things.values():
        if mode == "report" or (mode == "auto" and thing.messages):
            assert world.effects(thing.name) <= 1 + changes, thing
