"""The engine played in a :class:`~support.world.World`: no threads, no sockets, no waiting."""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from queue import Empty
from unittest import mock

from support.world import STRETCH, STRETCHES, Interrupted, Killed

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine import breaker as service
from airflow_provider_vcc.dispositions.engine import pace, sync
from airflow_provider_vcc.dispositions.engine import saves as journal
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.exchange import Attempt
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.progress import progress
from airflow_provider_vcc.dispositions.progress import resume as reader


class Events:
    """The loop's queue; asking it lets the world go on."""

    def __init__(self, world):
        self.world = world
        self.items = deque()

    def put(self, item):
        """Report something to the loop."""
        self.items.append(item)

    def empty(self):
        """Say whether nothing was reported."""
        return not self.items

    def get(self, timeout=None):
        """Give what was reported first; raise Empty when the time is up."""
        world = self.world
        until = None if timeout is None else world.now + timeout
        while not self.items:
            world.step()
            if self.items:
                break
            actions = world.actions()
            later = world.now + world.pick((0.0, 0.004, 0.1, 2.0))
            if not actions or (until is not None and later >= until):
                assert until is not None, "the loop waits for nothing"
                world.now = until
                raise Empty
            world.now = later
            event = world.pick(actions)()
            if event is not None:
                self.items.append(event)
        return self.items.popleft()


class PlayedSenders:
    """Senders without threads."""

    def __init__(self, client, frame, done):
        self.world = client
        self.head, self.tail = frame

    def send(self, chunk, in_air):
        """Put a chunk in the air."""
        chunk.attempt = Attempt()
        self.world.launch(chunk, self.head + chunk.body + self.tail)

    def close(self, seconds):
        """Nothing runs."""


class PlayedSaver:
    """A saver without a thread."""

    def __init__(self, store, done):
        self.world = store
        self.done = done
        self.busy = False

    def save(self, values):
        """Begin a write."""
        if self.world.dead:
            return
        assert self.world.writing is None, "two writes at once"
        self.busy = True
        self.world.writing = deque(values), self.done

    def close(self, seconds):
        """Nothing runs."""


class Sink:
    """Keeps failures."""

    def __init__(self):
        self.failures = []

    def write(self, failures):
        """Keep some."""
        self.failures += failures

    def close(self):
        """Nothing is buffered."""


def played(world):
    """Give a context in which the engine runs in the world's time, without threads."""

    def clock():
        return world.now

    stack = ExitStack()
    for module, names in {
        sync: {
            "SimpleQueue": lambda: Events(world),
            "Senders": PlayedSenders,
            "Service": partial(service.Service, clock=clock),
            "Pace": partial(pace.Pace, clock=clock),
            "monotonic": clock,
            "jitter": lambda attempt: min(8.0, 0.25 * 2**attempt),
        },
        service: {"jitter": lambda attempt: min(8.0, 0.25 * 2**attempt)},
        journal: {"Saver": PlayedSaver, "monotonic": clock},
        progress: {
            "STRETCH": STRETCH,
            "STRETCHES": STRETCHES,
            "SPAN": STRETCH * STRETCHES,
            "WHOLE": (1 << STRETCH) - 1,
        },
        reader: {"STRETCH": STRETCH},
    }.items():
        for name, value in names.items():
            stack.enter_context(mock.patch.object(module, name, value))
    return stack


@dataclass
class Ended:
    """How a try ended, and what it said of each position."""

    sync: Sync
    error: BaseException | None
    outcomes: dict
    reasons: dict
    resumed: int

    @property
    def killed(self):
        """Whether the process died."""
        return isinstance(self.error, Killed)


def attempt(world, source, plan, settings=None, *, store=True, threshold=None, trusting=True):
    """Run one try in the world, to whatever end.

    :param trusting: look at how its parts agree, which is too much to ask where it was interrupted anywhere.
    """
    world.begin(plan, keeps=store)
    sink = Sink()
    before = world.kept("applied"), world.kept("unsettled")
    run = Sync(
        world,
        source,
        Checker(),
        settings=settings or Settings(),
        threshold=threshold,
        store=world if store else None,
        sinks=[sink],
    )
    world.sync = run
    world.sink = sink
    error = None
    try:
        run.run()
    except AssertionError:
        raise
    except (Exception, Killed, Interrupted) as raised:  # noqa: BLE001 -- the test looks at it
        error = raised
    finally:
        run._reader.close()
    if isinstance(run.error, AssertionError):
        raise run.error
    outcomes = dict.fromkeys(applied_positions(run), Outcome.APPLIED)
    doubled = [failure.position for failure in sink.failures if failure.position in outcomes]
    ended = Ended(run, error, outcomes, {}, run.tally.resumed)
    ended.before = before
    ended.failures = sink.failures
    for failure in sink.failures:
        outcomes[failure.position] = failure.outcome
        ended.reasons[failure.position] = failure.errormessage
    if trusting and not ended.killed:
        assert not doubled, f"two outcomes for {doubled}"
        counted = Counter(failure.position for failure in sink.failures)
        assert max(counted.values(), default=1) == 1, f"reported twice: {counted}"
    return ended


def applied_positions(run):
    """Give the positions that a run holds for applied, as far as it has read."""
    span = STRETCH * STRETCHES
    return [
        number * span + bit
        for number, segment in run.progress.segments.items()
        for bit in progress.ones(segment.applied)
        if number * span + bit < run.read
    ]
