"""The table that remembers, for each record, what the service last applied: ``synced_table``."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_vcc.dispositions.progress.synced import Remembered, State
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.transfers.databases.faults import words_of
from airflow_provider_vcc.transfers.databases.tables import SideTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from airflow_provider_vcc.transfers.databases.tables import Hook, Transaction

__all__ = ["SyncedTable"]

RECORD_LENGTH, NAME_LENGTH = 64, 250
COLUMNS = {
    "project_id": "bigint",
    "record": f"key:{RECORD_LENGTH}",
    "fingerprint": "key:64",
    "state": "key:16",
    "dag_id": f"key:{NAME_LENGTH}",
    "task_id": f"key:{NAME_LENGTH}",
    "synced_at": "time",
}
KEY = ("project_id", "record")
REST = tuple(name for name in COLUMNS if name not in KEY)
SOME = 900
"""Records in one statement: fewer than any database takes in ``IN (...)``."""
ON_CONFLICT = f" ON CONFLICT ({', '.join(KEY)}) DO UPDATE SET {', '.join(f'{n} = excluded.{n}' for n in REST)}"
ON_DUPLICATE = f" ON DUPLICATE KEY UPDATE {', '.join(f'{n} = VALUES({n})' for n in REST)}"
UPSERTS = {"postgresql": ON_CONFLICT, "sqlite": ON_CONFLICT, "mysql": ON_DUPLICATE}
LOOK_UP = "SELECT record, fingerprint, state FROM {table} WHERE project_id = {} AND record IN "
FORGET = "DELETE FROM {table} WHERE project_id = {} AND record IN "
LIST = "string_to_array({}, chr(31))"
"""A list is one text: what PostgreSQL's drivers make of one of ten thousand takes longer than all the rest."""
BETWEEN = chr(31)
NO_FINGERPRINT = "-"
COMPARE = (
    "SELECT w.record, s.fingerprint, s.state "
    f"FROM unnest({LIST}, {LIST}) AS w (record, fingerprint) "
    "LEFT JOIN (SELECT record, fingerprint, state FROM {table} "
    f"WHERE project_id = {{}} AND record = ANY ({LIST})) AS s ON s.record = w.record "
    "WHERE s.record IS NULL OR s.fingerprint <> w.fingerprint OR s.state <> {}"
)
"""PostgreSQL compares by itself, so that a million rows that are the same are not sent back.

It is told twice which records are meant: a join alone reads the whole table while nobody has analysed it.
"""
PLAN = "SELECT set_config('enable_nestloop', 'off', true), set_config('enable_seqscan', 'off', true)"
"""For this transaction: a table that has grown since it was analysed passes for a small one."""
KEEP_LISTS = (
    "INSERT INTO {table} (project_id, dag_id, task_id, synced_at, record, fingerprint, state) "
    "SELECT {}, {}, {}, CAST({} AS TIMESTAMP) AT TIME ZONE 'UTC', record, fingerprint, state "
    f"FROM unnest({LIST}, {LIST}, {LIST}) AS w (record, fingerprint, state)" + ON_CONFLICT
)
STATES = {str(state): state for state in State}
SAMPLE = "(tried, and rolled back)"
SAMPLES = (SAMPLE, "(and this one)")
IN_CAPITALS, WITH_ACCENTS = SAMPLE.upper(), SAMPLE.replace("e", "\u00e9")
"""What a table takes for the sample if it compares texts without regard to these."""
PROBE, OTHER_PROBE = "f" * 31 + "0", "f" * 31 + "1"
NOT_KEPT = (
    "synced_table: {} does not keep what is written to it: two records, or two fingerprints of 32 letters, come back "
    "as one. Mend its columns or its key (project_id, record), or name a table that is not there yet, and it is made"
)
KEPT_LETTERS, DIGEST_LETTERS = 23, 40

T = TypeVar("T")
Row = dict[str, object]


class SyncedTable:
    """A ledger in a database, of one project.

    ``read`` and ``write`` have a connection each, since two threads call them.

    :param hook: a ``DbApiHook``.
    :param table: its name, with or without a schema. It is made if it is missing.
    :param writer: ``{"dag_id", "task_id"}``, kept beside each record.
    :param is_replaced: says whether this process is an orphan whose successor writes in its place.
    :raises VccError: if the table cannot be made, read or written to, in the database's own words.
    """

    def __init__(
        self,
        hook: Hook,
        table: str,
        project_id: int,
        writer: Mapping[str, str],
        is_replaced: Callable[[], bool] = bool,
    ) -> None:
        self._name = table
        self._project_id = project_id
        self._writer = {name: value[:NAME_LENGTH] for name, value in writer.items()}
        self._is_replaced = is_replaced
        self._reading, self._writing = (
            SideTable(hook, table, COLUMNS, KEY, parameter="synced_table") for _ in range(2)
        )
        self._upsert = ""
        self._lists = False
        self._careless = False
        """Whether the table takes some texts for others: its key would hold for several records."""

    def prepare(self) -> None:
        """Check that the table is there, or make it, and that it can be written to, before anything is sent."""
        table = self._reading
        try:
            table.prepare(lambda transaction: self._row(SAMPLE, Remembered("", State.SENT), transaction))
            self._lists = self._compares()
            self._upsert = UPSERTS.get(table.dialect.name, "")
            if self._upsert and not self._upserts():
                self._upsert = ""  # a table of somebody's own, without the key
            if table.dialect.transactions:
                self._explained("written to", lambda: table.transaction(self._check_kept, keep=False), "")
                self._careless = self._careless or self._tried(self._ignores_accents)
                self._take_back()
        except BaseException:
            table.disconnect()
            raise

    def _compares(self) -> bool:
        """Try whether the database compares lists: some are spoken to by PostgreSQL's drivers, and are others."""

        def compare(transaction: Transaction) -> bool:
            self._lists = transaction.takes_lists
            return self._lists and not self._differing(transaction, {SAMPLE: ""})[SAMPLE]

        return self._tried(compare)

    def _upserts(self) -> bool:
        """Try whether a record is replaced, and not added once more: some tables have no key, some databases no way."""
        replaces = self._tried(self._replaces)
        self._take_back()
        return replaces

    def _tried(self, what: Callable[[Transaction], bool]) -> bool:
        with suppress(Exception):  # whatever the database has against it, there is another way
            return self._reading.transaction(what, patience=0, keep=False)
        return False

    def _take_back(self) -> None:
        """Delete what was tried where it may have stayed: some tables of MySQL cannot roll back."""
        if self._reading.dialect.name == "mysql":
            values = [self._project_id, *SAMPLES]
            self._reading.transaction(lambda transaction: transaction.execute(FORGET + _listed(SAMPLES), values))

    def _check_kept(self, transaction: Transaction) -> None:
        """Try whether each record comes back as it was written, and is told from others.

        :raises VccConfigurationError: if not: rows would be left out that nobody applied, or sent again each time.
        """
        for fingerprint in (OTHER_PROBE, PROBE):
            self._keep(transaction, dict.fromkeys(SAMPLES, Remembered(fingerprint, State.APPLIED)))
        same = self._differing(transaction, dict.fromkeys(SAMPLES, PROBE))
        other = self._differing(transaction, dict.fromkeys(SAMPLES, OTHER_PROBE))
        if same or len(other) < len(SAMPLES):
            raise VccConfigurationError(NOT_KEPT.format(self._name))
        self._careless = bool(transaction.select(LOOK_UP + "({})", [self._project_id, IN_CAPITALS]))

    def _ignores_accents(self, transaction: Transaction) -> bool:
        self._keep(transaction, {SAMPLE: Remembered("", State.SENT)})
        return bool(transaction.select(LOOK_UP + "({})", [self._project_id, WITH_ACCENTS]))

    def _replaces(self, transaction: Transaction) -> bool:
        for _ in range(2):
            self._keep(transaction, {SAMPLE: Remembered("", State.SENT)})
        return len(transaction.select(LOOK_UP + "({})", self._sample)) == 1

    @property
    def _sample(self) -> list[object]:
        return [self._project_id, SAMPLE]

    def close(self) -> None:
        """Let go of the connections."""
        self._reading.disconnect()
        self._writing.disconnect()

    # The ledger

    def differing(self, wanted: Mapping[str, str]) -> Mapping[str, Remembered | None]:
        """Return what stands there for each record that is not ``applied`` with the wanted fingerprint; None: nothing.

        :raises VccError: if the database refuses, or cannot be reached for long.
        """
        if not wanted:
            return {}
        records = _by_key(wanted, careless=self._careless)
        asked = wanted if records is None else {key: wanted[record] for key, record in records.items()}
        found = self._explained("read", lambda: self._reading.transaction(lambda t: self._differing(t, asked)))
        return found if records is None else {records[key]: entry for key, entry in found.items()}

    def _differing(self, transaction: Transaction, wanted: Mapping[str, str]) -> dict[str, Remembered | None]:
        records = _in_one(wanted) if self._lists else None
        if records is not None:
            transaction.execute(PLAN)
            fingerprints = BETWEEN.join([one or NO_FINGERPRINT for one in wanted.values()])
            rows = transaction.select(COMPARE, [records, fingerprints, self._project_id, records, str(State.APPLIED)])
            return {str(row[0]): _remembered(row) for row in rows}
        found: dict[str, Remembered | None] = {}
        for record, stands in self._found(transaction, list(wanted)):
            other = found.get(record, stands)  # two rows, where the table has no key: what is not certain counts
            found[record] = stands if other is None or other.state is State.APPLIED else other
        return {
            record: found.get(record)
            for record, fingerprint in wanted.items()
            if found.get(record) != Remembered(fingerprint, State.APPLIED)
        }

    def _found(self, transaction: Transaction, records: Sequence[str]) -> Iterator[tuple[str, Remembered | None]]:
        for at in range(0, len(records), SOME):
            some = records[at : at + SOME]
            rows = transaction.select(LOOK_UP + _listed(some), [self._project_id, *some])
            yield from ((str(row[0]), _remembered(row)) for row in rows)

    def write(self, entries: Mapping[str, Remembered | None]) -> None:
        """Keep what stands for some records from now on.

        :raises VccError: if the database refuses, or cannot be reached for long.
        """
        if self._is_replaced():
            raise VccError("synced_table: another process of this task has taken over, so this one sends nothing more")
        records = _by_key(entries, careless=self._careless)
        kept = entries if records is None else {key: entries[record] for key, record in records.items()}
        if kept:
            self._explained("written to", lambda: self._writing.transaction(lambda t: self._keep(t, kept)))

    def _keep(self, transaction: Transaction, entries: Mapping[str, Remembered | None]) -> None:
        """Write in one order whoever writes, so that two writers wait for each other instead of locking up."""
        kept = {record: entry for record, entry in sorted(entries.items()) if entry is not None}
        gone = sorted(entries.keys() - kept.keys() if self._upsert else entries)
        for at in range(0, len(gone), SOME):
            some = gone[at : at + SOME]
            transaction.execute(FORGET + _listed(some), [self._project_id, *some])
        records = _in_one(kept) if self._lists and self._upsert else None
        if records is not None:
            fingerprints = BETWEEN.join([entry.fingerprint or NO_FINGERPRINT for entry in kept.values()])
            states = BETWEEN.join([entry.state for entry in kept.values()])
            moment = transaction.moment(datetime.now(UTC))
            texts = [records, fingerprints, states]
            transaction.execute(KEEP_LISTS, [self._project_id, *self._writer.values(), moment, *texts])
            return
        transaction.insert([self._row(record, entry, transaction) for record, entry in kept.items()], self._upsert)

    def _row(self, record: str, entry: Remembered, transaction: Transaction) -> Row:
        return {
            "project_id": self._project_id,
            "record": record,
            "fingerprint": entry.fingerprint,
            "state": str(entry.state),
            **self._writer,
            "synced_at": transaction.moment(datetime.now(UTC)),
        }

    def doubt_all(self) -> None:
        """Make every ``applied`` of the project ``unknown``."""
        sql = "UPDATE {table} SET state = {} WHERE project_id = {} AND state = {}"
        values = [str(State.UNKNOWN), self._project_id, str(State.APPLIED)]
        self._explained("written to", lambda: self._writing.transaction(lambda t: t.execute(sql, values)))

    def _explained(self, what: str, do: Callable[[], T], since: str = " any more") -> T:
        try:
            return do()
        except VccError:
            raise
        except Exception as error:  # noqa: BLE001 -- each driver has its own
            words = words_of(error, names=self._reading.names)
        raise VccError(
            f"synced_table: {self._name} cannot be {what}{since} ({words}), so nothing more is sent; "
            "the next run goes on from what it holds"
        )


def _by_key(records: Collection[str], *, careless: bool) -> dict[str, str] | None:
    """Return the records by what stands for each in the table; None if all of them fit it as they are.

    A longer one is the beginning and a digest of it: a text that is no id must not hold up those that are.

    :param careless: the table takes some texts for others, so only digits stand there as they are.
    """
    exact = not careless or _are_digits("".join(records))
    if not records or (exact and max(map(len, records)) <= RECORD_LENGTH):
        return None
    return {_key(record, careless=careless): record for record in records}


def _key(record: str, *, careless: bool) -> str:
    exact = not careless or _are_digits(record)
    if exact and len(record) <= RECORD_LENGTH:
        return record
    digest = sha256(record.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LETTERS]
    return f"{record[:KEPT_LETTERS]}#{digest}"


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()


def _in_one(records: Collection[str]) -> str | None:
    """Return a list as one text, or None if there is none, or one of it has in it what stands between two."""
    joined = BETWEEN.join(records)
    return joined if records and joined.count(BETWEEN) == len(records) - 1 else None


def _listed(records: Sequence[str]) -> str:
    return f"({', '.join(['{}'] * len(records))})"


def _remembered(row: Sequence[object]) -> Remembered | None:
    _, fingerprint, state = row
    return None if fingerprint is None else Remembered(str(fingerprint), _state(state))


def _state(value: object) -> State:
    """Read a state; what nobody here has written is unknown."""
    return STATES.get(str(value).strip(), State.UNKNOWN)
