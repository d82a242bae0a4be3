"""Faults as switches: each is on or off, whatever else is on."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import NamedTuple

from airflow_provider_vcc.sandbox.faults.combining import Both, Fault
from airflow_provider_vcc.sandbox.faults.spec import parse

__all__ = ["PRESETS", "Switch", "switch", "switches"]

PRESETS = {
    "latency:0.5": "Half a second passes before each answer",
    "503@10%": "One request in ten is answered 503 and does nothing",
    "503:acted@10%": "One request in ten takes effect and is answered 503 all the same",
    "429:retry_after=2@every:3": "Every third request is told to come back in two seconds (429)",
    "cut:acted@10%": "One connection in ten breaks after the request took effect",
    "hang@over:100": "Requests with more than 100 elements get no answer",
    "broken:html@20%": "One answer in five is a page of HTML, though the request took effect",
    "503": "Every request is answered 503: the service is down",
}


class Switch(NamedTuple):
    """One fault, as the text that ``--fault`` takes, and whether it is on."""

    text: str
    words: str
    is_on: bool


def _parts(fault: Fault) -> list[Fault]:
    if isinstance(fault, Both):
        return [*_parts(fault.outer), *_parts(fault.inner)]
    return [] if type(fault) is Fault else [fault]


def _text(fault: Fault) -> str:
    try:
        return str(fault)
    except TypeError:  # chosen by a test's function, or read from its iterator
        return "faults that a program chooses"


def _canonical(text: str) -> str:
    try:
        return str(parse(text))
    except ValueError:
        return text


def switches(fault: Fault) -> list[Switch]:
    """List the usual faults, and whatever else is on."""
    on = {_text(part) for part in _parts(fault)}
    usual = [Switch(text, words, _canonical(text) in on) for text, words in PRESETS.items()]
    others = sorted(on - set(map(_canonical, PRESETS)))
    return usual + [Switch(text, "Set at the command line, by a test, or below", is_on=True) for text in others]


def switch(fault: Fault, text: str, *, on: bool) -> Fault:
    """Put one fault around the others, or take it away.

    :raises ValueError: if the text is not a fault.
    """
    others = [part for part in _parts(fault) if _text(part) != _canonical(text)]
    return reduce(add, [parse(text), *others] if on else others or [Fault()])
