"""Whatever a hostile server or database quotes of a request, nothing of six characters of it comes through."""

from __future__ import annotations

import base64
import codecs
import html
import json
import traceback
import urllib.parse
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.operators import Instance

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.recorder import Observer, Recorder
from airflow_provider_vcc.dispositions.http.answers import read_answer
from airflow_provider_vcc.dispositions.outcomes.outcome import Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.progress import Progress
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.notifications import summary_html, summary_text
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.redaction import Redaction, of_database
from airflow_provider_vcc.report.page import render
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.task.judgement import judge
from airflow_provider_vcc.task.reporting import metrics
from airflow_provider_vcc.task.reporting.log import ProgressLog, log_summary

HAS_LINEAGE = find_spec("openlineage") is not None
WINDOW = 6
TOKEN = "t0ken-Of-m1ne"
# Letters that no word of ours is made of, so that what is found can only have come from an element.
LETTERS = "qxzjkvQXZJKVéőÜß&<>\"'%\\ -_.@+"


def values_of(letters):
    texts = st.text(st.sampled_from(letters), min_size=WINDOW, max_size=40)
    return texts.filter(lambda text: sum(map(str.isalnum, text)) >= WINDOW)


NAMES, VALUES = values_of(LETTERS), values_of(LETTERS + "789")
"""Without digits, of which times and rates are made as well, and with them."""

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
    """Return each stretch of six characters of which six are letters or digits, in small letters."""
    text = text.casefold()
    found = {text[at : at + WINDOW] for at in range(len(text) - WINDOW + 1)}
    return {piece for piece in found if piece.isalnum()}


def encoded(value):
    """Return the encodings of a value as far as its first six characters decide them."""
    data, bits = value.encode(), 8 * len(value[:WINDOW].encode())
    coders = ((base64.b64encode, 6), (base64.b32encode, 5), (bytes.hex, 4))
    whole = [(coder(data), width) for coder, width in coders]
    return {(text if isinstance(text, str) else text.decode())[: -(-bits // width)] for text, width in whole}


def assert_nothing_of(values, *texts):
    wanted = {piece for value in values for piece in pieces(value)}
    for text in texts:
        for unquote in UNQUOTERS:
            read = unquote(text).casefold()
            assert not [piece for piece in wanted if piece in read], (text, values)
    blobs = {blob for value in values for blob in encoded(value)}
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
    """Let a server answer so, and return all that is logged, kept, raised, drawn."""
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


class Hostile:
    """A call centre that refuses every element, and says of it what it is told to say."""

    say = staticmethod(json.dumps)

    def __call__(self, element):
        """Refuse an element."""
        quoted = self.say(json.dumps(element, ensure_ascii=False))
        return quoted[:60], quoted


@pytest.fixture(scope="module")
def hostile():
    """Yield a hostile call centre, to which the connection ``vcc_hostile`` leads."""
    hostile = Hostile()
    with Sandbox(records=3, token=TOKEN, reject=hostile) as sandbox, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_VCC_HOSTILE", json.dumps(sandbox.connection()))
        yield hostile


class Counting:
    """Stands for Airflow's metrics, and keeps what they are given."""

    def __init__(self):
        self.given = []

    def __getattr__(self, _name):
        return lambda *args, **more: self.given.append(repr((args, more)))


def traced(operator, context):
    """Run an operator, and return its error and what its span says."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("test").start_as_current_span("task"), pytest.raises(VccError) as caught:
        operator.execute(context)
    return caught.value, [repr(dict(span.attributes)) for span in exporter.get_finished_spans()]


@pytest.fixture
def tell(hostile, caplog, capfd, monkeypatch):
    """Return a function that runs an operator, and returns all that anybody is told of it."""
    caplog.set_level("DEBUG")

    def run(operator, quote):
        hostile.say = quote
        caplog.clear()
        capfd.readouterr()
        counting, instance = Counting(), Instance()
        monkeypatch.setattr(metrics, "Stats", counting)
        error, spans = traced(operator, {"ti": instance})
        instance.xcom_pull = lambda **given: instance.xcoms.get(given["key"])
        context = {"ti": instance, "exception": error}
        lineage = operator.get_openlineage_facets_on_complete(instance) if HAS_LINEAGE else None
        assert counting.given
        assert spans
        return [
            caplog.text,
            *(repr(vars(record)) for record in caplog.records),
            *capfd.readouterr(),
            *counting.given,
            *spans,
            json.dumps(instance.xcoms, ensure_ascii=False),
            *traceback.format_exception(error),
            repr(vars(error)),
            summary_text(context),
            summary_html(context),
            render(instance.xcoms["summary"], instance.xcoms["report"]),
            repr(operator),
            repr(lineage),
        ]

    return run


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(NAMES, min_size=3, max_size=5), quoter=st.sampled_from(sorted(QUOTERS)))
def test_nothing_of_six_characters_comes_through_wherever_a_run_is_told_of(tell, tmp_path, values, quoter):
    name, common, *others = values
    elements = [{"numberid": "1", "description": value} for value in others]
    elements += [{"search": {"name": name}}, {"search": {name: 1}}]
    elements += [{"numberid": "2", value: 1} for value in others]
    elements += [{"numberid": "3", "next_calldate": value} for value in others]
    path = tmp_path / "elements.jsonl"
    path.write_text("\n".join([*map(json.dumps, elements), f'{{"numberid": "{others[0]}']))
    operator = BatchDispositionOperator(
        task_id="sync",
        project_id=17,
        elements_path=str(path),
        disposition={"dispositionid": 2, "description": common},
        vcc_conn_id="vcc_hostile",
    )
    assert_nothing_of([*values, TOKEN], *tell(operator, QUOTERS[quoter]))
