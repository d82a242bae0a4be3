"""What the window is told, and what it asks for.

An event says what happened; an action says what whoever drives the window is to do.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from airflow_provider_vcc.dispositions.elements.checker import AnyElement
from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery, NotSent
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal

__all__ = [
    "Abort",
    "Action",
    "Answered",
    "Began",
    "Connecting",
    "End",
    "Event",
    "Halved",
    "Idle",
    "InputBroke",
    "Invalid",
    "Record",
    "Recorded",
    "Save",
    "Saved",
    "Send",
    "Stop",
    "Tick",
    "Trouble",
    "Wait",
]

# Events


class Answered(msgspec.Struct, frozen=True, eq=False):
    """The evidence of a request that was sent; ``at`` is the instant when it came.

    ``NotSent`` is the evidence of a sender that only pretends to send.
    """

    delivery: Delivery
    evidence: Answer | Fault | Refusal | NotSent
    at: float


class Connecting(msgspec.Struct, frozen=True, eq=False):
    """A request could not go out when it was sent, since there was no connection for it."""

    delivery: Delivery


class Began(msgspec.Struct, frozen=True, eq=False):
    """The first byte of such a request goes out now."""

    delivery: Delivery


class Recorded(msgspec.Struct, frozen=True, eq=False):
    """A ``Record`` was carried out."""

    delivery: Delivery


class Saved(msgspec.Struct, frozen=True):
    """A ``Save`` has ended after so many seconds (None: there was nothing to write); ``error`` is why it failed."""

    seconds: float | None
    error: BaseException | None = None


class Stop(msgspec.Struct, frozen=True, eq=False):
    """Send nothing new. May come while another event is handled, from a signal handler.

    :param error: why; None if the run ends early without a fault of anybody.
    :param grace: seconds that may pass until what is in the air is cut; None waits for each answer.
    """

    error: BaseException | None
    grace: float | None = None


class InputBroke(msgspec.Struct, frozen=True, eq=False):
    """The input cannot be read any further: what came before is still sent. May come in the middle, as ``Stop``."""

    error: BaseException


class Tick(msgspec.Struct, frozen=True):
    """Time has passed, and nothing else is to be told: the window says what is to be done now."""


class Idle(msgspec.Struct, frozen=True):
    """The shell is about to wait: the window says what can be done ahead."""


Event = Connecting | Began | Answered | Recorded | Saved | Stop | InputBroke | Tick | Idle


# Actions


class Send(msgspec.Struct, frozen=True, eq=False):
    """Send a chunk, as the ``in_air``-th request at the same time; ``Answered`` is the reply."""

    delivery: Delivery
    in_air: int


class Save(msgspec.Struct, frozen=True, eq=False):
    """Write to the store what has changed; ``Saved`` is the reply.

    :param notes: chunks to be noted there first, as about to be sent.
    :param live: whether it is time to write along what whoever watches wants to be seen.
    :param remembered: chunks to be noted in what is remembered from run to run, as about to be sent.
    """

    notes: Sequence[Chunk] = ()
    live: bool = False
    remembered: Sequence[Chunk] = ()


class Record(msgspec.Struct, frozen=True, eq=False):
    """Write down ``delivery.outcome``; ``Recorded`` is the reply."""

    delivery: Delivery


class Invalid(msgspec.Struct, frozen=True, eq=False):
    """Write down elements that turned out to be such as cannot be sent."""

    pairs: Sequence[tuple[int, AnyElement]]
    reason: str


class Abort(msgspec.Struct, frozen=True, eq=False):
    """Cut the connection of a request; its evidence still comes."""

    delivery: Delivery


class Halved(msgspec.Struct, frozen=True):
    """For observers: a chunk was too much, and chunks now have at most ``size`` elements."""

    size: int


class Trouble(msgspec.Struct, frozen=True):
    """For observers: a request failed, and sending is held back for so many seconds."""

    reason: str
    seconds: float


class Wait(msgspec.Struct, frozen=True):
    """Wait for the next event, at most until this instant; None: for as long as it takes."""

    until: float | None


class End(msgspec.Struct, frozen=True, eq=False):
    """Everything is accounted for."""

    error: BaseException | None


Action = Send | Save | Record | Invalid | Abort | Halved | Trouble | Wait | End
