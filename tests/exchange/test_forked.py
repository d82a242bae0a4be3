"""A process forks after a hook was used, or while requests are on the way: its child has connections of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import threading

import pytest
from support.engine import MemoryStore, elements, sync_of
from support.scripted import ScriptedServer, answer

A_WHILE = 30
"""Seconds that nothing here ever takes."""
GOOD = answer(b'{"errors": [], "response": {"0": true, "1": true}}')
TWO = elements(2)

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


def in_a_child(do):
    """Return what ``do`` returns in a process that is forked from this one."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(writing, json.dumps(do()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        watcher = select.poll()
        watcher.register(reading, select.POLLIN)
        if not watcher.poll(A_WHILE * 1000 / 3):
            os.kill(child, signal.SIGKILL)
        text = said.read()
    os.waitpid(child, 0)
    assert text, "it hung, or failed"
    return json.loads(text)


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def server(request, tls):
    """Yield a server."""
    with ScriptedServer(GOOD, tls=tls if request.param else None) as scripted:
        yield scripted


def calls(hook):
    """Return what each way to speak to the server gives."""
    by_hand = hook.get_conn().get(hook.base_url + "/projects").json()["errors"]
    return [hook.run("GET", "/projects"), by_hand, sorted(hook.batch_dispositions(17, TWO).values())]


def test_no_connection_of_the_parent_is_used_in_the_child_and_the_parent_goes_on_with_its_own(connect, bundle, server):
    """Two processes that write to one stream would garble it."""
    hook = connect(server.url, verify=bundle)
    expected = calls(hook)
    before = {seen.connection for seen in server.requests}
    count = len(server.requests)
    assert in_a_child(lambda: calls(hook)) == expected
    assert before.isdisjoint(seen.connection for seen in server.requests[count:])
    count = len(server.requests)
    assert calls(hook) == expected
    assert before >= {seen.connection for seen in server.requests[count:]}
    hook._batch_senders.clear()


def test_a_child_does_not_wait_for_the_calls_of_its_parent(connect):
    go_on, asked = threading.Event(), threading.Event()

    def slowly(wire):
        asked.set()
        go_on.wait(A_WHILE)
        wire.send(GOOD)
        return True

    with ScriptedServer(slowly, GOOD) as server:
        hook = connect(server.url)
        hook.pool_size = 1
        thread = threading.Thread(target=hook.run, args=("GET", "/projects"))
        thread.start()
        assert asked.wait(A_WHILE)
        assert in_a_child(lambda: hook.run("GET", "/projects")) == {"0": True, "1": True}
        go_on.set()
        thread.join()


def test_a_run_in_a_child_goes_its_own_way_while_one_of_the_parent_goes_on(bundle, server):
    options = {"chunk_size": 2, "max_in_flight": 3, "session": {"verify": bundle}}
    of_child = []

    class Forking(MemoryStore):
        """Forks at each save."""

        def set(self, key, value):
            super().set(key, value)
            if len(of_child) < 3:
                of_child.append(in_a_child(run))

    def run(store=None):
        sync = sync_of(server.url, elements(40), store=store, **options)
        sync.run()
        return sync.tally.summary()["applied"]

    assert run(Forking()) == 40
    assert of_child == [40, 40, 40]
