"""Whatever a hostile server or database quotes of a request, nothing of six characters of it comes through."""

from __future__ import annotations

import base64
import codecs
import html
import json
import traceback
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.recorder import Observer, Recorder
from airflow_provider_vcc.dispositions.http.answers import read_answer
from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.progress import Progress
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows
from airflow_provider_vcc.redaction import Redaction, of_database
from airflow_provider_vcc.report.page import render
from airflow_provider_vcc.task.judgement import judge
from airflow_provider_vcc.task.reporting.log import ProgressLog, log_summary

WINDOW = 6
TOKEN = "t0ken-Of-m1ne"
# Letters that no word of ours is made of, so that what is found can only have come from an element.
LETTERS = st.sampled_from("qxzjkvQXZJKV789éőÜß&<>\"'%\\ -_.@+")
VALUES = st.text(LETTERS, min_size=WINDOW, max_size=40).filter(lambda text: sum(map(str.isalnum, text)) >= WINDOW)

QUOTERS = {
    "plain": str,
    "upper": str.upper,
    "lower": str.lower,
    "swapped": str.swapcase,
    "backwards": lambda text: text[::-1],
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "spaced": " ".join,
    "html": html.escape,
    "html numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "json": json.dumps,
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "form": urllib.parse.quote_plus,
    "hex": lambda text: text.encode().hex(),
    "bytes": lambda text: "".join(f"\\x{b:02x}" for b in text.encode()),
    "code points": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "repr": repr,
    "ascii": ascii,
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "mojibake": lambda text: text.encode().decode("latin-1"),
    "decimals": lambda text: " ".join(str(b) for b in text.encode()),
}
UNQUOTERS = [
    str,
    html.unescape,
    urllib.parse.unquote,
    urllib.parse.unquote_plus,
    lambda text: text[::-1],
    lambda text: codecs.encode(text, "rot13"),
    lambda text: text.replace(" ", ""),
]


def pieces(text):
    """Give each stretch of six characters of which six are letters or digits, in small letters."""
    text = text.casefold()
    found = {text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1)}
    return {piece for piece in found if piece.isalnum()}


def assert_nothing_of(values, *texts):
    wanted = {piece for value in values for piece in pieces(value)}
    for text in texts:
        for unquote in UNQUOTERS:
            read = unquote(text).casefold()
            assert not [piece for piece in wanted if piece in read], (text, values)
    blobs = {base64.b64encode(value.encode()).decode()[4:12] for value in values}
    blobs |= {base64.b32encode(value.encode()).decode()[:8] for value in values}
    blobs |= {value.encode().hex()[:12] for value in values}
    for text in texts:
        assert not [blob for blob in blobs if len(blob) > WINDOW and blob in text], (text, values)


class Log:
    """Keeps what is logged."""

    def __init__(self):
        self.lines = []

    def info(self, event, *args, **_):
        """Keep a line."""
        self.lines.append(event % args if args else event)

    warning = error = debug = info


class Telling(Observer):
    """Logs each kind of error, as a run does."""

    def __init__(self, log):
        self._log = ProgressLog(log)

    def new_error(self, row, line):
        """Log it."""
        self._log.new_error(row, line)


def everything_of(elements, disposition, messages):
    """Have a server answer so, and give all that is logged, kept, raised, drawn."""
    batch = Checker().check(ObjectRows(0, elements))
    chunk = chunk_of(list(batch.elements), range(len(batch.elements)))
    errors = [{"index": n, "errorcode": message[:60], "errormessage": message} for n, message in enumerate(messages)]
    answer = read_answer(json.dumps({"errors": errors, "response": {}}).encode(), len(elements))
    progress = Progress()
    progress.enter(JsonRows(0, [b"x"] * len(elements)))
    log, tally = Log(), Tally(17)
    recorder = Recorder(tally, progress, [], Telling(log), Redaction(disposition, [TOKEN]))
    recorder.answered(chunk, answer)
    summary = dict(tally.summary())
    log_summary(log, summary)
    with pytest.raises(Exception, match="failed") as caught:
        judge(summary, Threshold(), soft_fail=False)
    chain = traceback.format_exception(caught.value)
    page = render(json.loads(json.dumps(summary)), {"version": 1})
    return [*log.lines, json.dumps(summary, ensure_ascii=False), "".join(chain[-1:]), page, repr(chunk), repr(batch)]


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=2, max_size=4), VALUES, st.sampled_from(sorted(QUOTERS)), st.data())
def test_nothing_of_six_characters_comes_through_of_what_a_server_quotes(values, common, quoter, data):
    elements = [{"numberid": str(n), "description": value} for n, value in enumerate(values)]
    elements[-1] = {"search": {"name": values[-1], "more": [values[-1]]}}
    disposition = {"dispositionid": 2, "description": common}
    quote = QUOTERS[quoter]
    said = data.draw(st.lists(st.sampled_from([*values, common, TOKEN]), min_size=len(values), max_size=len(values)))
    start = data.draw(st.integers(0, 3))
    messages = [f"error: {quote(text[start:])} | {quote(text)}" for text in said]
    assert_nothing_of([*values, common, TOKEN], *everything_of(elements, disposition, messages))


class Said(Exception):
    """A database's error."""

    sqlstate = "22P02"


@settings(max_examples=60, deadline=None)
@given(VALUES, st.sampled_from(sorted(QUOTERS)), st.sampled_from(["type integer: {}", "Key (a)=({}) exists", "{}"]))
def test_nothing_of_six_characters_comes_through_of_what_a_database_quotes(value, quoter, sentence):
    quoted = QUOTERS[quoter](value)
    error = Said("\n".join([sentence.format(quoted), f"LINE 1: {quoted}", f"DETAIL: {quoted}"]))
    literal = value.replace("'", "''")
    assert_nothing_of([value], of_database(error, f"SELECT a FROM b WHERE c = '{literal}'"))
