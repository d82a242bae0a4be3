"""A hundred thousand elements through every kind of fault at once."""

from __future__ import annotations

from collections import Counter

from support.engine import Failures, MemoryStore, run

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import (
    Broken,
    Cut,
    CutAnswer,
    GoDown,
    Goodbye,
    Hang,
    Latency,
    Odd,
    OneOf,
    Status,
    Trickle,
)

COUNT, RECORDS = 100_000, 20_000
TOO_LARGE = 413
"""What a request of one element is rejected with; a larger one is halved."""
EVERYTHING = (
    Status(503),
    Status(503, acted=True),
    Status(500, acted=True),
    Status(504),
    Status(429, retry_after=0.2),
    Status(413),
    Cut("unread"),
    Cut("read"),
    Cut("acted"),
    Cut("acted", reset=False),
    CutAnswer(60),
    CutAnswer(-3),
    Hang(),
    Hang("first"),
    Trickle(1, 0.2),
    Broken("html"),
    Broken("truncated"),
    Broken("empty", acted=False),
    Odd("short", 3),
    Odd("errors-map"),
    Odd("list"),
    Goodbye(),
    Goodbye(announced=False),
    GoDown(0.3),
)


def chaotic():
    """Return elements of which each record has five, one in ten asks for messages, and a few search."""
    things = [{"numberid": str(n % RECORDS + 1), "description": f"{n:06}"} for n in range(COUNT)]
    for n in range(0, COUNT, 10):
        things[n]["sendDispositionMessages"] = True
    for n in range(5_001, COUNT, 9_001):
        things[n] = {"search": {"phone": f"+3612{n % RECORDS:06d}"}, "description": f"{n:06}"}
    return things


def test_a_hundred_thousand_elements_survive_every_kind_of_fault_at_once():
    things, store, sink = chaotic(), MemoryStore(), Failures()
    faults = OneOf(0.05, EVERYTHING, seed=7) + Latency(0, 0.02)
    with Sandbox.process(records=RECORDS, faults=faults) as sandbox:
        options = {"chunk_size": 250, "max_in_flight": 8, "timeout": 1.5, "store": store}
        done, error = run(sandbox.url, things, sinks=[sink], **options)
        assert sandbox.idle(30)
        assert error is None
        assert done.tally.total == COUNT
        assert not any(done.tally.counts[o] for o in (Outcome.INVALID, Outcome.NOT_SENT))
        refused = {failure.position for failure in sink.all if failure.errorcode == TOO_LARGE}
        assert done.tally.counts[Outcome.REJECTED] == len(refused), "only one element that is too large is refused"
        unknown = {failure.position for failure in sink.all if failure.outcome is Outcome.UNKNOWN}
        assert 0 < len(unknown) < COUNT / 50
        look_at(sandbox.ledger, things, unknown | refused)
        assert sandbox.ledger.most_parallel() <= 8

        sandbox.faults = None
        last = Failures()
        again, error = run(sandbox.url, things, sinks=[last], **options)
        assert error is None
        assert again.tally.resumed == done.tally.counts[Outcome.APPLIED]
        blocked = {failure.position for failure in last.all if failure.outcome is Outcome.UNKNOWN}
        assert {failure.errormessage.split(" ")[0] for failure in last.all} <= {"an", "superseded"}
        assert blocked <= unknown
        assert all(things[position].get("sendDispositionMessages") for position in blocked)
        look_at(sandbox.ledger, things, {failure.position for failure in last.all})


def look_at(ledger, things, unknown):
    """See that nothing is lost, no message went out twice, and each record has its last value."""
    effects = ledger.counts()
    times, newest = Counter(), {}
    for (number, description), count in effects.items():
        times[description] += count
        newest[number] = max(newest.get(number, ""), description)
    for position, thing in enumerate(things):
        count = times[thing["description"]]
        assert count or position in unknown, f"{thing} is lost"
        assert count <= 1 or not thing.get("sendDispositionMessages"), f"{thing} went out {count} times"
    last = {event.numberid: event.description for event in ledger.events()}
    assert last == newest
