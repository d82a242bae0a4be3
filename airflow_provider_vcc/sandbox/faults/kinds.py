"""The kinds of misbehaviour."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_vcc.sandbox.faults.bodies import BROKEN, ODD, error_page, reshape
from airflow_provider_vcc.sandbox.faults.combining import Single
from airflow_provider_vcc.sandbox.http.wire import Answer, CutOff

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.faults.combining import Act
    from airflow_provider_vcc.sandbox.http.request import Request

__all__ = [
    "KINDS",
    "Broken",
    "Capacity",
    "Cut",
    "CutAnswer",
    "GoDown",
    "Goodbye",
    "Hang",
    "Latency",
    "Odd",
    "Status",
    "Trickle",
]


@dataclass(frozen=True)
class Latency(Single):
    """Takes its time before it acts.

    :param seconds: at least so long.
    :param most: at most so long, by chance; 0: exactly ``seconds``.
    :param each: and so long for each element.
    """

    kind = "latency"
    noted = False
    seconds: float
    most: float = 0.0
    each: float = 0.0

    def _do(self, request: Request, act: Act) -> Answer:
        random = Random(f"{request.nth}/{self}")  # noqa: S311 -- dice, no secret
        request.wait(random.uniform(self.seconds, max(self.most, self.seconds)) + self.each * (request.elements or 0))
        return act()


@dataclass(frozen=True)
class Status(Single):
    """Answers with another status than 200, before or after taking effect.

    :param retry_after: ``Retry-After`` in seconds; negative: none.
    :param date: give it as an HTTP date.
    """

    kind = "status"
    status: int
    acted: bool = False
    retry_after: float = -1.0
    date: bool = False

    def _do(self, _request: Request, act: Act) -> Answer:
        if self.acted:
            act()
        headers = {"Content-Type": "text/html"}
        if self.retry_after >= 0:
            headers["Retry-After"] = self._retry_after()
        return Answer(self.status, error_page(self.status), headers)

    def _retry_after(self) -> str:
        if not self.date:
            return f"{self.retry_after:g}"
        return format_datetime(datetime.now(UTC) + timedelta(seconds=self.retry_after), usegmt=True)


@dataclass(frozen=True)
class Cut(Single):
    """Ends the connection without an answer.

    :param at: ``unread``: before the body is read; ``read``: after that, before it acts; ``acted``: after it acted.
    :param reset: by a TCP reset; otherwise by a plain close.
    """

    kind = "cut"
    choices: ClassVar = {"at": ("unread", "read", "acted")}
    at: str = "acted"
    reset: bool = True

    def _do(self, request: Request, act: Act) -> Answer:
        if self.at == "read":
            request.read()
        elif self.at == "acted":
            act()
        raise CutOff(reset=self.reset)


@dataclass(frozen=True)
class CutAnswer(Single):
    """Acts, and ends the connection after so many bytes of the answer (head included; negative: from its end)."""

    kind = "cut-answer"
    size: int = 0

    def _do(self, _request: Request, act: Act) -> Answer:
        return replace(act(), cut=self.size)


@dataclass(frozen=True)
class Broken(Single):
    """A 200 whose body is not an envelope: ``html``, ``empty``, ``text``, ``truncated``, ``null`` ...: see ``BROKEN``.

    :param acted: it took effect all the same.
    """

    kind = "broken"
    choices: ClassVar = {"body": BROKEN}
    body: str = "html"
    acted: bool = True

    def _do(self, _request: Request, act: Act) -> Answer:
        answer = act() if self.acted else Answer()
        return replace(answer, body=BROKEN[self.body](answer.body))


@dataclass(frozen=True)
class Odd(Single):
    """Acts, and writes the envelope in another shape: see ``bodies.ODD``.

    :param count: how many entries are missing (``short``) or too many (``extra``).
    """

    kind = "odd"
    choices: ClassVar = {"shape": ODD}
    shape: str = "list"
    count: int = 1

    def _do(self, _request: Request, act: Act) -> Answer:
        return reshape(act(), self.shape, self.count)


@dataclass(frozen=True)
class Hang(Single):
    """A fault that sends no answer and waits until the client gives up.

    :param acts: ``never``, ``first`` (before it hangs) or ``later`` (once the client has given up).
    """

    kind = "hang"
    choices: ClassVar = {"acts": ("never", "first", "later")}
    acts: str = "never"

    def _do(self, request: Request, act: Act) -> Answer:
        request.read()
        if self.acts == "first":
            act()
        request.wait_until_gone()
        if self.acts == "later":
            act()
        raise CutOff(reset=False)


@dataclass(frozen=True)
class Trickle(Single):
    """Acts, and lets the answer drip: so many bytes, then a pause, and so on."""

    kind = "trickle"
    size: int = 1
    seconds: float = 0.01

    def _do(self, _request: Request, act: Act) -> Answer:
        return replace(act(), pace=(self.size, self.seconds))


@dataclass(frozen=True)
class Goodbye(Single):
    """Answers well and then ends the connection.

    :param announced: with ``Connection: close``; otherwise without a word, so that the next request finds it dead.
    """

    kind = "goodbye"
    announced: bool = True

    def _do(self, _request: Request, act: Act) -> Answer:
        return replace(act(), closes=self.announced)


@dataclass(frozen=True)
class GoDown(Single):
    """Goes down with all its connections, and refuses new ones for so many seconds."""

    kind = "down"
    seconds: float

    def _do(self, request: Request, act: Act) -> Answer:  # noqa: ARG002 -- it does not act
        request.sandbox.down(self.seconds)
        raise CutOff


@dataclass(frozen=True)
class Capacity(Single):
    """Works on so many requests at a time; the others queue, so that sending more at once does not help."""

    kind = "capacity"
    noted = False
    requests: int
    _free: BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_free", BoundedSemaphore(self.requests))

    def _do(self, request: Request, act: Act) -> Answer:
        request.read()
        with self._free:
            return act()


KINDS: dict[str, type[Single]] = {kind.kind: kind for kind in Single.__subclasses__()}
