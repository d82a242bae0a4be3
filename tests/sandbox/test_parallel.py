"""Many connections at once."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from airflow_provider_vcc.sandbox.faults import Capacity, Fault, Hang, Latency

BATCH = "/v2/projects/17/records/dispositions"
ELEMENT = {"numberid": "1", "dispositionid": "1"}


def together(start, sandbox, count, each=1, timeout=20):
    """Send from so many connections at once, each some requests; return what each got last."""
    gate = threading.Barrier(count)

    def send(client):
        gate.wait()
        for _ in range(each):
            try:
                answer = client.put(ELEMENT)
            except TimeoutError as error:
                client.close()
                answer = error
        return answer

    clients = [start.client(sandbox, timeout=timeout) for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, clients))


def test_sixty_four_connections_are_served_at_the_same_time(start):
    """A barrier inside the sandbox opens only when all of them are there."""
    all_there = threading.Barrier(64)

    def wait(_):
        all_there.wait(timeout=60)

    sandbox, _ = start(10)
    sandbox.faults = lambda request: Meeting(wait)
    answers = together(start, sandbox, 64)
    assert {answer.status for answer in answers} == {200}
    assert sandbox.ledger.most_parallel() == 64


class Meeting(Fault):
    """Calls a function inside the sandbox, before it acts."""

    def __init__(self, meet):
        self.meet = meet

    def _do(self, request, act):
        self.meet(request)
        return act()


def test_one_connection_after_another_is_one_at_a_time(start):
    sandbox, _ = start(10)
    for _ in range(50):
        client = start.client(sandbox)
        client.put(ELEMENT)
        client.put(ELEMENT)
    assert sandbox.ledger.most_parallel() == 1


def test_a_request_is_no_longer_counted_when_its_client_has_given_up_though_the_sandbox_still_works_on_it(start):
    first_is_there, second_is_through = threading.Event(), threading.Event()

    def meet(_):
        first_is_there.set()
        second_is_through.wait(60)

    sandbox, client = start(10, faults=[Meeting(meet)])
    client.connection.request("PUT", BATCH, b" " * 100_000, client.headers)
    assert first_is_there.wait(60)
    client.close()
    assert start.client(sandbox).put(ELEMENT).status == 200
    second_is_through.set()
    assert sandbox.idle()
    assert sandbox.ledger.most_parallel() == 1


def test_a_request_that_is_seen_only_after_its_client_has_given_up_is_not_counted(start, until):
    """A busy sandbox may get round to it when the client has asked again already."""
    sandbox, client = start(10)
    with sandbox._arrival:
        client.connection.request("PUT", BATCH, b" " * 100_000, client.headers)
        client.close()
    until(sandbox.ledger.requests)
    assert sandbox.ledger.most_parallel() == 0


def test_a_request_is_no_longer_counted_when_its_client_has_the_answer(start):
    """Else a client that asks on another connection at once would seem to have two requests in the air."""
    sandbox, client = start(10)
    answered, seen = threading.Event(), []
    leave = sandbox._traffic.leave

    def watch(request):
        seen.append(answered.wait(0.2))
        leave(request)

    sandbox._traffic.leave = watch
    client.put(ELEMENT)
    answered.set()
    assert seen == [False]


def test_a_client_that_gave_up_and_asks_again_is_one_at_a_time(start, until):
    sandbox, _ = start(10, faults=Hang())
    client = start.client(sandbox, timeout=0.01)
    for _ in range(30):
        with pytest.raises(TimeoutError):
            client.put(ELEMENT)
        client.close()
    until(lambda: sandbox.ledger.totals()["requests"] == 30)
    assert sandbox.ledger.most_parallel() <= 1


def test_never_more_in_parallel_than_there_are_connections(start):
    sandbox, _ = start(10)
    together(start, sandbox, 6, each=40)
    assert 1 <= sandbox.ledger.most_parallel() <= 6
    assert sandbox.ledger.totals()["events"] == 240


def test_more_requests_than_it_has_capacity_for_queue(start):
    sandbox, _ = start(10, faults=Capacity(2) + Latency(0.02))
    begin = monotonic()
    answers = together(start, sandbox, 8)
    assert monotonic() - begin >= 4 * 0.02
    assert {answer.status for answer in answers} == {200}
    assert sandbox.ledger.most_parallel() > 2


def test_idle_waits_for_requests_in_progress_and_says_when_that_takes_too_long(start, until):
    sandbox, client = start(10, faults=[Hang("later")])
    assert sandbox.idle(0)
    client.connection.request("PUT", BATCH, b"{}", client.headers)
    until(sandbox.ledger.requests)
    assert not sandbox.idle(0.01)
    client.close()
    assert sandbox.idle()


def test_idle_waits_also_for_what_was_sent_and_has_not_been_looked_at(start):
    """A client may be gone before a busy sandbox has read, or even accepted, what it sent."""
    sandbox, _ = start(10)
    body = b'{"elements": [{"numberid": "1", "dispositionid": "1"}]}'
    for count in range(1, 100):
        client = start.client(sandbox)
        client.connection.request("PUT", BATCH, body, client.headers)
        client.close()
        assert sandbox.idle()
        assert sandbox.ledger.totals()["events"] == count


def test_idle_does_not_wait_for_connections_that_are_kept_alive(start):
    sandbox, client = start(10)
    client.put(ELEMENT)
    assert sandbox.idle(10)


def test_nothing_is_left_after_the_end(start):
    before = threading.active_count()
    sandbox, _ = start(10, faults=Hang().after(3))
    together(start, sandbox, 6, timeout=0.05)
    sandbox.down(60)
    sandbox.stop()
    gc.collect()  # a socket that is still open would warn, and warnings are errors
    assert threading.active_count() == before


@pytest.mark.parametrize("requests", [5, pytest.param(100, marks=pytest.mark.long)])
def test_as_many_elements_pass_as_the_tests_of_the_engine_send(start, requests):
    sandbox, client = start(1000)
    body = b'{"elements": [%s], "disposition": {"dispositionid": 1}}' % b",".join(
        b'{"numberid": "%d", "description": "element %d"}' % (number % 1000 + 1, number) for number in range(10_000)
    )
    for _ in range(requests):
        assert client.ask("PUT", BATCH, body).status == 200
    assert sandbox.ledger.totals()["events"] == requests * 10_000
