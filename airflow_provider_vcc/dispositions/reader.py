"""Reads the input stretch by stretch: fingerprint, skip what is applied, check the rest."""

from __future__ import annotations

import pickle
import tempfile
from collections import defaultdict
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.dispositions.checker import Batch
from airflow_provider_vcc.dispositions.outcomes import Failure, Outcome
from airflow_provider_vcc.dispositions.progress import STRETCH, ones
from airflow_provider_vcc.exceptions import VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_vcc.dispositions.checker import AnyElement, Checker
    from airflow_provider_vcc.dispositions.progress import Progress
    from airflow_provider_vcc.dispositions.rows import Rows, Source

__all__ = ["Reader"]

IN_THE_AIR = (
    "an earlier try sent it, nobody can say whether it took effect, and it must not be sent twice; "
    "look at the record in VCC before you send it again"
)


class Reader:
    """Gives the batches that are to be sent, and counts what it read.

    :param report: takes the failures of a batch when it is given, and the number that earlier tries had applied.
    """

    def __init__(
        self,
        source: Source,
        checker: Checker,
        progress: Progress,
        report: Callable[[list[Failure], int], None],
    ) -> None:
        self._source = source
        self._checker = checker
        self._progress = progress
        self._report = report
        self._superseded: dict[int, int] = {}
        self._rows: Iterator[Rows] | None = None
        self._resuming = False
        self.read = 0
        """How many elements were read."""

    def __iter__(self) -> Iterator[Batch]:
        if self._progress.segments:
            self._look_back()
        if self._rows is None:
            self._rows = iter(self._source.read(STRETCH))
        for rows in self._rows:
            batch = self._batch(rows)
            if batch.elements:
                yield batch

    def count_rest(self) -> None:
        """Read on to the end without looking at anything."""
        if self._rows is None:
            self._rows = iter(self._source.read(STRETCH))
        for rows in self._rows:
            self.read += len(rows)

    def _batch(self, rows: Rows) -> Batch:
        applied, blocked = self._progress.enter(rows)
        count = len(rows)
        resumed = applied.bit_count()
        if resumed == count:
            batch = Batch(rows.start, count, [], range(0))
        elif applied or blocked or self._superseded:
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
        later = self._superseded.get(position)
        if later is None:
            return None
        return Failure(position, Outcome.REJECTED, None, f"superseded by position {later}", element)

    def _look_back(self) -> None:
        """Find what an earlier try failed to set, though it applied a later element for the same record."""
        gaps = self._progress.gaps()
        if not gaps:
            return
        rows = iter(self._source.read(STRETCH))
        seen: Iterator[Rows] | None = None
        if self._source.repeatable:
            with suppress(VccInputError):  # it breaks off there again when it is sent
                self._find(self._until(rows, gaps.stop), gaps)
            rows = iter(self._source.read(STRETCH))
        else:
            spool = _Spool(self._until(rows, gaps.stop))
            self._find(spool.first(), gaps)
            seen = spool.again()
        self._rows = chain(seen, rows) if seen is not None else rows

    @staticmethod
    def _until(rows: Iterator[Rows], stop: int) -> Iterator[Rows]:
        for some in rows:
            yield some
            if some.start + len(some) >= stop:
                return

    def _find(self, rows: Iterator[Rows], gaps: range) -> None:
        past = _Past(self._superseded)
        for some in rows:
            applied, blocked = self._progress.enter(some)
            if some.start + len(some) <= gaps.start or not (past.pending or applied.bit_count() < len(some)):
                continue
            batch = self._checker.check(some)
            if not past.simply(batch, applied, blocked):
                past.one_by_one(batch, applied, blocked)


class _Past:
    """What an earlier try did, in order: failed elements wait here for a later applied one that replaces them."""

    def __init__(self, superseded: dict[int, int]) -> None:
        self._superseded = superseded
        self.pending: defaultdict[object, list[int]] = defaultdict(list)
        """Positions by record; those of searches under None."""

    def simply(self, batch: Batch, applied: int, blocked: int) -> bool:
        """Take a stretch in which each row is valid and names a record of its own, none of which waits, or say no."""
        keys = [element.numberid for element in batch.elements]
        records = set(keys)
        if not batch.plain or None in self.pending or len(records) < batch.size:
            return False
        if not self.pending.keys().isdisjoint(records):
            return False
        for index in ones(~(applied | blocked) & (1 << batch.size) - 1):
            self.pending[keys[index]].append(batch.start + index)
        return True

    def one_by_one(self, batch: Batch, applied: int, blocked: int) -> None:
        """Take any stretch, in order."""
        for position, element in zip(batch.positions, batch.elements, strict=True):
            bit = position - batch.start
            if applied >> bit & 1:
                self._applied(position, element)
            elif not blocked >> bit & 1:
                self.pending[element.numberid].append(position)

    def _applied(self, position: int, element: AnyElement) -> None:
        """Take what was applied; a search may have touched any record."""
        keys = list(self.pending) if element.numberid is None else (None, element.numberid)
        for key in keys:
            for earlier in self.pending.pop(key, ()):
                self._superseded[earlier] = position


class _Spool:
    """Keeps the rows of an input that cannot be read twice, on disk."""

    def __init__(self, rows: Iterator[Rows]) -> None:
        self._rows = rows
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- closed when it has been read again
        self._count = 0
        self._error: Exception | None = None

    def first(self) -> Iterator[Rows]:
        """Give the rows, and keep them; where they break off, end there."""
        try:
            for rows in self._rows:
                pickle.dump(rows, self._file, pickle.HIGHEST_PROTOCOL)
                self._count += 1
                yield rows
        except Exception as error:  # noqa: BLE001 -- raised again at its place
            self._error = error

    def again(self) -> Iterator[Rows]:
        """Give the same rows once more."""
        with self._file:
            self._file.seek(0)
            for _ in range(self._count):
                yield pickle.load(self._file)  # noqa: S301 -- written by this very process
        if self._error is not None:
            raise self._error
