"""One try of a task, in this process and without Airflow around it."""

from __future__ import annotations

import json
import threading

import pytest
from support.operators import Instance, outcomes, run_here
from support.timing import as_soon_as

from airflow_provider_vcc.dispositions.sources import IterableSource
from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccConfigurationError, VccUnavailable
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Hang, Status

MANY = [{"numberid": n} for n in range(1, 101)]


@pytest.fixture
def sandbox(monkeypatch):
    with Sandbox(records=100) as sandbox:
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(sandbox.connection()))
        yield sandbox


def operator(kind=BatchDispositionOperator, **given):
    return kind(**{"task_id": "sync", "project_id": 17, "disposition": {"dispositionid": 2}, **given})


class Yielding(BatchDispositionOperator):
    """An operator with an input, sinks and an end of its own, as subclasses have."""

    def __init__(self, *, give, sink, **kwargs):
        super().__init__(**kwargs)
        self.give, self.sink, self.passed = give, sink, []

    def _check_inputs(self):
        pass

    def _source(self, context):
        return IterableSource(self.give, "ours")

    def _sinks(self, context):
        return [self.sink]

    def _passed(self, context, summary):
        self.passed.append(summary["applied"])


class Keeping:
    """A sink that keeps what it gets, or fails when it is told to."""

    def __init__(self, fails_when=()):
        self.failures, self.closed, self.fails_when = [], 0, fails_when

    def write(self, failures):
        if "write" in self.fails_when:
            raise RuntimeError("no table")
        self.failures += failures

    def close(self):
        self.closed += 1
        if "close" in self.fails_when:
            raise RuntimeError("no commit")


def test_a_subclass_gives_the_input_gets_the_failures_and_hears_of_the_end(sandbox):
    sink = Keeping()
    ours = operator(Yielding, give=lambda: [*MANY, {"numberid": 404}], sink=sink, max_errors=1)
    error, xcoms = run_here(ours)
    assert error is None
    assert [failure.position for failure in sink.failures] == [100]
    assert sink.closed == 1
    assert ours.passed == [100]
    assert xcoms["report"]["source"] == "ours"


def test_what_is_to_be_done_at_the_end_is_not_done_where_the_judgement_did_not_pass(sandbox):
    sink = Keeping()
    ours = operator(Yielding, give=lambda: [{"numberid": 404}], sink=sink)
    error, _ = run_here(ours)
    assert isinstance(error, DispositionThresholdExceeded)
    assert ours.passed == []
    assert sink.closed == 1


def test_it_is_not_done_either_where_nothing_was_to_be_sent(sandbox):
    ours = operator(Yielding, give=lambda: MANY, sink=Keeping(), validate_only=True)
    assert run_here(ours)[0] is None
    assert ours.passed == []


@pytest.mark.parametrize("when", ["write", "close"])
def test_a_sink_that_fails_fails_the_task_and_the_summary_is_pushed(sandbox, when):
    ours = operator(Yielding, give=lambda: [*MANY, {"numberid": 404}], sink=Keeping([when]), max_errors=1)
    error, xcoms = run_here(ours)
    assert isinstance(error, RuntimeError)
    assert ours.passed == []
    assert sum(outcomes(xcoms["summary"])) == xcoms["summary"]["total"]
    assert xcoms["report"]["error"] == "RuntimeError"


def test_what_fails_at_the_end_fails_the_task_and_the_summary_is_pushed(sandbox):
    ours = operator(Yielding, give=lambda: MANY, sink=Keeping())
    ours._passed = lambda context, summary: 1 / 0
    error, xcoms = run_here(ours)
    assert isinstance(error, ZeroDivisionError)
    assert xcoms["summary"]["applied"] == 100


def test_a_summary_that_cannot_be_pushed_does_not_hide_why_the_task_failed(sandbox, monkeypatch):
    def refuse(self, key, value):
        raise OSError("the XCom backend is full")

    monkeypatch.setattr(Instance, "xcom_push", refuse)
    assert isinstance(run_here(operator(elements=[{"numberid": 404}]))[0], DispositionThresholdExceeded)
    assert isinstance(run_here(operator(elements=MANY))[0], OSError)


def test_the_exception_carries_the_summary_and_no_element(sandbox):
    error, xcoms = run_here(operator(elements=[{"numberid": 404, "description": "Jane"}]))
    assert error.summary == xcoms["summary"]
    assert "Jane" not in repr(vars(error))


def test_a_stop_from_another_thread_ends_the_run_soon_and_leaves_no_thread(sandbox):
    sandbox.faults = Hang("first")
    running = operator(elements=MANY, chunk_size=10, max_in_flight=4)
    instance = Instance()
    from airflow_provider_vcc.task.parameters import Parameters
    from airflow_provider_vcc.task.run import Run

    running._vcc_run = Run(Parameters.of(running), running._endpoints({"ti": instance}), {"ti": instance}, running.log)
    begun = lambda: len(sandbox.ledger.events()) == 40  # noqa: E731 -- a word for it
    with as_soon_as(begun, running.on_kill), pytest.raises(Exception, match="the run was stopped"):
        running._vcc_run.execute()
    assert outcomes(instance.xcoms["summary"]) == [0, 0, 0, 40, 60]
    assert [thread for thread in threading.enumerate() if thread.name.startswith("vcc")] == []


def test_a_kill_before_anything_runs_does_no_harm():
    operator(elements=[]).on_kill()


def test_a_missing_connection_field_says_which(sandbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps({"conn_type": "vcc", "login": "mycc"}))
    error, xcoms = run_here(operator(elements=MANY))
    assert isinstance(error, VccConfigurationError)
    assert "connection 'vcc_default': Password is empty" in str(error)
    assert xcoms["summary"]["total"] == 0


def test_times_are_converted_to_the_call_centres_clock(sandbox, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(sandbox.connection(timezone="Europe/Budapest")))
    run_here(operator(elements=[{"numberid": 1, "next_calldate": "2026-12-01T09:00:00+00:00"}]))
    assert [event.next_calldate for event in sandbox.ledger.events()] == ["2026-12-01 10:00:00"]


def test_the_log_has_no_line_per_element_or_request(sandbox, capsys):
    run_here(operator(elements=[{"numberid": 404}, *MANY], chunk_size=1, max_errors=1))
    lines = capsys.readouterr().out.splitlines()
    assert any("101 elements: 100 applied, 1 rejected" in line for line in lines)
    assert len(lines) < 20


def test_troubles_are_logged_at_most_once_in_some_seconds(sandbox, capsys):
    sandbox.faults = Status(503).first(4)
    run_here(operator(elements=MANY, chunk_size=10))
    assert 1 <= capsys.readouterr().out.count("the server failed (503)") <= 3


def test_a_service_that_is_down_is_an_error_of_its_own_and_the_rest_is_not_sent(sandbox, monkeypatch):
    monkeypatch.setattr("airflow_provider_vcc.dispositions.engine.breaker.LONGEST_OUTAGE", 0.5)
    monkeypatch.setattr("airflow_provider_vcc.dispositions.engine.breaker.FEWEST_FAILURES", 3)
    sandbox.down()
    error, xcoms = run_here(operator(elements=MANY, chunk_size=10, soft_fail=True))
    assert isinstance(error, VccUnavailable)
    assert outcomes(xcoms["summary"]) == [0, 0, 0, 0, 100]
    assert xcoms["report"]["error"].startswith("VCC does not serve requests")


def test_more_kinds_of_errors_than_anybody_reads_are_only_counted(sandbox, capsys):
    names = ("sendDispositionMessages", "next_calldate", "dispositionid", "description")
    misspelt = [name[:at] + mark + name[at:] for mark in "xy" for name in names for at in range(1, len(name))][:80]
    elements = [{"numberid": 1, name: 1} for name in misspelt]  # a name that is near one of ours is shown
    _, pushed = run_here(operator(elements=elements, max_errors=80))
    log = capsys.readouterr().out
    assert log.count("each kind of error is logged once") == 20
    assert log.count("There are more kinds of error") == 1
    kinds = len(pushed["summary"]["errors"])
    assert kinds > 40
    assert f"and {kinds - 20} more kinds of error, in the XCom `summary`" in log


class Refusing(dict):
    """A state store whose values cannot be deleted any more."""

    def get(self, key, default=None):
        return super().get(key, default)

    def set(self, key, value):
        self[key] = value

    def delete(self, key):
        raise OSError("read only")


def test_a_store_that_cannot_be_cleared_does_not_fail_a_task_that_succeeded(sandbox, capsys):
    store = Refusing()
    error, xcoms = run_here(operator(elements=MANY), task_state_store=store)
    assert error is None
    assert xcoms["summary"]["applied"] == 100
    assert "The progress could not be cleared (OSError)" in capsys.readouterr().out
