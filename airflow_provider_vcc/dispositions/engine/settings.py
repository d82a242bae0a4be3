"""How to send, and how long to wait at the end."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Settings", "Times"]


class Settings(msgspec.Struct, frozen=True):
    """How to send. The names and defaults are the operator's."""

    chunk_size: int = 500
    max_chunk_bytes: int = 1_048_576
    max_in_flight: int | Literal["auto"] = "auto"
    max_elements_per_second: float | None = None
    on_ambiguous: Literal["auto", "resend", "report"] = "auto"
    stop_on_breach: bool = False

    def may_repeat(self, *, messages: bool) -> bool:
        """Return whether a chunk may be sent again if nobody can say whether it took effect."""
        return self.on_ambiguous == "resend" or (self.on_ambiguous == "auto" and not messages)


class Times(msgspec.Struct, frozen=True):
    """Seconds."""

    grace: float = 3.0
    """How long a run that ends early waits for what is in the air: Airflow kills a task 5 s after SIGTERM."""
    cut: float = 1.0
    """How long it waits for the evidence of a request whose connection was cut."""
    flush: float = 10.0
    """How long the end waits for the store."""
