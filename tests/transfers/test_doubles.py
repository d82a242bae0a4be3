"""Drivers whose databases cannot be had here, on doubles that behave as their documentation says."""

import json
import logging
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from support.databases import Hook, on_duckdb

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError
from airflow_provider_vcc.transfers.cells import matched
from airflow_provider_vcc.transfers.databases.dialects import bound, dialect_of, paramstyle_of
from airflow_provider_vcc.transfers.databases.faults import Fate, fate_of
from airflow_provider_vcc.transfers.query import QuerySource


def source(hook, sql, parameters=None, **settings):
    settings = {"fetch_size": 1_000, "plan_columns": ColumnPlan} | settings
    return QuerySource(hook, sql, parameters, name="query", log=logging.getLogger("test"), **settings)


class Cursor:
    """A cursor over rows that are there already."""

    def __init__(self, columns, rows):
        self.description = [(*column, *[None] * 7)[:7] for column in columns]
        self._rows = list(rows)

    def execute(self, *_statement):
        pass

    def fetchmany(self, size):
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self):
        pass


def hook_of(module, columns, rows):
    """Return a hook whose connections pass for those of a driver."""
    kind = type(
        "Connection", (), {"__module__": module, "cursor": lambda _: Cursor(columns, rows), "close": lambda _: None}
    )
    return Hook(kind)


ORACLE_TIME = SimpleNamespace(name="DB_TYPE_TIMESTAMP_TZ")
NUMBER = SimpleNamespace(name="DB_TYPE_NUMBER")
MOMENT = datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_oracles_times_that_lost_their_zone_are_refused_with_what_to_write():
    """The driver gives the clock's time only, so nobody knows which moment it is."""
    columns = [("NUMBERID", NUMBER), ("NEXT_CALLDATE", ORACLE_TIME)]
    reading = source(hook_of("oracledb.connection", columns, [(7, MOMENT.replace(tzinfo=None))]), "select 1").read(10)
    with pytest.raises(VccInputError, match=r"TO_CHAR\(SYS_EXTRACT_UTC\(next_calldate\)"):
        next(reading)


def test_an_infinite_time_with_a_zone_of_duckdbs_is_invalid_by_itself():
    """The driver gives the last and the first time there is, without the zone, and ended the query with the advice."""
    times = "(1, 'infinity'), (2, '-infinity'), (3, '2026-12-01 10:00:00+00')"
    query = f"select n as numberid, t::timestamptz as next_calldate from (values {times}) v(n, t) order by n"
    [batch] = source(on_duckdb(":memory:"), query).read(10)
    checked = Checker(timezone="Europe/Budapest").check(batch)
    assert [failure.position for failure in checked.failures] == [0, 1]
    assert [element.next_calldate for element in checked.elements] == ["2026-12-01 11:00:00"]


def test_oracles_char_and_clob_come_as_the_texts_that_they_are():
    columns = [
        ("NUMBERID", SimpleNamespace(name="DB_TYPE_CHAR")),
        ("DESCRIPTION", SimpleNamespace(name="DB_TYPE_CLOB")),
    ]
    clob = SimpleNamespace(read=lambda: "a long text")
    [batch] = source(hook_of("oracledb.connection", columns, [("A1   ", clob)]), "select 1").read(10)
    assert (batch.columns, batch.values) == (("numberid", "description"), [("A1", "a long text")])


def test_snowflakes_upper_case_names_match_the_fields_the_map_and_the_watermark():
    columns = [("RECORD", 0), ("SENDDISPOSITIONMESSAGES", 13), ("UPDATED_AT", 8, None, None, None, 6)]
    some = source(
        hook_of("snowflake.connector.connection", columns, [(7, True, MOMENT)]),
        "select 1",
        plan_columns=lambda names: ColumnPlan(names, {"record": "numberid"}),
        names=("numberid", "sendDispositionMessages", "record"),
        watermark_column="updated_at",
    )
    [batch] = some.read(10)
    assert (batch.columns, batch.values) == (("record", "sendDispositionMessages"), [(7, True)])
    assert some.watermark == MOMENT


def test_snowflakes_nine_digits_are_no_watermark():
    columns = [("NUMBERID", 0), ("UPDATED_AT", 8, None, None, None, 9)]
    some = source(hook_of("snowflake.connector.connection", columns, [(7, MOMENT)]), "s", watermark_column="updated_at")
    with pytest.raises(VccConfigurationError, match="finer than the driver gives them"):
        next(some.read(10))


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["NumberID", "NUMBERID"], ("NumberID", "NUMBERID")),
        (["numberid", "NUMBERID"], ("numberid", "NUMBERID")),
        (["USERID", "other"], ("userid", "other")),
    ],
)
def test_names_match_only_where_there_is_no_doubt(columns, names):
    assert matched(columns, ["numberid", "userid"]) == names


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("oracledb.connection", "marts.failed", '"MARTS"."FAILED"'),
        ("snowflake.connector.connection", "Failed", '"Failed"'),
        ("pymssql", "dbo.failed", "[dbo].[failed]"),
        ("google.cloud.bigquery.dbapi.connection", "project.marts.failed", "`project`.`marts`.`failed`"),
        ("databricks.sql.client", "failed", "`failed`"),
        ("trino.dbapi", "marts.failed", '"marts"."failed"'),
        ("nobody.knows", "marts.failed", "marts.failed"),
    ],
)
def test_a_table_is_named_as_its_database_does(module, name, expected):
    connection = type("Connection", (), {"__module__": module})()
    assert dialect_of(connection)[0].quoted(name) == expected


@pytest.mark.parametrize(
    ("style", "sql", "parameters"),
    [
        ("qmark", "a = ? and b = ?", (1, 2)),
        ("pyformat", "a = %s and b = %s", (1, 2)),
        ("format", "a = %s and b = %s", (1, 2)),
        ("numeric", "a = :1 and b = :2", (1, 2)),
        ("named", "a = :p1 and b = :p2", {"p1": 1, "p2": 2}),
    ],
)
def test_parameters_are_written_in_each_style(style, sql, parameters):
    assert bound("a = {} and b = {}", [1, 2], style) == (sql, parameters)


def test_the_style_is_asked_of_the_drivers_module(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "odd.driver", SimpleNamespace(paramstyle="numeric"))
    connection = type("Connection", (), {"__module__": "odd.driver.connection"})()
    assert paramstyle_of(connection) == "numeric"
    assert paramstyle_of(object(), SimpleNamespace(placeholder="?")) == "qmark"


class Error(Exception):
    """Stands for a driver's error."""

    def __init__(self, *args, **attributes):
        super().__init__(*args)
        vars(self).update(attributes)


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (Error(1213, "Deadlock found when trying to get lock"), Fate.PASSES),
        (Error("could not serialize access", sqlstate="40001"), Fate.PASSES),
        (Error("terminating connection", pgcode="57P01"), Fate.PASSES),
        (Error("40001", "[40001] deadlocked on lock resources"), Fate.PASSES),
        (Error("08S01", "[08S01] communication link failure"), Fate.PASSES),
        (Error("ORA-00060: deadlock detected"), Fate.PASSES),
        (Error("DPY-4011: the database or network closed the connection"), Fate.PASSES),
        (Error("database is locked"), Fate.PASSES),
        (Error("IO Error: Could not set lock on file"), Fate.PASSES),
        (Error("TransactionContext Error: Conflict on update!"), Fate.PASSES),
        (Error("ConcurrentAppendException"), Fate.PASSES),
        (ConnectionResetError(), Fate.PASSES),
        (Error(1366, "Incorrect string value"), Fate.DOES_NOT_FIT),
        (Error("ORA-12899: value too large for column"), Fate.DOES_NOT_FIT),
        (Error("value too long", sqlstate="22001"), Fate.DOES_NOT_FIT),
        (UnicodeEncodeError("latin-1", "\u0151", 0, 1, "no"), Fate.DOES_NOT_FIT),
        (Error(1062, "Duplicate entry"), Fate.DUPLICATE),
        (Error("duplicate key", sqlstate="23505"), Fate.DUPLICATE),
        (Error("permission denied for table", sqlstate="42501"), Fate.STAYS),
        (Error(1142, "INSERT command denied"), Fate.STAYS),
        (Error("ORA-01031: insufficient privileges"), Fate.STAYS),
        (Error("cannot execute INSERT in a read-only transaction", sqlstate="25006"), Fate.STAYS),
        (Error("something else"), Fate.UNKNOWN),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_may_be_done_about_an_error_is_told_by_its_code_or_its_words(error, fate):
    assert fate_of(error) is fate


class Trino(BaseHTTPRequestHandler):
    """Answers each statement with one row, as the client protocol's documentation has it."""

    statements: list[str]

    def do_POST(self):
        self.server.statements.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        columns = [("numberid", "bigint"), ("updated_at", self.server.type)]
        answer = {
            "id": "1",
            "infoUri": "http://x",
            "stats": {"state": "FINISHED"},
            "columns": [{"name": n, "type": t, "typeSignature": signature(t)} for n, t in columns],
            "data": [[7, "2026-01-01 10:00:00.123456"]],
        }
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words):
        pass


def signature(name):
    raw, _, digits = name.rstrip(")").partition("(")
    return {"rawType": raw, "arguments": [{"kind": "LONG", "value": int(digits)}] if digits else []}


@pytest.fixture
def trino():
    """Return a server, and a hook that connects to it by Trino's own client."""
    client = pytest.importorskip("trino")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Trino)
    server.statements, server.type = [], "timestamp(6)"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    port = server.server_address[1]
    yield server, Hook(lambda: client.dbapi.connect(host="127.0.0.1", port=port, user="airflow", http_scheme="http"))
    server.shutdown()
    server.server_close()
    thread.join()


def test_trino_gets_the_watermark_as_the_last_parameter(trino):
    server, hook = trino
    some = source(hook, "select * from t where a = ? and updated_at > ?", [5, MOMENT], watermark_column="updated_at")
    assert [batch.values for batch in some.read(10)] == [[(7,)]]
    assert str(some.watermark) == "2026-01-01 10:00:00.123456"
    assert "5" in server.statements[-1]
    assert "TIMESTAMP '2026-01-01 10:00:00" in server.statements[-1].replace("''", "'")


def test_trinos_nine_digits_are_no_watermark(trino):
    server, hook = trino
    server.type = "timestamp(9)"
    with pytest.raises(VccConfigurationError, match="finer than the driver gives them"):
        next(source(hook, "select * from t", watermark_column="updated_at").read(10))
