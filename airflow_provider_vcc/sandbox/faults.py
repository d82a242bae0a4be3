"""Misbehaviour, as small values that combine.

A fault is a layer around what the sandbox would do: it gets the request and ``act``, which does it and gives the
answer. ``a + b`` puts ``a`` around ``b``; conditions narrow a fault down::

    Status(503, acted=True)                        each request takes effect and is answered 503
    Status(503).first(20)                          the first 20 requests since the faults were set
    Hang().over(200)                               requests with more than 200 elements get no answer
    Latency(0.05) + Cut("acted").sometimes(0.01)   slow, and one in a hundred connections breaks

``str(fault)`` gives the text that ``--fault`` takes, such as ``latency:0.05+cut:acted@1%``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_vcc.sandbox import bodies
from airflow_provider_vcc.sandbox.wire import Answer, CutOff

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.request import Request

    Act = Callable[[], Answer]

__all__ = [
    "Broken",
    "CONDITIONS",
    "KINDS",
    "Capacity",
    "Cut",
    "CutAnswer",
    "Fault",
    "Faults",
    "GoDown",
    "Goodbye",
    "Hang",
    "Latency",
    "Odd",
    "OneOf",
    "Script",
    "Single",
    "Status",
    "Trickle",
    "When",
    "as_fault",
]


class Fault:
    """Nothing goes wrong; what goes wrong overrides ``__call__``."""

    kind: ClassVar[str] = "ok"

    def __call__(self, request: Request, act: Act) -> Answer:  # noqa: ARG002 -- others ask it
        """Do to the request what this fault does."""
        return act()

    def __add__(self, inner: Fault) -> Fault:
        """Put this fault around another one."""
        return Both(self, inner)

    def __str__(self) -> str:
        """Give the text that ``--fault`` takes."""
        return self.kind

    def first(self, requests: int) -> Fault:
        """Only the first requests since the faults were set."""
        return When(self, "first", requests)

    def after(self, requests: int) -> Fault:
        """Only later than that many requests."""
        return When(self, "after", requests)

    def every(self, requests: int) -> Fault:
        """Only each so-manieth request."""
        return When(self, "every", requests)

    def over(self, elements: int) -> Fault:
        """Only requests with more elements than that."""
        return When(self, "over", elements)

    def heavier(self, size: int) -> Fault:
        """Only requests whose body has more bytes than that."""
        return When(self, "heavier", size)

    def within(self, seconds: float) -> Fault:
        """Only for so many seconds since the faults were set."""
        return When(self, "within", seconds)

    def sometimes(self, share: float, seed: int = 0) -> Fault:
        """Only that share (0 to 1) of the requests, chosen by a generator with that seed."""
        return OneOf(share, (self,), seed)


Faults = Fault | Iterable[Fault | None] | Callable[["Request"], Fault | None] | None
"""One fault for all requests; a script (the first request gets the first one, None is none); or a function of it."""


def as_fault(faults: Faults) -> Fault:
    """Make one fault of whatever stands for faults."""
    if faults is None:
        return Fault()
    if isinstance(faults, Fault):
        return faults
    return Chosen(faults) if callable(faults) else Script(faults)


class Chosen(Fault):
    """A function decides for each request, one at a time."""

    def __init__(self, choose: Callable[[Request], Fault | None]) -> None:
        self.choose = choose
        self._lock = Lock()

    def __str__(self) -> str:
        raise TypeError("faults chosen by a function cannot be handed to another process: use conditions")

    def __call__(self, request: Request, act: Act) -> Answer:
        with self._lock:
            fault = self.choose(request)
        return fault(request, act) if fault else act()


class Script(Fault):
    """One fault after another, in the order in which requests arrive; then none."""

    def __init__(self, faults: Iterable[Fault | None]) -> None:
        self._known = tuple(faults) if isinstance(faults, Sequence) else None
        self._rest = iter(faults if self._known is None else self._known)
        self._lock = Lock()

    def __str__(self) -> str:
        if self._known is None:
            raise TypeError("a script that is not a list or tuple has no text")
        return ",".join(str(fault or Fault()) for fault in self._known)

    def __call__(self, request: Request, act: Act) -> Answer:
        with self._lock:
            fault = next(self._rest, None)
        return fault(request, act) if fault else act()


@dataclass(frozen=True)
class Both(Fault):
    """One fault around another."""

    outer: Fault
    inner: Fault

    def __str__(self) -> str:
        return f"{self.outer}+{self.inner}"

    def __call__(self, request: Request, act: Act) -> Answer:
        return self.outer(request, lambda: self.inner(request, act))


CONDITIONS: dict[str, Callable[[Request, float], bool]] = {
    "first": lambda request, count: request.nth < count,
    "after": lambda request, count: request.nth >= count,
    "every": lambda request, count: (request.nth + 1) % count == 0,
    "over": lambda request, count: (request.elements or 0) > count,
    "heavier": lambda request, size: len(request.body) > size,
    "within": lambda request, seconds: request.since < seconds,
}


@dataclass(frozen=True)
class When(Fault):
    """A fault for some requests only."""

    fault: Fault
    condition: str
    value: float

    def __str__(self) -> str:
        text = f"({self.fault})" if isinstance(self.fault, Both) else str(self.fault)
        return f"{text}@{self.condition}:{self.value:g}"

    def __call__(self, request: Request, act: Act) -> Answer:
        applies = CONDITIONS[self.condition](request, self.value)
        return self.fault(request, act) if applies else act()


@dataclass(frozen=True)
class OneOf(Fault):
    """One of some faults, for a share (0 to 1) of the requests; which one and when, a seeded generator says."""

    share: float
    faults: tuple[Fault, ...]
    seed: int = 0

    def __str__(self) -> str:
        texts = [f"({fault})" if isinstance(fault, Both | When | OneOf) else str(fault) for fault in self.faults]
        return "|".join(texts) + f"@{self.share * 100:g}%" + (f":{self.seed}" if self.seed else "")

    def __call__(self, request: Request, act: Act) -> Answer:
        random = Random(f"{request.nth}/{self}")  # noqa: S311 -- dice, no secret
        fault = random.choice(self.faults) if random.random() < self.share else None
        return fault(request, act) if fault else act()


@dataclass(frozen=True)
class Single(Fault):
    """What one kind of fault does; its fields are its arguments."""

    choices: ClassVar[dict[str, Iterable[str]]] = {}

    def __post_init__(self) -> None:
        for name, allowed in self.choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is one of {', '.join(allowed)}")

    def __str__(self) -> str:
        first, *others = [field for field in fields(self) if field.init]
        words = [_word(field.name, getattr(self, field.name)) for field in others if self._says(field)]
        return ":".join([self.kind, _value(getattr(self, first.name)), *words])

    def _says(self, field: Field[Any]) -> bool:
        return bool(getattr(self, field.name) != field.default)


def _word(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name if value else f"no-{name}"
    return f"{name}={_value(value)}"


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Latency(Single):
    """Takes its time before it acts.

    :param seconds: at least so long.
    :param most: at most so long, by chance; 0: exactly ``seconds``.
    :param each: and so long for each element.
    """

    kind = "latency"
    seconds: float
    most: float = 0.0
    each: float = 0.0

    def __call__(self, request: Request, act: Act) -> Answer:
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

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        if self.acted:
            act()
        headers = {"Content-Type": "text/html"}
        if self.retry_after >= 0:
            headers["Retry-After"] = self._retry_after()
        return Answer(self.status, bodies.error_page(self.status), headers)

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
    choices = {"at": ("unread", "read", "acted")}
    at: str = "acted"
    reset: bool = True

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        if self.at == "read":
            request.read()
        elif self.at == "acted":
            act()
        raise CutOff(reset=self.reset)


@dataclass(frozen=True)
class CutAnswer(Single):
    """Acts, and ends the connection after so many bytes of the answer (head included; negative: from its end)."""

    kind = "cut-answer"
    after: int = 0

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        return replace(act(), cut=self.after)


@dataclass(frozen=True)
class Broken(Single):
    """A 200 whose body is no envelope: ``html``, ``empty``, ``text``, ``truncated``, ``null``, ``number``, ``binary``.

    :param acted: it took effect all the same.
    """

    kind = "broken"
    choices = {"body": bodies.BROKEN}
    body: str = "html"
    acted: bool = True

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        answer = act() if self.acted else Answer()
        return replace(answer, body=bodies.BROKEN[self.body](answer.body))


@dataclass(frozen=True)
class Odd(Single):
    """Acts, and writes the envelope in another shape: see ``bodies.ODD``.

    :param count: how many entries are missing (``short``) or too many (``extra``).
    """

    kind = "odd"
    choices = {"shape": bodies.ODD}
    shape: str = "list"
    count: int = 1

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        return bodies.reshape(act(), self.shape, self.count)


@dataclass(frozen=True)
class Hang(Single):
    """Gives no answer, and waits until the client gives up.

    :param acts: ``never``, ``first`` (before it hangs) or ``later`` (once the client has given up).
    """

    kind = "hang"
    choices = {"acts": ("never", "first", "later")}
    acts: str = "never"

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
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

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        return replace(act(), pace=(self.size, self.seconds))


@dataclass(frozen=True)
class Goodbye(Single):
    """Answers well and then ends the connection.

    :param announced: with ``Connection: close``; otherwise without a word, so that the next request finds it dead.
    """

    kind = "goodbye"
    announced: bool = True

    def __call__(self, request: Request, act: Act) -> Answer:
        request.note(self)
        return replace(act(), closes=self.announced)


@dataclass(frozen=True)
class GoDown(Single):
    """Goes down with all its connections, and refuses new ones for so many seconds."""

    kind = "down"
    seconds: float

    def __call__(self, request: Request, act: Act) -> Answer:  # noqa: ARG002 -- it does not act
        request.note(self)
        request.sandbox.down(self.seconds)
        raise CutOff


@dataclass(frozen=True)
class Capacity(Single):
    """Works on so many requests at a time; the others queue, so that sending more at once does not help."""

    kind = "capacity"
    requests: int
    _free: BoundedSemaphore = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_free", BoundedSemaphore(self.requests))

    def __call__(self, request: Request, act: Act) -> Answer:
        request.read()
        with self._free:
            return act()


KINDS: dict[str, type[Single]] = {kind.kind: kind for kind in Single.__subclasses__()}
