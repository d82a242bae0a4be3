"""A table of ours beside the data, in any database: made if missing, tried before it counts, written with patience.

The results table and the table of what was synced are two of these. They take part in the work and never decide over
it: what passes (deadlocks, locks, lost connections, busy files) is tried again, on a new connection if need be.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING, Protocol, TypeVar

from airflow_provider_vcc.exceptions import VccConfigurationError, VccError
from airflow_provider_vcc.transfers.databases.dialects import (
    UNKNOWN,
    bound,
    dialect_of,
    driver_of,
    paramstyle_of,
    unwrapped,
)
from airflow_provider_vcc.transfers.databases.faults import Fate, fate_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow_provider_vcc.transfers.databases.dialects import Dialect

__all__ = ["Columns", "SideTable", "Transaction"]

T = TypeVar("T")
Row = Mapping[str, object]
Columns = dict[str, str]
"""A table's columns: name -> ``key:<length>``, ``text``, ``integer``, ``bigint`` or ``time``."""
PATIENCE = 60.0
"""Seconds for which what passes is tried again."""
FEW = 3
"""Tries for an error that nobody knows, and for a row that somebody else wrote at the same moment."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
IDLE = 20.0
"""Seconds after which a connection is not used again: servers close what idles."""
LISTS = frozenset({"psycopg", "psycopg2"})
MOST_PARAMETERS = 2_000
"""In one statement; SQL Server takes no more than 2,100."""

CANNOT = (
    "{}: {} cannot be {} ({}). Grant its user SELECT, INSERT and DELETE on it{}, or name another table or connection"
)
MAKE = ", and the right to make it"


class Hook(Protocol):
    """What is needed of a ``DbApiHook``."""

    def get_conn(self) -> object:
        """Return a new connection, as the Airflow connection says."""


class Cursor(Protocol):
    """What is needed of a DB-API cursor."""

    description: Sequence[Sequence[object]] | None

    def execute(self, sql: str, parameters: object = ...) -> object:
        """Run a statement."""

    def executemany(self, sql: str, rows: Sequence[object]) -> object:
        """Run a statement for each set of parameters."""

    def fetchall(self) -> Sequence[Sequence[object]]:
        """Return all rows that are left."""

    def close(self) -> None:
        """Let go of the result."""


class Transaction:
    """One transaction on a side table. The SQL has ``{table}`` for its name and ``{}`` for each parameter."""

    def __init__(self, connection: object, cursor: Cursor, table: SideTable) -> None:
        self.dialect = table.dialect
        self._cursor = cursor
        self._table = table
        self._style = paramstyle_of(connection, table.hook)
        self.takes_lists = driver_of(connection) in LISTS
        """Whether one parameter may be a list, compared by ``= ANY``."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> None:
        """Run a statement."""
        sql, parameters = self._bound(sql, values)
        if values:
            self._cursor.execute(sql, parameters)
        else:
            self._cursor.execute(sql)

    def select(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Run a query, and return its rows."""
        self.execute(sql, values)
        return [tuple(row) for row in self._cursor.fetchall()]

    def columns(self) -> list[str]:
        """Return the names of the last query's columns, in small letters."""
        return [str(column[0]).lower() for column in self._cursor.description or ()]

    def insert(self, rows: Sequence[Mapping[str, object]], ending: str = "") -> None:
        """Add rows, several in one statement if the database takes them.

        :param ending: what follows the values, such as what to do about rows that are there already.
        """
        if not rows:
            return
        names = list(rows[0])
        start = f"INSERT INTO {{table}} ({', '.join(names)}) VALUES "
        slots = f"({', '.join(map(self._table.slot, names))})"
        values = [[row[name] for name in names] for row in rows]
        if not self.dialect.many_rows:
            sql, _ = self._bound(start + slots + ending, values[0])
            self._cursor.executemany(sql, [self._bound(start + slots, one)[1] for one in values])
            return
        size = max(MOST_PARAMETERS // len(names), 1)
        for at in range(0, len(values), size):
            piece = values[at : at + size]
            self.execute(start + ", ".join([slots] * len(piece)) + ending, [value for one in piece for value in one])

    def moment(self, at: datetime) -> object:
        """Return a moment as a parameter."""
        return self.dialect.moment(at)

    def _bound(self, sql: str, values: Sequence[object]) -> tuple[str, object]:
        return bound(sql.replace("{table}", self._table.escaped), values, self._style)


class SideTable:
    """A table of ours in the database of a hook. All methods of one object belong to one thread.

    :param hook: a ``DbApiHook``; each connection is its own, so whatever the Airflow connection says holds here, too.
    :param name: the table's name, with or without a schema, quoted or not.
    :param columns: name -> kind, see ``Columns``.
    :param key: the columns that name a row.
    :param parameter: what a message calls the table: the operator's parameter.
    """

    def __init__(self, hook: Hook, name: str, columns: Columns, key: Sequence[str], *, parameter: str) -> None:
        self.hook = hook
        self.name = name
        self.dialect: Dialect = UNKNOWN[0]
        self._dialects: tuple[Dialect, ...] = ()
        self._columns = columns
        self._key = key
        self._parameter = parameter
        self._connection: object | None = None
        self._used = 0.0
        self._unseen: Exception | None = None

    @property
    def escaped(self) -> str:
        """The table's name in SQL that has ``{}`` for its parameters."""
        return self.dialect.quoted(self.name).replace("{", "{{").replace("}", "}}")

    @property
    def names(self) -> list[str]:
        """The names that may stand in what is said of the table."""
        return [self.name, *self._columns]

    def slot(self, column: str) -> str:
        """Return what stands for a parameter of this column."""
        return self.dialect.time_slot if self._columns[column] == "time" else "{}"

    # Before anything is sent

    def prepare(
        self, sample: Callable[[Transaction], Row] | None = None, check: Callable[[Transaction], None] = lambda _: None
    ) -> None:
        """Check that the table is there or make it, that it has the columns, and that it can be written to.

        :param sample: returns a row that is written and rolled back. In a database that cannot roll back, the right to
            write is tried with no row.
        :param check: looks at the table while that row is there.
        :raises VccError: if it cannot be made or written to, in the database's own words.
        :raises VccConfigurationError: if a table of another kind has the name.
        """
        if not self._explained("read", self._exists):
            self._explained("created", self._create)
            if not self._explained("read", self._exists):
                raise VccError(f"{self._parameter}: {self.name} was created and is not there; look at its schema")
        if sample is not None:
            self._explained("written to", lambda: self._try_writing(sample, check))

    def _exists(self) -> bool:
        try:
            columns = self.transaction(self._found)
        except Exception as error:
            if fate_of(error) in {Fate.PASSES, Fate.UNKNOWN} and not _says_missing(error):
                raise
            self._unseen = error
            return False
        missing = set(self._columns) - set(columns)
        if missing:
            raise VccConfigurationError(
                f"{self._parameter}: {self.name} has no {', '.join(sorted(missing))}; "
                "name a table that is not there yet, and it is made"
            )
        return True

    @staticmethod
    def _found(transaction: Transaction) -> list[str]:
        transaction.select("SELECT * FROM {table} WHERE 1 = 0")
        return transaction.columns()

    def _create(self) -> None:
        """Make the table; another shard may do the same at the same moment."""
        error, unseen = None, self._unseen
        for dialect in self._dialects:
            self.dialect = dialect
            try:
                self.transaction(lambda transaction: transaction.execute(self._definition()))
            except Exception as one:  # noqa: BLE001 -- raised below, unless the table is there
                error = error or (unseen if unseen is not None and _says_there(one) else one)
                if self._exists():
                    return
            else:
                return
        if error is not None:
            raise error

    def _definition(self) -> str:
        kinds = {name: self._kind(kind) for name, kind in self._columns.items()}
        lines = [f"{name} {kind}{' NOT NULL' if name in self._key else ''}" for name, kind in kinds.items()]
        if self.dialect.primary_key:
            lines.append(f"{self.dialect.primary_key} ({', '.join(self._key)})")
        return f"CREATE TABLE {{table}} ({', '.join(lines)}){self.dialect.suffix}"

    def _kind(self, kind: str) -> str:
        name, _, length = kind.partition(":")
        return str(getattr(self.dialect, name)).format(length)

    def _try_writing(self, sample: Callable[[Transaction], Row], check: Callable[[Transaction], None]) -> None:
        if not self.dialect.transactions:
            names = ", ".join(self._columns)
            self.transaction(
                lambda t: t.execute(f"INSERT INTO {{table}} ({names}) SELECT {names} FROM {{table}} WHERE 1 = 0")
            )
            return
        row = self.transaction(lambda transaction: _written(transaction, sample, check), keep=False)
        self.transaction(lambda transaction: self._take_back(transaction, row))

    def _take_back(self, transaction: Transaction, row: Row) -> None:
        """Delete what could not be rolled back: some tables of MySQL know no transactions."""
        where, values = self._of_key(row)
        if transaction.select(f"SELECT 1 FROM {{table}} WHERE {where}", values):
            transaction.execute(f"DELETE FROM {{table}} WHERE {where}", values)

    def _of_key(self, row: Row) -> tuple[str, list[object]]:
        return " AND ".join(f"{name} = {{}}" for name in self._key), [row[name] for name in self._key]

    def _explained(self, what: str, do: Callable[[], T]) -> T:
        """Raise what a database says without what it adds of a row, which is personal."""
        try:
            return do()
        except VccError:
            raise
        except Exception as error:  # noqa: BLE001 -- each driver has its own
            words = words_of(error, names=self.names)
        raise VccError(CANNOT.format(self._parameter, self.name, what, words, MAKE if what == "created" else ""))

    # While running

    def transaction(self, do: Callable[[Transaction], T], *, patience: float = PATIENCE, keep: bool = True) -> T:
        """Do something in one transaction; if it fails with what passes, all of it again, for as long as we may.

        :param patience: seconds; the first try is made in any case.
        :param keep: False rolls back what was done.
        :raises Exception: the driver's own error if it stays, or does not pass in time.
        """
        until = monotonic() + patience
        tries = 0
        while True:
            try:
                return self._once(do, keep=keep)
            except VccError:
                raise
            except Exception as error:
                tries += 1
                self.disconnect()
                if not _is_worth_another(fate_of(error), tries, monotonic() < until):
                    raise
            sleep(_pause(tries))

    def _once(self, do: Callable[[Transaction], T], *, keep: bool) -> T:
        connection = self._connected()
        cursor: Cursor = connection.cursor()  # type: ignore[attr-defined] # DB-API
        owner = cursor if hasattr(cursor, "commit") else connection  # DuckDB's cursors are connections
        try:
            self._begin(connection, cursor)
            done = do(Transaction(connection, cursor, self))
            _end(owner, keep=keep or not self.dialect.transactions)
        except BaseException:
            with suppress(Exception):  # the error that came first is the one to see
                _end(owner, keep=False)
            raise
        with suppress(Exception):
            cursor.close()
        self._used = monotonic()
        return done

    def _connected(self) -> object:
        if self._connection is not None and monotonic() - self._used > IDLE:
            self.disconnect()
        if self._connection is None:
            self._connection = connection = self.hook.get_conn()
            self._dialects = self._dialects or dialect_of(connection, self.hook)
            if self.dialect not in self._dialects:
                self.dialect = self._dialects[0]
            _without_autocommit(unwrapped(connection))
            self._set_up(connection)
            self._used = monotonic()
        return self._connection

    def _set_up(self, connection: object) -> None:
        for statement in self.dialect.on_connect:
            with suppress(Exception):  # an older server, a pooler: it only waits longer then
                cursor = connection.cursor()  # type: ignore[attr-defined]
                cursor.execute(statement)
                cursor.close()
            with suppress(Exception):
                connection.commit()  # type: ignore[attr-defined]

    def _begin(self, connection: object, cursor: Cursor) -> None:
        if not getattr(unwrapped(connection), "in_transaction", False):  # SQLite's, where a transaction is always open
            for statement in self.dialect.on_begin:
                cursor.execute(statement)

    def disconnect(self) -> None:
        """Let go of the connection; the next transaction makes a new one."""
        connection, self._connection = self._connection, None
        with suppress(Exception):
            connection.close()  # type: ignore[union-attr]


def _written(
    transaction: Transaction, sample: Callable[[Transaction], Row], check: Callable[[Transaction], None]
) -> Row:
    row = sample(transaction)
    transaction.insert([row])
    check(transaction)
    return row


def _end(connection: object, *, keep: bool) -> None:
    if keep:
        connection.commit()  # type: ignore[attr-defined] # DB-API
    else:
        connection.rollback()  # type: ignore[attr-defined]


def _without_autocommit(connection: object) -> None:
    """Make the driver keep a transaction open until it is told to commit."""
    setting = getattr(connection, "autocommit", None)
    with suppress(Exception):  # a driver without transactions
        if callable(setting):
            setting(False)  # noqa: FBT003 -- PyMySQL's, mysqlclient's and Snowflake's signature
        elif setting is True:
            connection.autocommit = False  # type: ignore[attr-defined]


def _is_worth_another(fate: Fate, tries: int, in_time: bool) -> bool:  # noqa: FBT001 -- a fact, not a switch
    if fate is Fate.PASSES:
        return in_time
    return fate in {Fate.DUPLICATE, Fate.UNKNOWN} and tries < FEW


def _pause(tries: int) -> float:
    """Return how long to wait: longer each time, and never as long as the others do."""
    longest: float = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**tries)
    return random.uniform(longest / 2, longest)  # noqa: S311 -- no secret


def _says_there(error: BaseException) -> bool:
    words = str(error).lower()
    return "already" in words or "exists" in words


def _says_missing(error: BaseException) -> bool:
    words = str(error).lower()
    return any(part in words for part in ("exist", "no such", "not found", "unknown", "invalid object", "doesn't"))
