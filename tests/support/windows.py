"""A window that is driven by hand: events in, actions out, and a clock that stands still until it is told."""

from __future__ import annotations

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed
from airflow_provider_vcc.dispositions.engine.messages import (
    Answered,
    End,
    Idle,
    Record,
    Recorded,
    Save,
    Saved,
    Send,
    Stop,
    Tick,
    Wait,
)
from airflow_provider_vcc.dispositions.engine.saves import Saves
from airflow_provider_vcc.dispositions.engine.settings import Settings, Times
from airflow_provider_vcc.dispositions.engine.window import Window
from airflow_provider_vcc.dispositions.http.answers import Answer
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows


class Hand:
    """Drives a window.

    :param objects: the input, in batches of five.
    """

    def __init__(self, objects, *, store=False, limit=None, live_every=None, most_bytes=10**6, times=None, **settings):
        self.now = 100.0
        self.changes = 0
        self.settings = Settings(**{"chunk_size": 2, "max_in_flight": 2, **settings})
        self.saves = Saves(active=store, live_every=live_every)
        self.limit = limit or Fixed(self.settings.max_in_flight)
        batches = (Checker().check(ObjectRows(at, objects[at : at + 5])) for at in range(0, len(objects), 5))
        self.window = Window(
            batches,
            self.settings,
            most_bytes=most_bytes,
            limit=self.limit,
            saves=self.saves,
            changes=lambda: self.changes,
            expected=lambda: len(objects),
            jitter=float,
            times=times or Times(),
        )
        self.air = []

    def tell(self, event):
        """Hand an event in, record at once what is to be recorded, and return the actions."""
        actions = self.window.handle(event, self.now)
        for action in list(actions):
            if isinstance(action, Send):
                self.air.append(action.delivery)
            elif isinstance(action, Record):
                actions += self.tell(Recorded(action.delivery))
        return actions

    def go_on(self):
        """Hand in ticks until the window waits or ends; return all actions."""
        found = []
        while not (found and isinstance(found[-1], Wait | End)):
            found += self.tell(Tick())
            assert len(found) < 1000, "it never waits"
        return found

    def sent(self):
        """Go on, and return the positions of each chunk that is sent."""
        return [list(action.delivery.chunk.positions) for action in self.go_on() if isinstance(action, Send)]

    def waits(self):
        """Go on, and return the seconds until the window wants to be asked again; None: it does not."""
        until = self.go_on()[-1].until
        return None if until is None else round(until - self.now, 6)

    def answer(self, evidence=None, index=0, *, after=0.0):
        """Let a request in the air be answered, the first one by default, all well by default."""
        self.now += after
        return self.tell(Answered(self.air.pop(index), Answer() if evidence is None else evidence, self.now))

    def save(self, seconds=0.01, error=None):
        """Report the end of a write."""
        return self.tell(Saved(seconds, error))

    def stop(self, error=None, grace=None):
        """Stop."""
        return self.tell(Stop(error, grace))

    def idle(self):
        """Be idle."""
        return self.tell(Idle())

    def states(self):
        """Return where each chunk is: its first position and its state."""
        return {delivery.chunk.positions[0]: delivery.state.value for delivery in self.window.chunks}

    def ends(self):
        """Go on, with every save that is asked for done at once; return all actions to the end."""
        found = self.go_on()
        while not isinstance(found[-1], End):
            if isinstance(found[-1], Wait) and not self.saves.busy:
                return found
            found += [*self.save(), *self.go_on()]
        return found


def saves_of(actions):
    """Return the saves among actions."""
    return [action for action in actions if isinstance(action, Save)]


def of(kind, actions):
    """Return the actions of a kind."""
    return [action for action in actions if isinstance(action, kind)]
