"""Refuses some records, for as many different reasons as one likes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zlib import crc32

from airflow_provider_vcc.sandbox.seeds import error_kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RejectSome"]

RANGE = 2**32


@dataclass(frozen=True)
class RejectSome:
    """Refuses a share of the records, always the same ones; the first kinds of errors are the most frequent.

    :param share: 0 to 1.
    :param kinds: how many kinds of errors there are, up to 300.
    """

    share: float
    kinds: int = 1
    seed: int = 0
    _errors: list[tuple[int, str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_errors", error_kinds(self.kinds))

    def __call__(self, element: Mapping[str, object]) -> tuple[int, str] | None:
        """Return the ``(errorcode, errormessage)`` for an element, None if it may pass."""
        about = element.get("numberid") or json.dumps(element.get("search"), sort_keys=True)
        if crc32(f"{self.seed}/{about}".encode()) / RANGE >= self.share:
            return None
        chance = crc32(f"{self.seed}/{about}/kind".encode()) / RANGE
        return self._errors[int(len(self._errors) * chance**2)]
