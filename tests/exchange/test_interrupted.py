"""Who drives the run may be interrupted by a signal, or busy with something else, while answers come."""

from __future__ import annotations

import gc
import select
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from support.engine import (
    MemoryStore,
    answered,
    client_of,
    delivery_of,
    elements,
    open_files,
    sync_of,
    threads_of_the_engine,
)
from support.locks import interrupted_once_locked
from support.scripted import ScriptedServer, answer

from airflow_provider_vcc import dispositions
from airflow_provider_vcc.dispositions.engine.carriers.bell import Bell
from airflow_provider_vcc.dispositions.engine.carriers.threads import Threads
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.dispositions.engine.settings import Times
from airflow_provider_vcc.dispositions.http import dial
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault
from airflow_provider_vcc.dispositions.http.attempt import Attempt, Deadline
from airflow_provider_vcc.dispositions.http.exchange import Exchange
from airflow_provider_vcc.dispositions.http.exchange import Times as HttpTimes
from airflow_provider_vcc.dispositions.http.route import Route
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome

A_WHILE = 30
"""Seconds that nothing here ever takes."""
FRAME = (b'{"elements":', b"}")
BODY = b'{"errors": [], "response": {"0": true}}'
GOOD = answer(BODY)
OTHER = answer(b'{"errors": [], "response": {"0": true}, "note": "bytes that nobody knows"}')
LARGE = b'{"errors": [], "response": {"0": true}, "note": "%b"}' % (b"x" * 5_000_000)
ENGINE = str(Path(dispositions.__file__).parent)


def in_chunks(body):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


class Interrupted(BaseException):
    """What a signal's handler raises, as Airflow's do."""


class Interrupt:
    """Raises at one line that a function of the engine leads to in this thread; without a line it only counts.

    :param files: where these lines stand, by the beginning of their names.
    """

    def __init__(self, within, line=None, files=(ENGINE,)):
        self.within = within
        self.files = files
        self.line = line
        self.count = 0
        self.outermost = None

    def __call__(self, frame, event, _):
        """Follow the engine's own frames."""
        if not frame.f_code.co_filename.startswith(self.files) or frame.f_code.co_name == "_close_all":
            return None  # the latter is called when the garbage of others is collected, which lets nothing be raised
        if event == "call" and self.outermost is None and frame.f_code.co_qualname == self.within:
            self.outermost = frame
        if event == "line" and self.outermost is not None:
            self.count += 1
            if self.count == self.line:
                sys.settrace(None)
                raise Interrupted
        if event == "return" and frame is self.outermost:
            self.outermost = None
        return self


def some():
    return delivery_of(elements(1))


def interrupted(*what):
    """Do it in a thread of its own: an exception of a tracer may stay with its thread, and what it holds with it."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(interrupted_here, *what).result()


def interrupted_here(reply, within, line=None):
    """Send a request on a connection that is there, and be interrupted.

    Return how many lines there were, what is reported, and how many requests arrived.
    """
    with ScriptedServer(GOOD, reply) as server:
        carrier = Threads(client_of(server.url, timeout=A_WHILE), None, FRAME)
        carrier.prepare()
        try:
            carrier.send(some(), 1)
            assert answered(carrier).evidence == Answer()
            interrupt, delivery, event = Interrupt(within, line), some(), None
            sys.settrace(interrupt)
            with suppress(Interrupted):
                carrier.send(delivery, 1)
                event = carrier.wait(A_WHILE)
            sys.settrace(None)
            began = time.monotonic()
            event = event or carrier.wait(A_WHILE)
            assert time.monotonic() - began < A_WHILE / 3
        finally:
            sys.settrace(None)
            carrier.close(A_WHILE)
    assert event.delivery is delivery
    return interrupt.count, event.evidence, len(server.requests)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # a connection may be closed with the exception only
@pytest.mark.parametrize("reply", [GOOD, OTHER, in_chunks(BODY)], ids=["known", "unknown", "in chunks"])
@pytest.mark.parametrize("within", ["Client.begin", "Senders.watch"])
def test_a_request_in_the_middle_of_which_an_exception_comes_is_reported_at_once(within, reply):
    """Otherwise the run would wait for it until its grace is over, or for ever for its lock."""
    lines, evidence, _ = interrupted(reply, within)
    assert evidence == Answer()
    for line in range(1, lines + 1):
        _, evidence, requests = interrupted(reply, within, line)
        if isinstance(evidence, Fault):
            assert evidence.delivered is None or (evidence.delivered, requests) == (False, 1)
        else:
            assert (evidence, requests) == (Answer(), 2)
    gc.collect()  # the exceptions' frames, and what these held


@pytest.mark.parametrize("reply", [answer(LARGE), in_chunks(LARGE)], ids=["sized", "in chunks"])
def test_a_large_answer_that_came_while_nobody_listened_is_one_although_its_time_is_over(reply):
    """A connection holds some of it; the rest could only wait until somebody took that."""
    with ScriptedServer(GOOD, reply) as server:
        carrier = Threads(client_of(server.url, timeout=0.3), None, FRAME)
        carrier.prepare()
        try:
            for pause in (0, 0.5):
                carrier.send(some(), 1)
                time.sleep(pause)  # the source takes its time
                assert answered(carrier).evidence == Answer()
        finally:
            carrier.close(A_WHILE)


@pytest.mark.parametrize("within", ["Workers.give", "Saver.save"])
def test_threads_that_an_exception_kept_from_being_started_do_not_keep_a_run_from_its_end(within):
    def give(line=None):
        with ScriptedServer(GOOD) as server:
            carrier = Threads(client_of(server.url), MemoryStore(), FRAME)
            carrier.prepare()
            interrupt = Interrupt(within, line)
            sys.settrace(interrupt)
            with suppress(Interrupted):
                carrier.send(some(), 1)
                carrier.save([("key", 1)])
            sys.settrace(None)
            carrier.close(A_WHILE)
        return interrupt.count

    for line in range(1, give() + 1):
        give(line)


def test_a_save_before_which_an_exception_comes_is_not_waited_for(monkeypatch):
    def interrupt(*_):
        raise Interrupted

    monkeypatch.setattr(Kept, "values", interrupt)
    with ScriptedServer(GOOD) as server:
        sync = sync_of(server.url, elements(1), store=MemoryStore(), keeps={"times": Times(flush=A_WHILE)})
        began = time.monotonic()
        with pytest.raises(Interrupted):
            sync.run()
    assert time.monotonic() - began < A_WHILE / 3
    assert sync.tally.counts[Outcome.APPLIED] == sync.tally.total == 1


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_exception_while_a_bell_is_made_leaves_no_descriptor():
    def make(line=None):
        bell, interrupt = Bell(), Interrupt("Bell.hang", line, (ENGINE, socket.__file__))
        sys.settrace(interrupt)
        with suppress(Interrupted):
            bell.hang(select.poll())
        sys.settrace(None)
        bell.close()
        return interrupt.count

    def make_at_any_line():
        before = open_files()
        for line in range(1, make() + 1):
            make(line)
        gc.collect()
        assert open_files() == before

    with ThreadPoolExecutor(1) as alone:
        alone.submit(make_at_any_line).result()


@pytest.fixture
def name(monkeypatch):
    """Return a name that is looked up in a tenth of a second."""

    def look_up(_host, port, *_, flags=0, **__):
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        time.sleep(0.1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return "vcc.example.com"


def test_a_name_in_whose_lookup_an_exception_comes_at_any_line_is_found_the_next_time(name):
    def find(port, line=None):
        interrupt = Interrupt("_resolve", line)
        sys.settrace(interrupt)
        with suppress(Interrupted):
            dial._resolve(name, port, Deadline(A_WHILE), Attempt())
        sys.settrace(None)
        assert dial._resolve(name, port, Deadline(A_WHILE / 3), Attempt()) == [(socket.AF_INET, ("127.0.0.1", port))]
        return interrupt.count

    with ThreadPoolExecutor(20) as pool:
        lines = pool.submit(find, 1).result()
        assert lines > 10
        for found in [pool.submit(find, 1 + line, line) for line in range(1, lines + 1)]:
            found.result()
    assert not dial._LOOKUPS


def test_an_exception_while_a_name_is_waited_for_leaves_nothing_locked(name):
    """It comes just after one of the locks of Python's futures was taken, if that is how it is waited for."""

    def interrupt(frame, event, _):
        locked = event == "return" and frame.f_code.co_qualname == "Condition.__enter__"
        if locked and "futures" in frame.f_back.f_code.co_filename:
            raise Interrupted
        return interrupt

    def look_up():
        sys.settrace(interrupt)
        with suppress(Interrupted):
            dial._resolve(name, 9, Deadline(A_WHILE), Attempt())
        sys.settrace(None)

    with ThreadPoolExecutor(1) as alone:
        alone.submit(look_up).result()
    for thread in threading.enumerate():
        if thread.name == "resolver":
            thread.join(A_WHILE / 3)
            assert not thread.is_alive()


def test_no_code_of_ours_runs_when_an_answer_is_dropped():
    """An exception that a signal's handler raised there would be lost, and with it the end of a task."""
    ran = []

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(ENGINE):
            ran.append(frame.f_code.co_qualname)

    with ScriptedServer(GOOD) as server:
        exchange = Exchange(Route(server.url))
        answers = [exchange.send("GET", b"GET / HTTP/1.1\r\n\r\n", Attempt(), HttpTimes())]
        sys.setprofile(note)
        answers.clear()
        sys.setprofile(None)
        exchange.close()
    assert ran == []


def test_an_exception_while_a_call_waits_for_its_turn_keeps_no_later_one_from_it(connect):
    with ScriptedServer(answer()) as server:
        hook = connect(server.url)
        hook.run("GET", "/projects")
        with interrupted_once_locked(Interrupted):
            hook.get_conn().get(hook.base_url + "/projects")
        later = threading.Thread(target=hook.run, args=("GET", "/projects"), daemon=True)
        later.start()
        later.join(A_WHILE / 3)
        assert not later.is_alive()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_an_exception_at_any_line_of_the_end_of_a_run_leaves_no_thread_and_no_connection(tls, bundle):
    """All threads and connections are still there when it comes to its end."""

    def run(line=None):
        with ScriptedServer(GOOD, tls=tls) as server:
            options = {"chunk_size": 1, "max_in_flight": 3, "session": {"verify": bundle}}
            sync = sync_of(server.url, elements(6), store=MemoryStore(), **options)
            interrupt = Interrupt("Sync._end", line)
            sys.settrace(interrupt)
            try:
                with suppress(Interrupted):
                    sync.run()
            finally:
                sys.settrace(None)
        assert sync.tally.total == sync.tally.counts[Outcome.APPLIED] == 6
        assert threads_of_the_engine() == []
        return interrupt.count

    with ThreadPoolExecutor(1) as alone:
        lines = alone.submit(run).result()
        assert lines > 30
        for line in range(1, lines + 1):
            alone.submit(run, line).result()
    gc.collect()


def test_an_exception_after_another_one_ends_a_run_at_once_and_what_is_in_the_air_is_unknown(monkeypatch):
    """The first one waits for the answers, which do not come here."""
    waits, wait = [], Threads.wait

    def interrupted_wait(carrier, seconds):
        if len(server.requests) == 6:
            waits.append(seconds)
            if len(waits) <= 2:
                raise Interrupted
        return wait(carrier, seconds)

    monkeypatch.setattr(Threads, "wait", interrupted_wait)
    all_true = answer(b'{"errors": [], "response": {"0": true, "1": true, "2": true}}')
    together = threading.Barrier(3)

    def reply(wire):
        together.wait(A_WHILE)
        wire.send(all_true)
        return True

    with ScriptedServer(reply, reply, reply, lambda wire: wire.silence()) as server:
        options = {"chunk_size": 3, "max_in_flight": 3, "timeout": A_WHILE, "keeps": {"times": Times(grace=A_WHILE)}}
        sync = sync_of(server.url, elements(18), **options)  # the last nine on connections that are there
        began = time.monotonic()
        with pytest.raises(Interrupted):
            sync.run()
        assert time.monotonic() - began < A_WHILE / 3
    assert threads_of_the_engine() == []
    assert (sync.tally.counts[Outcome.APPLIED], sync.tally.counts[Outcome.UNKNOWN], sync.tally.total) == (9, 9, 18)


@pytest.mark.parametrize("where", [(Kept, "saved"), (Observer, "answered")], ids=["a save", "an answer"])
def test_what_is_being_taken_in_when_an_exception_comes_is_not_waited_for_again(monkeypatch, where):
    did, raised = getattr(*where), []

    def interrupt_once(*what):
        if not raised:
            raised.append(what)
            raise Interrupted
        return did(*what)

    monkeypatch.setattr(*where, interrupt_once)
    times = Times(grace=A_WHILE, flush=A_WHILE)
    with ScriptedServer(GOOD) as server:
        sync = sync_of(server.url, elements(1), store=MemoryStore(), keeps={"times": times})
        began = time.monotonic()
        with pytest.raises(Interrupted):
            sync.run()
    assert time.monotonic() - began < A_WHILE / 3
    assert sync.tally.counts[Outcome.APPLIED] == sync.tally.total == 1
