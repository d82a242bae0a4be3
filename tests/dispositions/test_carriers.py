"""What carries requests and values: threads, as many as are needed, or a rehearsal that only looks."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from time import monotonic

import pytest
from support.engine import MemoryStore, threads_of_the_engine
from support.locks import interrupted_once_locked

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.carriers.rehearsal import Rehearsal
from airflow_provider_vcc.dispositions.engine.carriers.saver import Saver
from airflow_provider_vcc.dispositions.engine.carriers.senders import Senders
from airflow_provider_vcc.dispositions.engine.carriers.threads import Threads
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery, NotSent
from airflow_provider_vcc.dispositions.engine.messages import Answered, Saved
from airflow_provider_vcc.dispositions.engine.settings import Settings
from airflow_provider_vcc.dispositions.engine.sync import Sync
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.sources.memory import from_elements

FRAME = (b'{"elements":', b',"disposition":{}}')
A_WHILE = 30
"""Seconds that nothing here ever takes."""


class Client:
    """Sends nothing, and keeps what it was asked to send.

    :param reply: returns the evidence of a request, or raises; it is given the attempt.
    """

    def __init__(self, reply=lambda _: Answer()):
        self.reply = reply
        self.bodies = []
        self.told = []

    def prepare(self):
        """Note it."""
        self.told.append("prepared")

    def close(self):
        """Note it."""
        self.told.append("closed")

    def begin(self, body, attempt):
        """Begin nothing: there is no connection on which something could go at once."""

    def send(self, body, count, attempt):
        """Keep a body and its number of elements."""
        self.bodies.append((body, count))
        return self.reply(attempt)


def some(*numbers):
    """Return a delivery of an element for each of these records."""
    batch = Checker().check(next(from_elements([{"numberid": str(n)} for n in numbers]).read(10)))
    return Delivery(chunk_of(batch.elements, batch.positions))


@pytest.fixture
def threads():
    """Yield a function that makes the carrier of a client and a store; its threads end with the test."""
    made = []

    def make(client, store=None):
        made.append(Threads(client, store, FRAME))
        return made[-1]

    yield make
    for carrier in made:
        carrier.close(A_WHILE)
    assert threads_of_the_engine() == []


class TestSending:
    """A thread for each request that has to wait."""

    def test_a_chunk_goes_out_between_the_head_and_the_tail_of_its_request(self, threads):
        client = Client()
        carrier, delivery = threads(client), some(1, 2)
        assert carrier.send(delivery, 1) is None
        event = carrier.wait(A_WHILE)
        assert (event.delivery, event.evidence) == (delivery, Answer())
        assert client.bodies == [(b'{"elements":[{"numberid":"1"},{"numberid":"2"}],"disposition":{}}', 2)]

    def test_a_thread_that_is_free_takes_the_next_request(self, threads):
        carrier = threads(Client())
        for _ in range(3):
            carrier.send(some(1), 1)
            carrier.wait(A_WHILE)
        assert sorted(threads_of_the_engine()) == ["vcc-sender-1"]

    def test_as_many_threads_work_as_requests_are_in_the_air(self, threads):
        together = threading.Barrier(3)

        def reply(_):
            together.wait(A_WHILE)
            return Answer()

        carrier = threads(Client(reply))
        for number in (1, 2, 3):
            carrier.send(some(number), number)
        assert [carrier.wait(A_WHILE).evidence for _ in range(3)] == [Answer()] * 3
        assert sorted(threads_of_the_engine()) == ["vcc-sender-1", "vcc-sender-2", "vcc-sender-3"]

    def test_an_error_that_nobody_foresaw_is_evidence_of_its_chunk_and_the_thread_goes_on(self, threads):
        evidence = iter([ZeroDivisionError("private"), Answer()])

        def reply(_):
            found = next(evidence)
            if isinstance(found, Exception):
                raise found
            return found

        carrier = threads(Client(reply))
        carrier.send(some(1), 1)
        carrier.send(some(2), 1)
        first, second = carrier.wait(A_WHILE).evidence, carrier.wait(A_WHILE).evidence
        assert first == Fault("the answer could not be understood (ZeroDivisionError)")
        assert second == Answer()

    def test_a_request_that_is_given_up_is_still_reported(self, threads):
        begun = SimpleQueue()

        def reply(attempt):
            given_up = threading.Event()
            attempt.abort = given_up.set
            begun.put(attempt)
            assert given_up.wait(A_WHILE)
            return Fault("cut")

        carrier, delivery = threads(Client(reply)), some(1)
        carrier.send(delivery, 1)
        begun.get(timeout=A_WHILE)
        carrier.abort(delivery)
        assert carrier.wait(A_WHILE).evidence == Fault("cut")
        carrier.abort(delivery)

    def test_the_instant_of_an_answer_is_of_the_carriers_clock(self, threads):
        carrier = threads(Client())
        before = carrier.clock()
        carrier.send(some(1), 1)
        assert before <= carrier.wait(A_WHILE).at <= carrier.clock()

    def test_it_prepares_its_client_and_closes_it(self):
        client = Client()
        carrier = Threads(client, None, FRAME)
        carrier.prepare()
        carrier.close(A_WHILE)
        assert client.told == ["prepared", "closed"]

    def test_a_store_that_hangs_is_hardly_waited_for_however_long_requests_are(self, monkeypatch):
        waited = []
        monkeypatch.setattr(Saver, "close", lambda _, seconds: waited.append(seconds))
        Threads(Client(), MemoryStore(), FRAME).close(A_WHILE)
        assert 0 < waited[0] < 1

    def test_a_thread_that_hangs_is_waited_for_only_so_long_by_all_together(self):
        let_go = threading.Event()
        senders = Senders(Client(lambda _: let_go.wait(A_WHILE)), FRAME, lambda _: None)
        for number in (1, 2, 3):
            senders.send(some(number))
        began = monotonic()
        senders.close(0.1)
        took = monotonic() - began
        let_go.set()
        for thread in threading.enumerate():
            if thread.name.startswith("vcc-sender"):
                thread.join(A_WHILE)
        assert 0.1 <= took < A_WHILE / 2


class TestWaiting:
    """What has been reported, in its order; nothing after the time is over, or when somebody wakes it."""

    def test_nothing_comes_where_nothing_was_asked_for(self, threads):
        carrier = threads(Client())
        assert carrier.wait(0.001) is None
        assert carrier.wait(-1) is None
        assert not carrier.pending()

    def test_who_waits_can_be_woken(self, threads):
        carrier = threads(Client())
        carrier.wake()
        assert carrier.pending()
        assert carrier.wait(A_WHILE) is None

    def test_what_is_written_is_reported_too(self, threads):
        store = MemoryStore()
        carrier = threads(Client(), store)
        carrier.save([("key", 7)])
        event = carrier.wait(A_WHILE)
        assert isinstance(event, Saved)
        assert (event.error, store.get("key")) == (None, 7)

    @pytest.mark.parametrize("kind", [OSError, SystemExit])
    def test_whatever_a_store_raises_ends_the_write(self, threads, kind):
        store = MemoryStore()
        store.refuse = kind()
        carrier = threads(Client(), store)
        carrier.save([("key", 7)])
        assert isinstance(carrier.wait(A_WHILE).error, kind)


class TestInterruptions:
    """An exception came from a signal: whoever waits for something is told of it."""

    def test_what_was_not_taken_in_is_reported_again_and_what_was_is_not(self, threads):
        carrier, first, second = threads(Client()), some(1), some(2)
        for delivery in (first, second):
            carrier.send(delivery, 1)
            event = carrier.wait(A_WHILE)
            assert event.delivery is delivery
        carrier.interrupted([], saving=False)
        assert carrier.wait(A_WHILE) is event
        assert not carrier.pending()
        carrier.interrupted([], saving=False)
        assert carrier.wait(0) is None

    def test_what_was_never_begun_is_reported_as_that_and_what_was_is_waited_for(self, threads):
        go_on = threading.Event()
        carrier = threads(Client(lambda _: go_on.wait(A_WHILE) and Answer()))
        begun, never_begun = some(1), some(2)
        carrier.send(begun, 1)
        carrier.interrupted([begun, never_begun], saving=False)
        event = carrier.wait(A_WHILE)
        assert (event.delivery, event.evidence.delivered) == (never_begun, False)
        assert not carrier.pending()
        go_on.set()
        event = carrier.wait(A_WHILE)
        assert (event.delivery, event.evidence) == (begun, Answer())

    def test_a_write_that_was_never_begun_is_reported_as_a_failure_and_one_that_was_only_once(self, threads):
        go_on = threading.Event()
        store = MemoryStore()
        store.set = lambda *_: go_on.wait(A_WHILE)
        carrier = threads(Client(), store)
        carrier.interrupted([], saving=True)
        assert "interrupted before its progress was saved" in str(carrier.wait(A_WHILE).error)
        assert not carrier.pending()
        carrier.save([("key", 7)])
        carrier.interrupted([], saving=True)
        assert not carrier.pending()
        go_on.set()
        assert carrier.wait(A_WHILE).error is None
        carrier.interrupted([], saving=True)
        assert carrier.wait(A_WHILE).error is None
        assert not carrier.pending()

    def test_what_is_on_its_way_when_nobody_waits_any_more_is_given_up(self):
        given_up = threading.Event()

        def reply(attempt):
            attempt.abort = given_up.set
            begun.set()
            given_up.wait(A_WHILE)
            return Fault("cut")

        begun = threading.Event()
        carrier = Threads(Client(reply), None, FRAME)
        carrier.send(some(1), 1)
        assert begun.wait(A_WHILE)
        began = monotonic()
        carrier.close(A_WHILE)
        assert monotonic() - began < A_WHILE / 2
        assert threads_of_the_engine() == []

    def test_an_exception_while_a_thread_is_looked_for_leaves_nothing_locked(self, threads):
        go_on = threading.Event()
        replies = [go_on.wait, lambda _: None]
        carrier = threads(Client(lambda _: replies.pop(0)(A_WHILE) or Answer()))
        carrier.send(some(1), 1)
        carrier.send(some(2), 2)
        assert isinstance(carrier.wait(A_WHILE), Answered)

        with interrupted_once_locked(KeyboardInterrupt):
            carrier.send(some(3), 2)
        go_on.set()
        assert isinstance(carrier.wait(A_WHILE), Answered)

    def test_a_rehearsal_sends_nothing_whatever_comes_in_between(self):
        carrier, delivery = Rehearsal(lambda _: None), some(1)
        carrier.interrupted([delivery], saving=False)
        event = carrier.wait(0)
        assert (event.delivery, event.evidence) == (delivery, NotSent())


class TestRehearsal:
    """It looks at what would go out, and sends nothing."""

    def test_each_chunk_ends_as_not_sent_and_the_first_is_shown(self):
        shown = []
        carrier = Rehearsal(shown.append)
        sync = Sync(
            None,
            from_elements([{"numberid": str(n)} for n in range(5)]),
            Checker(),
            settings=Settings(chunk_size=2),
            carrier=carrier,
        )
        sync.run()
        assert (carrier.requests, sync.tally.requests) == (3, 0)
        assert [list(chunk.positions) for chunk in shown] == [[0, 1]]
        assert {outcome: n for outcome, n in sync.tally.counts.items() if n} == {Outcome.NOT_SENT: 5}

    def test_what_was_looked_at_is_reported_until_nothing_is_left(self):
        carrier, delivery = Rehearsal(lambda _: None), some(1)
        assert not carrier.send(delivery, 1)
        carrier.save([("key", 7)])
        assert carrier.pending()
        first, second = carrier.wait(0), carrier.wait(0)
        assert isinstance(first, Answered)
        assert (first.delivery, first.evidence) == (delivery, NotSent())
        assert second == Saved(None)
        assert (carrier.pending(), carrier.wait(0)) == (False, None)
