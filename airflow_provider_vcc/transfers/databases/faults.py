"""What a database's error means: whether it passes, and its words without the values that it quotes."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.redaction import of_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Fate", "fate_of", "words_of"]


class Fate(Enum):
    """What may be done about an error."""

    PASSES = "passes"
    """A deadlock, a lock, a lost connection, a busy file: the same statement may succeed a little later."""
    DUPLICATE = "duplicate"
    """Somebody wrote the same row at this moment."""
    DOES_NOT_FIT = "does not fit"
    """A value is too long, or has characters that the table does not take."""
    STAYS = "stays"
    """A missing right, a missing table, wrong SQL: no use in trying again."""
    UNKNOWN = "unknown"


PASSING_STATES = ("08", "40", "53", "57P", "55P03", "25P03", "HYT", "HY008", "58")
UNFIT_STATES = ("22001", "22021", "22026", "22P05", "22P02", "22018", "54000", "22003")
STAYING_STATES = ("42", "28", "3D", "3F", "0A", "25006", "0L", "0P", "22", "23", "44", "54", "IM00")
PASSING_CODES = {
    # MySQL, MariaDB: too many connections, lock wait, deadlock, shutdown, row changed meanwhile, lost connections.
    *(1020, 1040, 1053, 1105, 1158, 1159, 1160, 1161, 1203, 1205, 1213, 1226, 1317, 1637, 1927, 2002),
    *(2003, 2006, 2013, 2014, 2026, 2055, 3058, 3572, 4031, 1180),
    1222,  # SQL Server: lock time-out; its deadlock is 1205 as well
}
SNOWFLAKE_LOCKED = 625
UNFIT_CODES = {1366, 1406, 1264, 1265, 3988, 8152, 2628, 100078, 1300, 1301, 1153, 1118}
STAYING_CODES = {1044, 1045, 1142, 1143, 1146, 1064, 1049, 1054, 1290, 1792, 1227, 1366, 229, 208, 207}
ORACLE = re.compile(r"\b(ORA|DPY|DPI)-(\d{4,5})\b")
ORACLE_PASSING = {
    *("ORA-00054", "ORA-00060", "ORA-08177", "ORA-03113", "ORA-03114", "ORA-03135", "ORA-01012", "ORA-02396"),
    *("ORA-12170", "ORA-12541", "ORA-12514", "ORA-12537", "ORA-12571", "ORA-00020", "ORA-30006", "ORA-01033"),
    *("ORA-04068", "DPY-4011", "DPY-1001", "DPY-6005", "DPI-1010", "DPI-1080"),
}
ORACLE_UNFIT = {"ORA-12899", "ORA-01461", "ORA-01401", "ORA-22835", "ORA-12704"}
PASSING_WORDS = (
    *("deadlock", "lock wait", "is locked", "lock timeout", "lock time-out", "lock request", "could not serialize"),
    *("try restarting", "write-write conflict", "transaction conflict", "conflict on", "concurrent", "set lock on"),
    *("gone away", "lost connection", "connection was killed", "closed the connection", "connection already closed"),
    *("connection is closed", "connection closed", "not connected", "broken pipe", "reset by peer", "is starting up"),
    *("connection refused", "connection timed out", "timed out", "timeout expired", "too many connections", "busy"),
    *("too many clients", "shutting down", "terminating connection", "server login has been failing", "unavailable"),
    *("connection lost", "communication link", "inactivity", "query_wait_timeout", "no more connections", "try again"),
    "connection not available",
)
UNFIT_WORDS = (
    *("too long", "too large", "incorrect string value", "would be truncated", "truncated", "cannot encode"),
    *("no equivalent in encoding", "invalid byte sequence", "codec can't encode", "untranslatable", "character set"),
)
DUPLICATE_WORDS = ("duplicate", "unique constraint", "unique index", "primary key constraint", "primary key must be")
STAYING_WORDS = (
    *("permission", "denied", "not authorized", "read-only", "readonly", "read only", "syntax error", "does not exist"),
    *("no such table", "unknown column", "not supported", "insufficient priv", "invalid object name", "violates"),
    *("constraint", "not found", "authentication", "parser error"),
)


def fate_of(error: BaseException) -> Fate:
    """Return what may be done about a driver's error, by its codes and else by its words."""
    if isinstance(error, UnicodeError):
        return Fate.DOES_NOT_FIT
    if isinstance(error, ConnectionError | TimeoutError):
        return Fate.PASSES
    for judge in (_by_number, _by_state, _by_oracle):
        fate = judge(error)
        if fate is not None:
            return fate
    return _by_words(error)


def _by_state(error: BaseException) -> Fate | None:
    state = next(_states(error), None)
    if state is None:
        return None
    if state == "23505":
        return Fate.DUPLICATE
    if state.startswith(PASSING_STATES):
        return Fate.PASSES
    if state.startswith(UNFIT_STATES):
        return Fate.DOES_NOT_FIT
    if state.startswith(STAYING_STATES) and not state.startswith("23000"):
        return Fate.STAYS
    return None


def _states(error: BaseException) -> Iterator[str]:
    """Yield the SQLSTATE: an attribute of most drivers' errors, ODBC's first argument."""
    first = error.args[0] if error.args else None
    for state in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None), first):
        if isinstance(state, str) and re.fullmatch(r"[0-9A-Z]{5}", state) and state not in {"HY000", "00000", "n/a"}:
            yield state


def _by_number(error: BaseException) -> Fate | None:
    if type(error).__module__.startswith("snowflake"):  # whose numbers are others
        return Fate.PASSES if getattr(error, "errno", None) == SNOWFLAKE_LOCKED else None
    number = getattr(error, "errno", None)
    if not isinstance(number, int):
        number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    if number == 1062 or number in {2601, 2627}:  # noqa: PLR2004 -- MySQL's and SQL Server's numbers
        return Fate.DUPLICATE
    if number in PASSING_CODES:
        return Fate.PASSES
    if number in UNFIT_CODES:
        return Fate.DOES_NOT_FIT
    return Fate.STAYS if number in STAYING_CODES else None


def _by_oracle(error: BaseException) -> Fate | None:
    found = {f"{kind}-{number}" for kind, number in ORACLE.findall(str(error))}
    if not found:
        return None
    if found & ORACLE_PASSING:
        return Fate.PASSES
    if found & ORACLE_UNFIT:
        return Fate.DOES_NOT_FIT
    return Fate.DUPLICATE if "ORA-00001" in found else Fate.STAYS


def _by_words(error: BaseException) -> Fate:
    words = str(error).lower()
    if any(part in words for part in PASSING_WORDS):
        return Fate.PASSES
    if any(part in words for part in UNFIT_WORDS):
        return Fate.DOES_NOT_FIT
    if any(part in words for part in DUPLICATE_WORDS):
        return Fate.DUPLICATE
    return Fate.STAYS if any(part in words for part in STAYING_WORDS) else Fate.UNKNOWN


def words_of(error: BaseException, sql: str = "", names: Iterable[str] = ()) -> str:
    """Return what a database says, without the values that it quotes: these are personal.

    :param sql: the query, if the error is about one.
    :param names: names of ours that may stand in it.
    """
    if isinstance(error, VccError):
        return str(error)
    if isinstance(error, UnicodeError):  # it holds the whole text
        return f"{type(error).__name__} of {error.args[0] if error.args else 'a text'}"
    return of_database(error, sql, names)
