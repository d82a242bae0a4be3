"""Where each outcome is written down: the progress, the tally, the sinks of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from airflow_provider_vcc.dispositions.outcomes import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_vcc.dispositions.answers import Answer, Rejection
    from airflow_provider_vcc.dispositions.checker import AnyElement
    from airflow_provider_vcc.dispositions.chunks import Chunk
    from airflow_provider_vcc.dispositions.outcomes import ErrorRow, Tally
    from airflow_provider_vcc.dispositions.progress import Progress

__all__ = ["Books", "Observer", "Sink"]

SHORTEST_MASKED = 3


class Sink(Protocol):
    """Takes failed elements as they come: a file, a table."""

    def write(self, failures: Sequence[Failure]) -> None:
        """Keep some failures."""

    def close(self) -> None:
        """Keep what is buffered, and end."""


class Observer:
    """Is told what happens, in the thread that runs the sync. This one keeps quiet."""

    def new_error(self, row: ErrorRow) -> None:
        """Learn of an error of a new kind."""

    def trouble(self, reason: str, seconds: float) -> None:
        """Learn that a request failed, and that sending is held back for so many seconds."""

    def halved(self, size: int) -> None:
        """Learn that a chunk was too much, and that chunks now have at most ``size`` elements."""

    def tick(self) -> None:
        """Learn that something happened, or that a second has passed."""

    def live(self) -> tuple[str, Any] | None:
        """Give a key and a value to keep in the store beside the progress, where there is something new."""
        return None


class Books:
    """Writes outcomes down. The progress comes first, so that an interruption errs on the side of ``unknown``."""

    def __init__(self, tally: Tally, progress: Progress, sinks: Sequence[Sink], observer: Observer) -> None:
        self.tally = tally
        self.progress = progress
        self._sinks = sinks
        self._observer = observer

    def answered(self, chunk: Chunk, answer: Answer) -> None:
        """Settle a chunk element by element."""
        if not (answer.rejected or answer.unsaid):
            self.progress.settle(chunk.positions, applied=True, noted=chunk.noted)
            self.tally.add(Outcome.APPLIED, len(chunk))
            return
        bad = answer.rejected.keys() | answer.unsaid.keys()
        good = [position for index, position in enumerate(chunk.positions) if index not in bad]
        self.progress.settle(good, applied=True, noted=chunk.noted)
        if chunk.noted:
            self.progress.settle([chunk.positions[i] for i in answer.rejected], applied=False, noted=True)
        self.tally.add(Outcome.APPLIED, len(good))
        self.failed(_failures(chunk, answer.rejected, Outcome.REJECTED))
        self.failed(_failures(chunk, answer.unsaid, Outcome.UNKNOWN))

    def unknown(self, chunk: Chunk, status: int | None, reason: str) -> None:
        """Write down that nobody can say what became of a chunk."""
        pairs = zip(chunk.positions, chunk.elements, strict=True)
        self.failed([Failure(position, Outcome.UNKNOWN, status, reason, element) for position, element in pairs])

    def not_sent(self, chunk: Chunk) -> None:
        """Let the next try send a chunk, on which the server certainly did not act. It is counted at the end."""
        if chunk.noted:
            self.progress.settle(chunk.positions, applied=False, noted=True)

    def invalid(self, pairs: Iterable[tuple[int, AnyElement]], reason: str) -> None:
        """Write down elements that turned out to be such as cannot be sent."""
        self.failed([Failure(position, Outcome.INVALID, None, reason, element) for position, element in pairs])

    def failed(self, failures: list[Failure]) -> None:
        """Count failures and hand them to the sinks."""
        if not failures:
            return
        for row in self.tally.fail(failures):
            self._observer.new_error(row)
        for sink in self._sinks:
            sink.write(failures)

    def read(self, failures: list[Failure], resumed: int) -> None:
        """Count what needs no sending: failures that were found while reading, and what earlier tries had applied."""
        self.tally.resumed += resumed
        self.tally.add(Outcome.APPLIED, resumed)
        self.failed(failures)


def _failures(chunk: Chunk, reasons: dict[int, Rejection], outcome: Outcome) -> list[Failure]:
    return [
        Failure(
            chunk.positions[index],
            outcome,
            reason.errorcode,
            masked(reason.errormessage, chunk.elements[index]),
            chunk.elements[index],
        )
        for index, reason in sorted(reasons.items())
    ]


def masked(message: str, element: AnyElement) -> str:
    """Take out of a server's message what is personal in the element that it speaks of."""
    for text in _personal(element):
        if len(text) >= SHORTEST_MASKED:
            message = message.replace(text, "***")
    return message


def _personal(element: AnyElement) -> Iterator[str]:
    if element.description:
        yield element.description
    search: Any = element.search
    for criteria in search if isinstance(search, list) else [search or {}]:
        for value in criteria.values():
            yield value if isinstance(value, str) else msgspec.json.encode(value).decode()
