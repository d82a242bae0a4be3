"""The world that a run lives in: it carries requests and values, has a clock, and decides what happens next.

Everything that happens beside the engine (a request arrives, an answer comes back, a value is kept, time passes, the
process is killed) is a step, and a random source says which one comes next. So a run is as fast as its thinking, and
the same choices always give the same run.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from functools import partial

from support.simulator.plans import Plan
from support.simulator.service import Request, Service

from airflow_provider_vcc.dispositions.engine.messages import Answered, Began, Saved
from airflow_provider_vcc.dispositions.http.answers import Fault
from airflow_provider_vcc.dispositions.progress.progress import KEY, Layout, Segment
from airflow_provider_vcc.dispositions.progress.synced import Change, Remembering, State
from airflow_provider_vcc.dispositions.progress.synced import Remembered as Entry

LAYOUT = Layout(stretch=4, stretches=3)
CONNECTS = 3
"""Of a paced run, each third request waits for its connection."""
MOST_STEPS = 20_000
MOST_VALUE = 65_535
SHORTEST_WAIT = 0.0005
NAP = (0.0, 0.004, 0.1, 2.0)


class Killed(BaseException):
    """The process is gone; nothing that runs after this has any effect."""


class Interrupted(BaseException):
    """Something like Airflow's time-out, raised in the thread that drives the window."""


class Remembered(dict):
    """A ledger that outlasts every run: record -> what stands for it."""

    def differing(self, wanted):
        """Return what stands there and is another, or doubtful."""
        return {r: self.get(r) for r, mark in wanted.items() if self.get(r) != Entry(mark, State.APPLIED)}

    def write(self, entries):
        """Keep entries; None forgets one."""
        for record, entry in entries.items():
            if entry is None:
                self.pop(record, None)
            else:
                self[record] = entry

    def doubt_all(self):
        """Make everything unknown."""
        for record, entry in self.items():
            self[record] = Entry(entry.fingerprint, State.UNKNOWN)

    def close(self):
        """Nothing is open."""


class World:
    """The service, the store and the clock outlast every try; the rest begins anew with each.

    :param random: decides everything that is left to chance.
    """

    def __init__(self, random):
        self.random = random
        self.things = {}
        self.stood = {}
        self.service = Service(self)
        self.stored = {}
        self.remembered = Remembered()
        self.now = 1_000.0
        self.attempt = 0
        self.plan = Plan()
        self.orphans = []
        self.trace = []
        self.seen = Counter()

    def note(self, *what):
        """Write a line of the trace."""
        self.trace.append(f"{self.now:10.3f}  try {self.attempt}  {' '.join(map(str, what))}")

    def stands(self, things):
        """Note in which stretch of the input each thing stands for the try that comes now."""
        places = enumerate(things)
        self.stood[self.attempt + 1] = {thing.name: position // LAYOUT.stretch for position, thing in places}

    # Chance

    def pick(self, options):
        """Return one of some options."""
        return options[self.random.randrange(len(options))]

    def chance(self, percent):
        """Return True in so many of a hundred cases."""
        return percent > 0 and self.random.randrange(100) >= 100 - percent

    # The service's ledger

    @property
    def ledger(self):
        """What took effect."""
        return self.service.ledger

    @property
    def confirmed(self):
        """The names of what an answer said ``true`` for."""
        return self.service.confirmed

    def effects(self, name):
        """Count how often a thing took effect."""
        return self.service.effects(name)

    # The store

    def get(self, key, default=None):
        """Return a kept value."""
        return json.loads(self.stored[key]) if key in self.stored else default

    def set(self, key, value):
        """Keep a value; what is for the ledger that outlasts a run goes there."""
        if isinstance(value, Change):
            Remembering(self.remembered, None).set(key, value)
            return
        text = json.dumps(value)
        assert len(text) < MOST_VALUE
        self.stored[key] = text

    def delete(self, key):
        """Forget a value."""
        self.stored.pop(key, None)

    def kept(self, name):
        """Return the positions whose bit is set in the store: ``applied`` or ``unsettled``."""
        found = set()
        for number in range(len(self.stored)):
            segment = Segment.decode(self.get(KEY.format(number)), LAYOUT)
            bits = getattr(segment, name) if segment is not None else 0
            found |= {number * LAYOUT.span + bit for bit in range(LAYOUT.span) if bits >> bit & 1}
        return found


class Life:
    """One process in a world: it is a run's carrier.

    :param keeps: whether there is a store.
    :param orphaned: what happens when the process loses its parent; returns the events of its successor.
    """

    def __init__(self, world, plan, *, keeps, orphaned=None):
        self.world = world
        self.plan = plan
        self.keeps = keeps
        self.orphaned = orphaned
        self.attempt = world.attempt
        self.steps = 0
        self.dead = False
        self.store_refuses = self.stopped = False
        self.air = []
        self.writing = None
        self.reports = deque()
        self.told = self.closed = False
        self.awake = False
        self.sent = []
        self.launches = []
        self.sync = self.sink = None

    def clock(self):
        """Return the world's time."""
        return self.world.now

    def prepare(self):
        """Nothing is to be prepared."""

    def close(self, seconds):
        """Note that nothing is open any more."""
        self.closed = True

    # Steps

    def step(self):
        """Count a step, and end the try where its time has come."""
        if self.dead:
            raise Killed
        self.steps += 1
        assert self.steps < MOST_STEPS, "the run does not come to an end"
        if self.plan.ends is not None and self.steps == self.plan.at:
            self.world.note("--", self.plan.ends)
            self.world.seen[f"ended by {self.plan.ends}"] += 1
            getattr(self, f"_{self.plan.ends}")()

    def _kill(self):
        """Kill the process: what is in the air may still take effect."""
        self.dead = True
        for request in self.air:
            if not request.acted and request.acts and not request.connecting and self.world.chance(50):
                self.world.service.act(request)
        raise Killed

    def _stop(self):
        self.sync.stop()
        self.stopped = True

    def _interrupt(self):
        raise Interrupted

    def _store(self):
        self.store_refuses = True

    def _unauthorised(self):
        """Revoke the token: from now on, the service refuses it."""

    def _orphan(self):
        """Take its parent away, and with it the store; a successor runs beside it."""
        self.store_refuses = True
        if self.orphaned is not None:
            self.world.orphans.append(self)
            self.orphaned()

    @property
    def refused(self):
        """Whether the token is not valid any more."""
        return self.plan.ends == "unauthorised" and self.steps >= self.plan.at

    # What the run asks for

    def send(self, delivery, in_air):
        """Take a request off the engine's hands."""
        if self.dead:
            return True
        world = self.world
        request = Request(delivery, self._kind(delivery.chunk), self.attempt, world.now)
        if request.kind in {"general", "too_large"} and any(map(world.effects, request.names)):
            request.kind = "busy"  # the service does not refuse what it has done before
        world.note("send", *request.names, f"({request.kind})")
        world.seen[request.kind] += 1
        self._look_at(request, in_air)
        self.air.append(request)
        self.sent.append(request)
        request.connecting = self.connects and len(self.sent) % CONNECTS == 0
        if request.connecting:
            return None
        self.launches.append((world.now, len(request.elements)))
        return True

    @property
    def connects(self):
        """Whether some requests have no connection yet: only a pace has to know of it."""
        return self.sync.settings.max_elements_per_second is not None

    def _begin(self, request):
        """Let a request go out that has waited for its connection."""
        request.connecting = False
        self.launches.append((self.world.now, len(request.elements)))
        return Began(request.delivery)

    def _kind(self, chunk):
        plan, world = self.plan, self.world
        if self.refused:
            return "unauthorised"
        if len(chunk) > plan.too_much:
            return world.pick(("timeout", "acted_timeout"))
        return world.pick(plan.kinds) if plan.kinds and world.chance(plan.faults) else "ok"

    def abort(self, delivery):
        """Cut a request off."""
        for request in self.air:
            if request.delivery is delivery:
                request.aborted = True
                self.world.seen["cut off"] += 1

    def save(self, values):
        """Begin a write."""
        if self.dead:
            return
        assert self.writing is None, "two writes at once"
        self.writing = deque(values)

    def wake(self):
        """End a wait."""
        self.awake = True

    def pending(self):
        """Return whether something was reported."""
        self._forget_told()
        return bool(self.reports)

    def _forget_told(self):
        """Forget what was returned last, now that the next one is asked for."""
        if self.told:
            self.told = False
            self.reports.popleft()

    def interrupted(self, on_the_way, *, saving):
        """Report what was not taken in once more, and what was never begun."""
        self.told = False
        begun = {request.delivery for request in self.air}
        for delivery in on_the_way:
            if delivery not in begun:
                self.reports.append(Answered(delivery, Fault("interrupted", delivered=False), self.world.now))
        if saving and self.writing is None and not any(isinstance(report, Saved) for report in self.reports):
            self.reports.append(Saved(None, OSError("interrupted")))

    def wait(self, seconds):
        """Let the world go on, until something is reported or the time is up."""
        self._forget_told()
        world = self.world
        until = world.now + max(seconds, SHORTEST_WAIT)
        while not self.reports:
            self.step()
            if self.awake and not self.reports:
                self.awake = False
                return None
            options = [] if self.reports else self._options()
            later = world.now + world.pick(NAP)
            if not self.reports and (not options or later >= until):
                world.now = max(world.now, until)
                return None
            if options:
                world.now = later
                event = world.pick(options)()
                if event is not None:
                    self.reports.append(event)
        self.told = True
        return self.reports[0]

    def _options(self):
        due = [request for request in self.air if request.is_due(self.world.now)]
        found = [partial(self._begin if request.connecting else self._proceed, request) for request in due]
        found += [
            partial(self._late, request) for life in self.world.orphans for request in life.air if life is not self
        ]
        return [*found, self._keep] if self.writing is not None else found

    def _late(self, request):
        """Let a request of an orphan take effect."""
        if request.acts and not request.acted and not request.connecting:
            self.world.service.act(request)

    def _proceed(self, request):
        """Let a request take effect, or its answer come back."""
        service = self.world.service
        if request.acts and not request.acted:
            service.act(request)
            if self.world.chance(50):
                return None
        self.air.remove(request)
        evidence = service.evidence(request)
        self.world.note("answer", *request.names, type(evidence).__name__)
        return Answered(request.delivery, evidence, self.world.now)

    def _keep(self):
        """Keep one value of the write that goes on, or report its end."""
        if self.store_refuses:
            self.writing = None
            return Saved(0.01, OSError("the store is gone"))
        if not self.writing:
            self.writing = None
            self.world.note("saved")
            return Saved(0.01)
        key, value = self.writing.popleft()
        self.world.set(key, value.encode() if isinstance(value, Segment) else value)
        return None

    # What it may not ask for

    def _look_at(self, request, in_air):
        """See that a request may go out now, beside those that are in the air."""
        settings, things = self.sync.settings, [self.world.things[name] for name in request.names]
        assert len(things) <= settings.chunk_size
        assert request.size <= settings.max_chunk_bytes
        assert len({thing.messages for thing in things}) == 1, "messages are mixed with others"
        assert {thing.fate for thing in things} <= {"good", "bad"}, "an invalid element was sent"
        assert in_air == len(self.air) + 1
        assert not self.stopped, "it was sent after the run was stopped"
        records = {thing.record for thing in things}
        for other in self.air:
            beside = {self.world.things[name].record for name in other.names}
            assert None not in records, "a search is not alone"
            assert not records & {None, *beside}, "a record is in the air twice"
        most = self.sync.window.limit
        assert len(self.air) < most.now, "more are in the air than may be"
        if self.keeps and not self.store_refuses:
            unsaved = [sent for sent in self.sent if sent.promised - self._kept_names("applied")]
            assert len(self.air) + len(unsaved) < most.now, "the window is exceeded"
            assert len(self._loose()) <= settings.chunk_size * (most.most + 1), "a kill would repeat too much"
        if self.keeps and not self.repeats(things[0]):
            assert set(request.names) <= self._kept_names("unsettled"), "it was not noted before"

    def _loose(self):
        """Return the names of what took effect in this try, and of which neither the store nor the user knows."""
        told = {self.sync.source.things[failure.position].name for failure in self.sink.failures}
        done = {effect.thing.name for effect in self.world.ledger if effect.attempt == self.attempt}
        return done - self._kept_names("applied") - self._kept_names("unsettled") - told

    def repeats(self, thing):
        """Return whether a thing may be sent again when nobody can say what became of it."""
        mode = self.sync.settings.on_ambiguous
        return mode == "resend" or (mode == "auto" and not thing.messages)

    def _kept_names(self, name):
        """Return the names of the things that the store has for applied or unsettled."""
        things = self.sync.source.things
        return {things[position].name for position in self.world.kept(name) if position < len(things)}
