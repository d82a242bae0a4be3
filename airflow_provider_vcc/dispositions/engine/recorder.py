"""Where each outcome is written down: the progress, the tally, the sinks of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from airflow_provider_vcc.dispositions.engine.limits.spent import HeldBy
from airflow_provider_vcc.dispositions.http.answers import OURS
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import AnyElement
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.http.answers import Answer, Rejection
    from airflow_provider_vcc.dispositions.outcomes.tally import Tally
    from airflow_provider_vcc.dispositions.progress.progress import Progress
    from airflow_provider_vcc.documents import ErrorRow, FailedRecords, Summary
    from airflow_provider_vcc.redaction import Private

__all__ = ["Observer", "Recorder", "Sink", "Snapshot"]


class Sink(Protocol):
    """Takes failed elements as they come: a file, a table."""

    def write(self, failures: Sequence[Failure]) -> None:
        """Keep some failures."""

    def close(self) -> None:
        """Keep what is buffered, and end."""


class Snapshot(msgspec.Struct, frozen=True):
    """Where a run stood at one moment."""

    elapsed: float
    """Seconds since it began."""
    read: int
    """How many elements had been read."""
    expected: int | None
    """How many there are, if that is known before all are read."""
    share: float | None
    """How much of the input had been read, from 0 to 1."""
    done: int
    """How many elements had an outcome; ``failed``, ``resumed`` and ``not_sent`` of them."""
    failed: int
    resumed: int
    not_sent: int
    limit: int
    """How many requests at a time were allowed."""
    held_by: HeldBy
    """What the most time had been spent on so far, and its share of all."""
    held_share: float
    halvings: int
    """How often a chunk was too much."""
    retries: int
    """How many requests were sent again."""
    waited: float
    """Seconds that sending was held back since the service was in trouble."""


class Observer:
    """Is told what happens, in the thread that runs the sync, and sees snapshots only. This one keeps quiet."""

    live_every: float | None = None
    """Seconds between values that ``live`` gives; None if it gives none."""

    def new_error(self, row: ErrorRow, line: int | None) -> None:
        """Learn of an error of a new kind.

        :param line: the line of its first element, if the input has lines.
        """

    def trouble(self, reason: str, seconds: float) -> None:
        """Learn that a request failed, and that sending is held back for so many seconds."""

    def halved(self, size: int) -> None:
        """Learn that a chunk was too much, and that chunks now have at most ``size`` elements."""

    def sent(self, size: int, at_once: int) -> None:
        """Learn that a request with so many elements goes out, as the ``at_once``-th under way."""

    def answered(self, seconds: float) -> None:
        """Learn that a request was answered after so many seconds."""

    def tick(self, look: Callable[[], Snapshot]) -> None:
        """Learn that something happened, or that a second has passed; ``look`` returns where the run stands."""

    def live(
        self,
        snapshot: Snapshot,  # noqa: ARG002 -- this one has nothing to keep
        summary: Summary,  # noqa: ARG002 -- likewise
        failed: FailedRecords,  # noqa: ARG002 -- likewise
    ) -> tuple[str, object] | None:
        """Return a key and a value to keep in the store beside the progress; asked every ``live_every`` seconds."""
        return None


class Entry:
    """How a chunk is written down: what was counted before it, and what there is to count."""

    def __init__(self, chunk: Chunk, before: int, applied: int, failures: list[Failure]) -> None:
        self.chunk = chunk
        self.before = before
        self.applied = applied
        self.failures = failures
        self.handed_on = False


class Recorder:
    """Writes outcomes down. The progress comes first, so that an interruption errs on the side of ``unknown``.

    A sink that raises keeps nothing from being counted.

    :param redaction: takes out of the server's words what came with a request, before they go anywhere.
    """

    def __init__(
        self,
        tally: Tally,
        progress: Progress,
        sinks: Sequence[Sink],
        observer: Observer,
        redaction: Redaction | None = None,
    ) -> None:
        self._redaction = redaction or Redaction()
        self.tally = tally
        self.progress = progress
        self._sinks = sinks
        self._observer = observer
        self._entry: Entry | None = None

    def answered(self, chunk: Chunk, answer: Answer, *, noted: bool = False) -> None:
        """Write down what an answer says of each element of a chunk.

        :param noted: whether the store was told of the chunk before it was sent.
        """
        if not (answer.rejected or answer.unsaid):
            self.progress.settle(chunk.positions, applied=True, noted=noted)
            self._write(chunk, len(chunk), [])
            return
        bad = answer.rejected.keys() | answer.unsaid.keys()
        but = [chunk.positions[index] for index in bad]
        self.progress.settle(chunk.positions, applied=True, noted=noted, but=but)
        if noted:
            self.progress.settle([chunk.positions[i] for i in answer.rejected], applied=False, noted=True)
        elements = chunk.elements
        private = self._redaction.of(elements)
        failures = _failures(chunk, elements, answer.rejected, Outcome.REJECTED, private)
        failures += _failures(chunk, elements, answer.unsaid, Outcome.UNKNOWN, private)
        self._write(chunk, len(chunk) - len(bad), failures)

    def unknown(self, chunk: Chunk, status: int | None, reason: str) -> None:
        """Write down that nobody can say what became of a chunk."""
        pairs = zip(chunk.positions, chunk.elements, strict=True)
        failures = [Failure(position, Outcome.UNKNOWN, status, reason, element) for position, element in pairs]
        self._write(chunk, 0, failures)

    def _write(self, chunk: Chunk, applied: int, failures: list[Failure]) -> None:
        self._entry = entry = Entry(chunk, self.tally.total, applied, failures)
        self.tally.add(Outcome.APPLIED, applied)
        error = self._hand_on(failures, self.tally.fail(failures))
        entry.handed_on = True
        if error is not None:
            raise error

    def finish_interrupted(self) -> Chunk | None:
        """Complete what an exception in the middle of writing has left, and return the chunk that was written last.

        None where nothing of it had been counted, so that it is still to be written down. A sink may get the failures
        of this chunk a second time, since it is not known which sinks had them.
        """
        entry = self._entry
        counted = self.tally.total - entry.before if entry is not None else 0
        if entry is None or not counted:
            return None
        new = self.tally.fail(entry.failures[counted - entry.applied :])
        if not entry.handed_on:
            entry.handed_on = True
            self._hand_on(entry.failures, new)
        return entry.chunk

    def not_sent(self, chunk: Chunk, *, noted: bool = False) -> None:
        """Let the next try send a chunk, on which the server certainly did not act. It is counted at the end."""
        if noted:
            self.progress.settle(chunk.positions, applied=False, noted=True)

    def invalid(self, pairs: Iterable[tuple[int, AnyElement]], reason: str) -> None:
        """Write down elements that turned out to be such as cannot be sent."""
        self.failed([Failure(position, Outcome.INVALID, None, reason, element) for position, element in pairs])

    def failed(self, failures: list[Failure]) -> None:
        """Count failures and hand them to the sinks.

        :raises Exception: whatever the first sink raised that did, when all the others have been served.
        """
        error = self._hand_on(failures, self.tally.fail(failures))
        if error is not None:
            raise error

    def _hand_on(self, failures: list[Failure], new: list[ErrorRow]) -> Exception | None:
        for row in new:
            self._observer.new_error(row, self.tally.line_of(row["positions"][0]) if row["positions"] else None)
        first: Exception | None = None
        for sink in self._sinks if failures else ():
            try:
                sink.write(failures)
            except Exception as error:  # noqa: BLE001 -- raised when the other sinks have been served
                first = first or error
        return first

    def read(self, failures: list[Failure], resumed: int) -> None:
        """Count what needs no sending: failures that were found while reading, and what earlier tries had applied."""
        self.tally.add(Outcome.APPLIED, resumed)
        self.tally.resumed += resumed
        self.failed(failures)


def _shown(message: str, element: AnyElement, private: Private) -> str:
    return message if message in OURS else private.redacted(message, element)


def _failures(
    chunk: Chunk,
    elements: Sequence[AnyElement],
    reasons: dict[int, Rejection],
    outcome: Outcome,
    private: Private,
) -> list[Failure]:
    return [
        Failure(
            chunk.positions[index],
            outcome,
            private.code(reason.errorcode),
            _shown(reason.errormessage, elements[index], private),
            elements[index],
        )
        for index, reason in sorted(reasons.items())
    ]
