"""Each outcome is written down once: in the progress, the tally and the sinks of failures."""

from __future__ import annotations

import pytest
from support.engine import Failures

from airflow_provider_vcc.dispositions.elements.fields import Element, Plain
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.recorder import Observer, Recorder
from airflow_provider_vcc.dispositions.http.answers import Answer, Rejection
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.progress import Progress
from airflow_provider_vcc.dispositions.sources.rows import JsonRows


class Watching(Observer):
    """Keeps the kinds of error that it hears of."""

    def __init__(self):
        self.kinds = []

    def new_error(self, row, line):
        """Keep one."""
        self.kinds.append(row["errormessage"])


class Full:
    """A sink that cannot write."""

    def write(self, failures):
        """Fail."""
        raise OSError("no space left")

    def close(self):
        """Nothing to close."""


@pytest.fixture
def sink():
    return Failures()


@pytest.fixture
def recorder(sink):
    progress = Progress()
    progress.enter(JsonRows(0, [b"x"] * 100))
    return Recorder(Tally(), progress, [sink], Watching())


def chunk():
    """Return a chunk of three elements at positions 10 to 12."""
    return chunk_of([Plain(str(n), description=f"secret {n}") for n in range(3)], range(10, 13))


def bits(recorder, name):
    """Return the positions whose bit is set."""
    return [position for position in range(100) if getattr(recorder.progress.segments[0], name) >> position & 1]


MIXED = Answer(rejected={0: Rejection(417, "no secret 0")}, unsaid={2: Rejection(None, "missing from the answer")})


def test_an_answer_is_settled_element_by_element(recorder, sink):
    recorder.answered(chunk(), MIXED)
    assert bits(recorder, "applied") == [11]
    counts = recorder.tally.counts
    assert (counts[Outcome.APPLIED], counts[Outcome.REJECTED], counts[Outcome.UNKNOWN]) == (1, 1, 1)
    assert [(f.position, f.outcome, f.errorcode) for f in sink.all] == [(10, "rejected", 417), (12, "unknown", None)]
    assert recorder._observer.kinds == ["no *** 0", "missing from the answer"]


def test_of_a_noted_chunk_only_what_nobody_can_say_stays_noted(recorder):
    recorder.progress.note(range(10, 13))
    recorder.answered(chunk(), MIXED, noted=True)
    assert bits(recorder, "applied") == [11]
    assert bits(recorder, "unsettled") == [12]


def test_where_nothing_failed_no_sink_is_asked_to_write():
    progress = Progress()
    progress.enter(JsonRows(0, [b"x"] * 100))
    recorder = Recorder(Tally(), progress, [Full()], Observer())
    recorder.answered(chunk(), Answer())
    assert recorder.tally.counts[Outcome.APPLIED] == 3


def test_a_noted_chunk_that_nobody_can_say_anything_of_stays_noted(recorder, sink):
    recorder.progress.note(range(10, 13))
    recorder.unknown(chunk(), 500, "the server failed")
    assert bits(recorder, "unsettled") == [10, 11, 12]
    assert {failure.errorcode for failure in sink.all} == {500}


def test_a_noted_chunk_that_was_not_sent_may_be_sent_by_the_next_try(recorder):
    recorder.progress.note(range(10, 13))
    recorder.not_sent(chunk(), noted=True)
    assert bits(recorder, "unsettled") == []
    assert recorder.tally.total == 0


def test_a_chunk_that_was_neither_noted_nor_sent_leaves_nothing_to_save(recorder):
    recorder.progress.snapshot()
    recorder.not_sent(chunk())
    assert recorder.progress.snapshot() == []


def test_whoever_watches_hears_of_a_new_kind_of_error_with_the_line_of_its_first_element(recorder):
    lines = []
    recorder.tally.line_of = lambda position: position + 2
    recorder._observer.new_error = lambda row, line: lines.append((row["positions"][0], line))
    recorder.answered(chunk(), MIXED)
    assert lines == [(10, 12), (12, 14)]


def test_a_sink_that_cannot_write_keeps_nothing_from_being_counted(sink):
    progress = Progress()
    progress.enter(JsonRows(0, [b"x"] * 100))
    recorder = Recorder(Tally(), progress, [Full(), sink, Full()], Observer())
    with pytest.raises(OSError, match="no space"):
        recorder.answered(chunk(), MIXED)
    assert recorder.tally.total == 3
    assert sink.positions == [10, 12]


class Interrupted(BaseException):
    """Comes at the worst moment."""


@pytest.mark.parametrize("after", range(4))
def test_what_an_exception_left_half_written_is_completed_once(recorder, sink, monkeypatch, after):
    counted = recorder.tally._row
    calls = iter(range(after))

    def row(failure):
        if next(calls, None) is None:
            raise Interrupted
        return counted(failure)

    monkeypatch.setattr(recorder.tally, "_row", row)
    made = chunk()
    if after < 2:
        with pytest.raises(Interrupted):
            recorder.answered(made, MIXED)
    else:
        recorder.answered(made, MIXED)
    monkeypatch.undo()
    assert recorder.finish_interrupted() is made
    assert recorder.finish_interrupted() is made
    assert recorder.tally.total == 3
    assert sink.positions == [10, 12]


def test_a_chunk_of_which_nothing_was_counted_is_still_to_be_written_down(recorder, monkeypatch):
    def add(*_):
        raise Interrupted

    monkeypatch.setattr(recorder.tally, "add", add)
    with pytest.raises(Interrupted):
        recorder.answered(chunk(), MIXED)
    assert recorder.finish_interrupted() is None
    assert recorder.tally.total == 0


@pytest.mark.parametrize(
    ("element", "message", "shown"),
    [
        (Plain("1", description="Call Anna"), "cannot set 'Call Anna'", "cannot set '***'"),
        (Element(search={"name": "Green"}), "no record Green", "no record ***"),
        (Element(search=[{"name": "Green"}, {"pin": 12345}]), "Green has 12345", "*** has ***"),
        (Plain("1", description="ok"), "all is ok", "all is ok"),
        (Plain("1"), "error.x", "error.x"),
        (Plain("1"), "it was S&#69;CRET", "it was ***"),
    ],
)
def test_what_is_personal_is_taken_out_of_a_message(recorder, sink, element, message, shown):
    made = chunk_of([element, Plain("2", description="secret 2")], range(10, 12))
    recorder.answered(made, Answer(rejected={0: Rejection(message, message)}))
    assert [(failure.errorcode, failure.errormessage) for failure in sink.all] == [(shown, shown)]
