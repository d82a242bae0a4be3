"""Each message of docs/errors.md is one that really comes out, and each exception has its place there."""

from __future__ import annotations

import ast
import gzip
import json
import logging
import re
import sqlite3
from contextlib import closing
from functools import partial
from types import SimpleNamespace

import pytest
from support.engine import MemoryStore, client_of, elements, sync_of
from support.engine import run as run_sync
from support.scripted import ScriptedServer, answer

from airflow_provider_vcc import exceptions
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.fields import InvalidElement, parse
from airflow_provider_vcc.dispositions.engine import breaker as service
from airflow_provider_vcc.dispositions.engine import sync, verdicts
from airflow_provider_vcc.dispositions.http import answers
from airflow_provider_vcc.dispositions.http.attempt import Attempt
from airflow_provider_vcc.dispositions.http.exchange import Times
from airflow_provider_vcc.dispositions.http.route import Route
from airflow_provider_vcc.dispositions.http.statuses import understand
from airflow_provider_vcc.dispositions.outcomes.failures import FailuresFile
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome, Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.sources import from_elements, open_path
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.hooks import calls
from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.operators import disposition_threshold
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.operators.retries import worth_a_retry
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.task import merging
from airflow_provider_vcc.task.judgement import judge
from airflow_provider_vcc.task.rendering.rendered import NO_TEMPLATE
from airflow_provider_vcc.transfers import results, synced, watermark
from airflow_provider_vcc.transfers.query import QuerySource

CLASSES = [getattr(exceptions, name) for name in exceptions.__all__]
ONE = [{"numberid": "1", "dispositionid": "2"}]
CSV_WITHOUT_HEADER = b"1,2\n3,4\n"


@pytest.fixture(scope="module")
def text(page):
    return page("errors")


def section(text, heading):
    """Return what stands below a heading, up to the next one."""
    return re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.DOTALL | re.MULTILINE)[1]


def tables(text):
    """Return the tables of a text: rows of cells, without the header."""
    found = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [[split(row) for row in table.splitlines()[2:]] for table in found]


def split(row):
    return [cell.replace(r"\|", "|") for cell in re.split(r" (?<!\\)\| ", row.strip("| "))]


def quoted(cell):
    """Return what stands between backticks, however many."""
    ticks = re.match("`+", cell)[0]
    return cell.split(ticks)[1]


def shown(text, heading, table=0, column=0):
    """Return the messages in one column of a section's table."""
    return [quoted(row[column]) for row in tables(section(text, heading))[table]]


def said(kind, do):
    """Return the message of the error that comes out, which is of exactly that kind."""
    with pytest.raises(kind) as caught:
        do()
    assert type(caught.value) is kind
    return str(caught.value)


@pytest.fixture
def hook(monkeypatch):
    """Return a function that makes a hook of a connection with these fields."""

    def make(**fields):
        fields = {"conn_type": "vcc", "login": "mycc", "password": "sandbox-token"} | fields
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(fields))
        return VccHook()

    return make


@pytest.fixture
def _here(tmp_path, monkeypatch):
    """Work in an empty folder, so that messages name files as the page does."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _soon(monkeypatch):
    """Let no pause be waited for, and an outage be long enough at once."""
    monkeypatch.setattr(service, "LONGEST_OUTAGE", 0.0)
    monkeypatch.setattr(sync, "jitter", lambda attempt: 0.001)
    monkeypatch.setattr(calls, "jitter", lambda attempt: 0.001)


# Each class


@pytest.mark.parametrize("kind", CLASSES)
def test_each_exception_has_a_section_and_a_row(text, kind):
    assert section(text, kind.__name__)
    assert f"| [`{kind.__name__}`](#{kind.__name__.lower()}) |" in text


def test_each_row_says_what_airflow_and_the_policy_make_of_it(text):
    [table] = tables(section(text, "At a glance"))
    named = {quoted(cell.strip("[")): row for cell, _, *row in table}
    assert named.keys() == set(exceptions.__all__)
    for name, (alone, with_policy) in named.items():
        kind = getattr(exceptions, name)
        assert alone == ("never" if issubclass(kind, exceptions.AirflowFailException) else "yes"), name
        if kind is not exceptions.DispositionThresholdExceeded:
            assert with_policy == ("no" if worth_a_retry(kind("x"))[0] is False else "yes"), name


# Mistakes in a DAG


def test_each_mistake_in_a_parameter_says_what_the_page_says(text):
    for wrote, message in tables(section(text, "Mistakes in a DAG"))[0]:
        words = ast.parse(f"f({quoted(wrote)})").body[0].value.keywords
        given = {word.arg: ast.literal_eval(word.value) for word in words}
        if "{{ params.disposition }}" in given.values():
            given = {"disposition": "{'dispositionid': 2}"}  # what the template makes of it
        make = partial(BatchDispositionOperator, **{"task_id": "sync", "project_id": 17, "elements": [], **given})
        assert said(exceptions.VccConfigurationError, make) == quoted(message)


def test_each_mistake_in_elements_says_what_the_page_says(text):
    made = ["[{'numberid': 1}]", None, {"numberid": 1}, "callbacks.csv"]
    found = [said(exceptions.VccConfigurationError, partial(from_elements, elements)) for elements in made]
    found.append(NO_TEMPLATE.format("callbacks.json"))
    assert shown(text, "Mistakes in a DAG", table=1, column=1) == found


# Errors that end a run


def test_messages_of_a_wrong_connection(text, hook):
    wrong = [
        {"login": ""},
        {"login": "https://mycc.asp.virtual-call-center.eu"},
        {"password": ""},
        {"host": "http://vcc.example.com"},
        {"extra": {"timezone": "Budapest"}},
        {"extra": {"timeout": "soon"}},
    ]
    found = [said(exceptions.VccConfigurationError, lambda f=f: hook(**f).settings) for f in wrong]
    assert shown(text, "VccConfigurationError") == found


def read(name):
    list(open_path(name, check_columns=partial(ColumnPlan, field_map=None)).read(10))


@pytest.mark.usefixtures("_here")
def test_messages_of_an_input_that_cannot_be_read(text, tmp_path):
    lines = b'{"numberid": "1"}\n' * 9
    files = [
        ("callbacks.csv", None),
        ("callbacks.doc", b""),
        ("callbacks.xlsx", b"numberid,userid\n"),
        ("callbacks.csv", b"numberid,disposition_id\n1,2\n"),
        ("callbacks.csv", b"dispositionid,userid\n1,2\n"),
        ("callbacks.csv", b""),
        ("callbacks.csv", CSV_WITHOUT_HEADER),
        ("callbacks.csv", b"numberid,description\n1,caf\xe9\n"),
        ("callbacks.csv", b"numberid,userid\n1,2\n3"),
        ("callbacks.csv", b'numberid,description\n1,"call'),
        ("callbacks.json", b'[{"numberid": "1"}, {"numb'),
        ("callbacks.json", lines),
        ("callbacks.json", b'{"elements": []}'),
        ("callbacks.jsonl.gz", gzip.compress(lines, mtime=0)[:-12]),
    ]
    messages = shown(text, "VccInputError")
    assert len(messages) == len(files)
    for message, (name, data) in zip(messages, files, strict=True):
        if data is not None:
            (tmp_path / name).write_bytes(data)
        assert said(exceptions.VccInputError, partial(read, name)) == message


def test_messages_of_a_refused_token_and_address(text, hook):
    with Sandbox(records=1) as sandbox, Sandbox(records=1, allowed=False) as closed:
        wrong = hook(**sandbox.connection() | {"password": "wrong-token"})
        found = [said(exceptions.VccAuthenticationError, partial(wrong.batch_dispositions, 17, ONE))]
        found += [said(exceptions.VccAuthenticationError, partial(hook(**closed.connection()).run, "GET", "/projects"))]
    assert shown(text, "VccAuthenticationError") == found


def test_the_message_of_a_project_that_is_not_there(text, hook):
    with Sandbox(records=1) as sandbox:
        found = said(exceptions.VccNotFoundError, partial(hook(**sandbox.connection()).batch_dispositions, 99, ONE))
    assert shown(text, "VccNotFoundError") == [found]


def test_messages_of_a_request_that_is_refused(text, hook):
    with ScriptedServer(answer(status=302, Location="/")) as server:
        _, error = run_sync(server.url, elements(1))
    with Sandbox(records=10) as sandbox:
        add = partial(hook(**sandbox.connection()).run, "POST", "/projects/17/records/5/dispositions", json={})
        found = said(exceptions.VccRequestError, add)
    assert type(error) is exceptions.VccRequestError
    assert shown(text, "VccRequestError") == [str(error), found]


def test_messages_of_no_answer(text, hook):
    from airflow_provider_vcc.sandbox.faults.spec import parse as fault

    with Sandbox(records=1, faults=fault("cut:acted")) as sandbox:
        found = said(exceptions.VccTransportError, partial(hook(**sandbox.connection()).batch_dispositions, 17, ONE))
    with ScriptedServer(answer(b"<html>", Content_Type="text/html")) as server:
        port = {"host": "http://127.0.0.1", "port": server.port}
        other = said(exceptions.VccTransportError, partial(hook(**port).run, "GET", "/projects"))
    assert shown(text, "VccTransportError") == [found, other]


@pytest.mark.usefixtures("_soon")
def test_messages_of_a_service_that_is_down(text, hook):
    with ScriptedServer(answer(status=503)) as server:
        _, failing = run_sync(server.url, elements(1))
        port = {"host": "http://127.0.0.1", "port": server.port}
        asked = said(exceptions.VccUnavailable, partial(hook(**port).run, "GET", "/projects"))
        url = server.url
    _, closed = run_sync(url, elements(1))
    closed = str(closed).replace(url.removeprefix("http://"), "127.0.0.1:8417")
    assert shown(text, "VccUnavailable") == [str(failing), closed, asked]


def test_the_message_of_progress_that_cannot_be_saved(text):
    store = MemoryStore()
    store.refuse = BrokenPipeError()
    with Sandbox(records=10) as sandbox:
        _, error = run_sync(sandbox.url, elements(5), store=store)
    assert shown(text, "ProgressNotSaved") == [str(error)]


def test_the_message_of_a_broken_threshold(text):
    tally = Tally(17, "failed.jsonl")
    tally.add(Outcome.APPLIED, 9)
    gone = [Failure(at, Outcome.REJECTED, 417, "error.unknown_record", {"numberid": 1001 + at}) for at in (4, 7, 9)]
    tally.fail(gone)
    found = said(exceptions.DispositionThresholdExceeded, partial(judge, tally.summary(), Threshold(), soft_fail=False))
    assert shown(text, "DispositionThresholdExceeded") == [found]


@pytest.mark.usefixtures("_here")
def test_messages_of_the_rest(text, tmp_path):
    (tmp_path / "failed").touch()
    stopped = sync_of("http://127.0.0.1:1", elements(1))
    stopped.stop()
    found = [
        said(VccError, partial(FailuresFile, "failed/today.jsonl")),
        said(VccError, stopped.run),
        disposition_threshold._missing(7, 8),
        disposition_threshold._cut_short([{}] * 7 + [{"error": "part-3.csv breaks off (line 7)"}]),
        merging.NOT_A_SUMMARY.format(2, "its outcomes do not add up to its total"),
        disposition_threshold.NOT_SENT.format(850),
    ]
    assert shown(text, "VccError") == found


# Errors of single elements


def evidence(url, body=b"{}"):
    """Send one request for one element, and return what is concluded from its answer."""
    client = client_of(url)
    try:
        return client.send(body, 1)
    finally:
        client.close()


def test_reasons_of_invalid_elements(text):
    wrong = [
        {},
        {"numberid": 1, "search": {"name": "Green"}},
        {"numberid": 1.5},
        {"numberid": "1.23457E+11"},
        {"numberid": "123 456"},
        {"numberid": "nan"},
        {"numberid": "12\u200b3"},
        {"search": {}},
        {"search": {"name": None}},
        {"search": {"name": " "}},
        {"numberid": 1, "desciption": "x"},
        {"numberid": 1, "next_calldate": "2026-02-30 09:00:00"},
        {"numberid": 1, "next_calldate": "2026-12-01"},
        {"numberid": 1, "next_calldate": "2026-12-01T09:00:00+01:00"},
        {"numberid": 1, "sendDispositionMessages": "maybe"},
        5,
    ]
    found = [said(InvalidElement, lambda element=element: parse(element, Dates())) for element in wrong]
    too_large = [{"numberid": "1", "description": "x" * 1_048_576}]
    with Sandbox(records=1) as sandbox:
        run, _ = run_sync(sandbox.url, too_large)
    found.append(run.tally.summary()["errors"][0]["errormessage"])
    assert shown(text, "Invalid: never sent") == found


def test_reasons_of_rejected_elements_that_are_ours(text, repo):
    false = answers.read_answer(b'{"errors": [], "response": {"0": false}}', 1).rejected[0].errormessage
    with ScriptedServer(answer(b"", status=400)) as server:
        refused = evidence(server.url).rejected[0].errormessage
    *others, superseded = shown(text, "Rejected: the API said no", table=1)
    assert others == [false, refused]
    source = (repo / "airflow_provider_vcc" / "dispositions" / "progress" / "resume.py").read_text()
    assert f'f"{re.sub("[0-9]+", "{later}", superseded)}"' in source


def test_what_a_query_and_its_tables_may_say(text, tmp_path):
    sql_to_vcc = pytest.importorskip("airflow_provider_vcc.transfers.sql_to_vcc")
    database = str(tmp_path / "warehouse.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("create table failed (dag_id text)")
    hook = SimpleNamespace(get_conn=lambda: sqlite3.connect(database))

    def query(sql, column=None):
        settings = {
            "name": "query of warehouse",
            "fetch_size": 1,
            "log": logging.getLogger("errors"),
            "plan_columns": ColumnPlan,
        }
        return lambda: next(QuerySource(hook, sql, None, watermark_column=column, **settings).read(1))

    configuration = exceptions.VccConfigurationError
    key = {"dag_id": "callbacks", "run_id": "today", "task_id": "sync", "map_index": -1}
    query_task = {"task_id": "t", "project_id": 1, "sql_conn_id": "w"}
    assert shown(text, "Queries and their tables") == [
        said(exceptions.VccInputError, query("create table other (i int)")),
        said(exceptions.VccInputError, query("select 1 as numberid", "updated_at")),
        said(exceptions.VccInputError, query("select numberid from callbacks")),
        said(configuration, query("select 1 as numberid, 0.5 as updated_at", "updated_at")),
        said(configuration, query("select 1 as numberid, x'00' as updated_at", "updated_at")),
        said(configuration, lambda: watermark.Watermark({}, [], None, logging.getLogger("errors"))),
        watermark.UNREADABLE.partition(" To start")[0] + " ...",
        watermark.OTHER_FORM.format(*(f"a text in ISO form (0000-00-00{mark}00:00:00)" for mark in "T ")),
        results.NO_TIME.format("failed"),
        synced.NOT_KEPT.format("vcc_synced"),
        said(configuration, partial(sql_to_vcc.SqlToVccOperator, **query_task, sql="SELECT 1", send_unchanged=True)),
        said(configuration, partial(sql_to_vcc.SqlToVccOperator, **query_task, sql=" ")),
        said(configuration, lambda: results.ResultsTable(hook, "failed", key, 1)),
    ]


def test_the_documented_rejection_is_the_sandboxes_as_well(text):
    [[code, message, _]] = tables(section(text, "Rejected: the API said no"))[0]
    with Sandbox(records=1) as sandbox:
        answered = evidence(sandbox.url, b'{"elements": [{"dispositionid": "2"}]}')
    assert answered.rejected[0] == answers.Rejection(int(code), quoted(message))


def test_reasons_of_unknown_elements(text):
    said_nothing = answers.read_answer(b'{"errors": [], "response": {}}', 1).unsaid[0].errormessage
    said_both = b'{"errors": [{"index": 0, "errorcode": 1, "errormessage": "x"}], "response": {"0": true}}'
    sent = Attempt()
    sent.started = True
    route, times = Route("https://mycc.asp.virtual-call-center.eu"), Times()
    found = [understand(error, sent, route, times).reason for error in (TimeoutError(), ConnectionResetError())]
    replies = [answer(status=503), answer(status=504), answer(b"<html>")]
    for reply in replies:
        with ScriptedServer(reply) as server:
            found.append(evidence(server.url).reason)
    found += [said_nothing, answers.read_answer(said_both, 1).unsaid[0].errormessage, verdicts.STOPPED]
    assert shown(text, "Unknown: nobody can say") == found
