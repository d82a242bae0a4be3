"""Failed elements written back to a table, beside the data that they came from."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.transfers.databases.faults import Fate, fate_of, words_of
from airflow_provider_vcc.transfers.databases.spool import Spool
from airflow_provider_vcc.transfers.databases.tables import PATIENCE, SideTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure
    from airflow_provider_vcc.task.endpoints import TaskLog
    from airflow_provider_vcc.transfers.databases.tables import Hook, Transaction

__all__ = ["ResultsTable"]

BATCH = 1_000
"""Rows of one transaction: no more than any database takes in ``IN (...)``."""
IN_MEMORY = 20
"""Batches that wait in memory; more of them wait on disk."""
WHILE_SENDING = 10.0
"""Seconds of patience with a batch while there is more to come; at the end there is more."""
NAME_LENGTH, CODE_LENGTH = 250, 64
CUT = " [cut]"
LENGTHS = (60_000, 16_000, 3_900, 1_900, 240, 60, 20, 8)
"""Lengths that are tried for a text that is too long, from that of MySQL's TEXT downwards."""
LONG = ("errormessage", "element")
FITS = [
    *(dict.fromkeys(names, length) for length in LENGTHS for names in (LONG[:1], LONG[1:], LONG)),
    {"errorcode": 2, **dict.fromkeys(LONG, 8)},
]
"""What is tried: no column is cut for the sake of another one, if that helps."""
COLUMNS = {
    "dag_id": f"key:{NAME_LENGTH}",
    "run_id": f"key:{NAME_LENGTH}",
    "task_id": f"key:{NAME_LENGTH}",
    "map_index": "integer",
    "try_number": "integer",
    "position": "bigint",
    "outcome": "key:16",
    "errorcode": f"key:{CODE_LENGTH}",
    "errormessage": "text",
    "element": "text",
    "synced_at": "time",
}
KEY = ("dag_id", "run_id", "task_id", "map_index", "position")
LOST = "results_table: {:,} failed elements are not in {} ({})"
NOT_CLEARED = "results_table: what earlier tries wrote is still in %s, beside the rows of this one (%s)"
NO_DELETE = "results_table: nothing can be deleted from %s (%s), so a retry's rows stand beside those of the try before"
NO_TIME = (
    "results_table: the column synced_at of {} does not keep the time of a row, by which a try tells its own rows from "
    "older ones; make it a timestamp, or name a table that is not there yet, and it is made"
)
RECHECK, SHARE = 2.0, 20
"""Seconds, and times as long as it took, after which is looked again for a newer try: that reads all of our rows."""
_encode = msgspec.json.Encoder(enc_hook=str).encode

Row = dict[str, object]


class ResultsTable:
    """A sink that keeps the failures of one task instance: those of its last try.

    It takes part in the work and never decides over it. That it can be written to is seen when it is made; afterwards
    a thread of its own writes, with patience, and what cannot be written is counted in ``lost``.

    Two tries may write at once, where the older one's process outlived its supervisor. What a newer try has written
    stays: an older one writes nothing any more as soon as it can see one.

    :param hook: a ``DbApiHook``.
    :param table: its name, with or without a schema. It is made if it is missing.
    :param instance: ``{"dag_id", "run_id", "task_id", "map_index"}``.
    :param is_replaced: says whether this try has a successor that writes in its place.
    :raises VccError: if the table cannot be made or written to, in the database's own words and without the row.
    """

    def __init__(
        self,
        hook: Hook,
        table: str,
        instance: dict[str, object],
        try_number: int,
        *,
        log: TaskLog | None = None,
        is_replaced: Callable[[], bool] = bool,
    ) -> None:
        self.lost = 0
        """How many failed elements could not be written."""
        self._reason = ""
        self._name = table
        self._log = log
        self._instance = instance
        self._try_number = try_number
        self._is_replaced = is_replaced
        self._began = datetime.now(UTC).replace(microsecond=0)  # some databases keep no fractions
        self._rows: dict[int, Row] = {}
        self._waiting: Spool[list[Row]] = Spool(IN_MEMORY)
        self._ascii = False
        self._fit: dict[str, int] = {}
        self._deletes = True
        self._look_at = 0.0
        self._table = SideTable(hook, table, COLUMNS, KEY, parameter="results_table")
        self._thread = ThreadPoolExecutor(1, "vcc_results")
        self._last: Future[None] | None = None
        try:
            self._thread.submit(self._prepare).result()
        except BaseException:
            self._thread.submit(self._table.disconnect)
            self._thread.shutdown(wait=False)
            raise

    @property
    def loss(self) -> str | None:
        """What to say of what could not be written, or None if all was."""
        return LOST.format(self.lost, self._name, self._reason) if self.lost else None

    def write(self, failures: Sequence[Failure]) -> None:
        """Keep some failures; they are written a little later."""
        now = datetime.now(UTC)
        for failure in failures:
            self._rows[failure.position] = self._row(failure, now)
            if len(self._rows) >= BATCH:
                self._hand_over()

    def settled(self) -> None:
        """Take away what older tries wrote: this one has read everything, and settled it."""
        self._hand_over()
        self._thread.submit(self._take_away).result()

    def close(self) -> None:
        """Write what is left, and log what could not be written."""
        self._hand_over()
        try:
            self._thread.submit(self._flush, PATIENCE).result()
        finally:
            self._thread.submit(self._table.disconnect)
            self._thread.shutdown(wait=False)
            self._waiting.close()
        if self.lost:
            self._warn("%s", self.loss)

    def _hand_over(self) -> None:
        rows, self._rows = sorted(self._rows.items()), {}
        if rows:
            self._waiting.put([row for _, row in rows])
        if self._last is None or self._last.done():
            self._last = self._thread.submit(self._flush, WHILE_SENDING)

    # In the thread

    def _prepare(self) -> None:
        self._table.prepare(self._sample, self._check_times)
        if self._table.dialect.transactions:
            return
        try:
            self._table.transaction(self._delete_probe)
        except Exception as error:  # noqa: BLE001 -- each driver has its own
            self._deletes = False
            self._warn(NO_DELETE, self._name, words_of(error, names=self._table.names))

    def _delete_probe(self, transaction: Transaction) -> None:
        transaction.execute(f"DELETE FROM {{table}} WHERE {MINE} AND position = -1", self._mine)

    def _check_times(self, transaction: Transaction) -> None:
        """Try what is asked of a row's time: if a column keeps no more than the day, every row counts as an older one.

        :raises VccConfigurationError: if the row that was just written counts as written before this try began.
        """
        not_older = "synced_at >= " + self._table.slot("synced_at")
        [(count,)] = transaction.select(
            f"SELECT COUNT(*) FROM {{table}} WHERE {MINE} AND position = -1 AND {not_older}",
            [*self._mine, transaction.moment(self._began)],
        )
        if not count:
            raise VccConfigurationError(NO_TIME.format(self._name))

    def _warn(self, event: str, *arguments: object) -> None:
        if self._log is not None:
            self._log.warning(event, *arguments)

    def _flush(self, patience: float) -> None:
        """Write what waits. What does not pass in time stays, unless this is the end."""
        is_end = patience >= PATIENCE
        while (rows := self._waiting.peek()) is not None:
            before = self.lost
            if not self._save(rows, patience, is_end=is_end):
                return
            self._waiting.get()
            if self.lost > before:
                patience = min(patience, WHILE_SENDING)  # once has been waited long

    def _save(self, rows: list[Row], patience: float, *, is_end: bool) -> bool:
        """Write rows, or count them as lost; False if they should be tried again later."""
        error = self._try(rows, patience)
        if error is None:
            return True
        fate = fate_of(error)
        if fate is Fate.DOES_NOT_FIT:
            return self._save_fitted(rows, patience, is_end=is_end)
        if fate is Fate.PASSES and not is_end:
            return False
        self._count_lost(len(rows), error)
        return True

    def _save_fitted(self, rows: list[Row], patience: float, *, is_end: bool) -> bool:
        """Write rows of which one does not fit: first in ASCII, in which JSON loses nothing, then cut."""
        if not self._ascii:
            self._ascii = True
            return self._save(rows, patience, is_end=is_end)
        if len(rows) > 1:
            middle = len(rows) // 2
            done = self._save(rows[:middle], patience, is_end=is_end)
            return self._save(rows[middle:], patience, is_end=is_end) and done
        for fit in FITS:
            error = self._try([_cut(_in_ascii(rows[0]), fit)], patience)
            if error is None:
                self._fit = {**self._fit, **fit}  # others that are as long need not be tried
                return True
            if fate_of(error) is not Fate.DOES_NOT_FIT:
                break
        self._count_lost(1, error)
        return True

    def _try(self, rows: list[Row], patience: float) -> Exception | None:
        try:
            self._table.transaction(partial(self._replace, rows=rows), patience=patience)
        except Exception as error:  # noqa: BLE001 -- each driver has its own
            return error
        return None

    def _count_lost(self, count: int, error: Exception | None) -> None:
        self.lost += count
        self._reason = self._reason or (words_of(error, names=self._table.names) if error is not None else "")

    def _take_away(self) -> None:
        self._flush(PATIENCE)
        if self.lost or not self._deletes or self._is_replaced():
            return
        try:
            self._table.transaction(self._delete_older)
        except Exception as error:  # noqa: BLE001 -- likewise
            self._warn(NOT_CLEARED, self._name, words_of(error, names=self._table.names))

    def _delete_older(self, transaction: Transaction) -> None:
        older = "(try_number < {} OR synced_at < " + self._table.slot("synced_at") + ")"
        transaction.execute(
            f"DELETE FROM {{table}} WHERE {MINE} AND {older}",
            [*self._mine, self._try_number, transaction.moment(self._began)],
        )

    def _replace(self, transaction: Transaction, *, rows: list[Row]) -> None:
        if self._is_replaced() or self._is_followed(transaction):
            return
        if self._deletes:
            positions = [row["position"] for row in rows]
            slots = ", ".join(["{}"] * len(positions))
            transaction.execute(
                f"DELETE FROM {{table}} WHERE {MINE} AND position IN ({slots})", [*self._mine, *positions]
            )
        transaction.insert([self._bound(row, transaction) for row in rows])

    def _is_followed(self, transaction: Transaction) -> bool:
        """Return whether a newer try has written; not a run that was deleted and had the same name."""
        began = monotonic()
        if began < self._look_at:
            return False
        [(count,)] = transaction.select(
            f"SELECT COUNT(*) FROM {{table}} WHERE {MINE} AND try_number > {{}} AND synced_at >= "
            + self._table.slot("synced_at"),
            [*self._mine, self._try_number, transaction.moment(self._began)],
        )
        now = monotonic()
        self._look_at = now + max(RECHECK, SHARE * (now - began)) if not count else 0.0
        return bool(count)

    @property
    def _mine(self) -> list[object]:
        return [self._instance[name] for name in MINE_COLUMNS]

    def _bound(self, row: Row, transaction: Transaction) -> Row:
        at = row["synced_at"]
        row = _cut(_in_ascii(row), self._fit) if self._ascii else row
        return {**row, "synced_at": transaction.moment(at) if isinstance(at, datetime) else at}

    def _sample(self, transaction: Transaction) -> Row:
        """Return a row that no element has, to try whether one can be deleted and written."""
        self._delete_probe(transaction)
        return {
            **dict.fromkeys(COLUMNS),
            **self._instance,
            "try_number": self._try_number,
            "position": -1,
            "outcome": "rejected",
            "errormessage": "",
            "synced_at": transaction.moment(self._began),
        }

    def _row(self, failure: Failure, now: datetime) -> Row:
        code = failure.errorcode
        return {
            **self._instance,
            "try_number": self._try_number,
            "position": failure.position,
            "outcome": str(failure.outcome),
            "errorcode": None if code is None else str(code)[:CODE_LENGTH],
            "errormessage": failure.errormessage.replace("\0", ""),
            "element": _json(failure.element),
            "synced_at": now,
        }


MINE_COLUMNS = KEY[:-1]
MINE = " AND ".join(f"{name} = {{}}" for name in MINE_COLUMNS)


def _json(element: object) -> str:
    try:
        return _encode(element).decode()
    except (TypeError, ValueError, RecursionError):  # keys that are no texts, lone surrogates
        return json.dumps(element, default=str, skipkeys=True)


def _in_ascii(row: Row) -> Row:
    """Write a row without other letters: the element as JSON has it, which loses nothing."""
    element, message = str(row["element"]), str(row["errormessage"])
    return {
        **row,
        "element": element if element.isascii() else _escaped(element),
        "errormessage": message.encode("ascii", "backslashreplace").decode(),
    }


def _escaped(element: str) -> str:
    """Return JSON, which is the same in ASCII; what was cut is none any more."""
    try:
        return json.dumps(json.loads(element))
    except ValueError:
        return element.encode("ascii", "backslashreplace").decode()


def _cut(row: Row, fit: Mapping[str, int]) -> Row:
    return {**row, **{name: _shortened(str(row[name]), fit[name]) for name in fit if row[name] is not None}}


def _shortened(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    return text[: length - len(CUT)] + CUT if length > len(CUT) else text[:length]
