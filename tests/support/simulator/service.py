"""The call centre of the simulated world: it takes requests, has a ledger, and answers as it likes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.http.answers import Fault, Refusal, read_answer
from airflow_provider_vcc.exceptions import VccAuthenticationError

if TYPE_CHECKING:
    from support.simulator.inputs import Thing

TIMEOUT = 60.0
"""Seconds after which the client gives up on a request that hangs."""
IDLE = frozenset(
    {"refused", "busy", "overloaded", "lost", "timeout", "hang", "too_large", "general", "unauthorised", "unsent"}
)
"""Kinds of requests that never take effect."""


@dataclass
class Effect:
    """A thing took effect at the service.

    :param attempt: the try that sent it; ``late`` says that a newer try had begun by then.
    """

    thing: Thing
    attempt: int
    late: bool = False


class Request:
    """A request in the air."""

    def __init__(self, delivery, kind, attempt, sent_at):
        self.delivery = delivery
        self.elements = json.loads(delivery.chunk.body)
        self.size = len(delivery.chunk.body) + len(b'{"elements":}')
        self.kind = kind
        self.attempt = attempt
        self.sent_at = sent_at
        self.acted = False
        self.aborted = False
        self.connecting = False
        self.said = {}
        self.promised = set()

    @property
    def names(self):
        """Return the names of the things that it carries."""
        return [element["description"] for element in self.elements]

    @property
    def acts(self):
        """Return whether it takes effect in the end."""
        return self.kind not in IDLE

    def is_due(self, now):
        """Return whether something may happen to it now."""
        return self.kind != "hang" or self.aborted or now >= self.sent_at + TIMEOUT


class Service:
    """Takes requests.

    :param chance: returns True in so many of a hundred cases.
    :param pick: returns one of some options.
    """

    def __init__(self, world):
        self.world = world
        self.ledger = []
        self.reached = []
        self.confirmed = set()

    def effects(self, name):
        """Count how often a thing took effect."""
        return sum(effect.thing.name == name for effect in self.ledger)

    def act(self, request):
        """Let a request take effect."""
        world = self.world
        request.acted = True
        late = request.attempt != world.attempt
        for index, element in enumerate(request.elements):
            thing = world.things[element["description"]]
            flaky = not self.effects(thing.name) and world.chance(world.plan.flaky)
            good = thing.fate == "good" and not flaky
            request.said[index] = good
            self.reached.append(Effect(thing, request.attempt, late))
            if good:
                self.ledger.append(Effect(thing, request.attempt, late))

    def evidence(self, request):
        """Return what the engine's client would make of the answer."""
        kind, count = request.kind, len(request.elements)
        if request.aborted:
            return Fault("cut off", delivered=False if kind == "refused" else None)
        retry_after = self.world.pick((None, 0.0, 3.0))
        faults = {
            "refused": Fault("refused", delivered=False),
            "busy": Fault("busy", delivered=False, retry_after=retry_after, status=429),
            "overloaded": Fault("overloaded", retry_after=retry_after, status=503),
            "lost": Fault("lost"),
            "acted_lost": Fault("lost", status=500),
            "timeout": Fault("timed out", too_much=True, status=504),
            "acted_timeout": Fault("timed out", too_much=True),
            "hang": Fault("timed out", too_much=True),
            "unauthorised": Refusal(VccAuthenticationError("no", status=401)),
        }
        if kind == "too_large" and count > 1:
            return Fault("too large", delivered=False, too_much=True, status=413)
        return faults[kind] if kind in faults else self.answer(request)

    def answer(self, request):
        """Write an answer, and read it."""
        count = len(request.elements)
        if request.kind in {"too_large", "general"}:
            body = {"errors": [{"errorcode": 400, "errormessage": "not this request"}], "response": []}
            return read_answer(json.dumps(body).encode(), count)
        if request.kind == "garbage":
            return read_answer(b'{"errors": [], "resp', count)
        errors, response = self.said(request)
        evidence = read_answer(json.dumps({"errors": errors, "response": response}).encode(), count)
        mentioned = {int(index) for index, said in response.items() if said is True}
        doubted = {error["index"] for error in errors}
        request.promised = {request.names[index] for index in mentioned - doubted}
        self.confirmed |= request.promised
        return evidence

    def said(self, request):
        """Return the errors and the response of an answer, wrong in the way that the request's kind has it."""
        world = self.world
        errors = [{"errorcode": 417, "errormessage": "no", "index": i} for i, good in request.said.items() if not good]
        response = {str(index): True for index, good in request.said.items() if good}
        if request.kind == "short":
            response = dict(list(response.items())[: world.random.randrange(len(response) + 1)])
        if request.kind == "both":
            errors += [{"errormessage": "and yet", "index": int(i)} for i in response if world.chance(30)]
        if request.kind == "false":
            response |= {str(index): False for index, good in request.said.items() if not good}
            errors = []
        return errors, response
