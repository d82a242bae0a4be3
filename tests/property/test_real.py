"""The same over real HTTP: whatever the sandbox does to the requests, its ledger agrees with what is said of them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.engine import Failures, MemoryStore, run

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Broken, Cut, CutAnswer, Goodbye, Hang, Odd, Status, Trickle

RECORDS = 12
faults = st.sampled_from(
    [
        None,
        None,
        None,
        Status(503),
        Status(500, acted=True),
        Status(429, retry_after=0),
        Status(429, retry_after=0.2),
        Status(504, acted=True),
        Status(413),
        Status(400),
        Status(403),
        Cut("unread"),
        Cut("read"),
        Cut("acted"),
        CutAnswer(40),
        CutAnswer(-1),
        Hang(),
        Hang("first"),
        Trickle(1, 0.05),
        Broken("html"),
        Broken("truncated"),
        Odd("short", 2),
        Odd("both"),
        Odd("false"),
        Odd("list"),
        Odd("single-error"),
        Goodbye(),
        Goodbye(announced=False),
    ]
)
records = st.integers(1, RECORDS + 1) | st.just(None)
things = st.lists(st.tuples(records, st.sampled_from([False, False, True])), min_size=1, max_size=60)
ways = st.fixed_dictionaries(
    {
        "chunk_size": st.integers(1, 9),
        "max_in_flight": st.integers(1, 4),
        "on_ambiguous": st.sampled_from(["auto", "resend", "report"]),
    }
)


def quick(attempt):
    """Wait a fiftieth of the usual time before the next attempt."""
    return min(8.0, 0.25 * 2**attempt) / 50


def input_of(some):
    """Return elements; the record after the last one is not there, and None searches."""
    found = []
    for number, (record, messages) in enumerate(some):
        element = {"numberid": str(record)} if record else {"search": {"name": "Green"}}
        element |= {"sendDispositionMessages": True} if messages else {}
        found.append(element | {"description": f"{number:03}"})
    return found


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(some=things, script=st.lists(faults, max_size=15), way=ways, shape=st.sampled_from(["map", "php", "list"]))
def test_what_is_said_of_each_element_agrees_with_the_ledger(some, script, way, shape):
    given_, options = input_of(some), {"store": MemoryStore(), "timeout": 0.3, "wait": quick, **way}
    with Sandbox(records=RECORDS, faults=script, shape=shape) as sandbox:
        for last in (False, True):
            sink = Failures()
            done, error = run(sandbox.url, given_, sinks=[sink], **options)
            assert sandbox.idle(10)
            assert done.tally.total == len(given_)
            assert error is None or not last
            said = {failure.position: failure.outcome for failure in sink.all}
            assert len(said) == len(sink.all) == done.tally.failed
            look_at(sandbox.ledger, given_, said, done)
            sandbox.faults = None


def look_at(ledger, given_, said, done):
    """See that what is claimed is there, and that nothing is there twice that must not be."""
    effects, mode = ledger.counts(), done.settings.on_ambiguous
    most = {}
    for (_, description), count in effects.items():
        most[description] = max(count, most.get(description, 0))
    counts = {position: most.get(element["description"], 0) for position, element in enumerate(given_)}
    if not done.tally.counts[Outcome.NOT_SENT]:
        for position, element in enumerate(given_):
            assert position in said or counts[position] >= 1, f"{element} is claimed and not there"
    for position, element in enumerate(given_):
        if mode == "report" or (mode == "auto" and element.get("sendDispositionMessages")):
            assert counts[position] <= 1, f"{element} is there {counts[position]} times"
    assert sum(count > 0 for count in counts.values()) >= done.tally.counts[Outcome.APPLIED]
    assert ledger.most_parallel() <= done.settings.max_in_flight
