"""Only what changed, night after night: whatever goes wrong, the service ends with what the table says."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from support.simulator.inputs import Source, Thing
from support.simulator.plans import Plan, plan_of, settings_of
from support.simulator.tries import attempt
from support.simulator.world import World

from airflow_provider_vcc.dispositions.progress.synced import Synced, fingerprint_key

KEY = fingerprint_key("https://mycc/v2", 17, None)
RECORDS = "ABCDEFGHIJ"
QUIET = Plan()


class Nights:
    """A table that changes from night to night, synced by runs that may fail in every way.

    Each content is a thing of its own; a record may go back to a content that it had before.
    """

    def __init__(self, seed):
        self.random = random = Random(seed)
        self.world = World(random)
        self.settings = settings_of(random)
        self.messages = random.random() < 0.5
        self.repeats = random.random() < 0.3
        self.searches = random.random() < 0.15
        self.store = random.random() < 0.8
        self.had = {record: [] for record in RECORDS}
        self.rows = []
        self.asked = {}

    def thing(self, record, fate="good"):
        """Make a new content for a record."""
        asks = self.messages and record in {"A", "B", "C"}
        thing = Thing(f"e{len(self.world.things)}", record, asks, fate)
        self.world.things[thing.name] = thing
        if record is not None:
            self.had[record].append(thing)
        return thing

    def change(self):
        """Change the table: new contents, old ones, rows that go and come, several rows for a record."""
        random, rows = self.random, []
        for record in RECORDS:
            had = self.had[record]
            if random.random() < 0.15:
                continue
            if not had or random.random() < 0.3:
                rows.append(self.thing(record, random.choice(("good",) * 8 + ("bad", "invalid"))))
            else:
                rows.append(random.choice((had[-1], had[-1], had[-1], random.choice(had))))
            asks = self.messages and record in {"A", "B", "C"}
            if self.repeats and not asks and random.random() < 0.2:
                rows.append(self.thing(record))
        if self.searches and random.random() < 0.3:
            rows.insert(random.randrange(len(rows) + 1), self.thing(None))
        self.rows = rows
        for thing in rows:
            asked = self.asked.setdefault(thing.record, [])
            if not asked or asked[-1] != thing.name:
                asked.append(thing.name)

    def night(self, plan):
        """Run the sync of one night, with a retry if it fails."""
        self.world.stored.clear()
        for one in (plan, QUIET if plan is QUIET else plan_of(self.random)):
            ended = self.run(one)
            if ended.error is None:
                return ended
        return ended

    def run(self, plan):
        """Run one try."""
        if plan.ends == "orphan":
            plan.ends = "kill"
        source = Source(self.rows, repeatable=self.random.random() < 0.5, world=self.world)
        synced = Synced(self.world.remembered, KEY, doubles=self.settings.on_ambiguous == "resend")
        return attempt(self.world, source, plan, self.settings, store=self.store, synced=synced)


def last_rows(rows):
    """Return the last row that is good for each record."""
    return {thing.record: thing for thing in rows if thing.fate == "good" and thing.record is not None}


def play(seed):
    """Live through some nights, and two quiet ones; look at what the service has."""
    nights = Nights(seed)
    for _ in range(nights.random.randrange(1, 7)):
        nights.change()
        nights.night(plan_of(nights.random))
    nights.change()
    ended = nights.night(QUIET)
    look(nights, ended)
    again = nights.night(QUIET)
    if not (nights.repeats or nights.searches):
        refused = {thing.name for thing in nights.rows if thing.fate == "bad"}
        assert {name for request in again.life.sent for name in request.names} <= refused, "sent although the same"


def look(nights, ended):
    """See that the service has what the table says, and that no message went twice."""
    effects = [effect.thing for effect in nights.world.ledger]
    counts = Counter(thing.name for thing in effects if thing.messages)
    asked = Counter(name for names in nights.asked.values() for name in names)
    back = {name for name, times in asked.items() if times > 1}  # it was asked for again, after another one
    if nights.settings.on_ambiguous != "resend":
        twice = [name for name, count in counts.items() if count > 1 and name not in back]
        assert not twice, f"messages went twice: {twice}"
    since = next((n for n in range(len(effects) - 1, -1, -1) if effects[n].record is None), -1)
    has = {thing.record: thing for thing in effects[since + 1 :]}
    unsure = {failure.position for failure in ended.failures}
    reported = {nights.rows[position].record for position in unsure}
    before = {thing.record for thing in nights.rows[: next_search(nights.rows)]} if nights.searches else set()
    for record, thing in last_rows(nights.rows).items():
        if record not in reported | before:
            assert has.get(record) == thing, f"{record} has {has.get(record)}, the table says {thing}"


def next_search(rows):
    """Return the index of the last search."""
    return max((n for n, thing in enumerate(rows) if thing.record is None), default=0)


@pytest.mark.parametrize("block", range(5))
def test_the_service_ends_with_what_the_table_says_and_no_message_goes_twice(block):
    for seed in range(block * 60, block * 60 + 60):
        try:
            play(seed)
        except AssertionError as failed:
            raise AssertionError(f"seed {seed}: {failed}") from failed


@pytest.mark.long
@pytest.mark.parametrize("block", range(20))
def test_the_service_ends_with_what_the_table_says_over_many_seeds(block):
    for seed in range(1_000 + block * 1_000, 2_000 + block * 1_000):
        try:
            play(seed)
        except AssertionError as failed:
            raise AssertionError(f"seed {seed}: {failed}") from failed
