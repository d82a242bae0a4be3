"""Reads the input stretch by stretch: fingerprint, skip what is applied, check the rest."""

from __future__ import annotations

import pickle
import tempfile
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.elements.checker import Batch
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.progress.progress import ones
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_vcc.dispositions.elements.checker import AnyElement, Checker
    from airflow_provider_vcc.dispositions.progress.progress import Progress
    from airflow_provider_vcc.dispositions.progress.synced import Synced
    from airflow_provider_vcc.dispositions.sources.rows import Rows, Source

__all__ = ["Reader"]

LOOKED_UP = 10
"""Batches that are compared at once with what earlier runs had applied."""
SLOTS = 16
SMALLEST = 1 << 16

IN_THE_AIR = (
    "an earlier try sent it, nobody can say whether it took effect, and it must not be sent twice; "
    "look at the record in VCC before you send it again"
)


class Reader:
    """The batches that are to be sent, and the counts of what was read.

    :param report: takes the failures of a batch when it is given, and the number that earlier tries had applied.
    :param synced: leaves out what earlier runs had applied, and is still the same.
    """

    def __init__(
        self,
        source: Source,
        checker: Checker,
        progress: Progress,
        report: Callable[[list[Failure], int], None],
        synced: Synced | None = None,
    ) -> None:
        self._synced = synced
        self._source = source
        self._checker = checker
        self._progress = progress
        self._report = report
        self._past: _Past | None = None
        self._rows: Iterator[Rows] | None = None
        self._opened: list[Any] = []
        self._spool: _Spool | None = None
        self.read = 0
        """How many elements were read."""
        self._skipped = 0

    def __iter__(self) -> Iterator[Batch]:
        if self._progress.segments:
            self._look_back()
        if self._rows is None:
            self._rows = self._open()
        batches = map(self._batch, self._rows)
        yield from batches if self._synced is None else self._changed(self._synced, batches)

    def _changed(self, synced: Synced, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Leave out what has not changed; some batches at a time are looked up at once.

        What was read before the input broke off is given before the error is raised.
        """
        error: Exception | None = None
        while error is None:
            some: list[Batch] = []
            try:
                some.extend(islice(batches, LOOKED_UP))
                if not some:
                    return
            except Exception as broken:  # noqa: BLE001 -- raised when all that came before is given
                error = broken
            for batch, failures in synced.compare(some):
                if failures:
                    self._report(failures, 0)
                yield batch
        raise error

    def expected(self) -> int | None:
        """Return how many elements there are to send, as far as is known by now; None if the input does not say.

        If it says only how much of it has been read, as a file does, the rest is taken to be like that.
        """
        total = self._source.total
        if total is None:
            share = self._source.share()
            if not share:
                return None
            total = int(self.read / share)
        unchanged = self._synced.unchanged if self._synced is not None else 0
        return max(total, self.read) - self._skipped - unchanged

    def count_rest(self) -> None:
        """Read on to the end, and count only what earlier tries have done."""
        if self._rows is None:
            self._rows = self._open()
        for rows in self._rows:
            applied, blocked = self._progress.enter(rows)
            in_the_air = self._remaining(rows, ~blocked, blocked).failures if blocked else []
            self.read += len(rows)
            self._report(in_the_air, applied.bit_count())

    def close(self) -> None:
        """Close what was opened, and forget what was kept on disk."""
        for rows in self._opened:
            with suppress(Exception):  # what it gave is accounted for, and why the run ended is not hidden by this
                rows.close()
        if self._spool is not None:
            self._spool.close()

    def _open(self) -> Iterator[Rows]:
        rows = iter(self._source.read(self._progress.layout.stretch))
        self._opened.append(rows)
        return rows

    def _batch(self, rows: Rows) -> Batch:
        applied, blocked = self._progress.enter(rows)
        count = len(rows)
        resumed = applied.bit_count()
        self._skipped += resumed
        if resumed == count:
            batch = Batch(rows.start, count, [], range(0))
        elif applied or blocked or self._past is not None:
            batch = self._remaining(rows, applied, blocked)
        else:
            batch = self._checker.check(rows)
        self.read += count
        if batch.failures or resumed:
            self._report(batch.failures, resumed)
        return batch

    def _remaining(self, rows: Rows, applied: int, blocked: int) -> Batch:
        """Check only what is not applied, and take out what must not be sent again."""
        indexes = list(ones(~applied & (1 << len(rows)) - 1))
        start = rows.start
        batch = self._checker.check(rows.pick(indexes))
        failures = [msgspec.structs.replace(f, position=start + indexes[f.position - start]) for f in batch.failures]
        keep: list[tuple[int, AnyElement]] = []
        for picked, element in zip(batch.positions, batch.elements, strict=True):
            position = start + indexes[picked - start]
            failure = self._not_again(position, element, blocked=bool(blocked >> (position - start) & 1))
            if failure is not None:
                failures.append(failure)
            else:
                keep.append((position, element))
        positions = [position for position, _ in keep]
        return Batch(start, len(rows), [element for _, element in keep], positions, failures, batch.plain)

    def _not_again(self, position: int, element: AnyElement, *, blocked: bool) -> Failure | None:
        if blocked:
            return Failure(position, Outcome.UNKNOWN, None, IN_THE_AIR, element)
        later = self._past.later(element) if self._past is not None else position
        if later <= position:
            return None
        return Failure(position, Outcome.REJECTED, None, f"superseded by position {later}", element)

    def _look_back(self) -> None:
        """Find what an earlier try failed to set, though it applied a later element for the same record.

        What it had applied in a stretch that has changed since counts as failed, too.
        """
        gaps = self._progress.gaps()
        if not gaps.stop:
            return
        rows = self._open()
        seen: Iterator[Rows] | None = None
        if self._source.repeatable:
            with suppress(VccInputError):  # it breaks off there again when it is sent
                self._progress.forget_from(self._find(self._until(rows, gaps.stop), gaps))
            rows = self._open()
        else:
            spool = self._spool = _Spool(self._until(rows, gaps.stop))
            end = self._find(spool.first(), gaps)
            if not spool.breaks_off:
                self._progress.forget_from(end)
            seen = spool.again()
        self._rows = chain(seen, rows) if seen is not None else rows

    @staticmethod
    def _until(rows: Iterator[Rows], stop: int) -> Iterator[Rows]:
        for some in rows:
            yield some
            if some.start + len(some) >= stop:
                return

    def _find(self, rows: Iterator[Rows], gaps: range) -> int:
        """Look at rows, and return the position at which they end."""
        past = self._past = _Past(len(gaps) - self._progress.applied + gaps.start)
        end = 0
        for some in rows:
            end = some.start + len(some)
            applied, blocked = self._progress.enter(some)
            reached = applied | blocked
            past.stretch(some.start, reached)
            missing = ~reached & (1 << len(some)) - 1
            if missing or past.any_missing:
                past.look(self._checker.check(some), reached, missing)
        if not past.any_missing:
            self._past = None
        return end


class _Past:
    """What an earlier try applied, or may have, after it had failed to apply something else.

    The records of failed elements are kept as marks in a table, 16 bytes each and not by name; those of applied
    elements that hit a mark, by name. So it takes little memory, and a chance hit costs a little more but decides
    nothing: ``later`` compares names.

    :param missing: about how many elements were not applied.
    """

    def __init__(self, missing: int) -> None:
        size = max(SMALLEST, SLOTS * missing)
        self._bits = size.bit_length()
        self._marks = bytearray(1 << self._bits)
        self._records: dict[object, int] = {}
        self._last = -1
        self._last_search = -1
        self.any_missing = False

    def stretch(self, start: int, reached: int) -> None:
        """Note a stretch, looked at or not."""
        if reached:
            self._last = start + reached.bit_length() - 1

    def look(self, batch: Batch, reached: int, missing: int) -> None:
        """Look at a stretch with failed elements, or after such a one."""
        marks, mask, shift, start = self._marks, (1 << self._bits) - 1, self._bits, batch.start
        hashes = [hash(element.numberid) for element in batch.elements]
        for index in _indexes(batch, missing):
            self.any_missing = True
            marks[hashes[index] & mask] = marks[hashes[index] >> shift & mask] = 1
        for index in [index for index, mark in enumerate(hashes) if marks[mark & mask]]:
            if marks[hashes[index] >> shift & mask] and reached >> (batch.positions[index] - start) & 1:
                self._records[batch.elements[index].numberid] = batch.positions[index]
        if not batch.plain:
            searches = (p for p, e in zip(batch.positions, batch.elements, strict=True) if e.numberid is None)
            self._last_search = max((p for p in searches if reached >> (p - start) & 1), default=self._last_search)

    def later(self, element: AnyElement) -> int:
        """Return the last position whose element may have touched what this one does; -1 without one."""
        if element.numberid is None:
            return self._last
        return max(self._last_search, self._records.get(element.numberid, -1))


def _indexes(batch: Batch, bits: int) -> Iterator[int]:
    """Yield the indexes of a batch's elements whose bits are set."""
    if len(batch.elements) == batch.size:
        yield from ones(bits)
        return
    for index, position in enumerate(batch.positions):
        if bits >> (position - batch.start) & 1:
            yield index


class _Spool:
    """Keeps the rows of an input that cannot be read twice, on disk."""

    def __init__(self, rows: Iterator[Rows]) -> None:
        self._rows = rows
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed at the end
        self._count = 0
        self._error: Exception | None = None

    @property
    def breaks_off(self) -> bool:
        """Whether reading ended before the rows did."""
        return self._error is not None

    def first(self) -> Iterator[Rows]:
        """Yield the rows, and keep them; if they break off, end there."""
        try:
            for rows in self._rows:
                pickle.dump(rows, self._file, pickle.HIGHEST_PROTOCOL)
                self._count += 1
                yield rows
        except Exception as error:  # noqa: BLE001 -- raised again at its place
            self._error = error

    def again(self) -> Iterator[Rows]:
        """Yield the same rows once more."""
        self._file.seek(0)
        for _ in range(self._count):
            yield pickle.load(self._file)  # noqa: S301 -- written by this very process
        self._file.close()
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Free the disk space."""
        self._file.close()
