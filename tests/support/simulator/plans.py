"""What is played: an input, how it is sent, and what happens in each try. One seed makes one scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from support.simulator.inputs import RECORDS

from airflow_provider_vcc.dispositions.engine.sync import Settings

FAULTS = (
    "refused",
    "busy",
    "overloaded",
    "lost",
    "acted_lost",
    "timeout",
    "acted_timeout",
    "hang",
    "short",
    "both",
    "false",
    "garbage",
    "too_large",
    "general",
)
ENDS = (None, "kill", "kill", "kill", "orphan", "stop", "interrupt", "store", "unauthorised")
NEVER = 10**9


@dataclass
class Plan:
    """How hostile a try is.

    :param faults: of a hundred requests, how many go wrong.
    :param kinds: the ways in which they do.
    :param too_much: requests with more elements than this time out.
    :param flaky: of a hundred elements, how many are rejected this time only.
    :param ends: what ends the try before its time: one of ``ENDS``; ``store`` refuses to save for good, and an
        ``orphan`` lives on beside its successor without a store.
    :param at: the step at which it does.
    """

    faults: int = 0
    kinds: tuple = ()
    too_much: int = NEVER
    flaky: int = 0
    ends: str | None = None
    at: int = 0


@dataclass
class Scenario:
    """An input that may change, how it is sent, and what happens in each try.

    :param wobbles: whether the number of chunks at a time changes while it is sent.
    """

    things: list
    settings: Settings
    store: bool = True
    repeatable: bool = True
    tries: list = field(default_factory=list)
    edits: list = field(default_factory=list)
    breaks_at: int | None = None
    wobbles: bool = False


def scenario_of(seed):
    """Make the scenario of a seed; its own random source goes on to play it."""
    random = Random(seed)
    change = random.random() < 0.4
    tries = [plan_of(random) for _ in range(random.choice((0, 1, 1, 2, 2, 3)))]
    edits = [edits_of(random, 0.5 if number else 0.0) if change else [] for number in range(len(tries))]
    if change and random.random() < 0.2:  # what a store that lags behind the input would lose
        tries, edits = [Plan(), Plan(ends="kill", at=random.randrange(1, 25))], [edits_of(random, 0.0), [("back", 0)]]
    count = random.choice((0, 1, 5, 12, 30, 30, 60))
    return (
        Scenario(
            things=[spec_of(random) for _ in range(count)],
            settings=settings_of(random),
            store=change or random.random() < 0.8,
            repeatable=random.random() < 0.6,
            tries=tries,
            edits=edits,
            breaks_at=random.randrange(count + 1) if random.random() < 0.1 else None,
            wobbles=random.random() < 0.3,
        ),
        random,
    )


def spec_of(random):
    """Make an element: few records, so that they conflict; some search, ask for messages, or fail."""
    record = random.choice((*RECORDS, *RECORDS, *"fghijklmnop", None))
    return record, random.random() < 0.33, random.choice(("good",) * 6 + ("bad", "invalid"))


def plan_of(random):
    """Make a plan."""
    return Plan(
        faults=random.choice((0, 10, 40, 90)),
        kinds=tuple(random.sample(FAULTS, random.randrange(1, len(FAULTS)))),
        too_much=random.choice((NEVER, NEVER, 2, 1)),
        flaky=random.choice((0, 0, 20)),
        ends=random.choice(ENDS),
        at=random.randrange(1, 61),
    )


def settings_of(random):
    """Make settings."""
    return Settings(
        chunk_size=random.randrange(1, 8),
        max_in_flight=random.choice([1, 2, 3, 4, "auto"]),
        max_chunk_bytes=random.choice((1_048_576, 1_048_576, 300)),
        on_ambiguous=random.choice(("auto", "auto", "resend", "report")),
        max_elements_per_second=random.choice((None, None, None, 4.0, 25.0)),
    )


def edits_of(random, back):
    """Make some changes of an input, or let it go back to what it was before."""
    if random.random() < back:
        return [("back", random.randrange(41))]
    return [(random.choice(("put", "drop", "add")), random.randrange(41)) for _ in range(random.randrange(4))]
