"""One try in a world, to whatever end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from support.simulator.world import LAYOUT, Interrupted, Killed, Life

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.progress.progress import ones


class Sink:
    """Keeps failures."""

    def __init__(self):
        self.failures = []

    def write(self, failures):
        """Keep some."""
        self.failures += failures

    def close(self):
        """Nothing is buffered."""


class Wobbly(Fixed):
    """A limit that changes with each answer."""

    def __init__(self, most, random):
        super().__init__(most)
        self.random = Random(random.random())

    def answered(self, sent, count, now):
        """Change."""
        self.now = self.random.randrange(1, self.most + 1)

    def failed(self, trouble, now):
        """Go back to one at a time."""
        self.now = 1


@dataclass
class Ended:
    """How a try ended, and what it said of each position."""

    sync: Sync
    life: Life
    error: BaseException | None
    before: tuple
    outcomes: dict = field(default_factory=dict)
    reasons: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    @property
    def killed(self):
        """Whether the process died."""
        return isinstance(self.error, Killed)

    @property
    def resumed(self):
        """How many elements earlier tries had applied."""
        return self.sync.tally.resumed


def longer(attempt):
    """Wait as long as the longest jitter."""
    return min(8.0, 0.25 * 2**attempt)


def attempt(
    world,
    source,
    plan,
    settings=None,
    *,
    store=True,
    threshold=None,
    trusting=True,
    wobbles=False,
    then=None,
    synced=None,
):
    """Run one try in the world, to whatever end.

    :param trusting: look at how its parts agree, which is too much to ask where it was interrupted anywhere.
    :param then: runs the next try, if this one is orphaned.
    :param synced: what is remembered from night to night.
    """
    world.attempt += 1
    world.plan = plan
    life = Life(world, plan, keeps=store, orphaned=then)
    settings = settings or Settings()
    life.sink = Sink()
    life.sync = run = Sync(
        None,
        source,
        Checker(),
        settings=settings,
        threshold=threshold,
        kept=Kept(world if store else None, layout=LAYOUT, synced=synced),
        sinks=[life.sink],
        carrier=life,
        limit=Wobbly(4, world.random) if wobbles else None,
        wait=longer,
    )
    source.world = life if source.world is not None else None
    before = world.kept("applied"), world.kept("unsettled")
    ended = Ended(run, life, run_of(run), before, failures=life.sink.failures)
    if isinstance(run.error, AssertionError):
        raise run.error
    look(ended, trusting=trusting)
    return ended


def run_of(run):
    """Run to the end, and return what it raised."""
    try:
        run.run()
    except AssertionError:
        raise
    except (Exception, Killed, Interrupted) as raised:  # noqa: BLE001 -- the test looks at it
        return raised
    finally:
        run._reader.close()
    return None


def look(ended, *, trusting):
    """Gather what was said of each position, once."""
    outcomes = ended.outcomes = dict.fromkeys(applied_positions(ended.sync), Outcome.APPLIED)
    doubled = [failure.position for failure in ended.failures if failure.position in outcomes]
    for failure in ended.failures:
        outcomes[failure.position] = failure.outcome
        ended.reasons[failure.position] = failure.errormessage
    if trusting and not ended.killed:
        assert not doubled, f"two outcomes for {doubled}"
        counted = Counter(failure.position for failure in ended.failures)
        assert max(counted.values(), default=1) == 1, f"reported twice: {counted}"


def applied_positions(run):
    """Return the positions that a run holds for applied, as far as it has read."""
    return [
        number * LAYOUT.span + bit
        for number, segment in run.progress.segments.items()
        for bit in ones(segment.applied)
        if number * LAYOUT.span + bit < run.read
    ]
