"""A process may have thousands of files open, or may open no more."""

from __future__ import annotations

import errno
import json
import resource
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.descriptors import MANY
from support.engine import body_of, client_of, elements, run
from support.scripted import Proxy, ScriptedServer, SocksProxy, answer

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.exceptions import VccTransportError

GOOD = answer(json.dumps({"errors": [], "response": dict.fromkeys(map(str, range(5)), True)}).encode())
TESTS = Path(__file__).parents[1]


def in_a_process(what, cases, bundle):
    """Return what ``support.descriptors`` says of it."""
    result = subprocess.run(
        [sys.executable, "-P", "-m", "support.descriptors", json.dumps([what, cases, bundle])],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(TESTS), "PATH": ""},
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 2 * MANY, reason="too few may be opened here")
def test_more_files_than_select_can_take_make_no_difference_to_a_run_or_a_call(tls, bundle):
    with (
        ScriptedServer(GOOD) as plain,
        ScriptedServer(GOOD, tls=tls) as secure,
        Proxy() as proxy,
        Proxy(tls=tls) as secure_proxy,
        SocksProxy() as socks,
    ):
        by_socks = f"127.0.0.1:{socks.port}"
        ways = [{}, {"https": proxy.url}, {"https": secure_proxy.url}]
        ways += [{"https": f"{kind}://{by_socks}"} for kind in ("socks5h", "socks4")]
        cases = [(plain.url, {}), (plain.url, {"http": proxy.url}), *((secure.url, way) for way in ways)]
        results = in_a_process("many", cases, bundle)
    assert len(results) == len(cases)
    for summary, said, works in results:
        assert (summary["applied"], summary["error"], len(said), works) == (30, None, 5, True)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_a_run_that_can_open_nothing_more_says_so_and_calls_nothing_not_sent_that_was(tls, bundle, secure):
    with ScriptedServer(GOOD, tls=tls if secure else None) as server:
        url = server.url.replace("127.0.0.1", "127.0.0.1" if secure else "localhost")
        results = in_a_process("few", [(url, {})], bundle)
        arrived = {element["description"] for seen in server.requests for element in json.loads(seen.body)["elements"]}
    for count, result in enumerate(results):
        assert result["total"] == result["applied"] + result["unknown"] + result["not_sent"]
        sent = sum(name.startswith(f"few{count}-") for name in arrived)
        assert sent == result["applied"] + result["unknown"]
        if result["error"] is not None:
            assert "no more connections can be opened here (Too many open files)" in result["error"]
            assert "ulimit -n" in result["error"]
    assert [result["error"] is None for result in results] == sorted(result["error"] is None for result in results)
    assert results[0]["error"].startswith("VccTransportError")
    assert (results[-1]["error"], results[-1]["applied"]) == (None, 30)


def test_a_run_that_can_start_no_more_threads_says_so_and_counts_what_had_gone_out(monkeypatch):
    start = threading.Thread.start
    refused = threading.Event()

    def refuse(thread):
        if thread.name == "vcc-sender-2":
            refused.set()
            raise RuntimeError("can't start new thread")
        start(thread)

    def late(wire):  # until then all other requests could go out on the one connection
        assert refused.wait(30)
        wire.send(GOOD)
        return True

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with ScriptedServer(late) as server:
        sync, error = run(server.url, elements(30), chunk_size=5, max_in_flight=4)
        arrived = 5 * len(server.requests)
    assert type(error) is VccTransportError
    assert "no more threads can be started here: raise this worker's limit of processes" in str(error)
    counts = sync.tally.counts
    assert (counts[Outcome.APPLIED], counts[Outcome.NOT_SENT]) == (arrived, sync.read - arrived)
    assert arrived == 5


def test_a_thread_for_the_name_of_a_host_that_cannot_be_started_is_not_called_a_connection_that_dropped(
    both, monkeypatch
):
    start = threading.Thread.start

    def refuse(thread):
        if thread.name == "resolver":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    evidence, error = both.engine("https://vcc.example"), both.hook("https://vcc.example")
    assert (evidence.delivered, error.delivered, error.transient) == (False, False, True)
    assert evidence.told.startswith("no more threads can be started here: raise this worker's limit of processes")
    assert evidence.told in str(error)


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
def test_a_name_that_is_not_found_since_nothing_more_can_be_opened_is_not_called_missing(monkeypatch, code):
    """A resolver that cannot open its files says that there is no such host."""

    def not_found(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def full(*_, **__):
        raise OSError(code, "Too many open files")

    client = client_of("http://vcc.example.com")
    client.prepare()
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", not_found)
        patch.setattr(socket, "socket", full)
        fault = client.send(body_of(elements(1)), 1)
    assert (fault.delivered, fault.reason) == (
        False,
        "no more connections can be opened here (Too many open files)",
    )
