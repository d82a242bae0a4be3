"""What is sent: things with names, and sources that give them."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.exceptions import VccInputError

RECORDS = tuple("ABCDE")


@dataclass(frozen=True)
class Thing:
    """One element of an input, with what the service makes of it.

    :param name: unlike any other's; it travels as the description.
    :param record: its ``numberid``; None for an element with ``search``, which touches every record.
    :param fate: ``good``, ``bad`` (the service always rejects it) or ``invalid`` (it is not an element).
    """

    name: str
    record: str | None
    messages: bool = False
    fate: str = "good"

    def element(self):
        """Return the element as a source would."""
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
        """Yield batches of exactly ``size`` things but for the last."""
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


def named(world, specs):
    """Name each thing of an input differently, and return them."""
    things = [Thing(f"e{len(world.things) + n}", *spec) for n, spec in enumerate(specs)]
    world.things |= {thing.name: thing for thing in things}
    return things


def edited(world, versions, changes):
    """Change the latest version of an input here and there, or go back to an earlier one."""
    things = list(versions[-1])
    for change, anywhere in changes:
        at = anywhere % (len(things) + 1)
        if change == "back":
            things = list(versions[anywhere % len(versions)])
        elif change == "add":
            things[at:at] = named(world, [(RECORDS[at % len(RECORDS)], False, "good")])
        elif things[at : at + 1]:
            things[at : at + 1] = named(world, [(things[at].record, False, "good")]) if change == "put" else []
    return things
