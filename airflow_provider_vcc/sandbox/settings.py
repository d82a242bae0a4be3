"""How a sandbox's call centre is set up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from airflow_provider_vcc.sandbox.seeds import CUSTOMER, PROJECTS, TOKEN
from airflow_provider_vcc.sandbox.shapes import SHAPES

__all__ = ["Settings"]

Reject = Callable[[Mapping[str, Any]], tuple[int, str] | None]
IDS = frozenset(map(str, range(1, 101)))


@dataclass(frozen=True)
class Settings:
    """What there is, and how it answers.

    :param shape: how ``response`` is written: ``map``, ``php`` or ``list`` (see ``shapes``).
    :param strict: refuse other types than documented, and fields that are not.
    :param allowed: False refuses this machine's address.
    :param tell_in_call: a record that ``avoid_in_call`` left alone earns ``error.record_in_call``; False: ``true``.
    :param reject: gives ``(errorcode, errormessage)`` for elements to refuse, None for the others.
    """

    customer: str = CUSTOMER
    token: str = TOKEN
    projects: Mapping[int, str] = field(default_factory=PROJECTS.copy)
    dispositions: frozenset[str] = IDS
    users: frozenset[str] = IDS
    shape: str = "map"
    strict: bool = False
    allowed: bool = True
    tell_in_call: bool = True
    reject: Reject | None = None

    @classmethod
    def of(cls, **given: Any) -> Self:
        """Take ids as numbers or texts in any collection, and projects with or without names."""
        if given.get("shape", "map") not in SHAPES:
            raise ValueError(f"shape must be one of {', '.join(SHAPES)}, got {given['shape']!r}")
        for name in given.keys() & {"dispositions", "users"}:
            given[name] = frozenset(map(str, given[name]))
        if "projects" in given:
            given["projects"] = _named(given["projects"])
        return cls(**given)


def _named(projects: Any) -> dict[int, str]:
    if isinstance(projects, Mapping):
        return {int(number): name for number, name in projects.items()}
    return {int(number): f"Project {number}" for number in projects}
