"""Until a byte of a request has gone out it never went: within one deadline, and given up at any moment."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import contextmanager
from functools import partial

import pytest
from support.engine import MemoryStore, body_of, client_of, elements, sync_of
from support.engine import run as run_sync
from support.scripted import Proxy, ScriptedServer, SocksProxy, answer, closed_port, full_backlog
from support.timing import timed

from airflow_provider_vcc.dispositions.engine.settings import Times
from airflow_provider_vcc.dispositions.http import dial
from airflow_provider_vcc.dispositions.http.answers import Answer
from airflow_provider_vcc.dispositions.http.attempt import Attempt
from airflow_provider_vcc.exceptions import VccConfigurationError, VccTransportError
from airflow_provider_vcc.sandbox import Sandbox

TWO = elements(2)
SOON = {"times": Times(grace=0.3)}
"""A stop that waits for nothing, as it does for three seconds elsewhere."""
CONNECTED = b"HTTP/1.1 200 Connected\r\n\r\n"


def silence(wire):
    wire.silence()


def half_a_handshake(wire):
    """Begin to answer in TLS, one byte after another."""
    wire.socket.recv(5000)
    wire.drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc" + bytes(99), 0.1)


def then(what):
    """Answer CONNECT, and go on so."""
    return lambda wire: (wire.send(CONNECTED), what(wire))


FAR = "https://vcc.example.com"
SILENT = {
    "TCP": lambda _: (full_backlog(), "http://127.0.0.1:{}", None),
    "TLS": lambda _: (ScriptedServer(mute=True), "https://127.0.0.1:{}", None),
    "CONNECT": lambda _: (Proxy(silence), FAR, "http"),
    "CONNECT that drips": lambda _: (
        Proxy(lambda wire: wire.drip(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99, 0.1)),
        FAR,
        "http",
    ),
    "TLS behind a proxy": lambda _: (Proxy(then(silence)), FAR, "http"),
    "TLS with a proxy": lambda _: (ScriptedServer(mute=True), FAR, "https"),
    "CONNECT within TLS": lambda tls: (Proxy(silence, tls), FAR, "https"),
    "TLS within TLS": lambda tls: (Proxy(then(silence), tls), FAR, "https"),
    "TLS within TLS that drips": lambda tls: (Proxy(then(half_a_handshake), tls), FAR, "https"),
    "a SOCKS proxy": lambda _: (full_backlog(), FAR, "socks5h"),
    "SOCKS": lambda _: (SocksProxy(instead=silence), FAR, "socks5h"),
    "SOCKS that drips": lambda _: (
        SocksProxy(instead=lambda wire: wire.drip(b"\5\0\0\3\xff" + b"a" * 99, 0.1)),
        FAR,
        "socks5h",
    ),
    "TLS behind SOCKS": lambda _: (
        SocksProxy(instead=lambda wire: (wire.send(b"\5\0\0\1" + bytes(6)), wire.silence())),
        FAR,
        "socks5h",
    ),
}
"""Where nobody is let in, and nobody is told so."""
IN_A_RUN = ("TCP", "TLS", "TLS within TLS", "SOCKS")


@contextmanager
def dropping(where, tls):
    """Yield the URL of a server that lets nobody in, and the proxies to it."""
    server, url, proxy = SILENT[where](tls)
    with server as made:
        port = made if isinstance(made, int) else made.port
        yield url.format(port), {} if proxy is None else {"https": f"{proxy}://127.0.0.1:{port}"}


@pytest.mark.parametrize("where", SILENT)
def test_an_attempt_that_is_given_up_while_it_connects_ends_at_once_and_was_not_sent(where, tls, bundle):
    with dropping(where, tls) as (url, proxies):
        client = client_of(url, connect_timeout=30, proxies=proxies, verify=bundle)
        attempt = Attempt()
        timer = threading.Timer(0.1, attempt.abort)
        timer.start()
        began = time.monotonic()
        fault = client.send(body_of(TWO), 2, attempt)
        assert time.monotonic() - began < 3
        timer.join()
        client.close()
    assert (fault.delivered, attempt.started) == (False, False)


class Interrupted(BaseException):
    """What a signal's handler raises, as Airflow's do."""


@contextmanager
def interrupting():
    """Let a signal raise an exception in this thread soon, and assert that it comes through."""

    def interrupt(*_):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(0.2, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR1))
    timer.start()
    try:
        with pytest.raises(Interrupted):
            yield
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # ssl's own may be closed with the exception only
@pytest.mark.parametrize("where", ["TCP", "TLS", "CONNECT", "TLS within TLS", "SOCKS"])
def test_an_exception_that_a_signal_raises_while_it_connects_comes_through_as_it_is(where, tls, bundle):
    with dropping(where, tls) as (url, proxies):
        client = client_of(url, connect_timeout=30, proxies=proxies, verify=bundle)
        with interrupting():
            client.send(body_of(TWO), 2)
        client.close()


def test_an_exception_that_a_signal_raises_while_it_connects_is_not_followed_by_the_next_address(monkeypatch):
    with full_backlog() as port:
        addresses = [(socket.AF_INET, ("127.0.0.1", port))] * 2
        monkeypatch.setattr(dial, "_resolve", lambda *_: addresses)
        with interrupting():
            client_of("http://nobody.invalid", connect_timeout=3).send(body_of(TWO), 2)


def test_an_attempt_that_is_over_cuts_no_connection_when_it_is_given_up():
    with ScriptedServer(answer(b'{"errors": [], "response": {"0": true, "1": true}}')) as server:
        client = client_of(server.url)
        for _ in range(3):
            attempt = Attempt()
            assert not client.send(body_of(TWO), 2, attempt).rejected
            attempt.abort()
        client.close()
    assert server.connections == 1


def test_a_name_that_is_never_resolved_is_given_up_as_well(monkeypatch):
    release = threading.Event()
    real = socket.getaddrinfo

    def hanging(host, *rest, flags=0, **options):
        if not flags & socket.AI_NUMERICHOST:
            release.wait(20)
        return real(host, *rest, flags=flags, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    client = client_of("http://localhost:9", connect_timeout=0.3)
    began = time.monotonic()
    fault = client.send(body_of(TWO), 2)
    assert (fault.delivered, "could not be reached within 0.3 s" in fault.reason) == (False, True)
    attempt = Attempt()
    timer = threading.Timer(0.1, attempt.abort)
    timer.start()
    assert client_of("http://localhost:9", connect_timeout=30).send(body_of(TWO), 2, attempt).delivered is False
    assert time.monotonic() - began < 5
    timer.join()
    release.set()


def test_a_name_that_is_being_looked_up_is_asked_for_once_and_no_thread_is_left_once_that_is_over(monkeypatch):
    """Nothing ends a lookup before its time, so that one for each attempt would pile up."""
    release, asked = threading.Event(), []

    def hanging(host, *rest, flags=0, **options):
        if flags & socket.AI_NUMERICHOST:
            raise socket.gaierror
        asked.append(host)
        release.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    clients = [client_of(f"http://{host}:9", connect_timeout=0.05) for host in ("one.invalid", "two.invalid") * 3]
    for client in clients:
        assert "could not be reached within 0.05 s" in client.send(body_of(TWO), 2).reason
    assert asked == ["one.invalid", "two.invalid"]
    assert [thread.name for thread in threading.enumerate()].count("resolver") == 2
    release.set()
    while "resolver" in [thread.name for thread in threading.enumerate()]:
        time.sleep(0.001)
    assert "there is no host one.invalid" in client_of("http://one.invalid:9").send(body_of(TWO), 2).reason
    assert asked == ["one.invalid", "two.invalid", "one.invalid"]


@pytest.mark.parametrize("where", SILENT)
def test_connect_timeout_is_for_everything_before_the_first_byte(both, tls, where):
    both.hook(f"http://127.0.0.1:{closed_port()}")  # the first call in a process imports a lot, which takes its time
    with dropping(where, tls) as (url, proxies):
        for by in ("engine", "hook"):
            given = {"proxies": proxies} if proxies else {}
            took, result = timed(partial(getattr(both, by), url, connect_timeout=0.2, **given), 2)
            assert 0.1 < took < 2
            assert result.delivered is False


def test_connect_timeout_is_for_all_addresses_together_and_the_last_has_its_share(monkeypatch):
    """One address of three answers nothing, one refuses; the third is there."""
    with (
        full_backlog() as full,
        ScriptedServer(answer(b'{"errors": [], "response": {"0": true, "1": true}}')) as server,
    ):
        ports = [full, full, closed_port(), server.port]
        family = socket.AF_INET
        monkeypatch.setattr(dial, "_resolve", lambda *_: [(family, ("127.0.0.1", port)) for port in ports])
        client = client_of("http://nobody.invalid", connect_timeout=2)
        assert client.send(body_of(TWO), 2) == Answer()
        client.close()
        ports.pop()
        client = client_of("http://nobody.invalid", connect_timeout=0.4)
        took, fault = timed(lambda: client.send(body_of(TWO), 2), 0.8)
        assert took < 0.8
    assert "nobody.invalid could not be reached within 0.4 s" in fault.reason


BY_SERVER = ("TLS", "TLS behind a proxy", "TLS within TLS", "TLS behind SOCKS")
BY_PROXY = ("CONNECT", "TLS with a proxy", "CONNECT within TLS", "a SOCKS proxy", "SOCKS")


@pytest.mark.parametrize("where", BY_SERVER + BY_PROXY)
def test_whoever_does_not_answer_while_it_connects_is_named(both, tls, where):
    with dropping(where, tls) as (url, proxies):
        fault = both.engine(url, connect_timeout=0.2, proxies=proxies)
    silent = "gave no TLS handshake" if where in BY_SERVER else "could not be reached"
    assert fault.reason.endswith(f"{silent} within 0.2 s")
    assert fault.reason.startswith("the proxy ") is (where in BY_PROXY)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
def test_tls_behind_a_proxy_has_only_the_time_that_the_proxy_has_left(both, tls, secure):
    def slowly(wire):
        time.sleep(0.7)
        wire.send(CONNECTED)
        wire.silence()

    with Proxy(slowly, tls if secure else None) as proxy:
        took, fault = timed(lambda: both.engine(FAR, connect_timeout=1, proxies={"https": proxy.url}), 1.6)
        assert took < 1.6
    assert fault.reason == "vcc.example.com gave no TLS handshake within 1 s"


@pytest.mark.parametrize("where", IN_A_RUN)
def test_a_run_that_is_stopped_while_it_connects_ends_soon_and_calls_nothing_unknown(where, tls, bundle):
    with dropping(where, tls) as (url, proxies):
        session = {"proxies": proxies, "verify": bundle}
        options = {"connect_timeout": 30, "chunk_size": 5, "max_in_flight": 2, "keeps": SOON}
        sync = sync_of(url, elements(20), session=session, **options)
        stopped = []

        def stop():
            while not sync.tally.requests:
                time.sleep(0.01)
            stopped.append(time.monotonic())
            sync.stop()

        thread = threading.Thread(target=stop)
        thread.start()
        with pytest.raises(Exception, match="the run was stopped"):
            sync.run()
        assert time.monotonic() - stopped[0] < 2
        thread.join()
    summary = sync.tally.summary()
    assert (summary["not_sent"], summary["unknown"]) == (20, 0)


def test_a_name_is_looked_up_and_whoever_is_there_is_asked_by_it():
    with ScriptedServer(answer(b'{"errors": [], "response": {"0": true, "1": true}}')) as server:
        client = client_of(f"http://localhost:{server.port}")
        assert not client.send(body_of(TWO), 2).rejected
        client.close()
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"


def test_a_name_that_is_none_is_no_host():
    for host in ("nobody.invalid", "a" * 64 + ".invalid"):
        fault = client_of(f"http://{host}").send(body_of(TWO), 2)
        assert (fault.delivered, fault.reason) == (False, f"there is no host {host}"), host


def test_a_name_that_the_resolver_had_no_answer_for_is_not_called_a_host_that_is_none(monkeypatch):
    """It says so also while a cluster's DNS is restarted; the next attempt may find it."""
    real = socket.getaddrinfo

    def no_dns(host, *where, **settings):
        if host.endswith(".invalid"):
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return real(host, *where, **settings)

    monkeypatch.setattr(socket, "getaddrinfo", no_dns)
    for options, says in (
        ({}, "this machine's DNS did not say where mycc.invalid is"),
        ({"proxies": {"http": "http://p.invalid:1"}}, "this machine's DNS did not say where p.invalid, the proxy is"),
    ):
        fault = client_of("http://mycc.invalid", **options).send(body_of(TWO), 2)
        assert (fault.delivered, fault.transient, fault.reason) == (False, True, says)
        assert "look at the DNS of this machine" in fault.advice


@pytest.mark.parametrize("url", ["http://" + "\u00fc" * 70, "http://*.example", "ftp://example.com", "http://[::1"])
def test_an_address_that_no_request_can_be_made_to_is_refused_while_the_route_is_prepared(url):
    client = client_of(url)
    with pytest.raises(VccConfigurationError, match=r"^no request can be made to the .* Host \(\w+\); check Host and"):
        client.prepare()
    client.close()
    assert isinstance(client_of(url).send(body_of(TWO), 2).error, VccConfigurationError)


def test_probes_keep_a_quiet_connection_alive_and_small_pieces_go_out_at_once():
    with ScriptedServer(answer()) as server:
        client = client_of(server.url)
        client.send(body_of(TWO), 2)
        [connection] = client._exchange._idle
        assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert 0 < connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 60
        client.close()


def test_each_request_of_engine_and_hook_says_what_it_takes_and_a_batch_what_it_brings(both):
    with ScriptedServer(answer()) as server:
        both.engine(server.url)
        hook = both._connect(server.url)
        hook.run("GET", "/projects")
        hook.get_conn().get(hook.base_url + "/projects")
        hook.test_connection()
        hook.batch_dispositions(17, TWO)
        hook._batch_senders.popitem()[1]._client.close()
    assert [seen.headers["accept"] for seen in server.requests] == ["application/json"] * 5
    batches = [seen.headers for seen in server.requests if seen.line.startswith("PUT ")]
    said = {(seen["content-type"], seen["accept-encoding"]) for seen in (batches[0], batches[-1])}
    assert said == {("application/json", "identity")}


def test_a_base_url_with_quoted_characters_works(both):
    good = answer(b'{"errors": [], "response": {"0": true, "1": true}}')
    with ScriptedServer(good) as server:
        assert not both.engine(f"{server.url}/a%20b/%25c").rejected
        both.hook(f"{server.url}/a%20b/%25c")
    paths = [seen.path for seen in server.requests]
    assert paths == ["/a%20b/%25c/v2/projects/17/records/dispositions"] * 2


def test_a_run_over_a_base_url_with_a_blank_sends_all(both):
    with ScriptedServer(answer(b'{"errors": [], "response": {"0": true, "1": true}}')) as server:
        sync, error = run_sync(f"{server.url}/a%20b", TWO)
    assert (error, sync.tally.summary()["applied"]) == (None, 2)


def test_a_certificate_that_cannot_be_trusted_ends_the_run_at_once_with_its_reason(tls):
    with ScriptedServer(answer(), tls=tls) as server:
        began = time.monotonic()
        sync, error = run_sync(server.url, elements(3))
        assert time.monotonic() - began < 5
    assert type(error) is VccTransportError
    assert "the certificate of 127.0.0.1 cannot be trusted (unable to get local issuer certificate" in str(error)
    assert sync.tally.summary()["not_sent"] == 3


def test_what_had_not_left_when_the_run_was_stopped_goes_out_next_time_even_if_it_must_not_go_twice():
    store = MemoryStore()
    with full_backlog() as port:
        options = {"connect_timeout": 30, "store": store, "on_ambiguous": "report", "keeps": SOON}
        sync = sync_of(f"http://127.0.0.1:{port}", elements(4), **options)

        def stop():
            while not sync.tally.requests:
                time.sleep(0.01)
            sync.stop()

        thread = threading.Thread(target=stop)
        thread.start()
        with pytest.raises(Exception, match="the run was stopped"):
            sync.run()
        thread.join()
    assert sync.tally.summary()["not_sent"] == 4
    with Sandbox(records=10) as sandbox:
        again, error = run_sync(sandbox.url, elements(4), store=store, on_ambiguous="report")
    assert (error, again.tally.summary()["applied"], again.tally.summary()["unknown"]) == (None, 4, 0)
