"""Play a scenario: its tries, one after another or an orphan beside its successor, and a last one without faults."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from support.simulator.inputs import Source, edited, named
from support.simulator.judge import look_at_end, look_at_messages, look_at_order, look_at_try
from support.simulator.plans import Plan, scenario_of
from support.simulator.tries import attempt
from support.simulator.world import World


@dataclass
class Played:
    """What one or many scenarios lived through."""

    runs: int = 0
    elements: int = 0
    requests: int = 0
    seen: Counter = field(default_factory=Counter)

    def add(self, other):
        """Count another one in."""
        self.runs += other.runs
        self.elements += other.elements
        self.requests += other.requests
        self.seen += other.seen


class Play:
    """Runs the tries of a scenario and a last one in which nothing goes wrong, looking at everything."""

    def __init__(self, scenario, random):
        self.scenario = scenario
        self.world = World(random)
        self.inputs = named(self.world, scenario.things)
        self.versions = [self.inputs]
        self.changes = 0
        self.left = list(zip(scenario.tries, scenario.edits, strict=True))
        self.played = Played(seen=self.world.seen)

    def __call__(self):
        """Do it, and return what it lived through."""
        while self.left:
            self.next_try()
        world, scenario = self.world, self.scenario
        ended = self.run(Plan())
        assert ended.error is None, ended.error
        look_at_end(world, ended, self.inputs, scenario, self.changes)
        if scenario.store:
            look_at_messages(world, scenario, self.changes)
            ended.sync.clear()
            assert not world.stored
        return self.played

    def next_try(self):
        """Run the next try, and let the input change after it."""
        plan, edit = self.left.pop(0)
        ended = self.run(plan, breaks_at=self.scenario.breaks_at)
        if ended.life.orphaned is None or plan.ends != "orphan" or not ended.life.store_refuses:
            self.inputs = edited(self.world, self.versions, edit)
            if self.inputs != self.versions[-1]:
                self.world.seen["input went back"] += self.inputs in self.versions
                self.versions.append(self.inputs)
                self.changes += 1

    def run(self, plan, breaks_at=None):
        """Run one try, and look at it."""
        world, scenario, inputs = self.world, self.scenario, self.inputs
        world.stands(inputs)
        source = Source(inputs, repeatable=scenario.repeatable, breaks_at=breaks_at, world=world)
        ended = attempt(
            world,
            source,
            plan,
            scenario.settings,
            store=scenario.store,
            wobbles=scenario.wobbles,
            then=self.next_try if self.left and scenario.store else None,
        )
        world.orphans = [life for life in world.orphans if life is not ended.life]
        self.played.runs += 1
        self.played.elements += ended.sync.read
        self.played.requests += len(ended.life.sent)
        look_at_try(world, ended, inputs, breaks_at and min(breaks_at, len(inputs)))
        look_at_order(world, inputs, ended.life.attempt)
        return ended


def play(scenario, random):
    """Play a scenario."""
    return Play(scenario, random)()


def play_seed(seed):
    """Play the scenario of a seed; return what it lived through, the trace, and the assertion that failed."""
    playing = Play(*scenario_of(seed))
    try:
        playing()
    except AssertionError as failed:
        return playing.played, playing.world.trace, failed
    return playing.played, playing.world.trace, None
