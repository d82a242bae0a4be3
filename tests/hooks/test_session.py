"""The session of a connection: where its credentials go, and what from outside may change that."""

from __future__ import annotations

import base64
import copy
import gzip
import io
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
import requests
from support.scripted import Proxy, ScriptedServer, answer, full_backlog

from airflow_provider_vcc import __version__
from airflow_provider_vcc.exceptions import VccConfigurationError, VccTransportError
from airflow_provider_vcc.hooks.session import VccSession
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Hang

BASIC = "Basic " + base64.b64encode(b"mycc:t0ken-that-nobody-may-see").decode()


@pytest.fixture
def server():
    with ScriptedServer(answer()) as server:
        yield server


def test_get_conn_gives_the_same_authenticated_session_each_time(connect, server):
    hook = connect(server.url)
    session = hook.get_conn()
    assert isinstance(session, requests.Session)
    assert hook.get_conn() is session
    assert session.get(hook.base_url + "/projects").status_code == 200
    [seen] = server.requests
    assert seen.line == "GET /v2/projects HTTP/1.1"
    assert seen.headers["authorization"] == BASIC
    assert seen.headers["user-agent"].startswith(f"airflow-provider-vcc/{__version__} ")


def test_an_answer_of_a_session_has_what_the_server_said(connect):
    """But for how its body came, which is decoded and whole by now."""
    coded = {"Content_Encoding": "gzip", "Transfer_Encoding": "identity"}
    named = {"X_Resource": "one", "Content_Type": "text/plain", "Set_Cookie": "seen=1; path=/"}
    said = answer(gzip.compress(b"only words"), status=404, **coded, **named)
    with ScriptedServer(said) as server:
        hook = connect(server.url)
        got = hook.get_conn().get(hook.base_url + "/projects")
    assert (got.status_code, got.reason, got.text) == (404, "Said", "only words")
    assert (got.headers["x-resource"], got.headers["content-length"]) == ("one", "10")
    assert (got.cookies.get_dict(), got.raw.version, got.raw.read()) == ({"seen": "1"}, 11, b"only words")
    assert not {"content-encoding", "transfer-encoding"} & {name.lower() for name in got.headers}


def test_each_request_of_a_session_goes_the_way_that_its_own_options_say(connect, tls, bundle):
    """Not that of an earlier one, which may have verified nothing."""
    secure = tls()
    with (
        ScriptedServer(answer(), tls=secure) as server,
        ScriptedServer(answer(), tls=secure) as other,
        Proxy() as proxy,
    ):
        hook = connect(server.url, verify=bundle)
        session, url = hook.get_conn(), hook.base_url + "/projects"
        assert session.get(url).status_code == 200
        assert session.get(url, verify=False).status_code == 200
        for verify in (True, None):
            with pytest.raises(VccTransportError, match="cannot be trusted"):
                session.send(session.prepare_request(requests.Request("GET", url)), verify=verify)
        assert session.get(url, proxies={"https": proxy.url}).status_code == 200
        with pytest.raises(VccConfigurationError, match=r"the client certificate is 'missing.pem'"):
            session.get(url, cert="missing.pem")
        assert session.get(other.url, auth=lambda request: request).status_code == 200
    assert (len(server.requests), len(other.requests), len(proxy.requests)) == (3, 1, 1)
    assert "authorization" not in other.requests[0].headers


def test_an_answer_of_a_session_is_decoded_as_those_of_run_are_or_with_the_options_of_requests(connect):
    with ScriptedServer(answer('{"a": 1.10, "b": "ő"}'.encode())) as server:
        hook = connect(server.url)
        got = hook.get_conn().get(hook.base_url + "/projects")
    assert got.json() == {"a": 1.1, "b": "ő"}
    assert str(got.json(parse_float=Decimal)["a"]) == "1.10"
    assert (got.text, got.apparent_encoding) == ('{"a": 1.10, "b": "ő"}', "utf-8")
    latin = answer('{"a": "très\n"}'.encode("latin-1"), Content_Type="text/plain; charset=iso-8859-1")
    with ScriptedServer(latin, answer(b"<html>")) as server:
        hook = connect(server.url)
        assert hook.get_conn().get(hook.base_url + "/projects").json() == {"a": "très\n"}
        with pytest.raises(requests.JSONDecodeError):
            hook.get_conn().get(hook.base_url + "/projects").json()


def unreadable():
    yield b"a"
    raise LookupError


UNMADE = {
    "a header in other letters": ({"headers": {"X-Name": "ő"}}, "UnicodeEncodeError"),
    "a body that breaks off": ({"data": unreadable()}, "LookupError"),
}


@pytest.mark.parametrize(("options", "kind"), UNMADE.values(), ids=UNMADE)
def test_a_request_that_cannot_be_made_was_not_sent_and_is_an_error_of_both_kinds(connect, server, options, kind):
    hook = connect(server.url)
    with pytest.raises(requests.ConnectionError) as caught:
        hook.get_conn().put(hook.base_url + "/projects", **options)
    assert isinstance(caught.value, VccTransportError)
    assert str(caught.value) == f"the request could not be made ({kind})"
    assert (caught.value.delivered, caught.value.__context__, server.requests) == (False, None, [])


def test_head_has_no_body_to_wait_for_and_leaves_the_connection_as_it_was(connect):
    with ScriptedServer(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: 1\r\n\r\n") as server:
        hook = connect(server.url, timeout=20)
        for _ in range(2):
            got = hook.get_conn().head(hook.base_url + "/projects")
            assert (got.status_code, got.content, got.headers["x"]) == (200, b"", "1")
    assert server.connections == 1


BODIES = {
    "nothing": (None, b""),
    "a text": ("ő", "ő".encode()),
    "bytes": (b"\x00\xff", b"\x00\xff"),
    "a buffer": (bytearray(b"ab"), b"ab"),
    "a form": ({"a": "ő"}, b"a=%C5%91"),
    "a file": (io.BytesIO(b"ab" * 99_999), b"ab" * 99_999),
    "a file of text": (io.StringIO("ab"), b"ab"),
    "pieces": (iter([b"a", "ő", bytearray(b"b")]), "aőb".encode()),
}


@pytest.mark.parametrize(("body", "sent"), BODIES.values(), ids=BODIES)
def test_a_body_of_any_kind_goes_out_whole_with_its_length(connect, server, body, sent):
    hook = connect(server.url)
    hook.get_conn().put(hook.base_url + "/projects", data=body)
    [seen] = server.requests
    assert (seen.body, seen.headers["content-length"]) == (sent, str(len(sent)))
    assert "transfer-encoding" not in seen.headers


def test_nothing_is_read_and_nobody_is_asked_before_it_is_needed(connect, server, monkeypatch):
    hook = connect(server.url)
    monkeypatch.delenv("AIRFLOW_CONN_VCC_DEFAULT")
    assert hook.pool_size == 4
    assert server.connections == 0


def test_the_user_name_of_extra_takes_the_place_of_the_customer(connect, server):
    connect(server.url, username="api").run("GET", "/projects")
    assert base64.b64decode(server.requests[0].headers["authorization"][6:]).startswith(b"api:")


def test_netrc_never_replaces_the_credentials(connect, server, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password wrong\ndefault login mallory password wrong\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert requests.utils.get_netrc_auth(server.url) == ("mallory", "wrong")
    hook = connect(server.url)
    hook.run("GET", "/projects")
    hook.get_conn().get(hook.base_url + "/projects")
    hook.get_conn().send(hook.get_conn().prepare_request(requests.Request("GET", hook.base_url + "/projects")))
    assert [seen.headers["authorization"] for seen in server.requests] == [BASIC] * 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_target_gets_no_credentials(connect, status):
    with ScriptedServer(answer()) as elsewhere, ScriptedServer(answer(status=status, Location=elsewhere.url)) as server:
        hook = connect(server.url)
        assert hook.get_conn().get(hook.base_url + "/projects").status_code == status
        assert hook.get_conn().put(hook.base_url + "/projects", json={}, allow_redirects=True).status_code == status
    assert elsewhere.connections == 0
    assert len(server.requests) == 2


def test_a_prepared_request_whose_url_was_changed_does_not_carry_the_credentials_elsewhere(connect, server):
    session = connect("https://nobody.invalid").get_conn()
    request = session.prepare_request(requests.Request("GET", "https://nobody.invalid/v2/projects"))
    request.url = server.url
    with pytest.raises(VccConfigurationError, match=r"to https://nobody\.invalid only"):
        session.send(request)
    assert server.connections == 0


def test_the_session_refuses_to_send_its_credentials_to_another_host(connect, server):
    with ScriptedServer(answer()) as elsewhere:
        session = connect(server.url).get_conn()
        with pytest.raises(VccConfigurationError, match=r"sends its credentials to http://127.0.0.1:.* only"):
            session.get(elsewhere.url + "/v2/projects")
    assert elsewhere.connections == 0


def test_a_cookie_of_the_server_is_not_kept(connect):
    with ScriptedServer(answer(Set_Cookie="PHPSESSID=1; path=/")) as server:
        hook = connect(server.url)
        hook.run("GET", "/projects")
        hook.run("GET", "/projects")
    assert not [seen for seen in server.requests if "cookie" in seen.headers]


def test_connections_are_kept_alive(connect, server):
    hook = connect(server.url)
    for _ in range(5):
        hook.run("GET", "/projects")
    assert [seen.connection for seen in server.requests] == [1] * 5


def test_no_more_connections_are_open_than_the_pool_has(connect):
    with Sandbox(records=3) as sandbox:
        hook = connect(sandbox.url, login="mycc", password="sandbox-token", pool_size=2)
        together = threading.Barrier(6)

        def ask():
            together.wait()
            hook.run("GET", "/projects")

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({request.connection for request in sandbox.ledger.requests()}) <= 2


def test_threads_that_ask_at_the_same_moment_get_the_same_session(connect, monkeypatch):
    """The making of one waits for another to begin, which must not come."""
    two_at_once = threading.Barrier(2)

    def make(*arguments):
        with suppress(threading.BrokenBarrierError):
            two_at_once.wait(0.2)
        return VccSession(*arguments)

    hook = connect()
    monkeypatch.setattr("airflow_provider_vcc.hooks.session.VccSession", make)
    with ThreadPoolExecutor(4) as pool:
        assert len({id(session) for session in pool.map(lambda _: hook.get_conn(), range(4))}) == 1


def test_a_request_without_a_timeout_of_its_own_has_the_connections(connect):
    with Sandbox(records=1, faults=Hang()) as sandbox:
        hook = connect(sandbox.url, password="sandbox-token", timeout=0.2)
        with pytest.raises(requests.ReadTimeout):
            hook.get_conn().get(hook.base_url + "/projects")
        with pytest.raises(VccTransportError, match=r"gave no answer within 0.2 s"):
            hook.run("GET", "/projects", attempts=1)


def test_reaching_the_server_has_a_timeout_of_its_own(connect):
    with full_backlog() as port:
        hook = connect(f"http://127.0.0.1:{port}", connect_timeout=0.2)
        with pytest.raises(requests.ConnectTimeout):
            hook.get_conn().get(hook.base_url + "/projects")


@pytest.mark.parametrize(
    "timeout",
    [0, -1, float("nan"), "soon", True, False, (1,), (1, 0), [1, 2], object()],
    ids=lambda value: str(value)[:9],
)
def test_a_timeout_of_a_call_that_is_none_is_refused_before_anything_is_sent(connect, server, timeout):
    """It was said of some that the address is not on the allow-list, and of others in words of Python's own."""
    hook = connect(server.url)
    with pytest.raises(VccConfigurationError, match="timeout must be a number of seconds above 0, or a pair of them"):
        hook.get_conn().get(hook.base_url + "/projects", timeout=timeout)
    assert server.requests == []


@pytest.mark.parametrize(
    "timeout", [float("inf"), 1e300, (1e300, None), "20", 10**400], ids=lambda value: str(value)[:9]
)
def test_a_timeout_of_a_call_may_be_as_long_as_it_likes(connect, server, timeout):
    hook = connect(server.url)
    assert hook.get_conn().get(hook.base_url + "/projects", timeout=timeout).status_code == 200


@pytest.mark.parametrize("handed_on", [pickle.dumps, copy.copy, copy.deepcopy], ids=["pickle", "copy", "deep copy"])
def test_a_session_is_not_handed_on_since_the_credentials_would_be_written_down_with_it(connect, server, handed_on):
    session = connect(server.url).get_conn()
    with pytest.raises(VccConfigurationError, match="hand on the hook instead"):
        handed_on(session)


class TestTLS:
    def test_a_certificate_of_the_named_bundle_is_accepted(self, connect, tls, bundle):
        with ScriptedServer(answer(), tls=tls()) as server:
            assert connect(server.url, verify=bundle).run("GET", "/projects") == []

    def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(self, connect, tls):
        with ScriptedServer(answer(), tls=tls()) as server:
            hook = connect(server.url)
            with pytest.raises(VccTransportError, match=r"certificate of 127.0.0.1 cannot be trusted") as caught:
                hook.run("PUT", "/projects", json={})
            assert (caught.value.delivered, caught.value.transient) == (False, False)
            assert server.connections == 1
        assert server.requests == []

    def test_a_certificate_for_another_name_is_refused(self, connect, tls, bundle):
        with (
            ScriptedServer(answer(), tls=tls("db.example")) as server,
            pytest.raises(VccTransportError, match="cannot be trusted"),
        ):
            connect(server.url, verify=bundle).run("GET", "/projects")
        assert server.requests == []

    @pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
    def test_the_bundle_of_the_environment_is_used_where_the_connection_names_none(
        self, connect, tls, bundle, monkeypatch, name
    ):
        monkeypatch.setenv(name, bundle)
        with ScriptedServer(answer(), tls=tls()) as server:
            assert connect(server.url).run("GET", "/projects") == []
            assert connect(server.url, verify=True).run("GET", "/projects") == []

    def test_the_bundle_of_the_connection_wins_over_that_of_the_environment(self, connect, tls, bundle, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
        with ScriptedServer(answer(), tls=tls()) as server:
            assert connect(server.url, verify=bundle).run("GET", "/projects") == []

    def test_verify_false_connects_and_is_warned_about_once(self, connect, tls, times_logged, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", requests.certs.where())
        with ScriptedServer(answer(), tls=tls()) as server:
            hook = connect(server.url, verify="false")
            for _ in range(3):
                assert hook.run("GET", "/projects") == []
        assert times_logged("TLS is not verified") == 1

    def test_a_server_that_speaks_no_tls_is_named_with_what_to_write_for_a_sandbox(self, connect):
        with ScriptedServer(answer(status=400), blunt=True) as server:
            hook = connect(f"https://127.0.0.1:{server.port}")
            with pytest.raises(VccTransportError, match="does not speak TLS: check Host and Port; for a sandbox"):
                hook.run("GET", "/projects", attempts=1)

    def test_a_handshake_that_is_never_answered_ends_with_the_connect_timeout(self, connect, server):
        hook = connect(f"https://127.0.0.1:{server.port}", connect_timeout=0.3)
        with pytest.raises(VccTransportError, match=r"no TLS handshake within 0.3 s.* write http://") as caught:
            hook.run("PUT", "/projects", json={}, attempts=1)
        assert caught.value.delivered is False


class TestProxies:
    def test_the_proxy_of_the_connection_carries_https_by_connect(self, connect, tls, bundle):
        with Proxy() as proxy, ScriptedServer(answer(), tls=tls()) as server:
            hook = connect(server.url, verify=bundle, proxies=proxy.url)
            assert hook.run("GET", "/projects") == []
        assert [seen.line.rpartition(" ")[0] for seen in proxy.requests] == [f"CONNECT 127.0.0.1:{server.port}"]
        assert "authorization" not in proxy.requests[0].headers
        assert server.requests[0].headers["authorization"] == BASIC

    def test_the_proxy_of_the_environment_is_used(self, connect, tls, bundle, monkeypatch):
        with Proxy() as proxy, ScriptedServer(answer(), tls=tls()) as server:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            connect(server.url, verify=bundle).run("GET", "/projects")
        assert len(proxy.requests) == 1

    def test_no_proxy_of_the_environment_is_respected(self, connect, tls, bundle, monkeypatch):
        with Proxy() as proxy, ScriptedServer(answer(), tls=tls()) as server:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            connect(server.url, verify=bundle).run("GET", "/projects")
        assert proxy.requests == []

    def test_the_proxy_of_the_connection_wins_over_that_of_the_environment(self, connect, tls, bundle, monkeypatch):
        with Proxy() as proxy, Proxy() as other, ScriptedServer(answer(), tls=tls()) as server:
            monkeypatch.setenv("HTTPS_PROXY", other.url)
            connect(server.url, verify=bundle, proxies={"https": proxy.url}).run("GET", "/projects")
        assert (len(proxy.requests), len(other.requests)) == (1, 0)

    def test_no_proxy_of_the_connection_goes_around_its_proxy(self, connect, tls, bundle):
        with Proxy() as proxy, ScriptedServer(answer(), tls=tls()) as server:
            hook = connect(server.url, verify=bundle, proxies={"https": proxy.url, "no_proxy": "127.0.0.1"})
            hook.run("GET", "/projects")
        assert proxy.requests == []

    def test_plain_http_goes_through_a_proxy_of_this_machine(self, connect, server, monkeypatch):
        with Proxy() as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            assert connect(server.url).run("GET", "/projects") == []
        assert [seen.line for seen in proxy.requests] == [f"GET {server.url}/v2/projects HTTP/1.1"]

    def test_plain_http_does_not_leave_this_machine_by_a_proxy_of_the_environment(self, connect, server, monkeypatch):
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
        assert connect(server.url).run("GET", "/projects") == []

    def test_the_credentials_of_a_proxy_go_to_the_proxy_alone(self, connect, tls, bundle):
        with Proxy() as proxy, ScriptedServer(answer(), tls=tls()) as server:
            url = proxy.url.replace("//", "//user:pr0xy-secret@")
            connect(server.url, verify=bundle, proxies=url).run("GET", "/projects")
        assert base64.b64decode(proxy.requests[0].headers["proxy-authorization"][6:]) == b"user:pr0xy-secret"
        assert "proxy-authorization" not in server.requests[0].headers

    def test_a_proxy_that_refuses_is_named_with_its_status(self, connect):
        with Proxy(refusal=answer(status=407)) as proxy:
            hook = connect(proxies=proxy.url.replace("//", "//user:pr0xy-secret@"))
            with pytest.raises(VccTransportError, match=r"proxy did not let us through .it answered 407.") as caught:
                hook.run("PUT", "/projects", json={}, attempts=1)
        assert caught.value.delivered is False
        assert "pr0xy" not in str(caught.value)
