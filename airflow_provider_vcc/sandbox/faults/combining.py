"""How faults combine: each is a layer around what the sandbox would do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from random import Random
from threading import Lock
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_vcc.sandbox.http.wire import Answer

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.http.request import Request

Act = Callable[[], Answer]

__all__ = ["CONDITIONS", "Both", "Fault", "Faults", "OneOf", "Script", "Single", "When", "as_fault"]


class Fault:
    """Nothing goes wrong; what goes wrong overrides ``__call__``."""

    kind: ClassVar[str] = "ok"

    def __call__(self, request: Request, act: Act) -> Answer:
        """Do to the request what this fault does."""
        return self._do(request, act)

    def _do(self, _request: Request, act: Act) -> Answer:
        return act()

    def __add__(self, inner: Fault) -> Fault:
        """Put this fault around another one."""
        return Both(self, inner)

    def __str__(self) -> str:
        """Return the text that ``--fault`` takes."""
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

    def _do(self, request: Request, act: Act) -> Answer:
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
        faults = self._known if len(self._known) > 1 else (*self._known, None)  # a single one would be for all requests
        return ",".join(str(fault or Fault()) for fault in faults)

    def _do(self, request: Request, act: Act) -> Answer:
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

    def _do(self, request: Request, act: Act) -> Answer:
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
        return f"{text}@{self.condition}:{self.value:.10g}"

    def _do(self, request: Request, act: Act) -> Answer:
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
        return "|".join(texts) + f"@{self.share * 100:.10g}%" + (f":{self.seed}" if self.seed else "")

    def _do(self, request: Request, act: Act) -> Answer:
        random = Random(f"{request.nth}/{self}")  # noqa: S311 -- dice, no secret
        fault = random.choice(self.faults) if random.random() < self.share else None
        return fault(request, act) if fault else act()


@dataclass(frozen=True)
class Single(Fault):
    """What one kind of fault does; its fields are its arguments."""

    choices: ClassVar[Mapping[str, Iterable[str]]] = {}
    noted: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name, allowed in self.choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}")

    def __call__(self, request: Request, act: Act) -> Answer:
        """Do what this fault does, and name it in the ledger."""
        if self.noted:
            request.note(self)
        return self._do(request, act)

    def __str__(self) -> str:
        first, *others = [
            (field.name, getattr(self, field.name), field.default) for field in fields(self) if field.init
        ]
        words = [_word(name, value) for name, value, default in others if value != default]
        return ":".join([self.kind, _word(*first[:2]).removeprefix(f"{first[0]}="), *words])


def _word(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name if value else f"no-{name}"
    return f"{name}={value:.10g}" if isinstance(value, float) else f"{name}={value}"
