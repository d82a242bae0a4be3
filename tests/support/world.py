"""A world for the engine to run in: a service with its ledger, a store, a clock, and all that can go wrong.

Everything that happens beside the loop's own thread (a request arrives, an answer comes back, a value is kept, time
passes, the process is killed) is a step, and a random source says which one comes next. So a run is as fast as its
thinking, and the same choices always give the same run.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from functools import partial

from airflow_provider_vcc.dispositions.engine.saver import Saved
from airflow_provider_vcc.dispositions.http.answers import Fault, Refusal, read_answer
from airflow_provider_vcc.dispositions.progress.progress import KEY, Segment
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.exceptions import VccAuthenticationError, VccInputError

STRETCH, STRETCHES = 4, 3
MOST_STEPS = 20_000
MOST_VALUE = 65_535
RECORDS = tuple("ABCDE")


class Killed(BaseException):
    """The process is gone; nothing that runs after this has any effect."""


class Interrupted(BaseException):
    """Something like Airflow's time-out, raised in the loop's thread."""


@dataclass(frozen=True)
class Thing:
    """One element of an input, with what the service makes of it.

    :param name: unlike any other's; it travels as the description.
    :param record: its ``numberid``; None for an element with ``search``, which touches every record.
    :param fate: ``good``, ``bad`` (the service always rejects it) or ``invalid`` (it is none).
    """

    name: str
    record: str | None
    messages: bool = False
    fate: str = "good"

    def element(self):
        """Give the element as a source would."""
        element = {"description": self.name}
        if self.record is None:
            element["search"] = {"name": "anybody"}
        else:
            element["numberid"] = self.record
        if self.messages:
            element["sendDispositionMessages"] = True
        if self.fate == "invalid":
            element["dispositionId"] = "4"
        return element


class Source:
    """Gives things in batches; ``breaks_at`` is where the input cannot be read any further."""

    name = "things"

    def __init__(self, things, *, repeatable=True, breaks_at=None, world=None):
        self.things = things
        self.repeatable = repeatable
        self.breaks_at = breaks_at
        self.total = len(things) if repeatable else None
        self.world = world
        self.reads = 0

    def read(self, size):
        """Give batches of exactly ``size`` things but for the last."""
        self.reads += 1
        assert self.repeatable or self.reads == 1, "an input that can be read once was read again"
        end = len(self.things) if self.breaks_at is None else min(self.breaks_at, len(self.things))
        for start in range(0, end, size):
            if self.world is not None:
                self.world.step()
            yield ObjectRows(start, [thing.element() for thing in self.things[start : min(start + size, end)]])
        if self.breaks_at is not None:
            raise VccInputError("it breaks off", source=self.name, place=str(end))

    def share(self):
        """Nobody asks."""
        return


@dataclass
class Effect:
    """A thing took effect at the service."""

    thing: Thing
    attempt: int


@dataclass
class Plan:
    """How hostile a try is.

    :param faults: of a hundred requests, how many go wrong.
    :param kinds: the ways in which they do.
    :param too_much: requests with more elements than this time out.
    :param flaky: of a hundred elements, how many are rejected this time only.
    :param ends: what ends the try before its time: ``None``, ``kill``, ``stop``, ``interrupt``, ``store`` (refuses).
    :param at: the step at which it does.
    """

    faults: int = 0
    kinds: tuple = ()
    too_much: int = 10**9
    flaky: int = 0
    ends: str | None = None
    at: int = 0


FAULTS = (
    "refused",
    "busy",
    "lost",
    "acted_lost",
    "timeout",
    "acted_timeout",
    "short",
    "both",
    "false",
    "garbage",
    "too_large",
    "general",
)


class Request:
    """A request in the air."""

    def __init__(self, chunk, body, kind):
        self.chunk = chunk
        self.elements = json.loads(body)["elements"]
        self.size = len(body)
        self.kind = kind
        self.acted = False
        self.said = {}
        self.promised = set()

    @property
    def names(self):
        """Give the names of the things that it carries."""
        return [element["description"] for element in self.elements]

    def things(self, world):
        """Give the things that it carries."""
        return [world.things[name] for name in self.names]


@dataclass
class World:
    """The service, its ledger, the store and the clock; they outlast every try.

    :param random: decides everything that is left to chance.
    :param things: every thing that ever was in an input, by name.
    """

    random: object
    things: dict = field(default_factory=dict)
    ledger: list = field(default_factory=list)
    reached: list = field(default_factory=list)
    confirmed: set = field(default_factory=set)
    stored: dict = field(default_factory=dict)
    now: float = 1_000.0
    attempt: int = 0
    plan: Plan = field(default_factory=Plan)

    def begin(self, plan, *, keeps):
        """Start a try; ``keeps`` says whether there is a store."""
        self.keeps = keeps
        self.attempt += 1
        self.plan = plan
        self.steps = 0
        self.dead = False
        self.air = []
        self.writes = deque()
        self.writing = None
        self.store_refuses = False
        self.sent = []
        self.launches = []
        self.sync = None

    # Chance

    def pick(self, options):
        """Give one of some options."""
        return options[self.random.randrange(len(options))]

    def chance(self, percent):
        """Say yes in so many of a hundred cases."""
        return percent > 0 and self.random.randrange(100) >= 100 - percent

    # Steps

    def step(self):
        """Count a step, and end the try where its time has come."""
        if self.dead:
            raise Killed
        self.steps += 1
        assert self.steps < MOST_STEPS, "the run does not come to an end"
        if self.plan.ends is None or self.steps != self.plan.at:
            return
        if self.plan.ends == "kill":
            self.die()
        elif self.plan.ends == "stop":
            self.sync.stop()
        elif self.plan.ends == "store":
            self.store_refuses = True
        else:
            raise Interrupted

    def die(self):
        """Kill the process: what is in the air may still take effect."""
        self.dead = True
        for request in self.air:
            if not request.acted and self.acts(request) and self.chance(50):
                self.act(request)
        raise Killed

    def actions(self):
        """Give what may happen next, beside the passing of time."""
        found = [partial(self.proceed, request) for request in self.air]
        if self.writing is not None:
            found.append(self.keep)
        return found

    # The service

    def launch(self, chunk, body):
        """Take a request off the engine's hands."""
        if self.dead:
            return
        request = Request(chunk, body, self.kind(chunk))
        if request.kind in {"general", "too_large"} and any(map(self.effects, request.names)):
            request.kind = "busy"  # the service does not refuse what it has done before
        self.look_at(request)
        self.air.append(request)
        self.sent.append(request)
        self.launches.append((self.now, len(request.elements)))

    def look_at(self, request):
        """See that a request may go out now, beside those that are in the air."""
        settings, things = self.sync.settings, request.things(self)
        assert len(things) <= settings.chunk_size
        assert request.size <= settings.max_chunk_bytes
        assert len({thing.messages for thing in things}) == 1, "messages are mixed with others"
        assert {thing.fate for thing in things} <= {"good", "bad"}, "an invalid element was sent"
        records = {thing.record for thing in things}
        for other in self.air:
            assert None not in records, "a search is not alone"
            assert not records & {None, *(thing.record for thing in other.things(self))}, "a record is in the air twice"
        if self.keeps:
            unsaved = [sent for sent in self.sent if sent.promised - self.kept_names("applied")]
            assert len(self.air) + len(unsaved) < settings.max_in_flight, "the window is exceeded"
            most = settings.chunk_size * (settings.max_in_flight + 1)
            assert len(self.loose()) <= most, "a kill would repeat too much"
            if not self.repeats(request):
                assert {thing.name for thing in things} <= self.kept_names("unsettled"), "it was not noted before"

    def loose(self):
        """Give the names of what took effect in this try, and of which neither the store nor the user knows."""
        told = {self.sync.source.things[failure.position].name for failure in self.sink.failures}
        done = {effect.thing.name for effect in self.ledger if effect.attempt == self.attempt}
        return done - self.kept_names("applied") - self.kept_names("unsettled") - told

    def repeats(self, request):
        """Say whether a request may be sent again when nobody can say what became of it."""
        mode = self.sync.settings.on_ambiguous
        return mode == "resend" or (mode == "auto" and not request.things(self)[0].messages)

    def kept_names(self, name):
        """Give the names of the things that the store has for applied or unsettled."""
        things = self.sync.source.things
        return {things[position].name for position in self.kept(name) if position < len(things)}

    def kind(self, chunk):
        """Decide how a request ends."""
        if len(chunk) > self.plan.too_much:
            return self.pick(("timeout", "acted_timeout"))
        return self.pick(self.plan.kinds) if self.plan.kinds and self.chance(self.plan.faults) else "ok"

    @staticmethod
    def acts(request):
        """Say whether a request takes effect in the end."""
        return request.kind not in {"refused", "busy", "lost", "timeout", "too_large", "general", "unauthorised"}

    def proceed(self, request):
        """Let a request take effect, or its answer come back."""
        if self.acts(request) and not request.acted:
            self.act(request)
            if self.chance(50):
                return None
        self.air.remove(request)
        return request.chunk, self.evidence(request)

    def act(self, request):
        """Let a request take effect."""
        request.acted = True
        for index, element in enumerate(request.elements):
            thing = self.things[element["description"]]
            flaky = not self.effects(thing.name) and self.chance(self.plan.flaky)
            good = thing.fate == "good" and not flaky
            request.said[index] = good
            self.reached.append(Effect(thing, self.attempt))
            if good:
                self.ledger.append(Effect(thing, self.attempt))

    def evidence(self, request):
        """Give what the engine's client would make of the answer."""
        kind, count = request.kind, len(request.elements)
        if request.chunk.attempt.aborted:
            return Fault("cut off")
        faults = {
            "refused": Fault("refused", delivered=False),
            "busy": Fault("busy", delivered=False, retry_after=self.pick((None, 0.0, 3.0)), status=429),
            "lost": Fault("lost"),
            "acted_lost": Fault("lost", status=500),
            "timeout": Fault("timed out", too_much=True),
            "acted_timeout": Fault("timed out", too_much=True),
            "unauthorised": Refusal(VccAuthenticationError("no", status=401)),
        }
        if kind == "too_large" and count > 1:
            return Fault("too large", delivered=False, too_much=True)
        if kind in faults:
            return faults[kind]
        return self.answer(request)

    def answer(self, request):
        """Write an answer, and read it."""
        if request.kind in {"too_large", "general"}:
            body = {"errors": [{"errorcode": 400, "errormessage": "not this request"}], "response": []}
            return read_answer(json.dumps(body).encode(), len(request.elements))
        errors = [{"errorcode": 417, "errormessage": "no", "index": i} for i, good in request.said.items() if not good]
        response = {str(index): True for index, good in request.said.items() if good}
        if request.kind == "short":
            response = dict(list(response.items())[: self.random.randrange(len(response) + 1)])
        if request.kind == "both":
            errors += [{"errormessage": "and yet", "index": int(i)} for i in response if self.chance(30)]
        if request.kind == "false":
            response |= {str(index): False for index, good in request.said.items() if not good}
            errors = []
        if request.kind == "garbage":
            return read_answer(b'{"errors": [], "resp', len(request.elements))
        evidence = read_answer(json.dumps({"errors": errors, "response": response}).encode(), len(request.elements))
        mentioned = {int(index) for index, said in response.items() if said is True}
        doubted = {error["index"] for error in errors}
        request.promised = {request.elements[index]["description"] for index in mentioned - doubted}
        self.confirmed |= request.promised
        return evidence

    # The store

    def get(self, key, default=None):
        """Give a kept value."""
        return json.loads(self.stored[key]) if key in self.stored else default

    def set(self, key, value):
        """Keep a value."""
        text = json.dumps(value)
        assert len(text) < MOST_VALUE
        self.stored[key] = text

    def delete(self, key):
        """Forget a value."""
        self.stored.pop(key, None)

    def keep(self):
        """Keep one value of the write that goes on, or report its end."""
        values, done = self.writing
        if self.store_refuses:
            self.writing = None
            return done(Saved(0.01, OSError("the store is gone")))
        if not values:
            self.writing = None
            return done(Saved(0.01))
        key, value = values.popleft()
        self.set(key, value.encode() if isinstance(value, Segment) else value)
        return None

    def segments(self):
        """Give what the store knows, decoded."""
        found = {}
        for number in range(len(self.stored)):
            value = self.get(KEY.format(number))
            if value is not None:
                found[number] = Segment.decode(value)
        return found

    def kept(self, name):
        """Give the positions whose bit is set in the store: ``applied`` or ``unsettled``."""
        span = STRETCH * STRETCHES
        return {
            number * span + bit
            for number, segment in self.segments().items()
            for bit in range(span)
            if getattr(segment, name) >> bit & 1
        }

    # The outcome

    def effects(self, name):
        """Count how often a thing took effect."""
        return sum(effect.thing.name == name for effect in self.ledger)

    # What the engine's client does beside sending

    def prepare(self):
        """Nothing is to be prepared."""

    def close(self):
        """Nothing is open."""
