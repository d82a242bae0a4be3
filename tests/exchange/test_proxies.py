"""Proxies, certificates and the environment: whose fault it is, in words, as an error of ours, without a credential."""

from __future__ import annotations

import base64
import gc
import json
import os
import pickle
import shutil
import ssl
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import requests
import trustme
from support.engine import body_of, client_of, elements, sync_of
from support.scripted import DROP, Proxy, ScriptedServer, SocksProxy, answer, closed_port

from airflow_provider_vcc.dispositions.http.answers import Answer, Refusal
from airflow_provider_vcc.dispositions.http.proxies import basic, read_proxy
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError, VccTransportError
from airflow_provider_vcc.hooks.session import VccSession

TWO = elements(2)
GOOD = answer(b'{"errors": [], "response": {"0": true, "1": true}}')
SECRET = "pr0xy-secret"
FAR = "https://vcc.example.com"


def walk(error):
    """Return an error and all that hangs on it: causes, contexts, arguments, attributes."""
    seen, waiting = [], [error]
    while waiting:
        one = waiting.pop()
        if any(one is known for known in seen):
            continue
        seen.append(one)
        if isinstance(one, BaseException):
            waiting += [one.__cause__, one.__context__, *one.args, *vars(one).values()]
        elif hasattr(one, "__dict__") and not isinstance(one, type):
            waiting += list(vars(one).values())
    return seen


def clean(error, *secrets):
    """Assert that an error is one of ours, may be pickled, and shows and holds no secret anywhere."""
    assert isinstance(error, VccError), repr(error)
    shown = "".join(map(repr, walk(error))) + str(error) + "".join(traceback.format_exception(error))
    shown += repr(vars(pickle.loads(pickle.dumps(error))))
    for secret in (SECRET, "t0ken-that-nobody-may-see", *secrets):
        for form in (secret, quote(secret), base64.b64encode(f"user:{secret}".encode()).decode()):
            assert form not in shown
    return str(error)


def raised(do):
    with pytest.raises(VccError) as caught:
        do()
    return caught.value


STATUSES = {
    407: "wants a user and a password it knows",
    403: "ask whoever runs the proxy to allow vcc.example.com",
    401: "wants a user and a password",
    502: "it did not reach vcc.example.com",
    503: "it did not reach vcc.example.com",
    504: "it did not reach vcc.example.com",
    404: "check Extra proxies, or HTTPS_PROXY",
    302: "check Extra proxies, or HTTPS_PROXY",
    408: "check Extra proxies, or HTTPS_PROXY",
    425: "check Extra proxies, or HTTPS_PROXY",
    429: "check Extra proxies, or HTTPS_PROXY",
    500: "check Extra proxies, or HTTPS_PROXY",
}
PASS = {408, 425, 429, 500, 502, 503, 504}


@pytest.mark.parametrize(("status", "advice"), STATUSES.items())
def test_a_status_of_a_proxy_is_the_proxys_with_the_advice_that_fits(both, status, advice):
    with Proxy(answer(status=status)) as proxy:
        url = proxy.url.replace("//", f"//user:{SECRET}@")
        evidence, error = both.engine(FAR, proxies={"https": url}), both.hook(FAR, proxies=url)
    for said in (getattr(evidence, "told", None) or str(evidence.error), clean(error)):
        assert f"the proxy did not let us through (it answered {status}): " in said
        assert advice in said
    assert (error.delivered, error.status, error.transient) == (False, status, status in PASS)
    assert isinstance(evidence, Refusal) is not error.transient


def test_a_proxy_that_wants_credentials_ends_a_run_at_once():
    with Proxy(answer(status=407)) as proxy:
        sync = sync_of(FAR, elements(9), session={"proxies": {"https": proxy.url}})
        error = raised(sync.run)
    assert type(error) is VccTransportError
    assert "it answered 407" in clean(error)
    assert (sync.tally.summary()["not_sent"], sync.tally.summary()["requests"]) == (9, 1)


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("server_tls", [False, True], ids=["plain", "tls"])
def test_a_proxy_of_either_kind_works_for_engine_and_hook(both, tls, secure, server_tls):
    with Proxy(tls=tls if secure else None) as proxy, ScriptedServer(GOOD, tls=tls if server_tls else None) as server:
        url = proxy.url.replace("//", f"//user:{SECRET}@")
        assert both.engine(server.url, proxies={"http": url, "https": url}) == Answer()
        assert both.hook(server.url, proxies=url) == {"0": True, "1": True}
    assert len(proxy.requests) == len(server.requests) == 2
    for seen in proxy.requests:
        assert base64.b64decode(seen.headers["proxy-authorization"][6:]) == f"user:{SECRET}".encode()
    assert not [seen for seen in server.requests if "proxy-authorization" in seen.headers]


CONNECTS = {
    "another success": b"HTTP/1.1 201 Created\r\n\r\n",
    "information before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    "a body that it has not": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a blank line before, and bare line feeds": b"\r\nhttp/1.0 200\n\n",
    "a folded and a long header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nno header\r\nY: %b\r\n\r\n" % (b"y" * 70_000),
}


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("reply", CONNECTS.values(), ids=CONNECTS)
def test_an_odd_answer_to_connect_that_is_a_success_is_read_as_that(both, tls, reply, secure):
    with Proxy(tls=tls if secure else None, connected=reply) as proxy, ScriptedServer(GOOD, tls=tls) as server:
        assert both.engine(server.url, proxies={"https": proxy.url}) == Answer()
        assert both.hook(server.url, proxies=proxy.url) == {"0": True, "1": True}
    assert {(seen.line, seen.headers["host"]) for seen in proxy.requests} == {
        (f"CONNECT 127.0.0.1:{server.port} HTTP/1.1", f"127.0.0.1:{server.port}")
    }


def test_a_proxy_that_asks_to_wait_is_waited_for(both):
    with Proxy(answer(status=429, Retry_After="7")) as proxy:
        evidence, error = both.engine(FAR, proxies={"https": proxy.url}), both.hook(FAR, proxies=proxy.url)
    assert (evidence.retry_after, error.retry_after) == (7, 7)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("scheme", ["socks4", "socks4a", "socks5", "socks5h"])
def test_a_socks_proxy_of_any_version_works_for_engine_and_hook(both, tls, scheme, secure):
    """It reads no request, so that none is written for it, and its credentials go to no server."""
    with SocksProxy() as proxy, ScriptedServer(GOOD, tls=tls if secure else None) as server:
        url = f"{scheme}://user@127.0.0.1:{proxy.port}"
        assert both.engine(server.url, proxies={"http": url, "https": url}) == Answer()
        assert both.hook(server.url, proxies=url) == {"0": True, "1": True}
    assert proxy.asked == [("127.0.0.1", server.port)] * 2
    assert proxy.versions == {int(scheme.removeprefix("socks")[0])}
    assert {seen.path for seen in server.requests} == {"/v2/projects/17/records/dispositions"}
    assert not [seen for seen in server.requests if "proxy-authorization" in seen.headers]


def test_a_name_goes_to_a_socks_proxy_that_resolves_it():
    with SocksProxy(refusal=4) as proxy:
        for scheme in ("socks5h", "socks4a"):
            client_of(FAR, proxies={"https": f"{scheme}://127.0.0.1:{proxy.port}"}).send(body_of(TWO), 2)
    assert proxy.asked == [("vcc.example.com", 443)] * 2


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
def test_a_name_that_is_looked_up_here_and_is_none_is_no_fault_of_the_proxy(scheme):
    with SocksProxy() as proxy:
        client = client_of("https://nobody.invalid", proxies={"https": f"{scheme}://127.0.0.1:{proxy.port}"})
        fault = client.send(body_of(TWO), 2)
    assert (fault.reason, "Login" in fault.advice, proxy.asked) == ("there is no host nobody.invalid", True, [])


SOCKS = {
    "a wrong password": ({"password": "other"}, "SOCKS5 authentication failed", "write them in Extra proxies", False),
    "its rules": ({"refusal": 2}, "0x02: Connection not allowed", "to allow vcc.example.com", False),
    "no such host": ({"refusal": 4}, "0x04: Host unreachable", "it did not reach vcc.example.com", True),
    "silence": ({"instead": lambda wire: wire.hang_up()}, "Connection closed", "check Extra proxies", True),
}


@pytest.mark.parametrize(("how", "reason", "advice", "transient"), SOCKS.values(), ids=SOCKS)
def test_a_socks_proxy_says_itself_why_it_lets_nobody_through(both, how, reason, advice, transient):
    with SocksProxy(**how) as proxy:
        error = both.hook(FAR, proxies=f"socks5h://user:{SECRET}@127.0.0.1:{proxy.port}")
    assert f"the proxy did not let us through ({reason}" in clean(error)
    assert (advice in str(error), error.delivered, error.transient) == (True, False, transient)
    assert "as http:" not in str(error)


@pytest.mark.parametrize("status", [403, 407, 502, 503, 504])
def test_a_status_of_a_proxy_that_reads_the_request_is_the_proxys_as_well(both, status):
    with Proxy(answer(b"<html>squid</html>", status=status, Retry_After="7")) as proxy:
        url = "http://127.0.0.1:9"
        evidence, error = both.engine(url, proxies={"http": proxy.url}), both.hook(url, proxies=proxy.url)
    said = getattr(evidence, "told", None) or str(evidence.error)
    assert f"the proxy did not let us through (it answered {status})" in said
    assert said in str(error)
    assert error.delivered is (False if status < 500 else None)
    if status >= 500:
        assert (evidence.delivered, evidence.too_much, evidence.retry_after) == (None, status == 504, 7)


@pytest.mark.parametrize(
    ("status", "body"), [(403, b'{"errors": [], "response": []}'), (404, b"<html>"), (500, b"<html>"), (200, b"<html>")]
)
def test_a_status_of_a_server_behind_a_proxy_that_reads_the_request_is_the_servers(both, status, body):
    """The proxy has statuses of its own, and passes on an answer that only the API gives."""
    with Proxy() as proxy, ScriptedServer(answer(body, status=status)) as server:
        evidence = both.engine(server.url, proxies={"http": proxy.url})
        error = both.hook(server.url, proxies=proxy.url)
    for said in (getattr(evidence, "told", None) or str(evidence.error), str(error)):
        assert "the proxy did not" not in said
    assert error.status == status


def test_a_proxy_that_nobody_named_is_told_by_its_status(both):
    with ScriptedServer(answer(status=407)) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
    for said in (str(evidence.error), str(error)):
        assert "the proxy did not let us through (it answered 407): it wants a user and a password" in said
    assert (error.delivered, error.transient) == (False, False)
    with ScriptedServer(answer(status=406)) as server:
        assert both.engine(server.url).rejected.keys() == {0, 1}


ADDRESSES = {
    "proxy": ("http", "proxy:80", None, None),
    " http://proxy:3128\n": ("http", "proxy:3128", None, None),
    "https://proxy": ("https", "proxy:443", None, None),
    "http://[::1]": ("http", "[::1]:80", None, None),
    "socks4://proxy": ("socks4", "proxy:1080", None, None),
    "socks4a://proxy": ("socks4a", "proxy:1080", None, None),
    "socks5://proxy": ("socks5", "proxy:1080", None, None),
    "socks5h://proxy": ("socks5h", "proxy:1080", None, None),
    "http://user@proxy": ("http", "proxy:80", "user", None),
    f"http://us%40er:{SECRET}%25@proxy": ("http", "proxy:80", "us@er", SECRET + "%"),
}


@pytest.mark.parametrize(("address", "read"), ADDRESSES.items())
def test_the_address_of_a_proxy_is_read_with_the_port_of_its_scheme_and_shown_without_its_password(address, read):
    proxy = read_proxy(address, "Extra proxies")
    assert (proxy.scheme, proxy.netloc, proxy.user, proxy.password) == read
    assert repr(proxy) == f"Proxy({proxy.scheme}://{proxy.netloc})"
    credentials = None if proxy.user is None else f"{proxy.user}:{proxy.password or ''}".encode()
    sent = proxy.headers.get("Proxy-Authorization")
    assert (sent and base64.b64decode(sent.removeprefix("Basic "))) == credentials


def test_bytes_of_the_environment_that_are_no_text_go_out_as_they_are():
    assert base64.b64decode(basic("user", os.fsdecode(b"\xff"))) == b"user:\xff"


def test_the_address_that_the_allow_list_may_lack_is_the_proxys(both, tls, bundle):
    """So for a 403 of the server behind it, and for a server that hangs up in the tunnel."""
    with Proxy() as proxy, ScriptedServer(answer(status=403), tls=tls) as server:
        said = [
            str(both.hook(server.url, proxies=proxy.url)),
            str(both.engine(server.url, proxies={"https": proxy.url}).error),
        ]
    with Proxy() as proxy, ScriptedServer(reset=True) as server:
        said.append(str(both.hook(server.url.replace("http:", "https:"), proxies=proxy.url)))
    for text in said:
        assert "the IP address of the proxy 127.0.0.1 is probably not on the API's allow-list" in text
        assert "this machine" not in text


MISBEHAVING = {
    "hangs up": lambda wire: wire.hang_up(),
    "resets": lambda wire: wire.reset(),
    "speaks something else": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "answers with nothing": b"\r\n",
}


@pytest.mark.parametrize("reply", MISBEHAVING.values(), ids=MISBEHAVING)
def test_whatever_a_proxy_does_it_is_named_and_nothing_was_sent(both, reply):
    with Proxy(reply) as proxy:
        error = both.hook(FAR, proxies=proxy.url.replace("//", f"//user:{SECRET}@"), connect_timeout=2)
    assert "proxy" in clean(error)
    assert error.delivered is False


def test_a_proxy_that_is_not_there_is_named():
    port = closed_port()
    for address, says in {
        f"http://user:{SECRET}@127.0.0.1:{port}": f"nothing listens at the proxy 127.0.0.1:{port}",
        f"http://user:{SECRET}@[::1]:{port}": f"the proxy [::1]:{port}",
        f"http://user:{SECRET}@nobody.invalid:3128": "there is no host nobody.invalid, the proxy",
        f"socks5h://user:{SECRET}@127.0.0.1:{port}": f"nothing listens at the proxy 127.0.0.1:{port}",
    }.items():
        fault = client_of(FAR, proxies={"https": address}).send(body_of(TWO), 2)
        assert says in fault.reason
        assert "check Extra proxies, or HTTPS_PROXY" in fault.advice


def test_a_certificate_of_a_proxy_is_told_apart_from_the_servers(both, tls, bundle):
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(other)
    with Proxy(tls=other) as proxy, ScriptedServer(GOOD, tls=tls) as server:
        error = both.hook(server.url, proxies=proxy.url)
        assert "the certificate of the proxy 127.0.0.1 cannot be trusted (unable to get" in clean(error)
        assert str(error).endswith("): name your CA bundle in Extra verify")
    with Proxy(tls=tls) as proxy, ScriptedServer(GOOD, tls=other) as server:
        error = both.hook(server.url, proxies=proxy.url)
        assert (
            clean(error)
            .partition("PUT /projects/17/records/dispositions: ")[2]
            .startswith("the certificate of 127.0.0.1 cannot be trusted (unable to get")
        )
    assert str(error).endswith("): check Host, or name your CA bundle in Extra verify")
    assert error.transient is False


@pytest.mark.parametrize(
    ("names", "days", "why"),
    [("other.example", 0, "certificate is not valid for '127.0.0.1')"), ("127.0.0.1", -1, "certificate has expired)")],
)
def test_a_certificate_fault_has_its_own_reason_for_both(both, authority, names, days, why):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(UTC) + timedelta(days=days) if days else None
    authority.issue_cert(names, not_after=until).configure_cert(context)
    with ScriptedServer(GOOD, tls=context) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
    assert why in str(evidence.error)
    assert str(evidence.error) in clean(error)


# The environment

WRONG = {
    "no host": ("HTTPS_PROXY", "http://:3128"),
    "no port": ("HTTPS_PROXY", f"http://user:{SECRET}@proxy:port"),
    "a port that is none": ("https_proxy", f"http://user:{SECRET}@proxy:99999"),
    "a scheme that is none": ("ALL_PROXY", f"gopher://user:{SECRET}@proxy:3128"),
    "half an address": ("HTTPS_PROXY", f"http://user:{SECRET}@[::1:3128"),
    "a password that is not quoted": ("HTTPS_PROXY", f"http://user:a#{SECRET}@proxy:3128"),
    "quotation marks": ("HTTPS_PROXY", f'"http://user:{SECRET}@proxy:3128"'),
    "a query": ("HTTPS_PROXY", f"http://proxy:3128?{SECRET}"),
    "a fragment": ("HTTPS_PROXY", f"http://proxy:3128#{SECRET}"),
    "no port at all": ("HTTPS_PROXY", f"http://user:{SECRET}@proxy:0"),
}


def every_way(hook):
    """Yield what each way of using a hook raises or says."""
    yield raised(lambda: hook.run("GET", "/projects"))
    yield raised(lambda: hook.batch_dispositions(17, TWO))
    yield raised(lambda: hook.get_conn().get(hook.base_url + "/projects"))


@pytest.mark.parametrize(("name", "value"), WRONG.values(), ids=WRONG)
def test_a_proxy_of_the_environment_that_cannot_work_is_named(connect, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    hook = connect(FAR)
    for error in every_way(hook):
        assert isinstance(error, VccConfigurationError)
        assert f"{name} of this machine is not the address of a proxy; write one such as" in clean(error)
    works, sentence = hook.test_connection()
    assert (works, name in sentence, SECRET in sentence, "allow-list" in sentence) == (False, True, False, False)


def test_a_proxy_of_a_call_that_cannot_work_is_not_called_one_of_the_environment(connect, monkeypatch):
    for name, value in (("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "a.example"), ("OTHER", "gopher://proxy")):
        monkeypatch.setenv(name, value)
    hook = connect(FAR)
    error = raised(lambda: hook.get_conn().get(hook.base_url, proxies={"https": "gopher://proxy"}))
    assert clean(error).startswith("the proxy that was given is not the address of a proxy; write one such as")


def test_a_proxy_of_the_environment_that_is_blank_is_none(both, tls, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "  ")
    with ScriptedServer(GOOD, tls=tls) as server:
        assert both.hook(server.url) == {"0": True, "1": True}


def test_a_socks_proxy_of_the_environment_without_pysocks_says_what_to_install(connect, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", f"socks5://user:{SECRET}@proxy:1080")
    monkeypatch.setitem(sys.modules, "socks", None)
    for error in every_way(connect(FAR)):
        assert "ALL_PROXY of this machine is a SOCKS proxy, for which PySocks is missing; install" in clean(error)
    assert "PySocks" in connect(FAR).test_connection()[1]


@pytest.mark.parametrize("password", ["jelszó", "пароль", "ő\u202e", "a b", "100%"])
def test_a_password_of_a_proxy_may_be_of_any_letters(both, tls, password):
    with Proxy() as proxy, ScriptedServer(GOOD, tls=tls) as server:
        for written in {password.replace("%", "%25").replace(" ", "%20"), quote(password)}:
            url = proxy.url.replace("//", f"//user:{written}@")
            assert both.engine(server.url, proxies={"https": url}) == Answer()
            assert both.hook(server.url, proxies=url) == {"0": True, "1": True}
    for seen in proxy.requests:
        assert base64.b64decode(seen.headers["proxy-authorization"][6:]).decode() == f"user:{password}"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
@pytest.mark.parametrize("content", [None, "no certificate", "a name that is too long"])
def test_a_bundle_of_the_environment_that_cannot_work_is_named(connect, monkeypatch, tmp_path, name, content):
    path = tmp_path / ("ca.pem" * 99 if "name" in str(content) else "ca.pem")
    if content == "no certificate":
        path.write_text(content)
    monkeypatch.setenv(name, str(path))
    hook = connect(FAR)
    for error in every_way(hook):
        assert isinstance(error, VccConfigurationError)
        assert f"{name} of this machine is {str(path)!r}, which " in clean(error)
        assert str(error).endswith("; correct or unset it, or name a CA bundle (PEM) in Extra verify")
    assert name in hook.test_connection()[1]


def test_a_bundle_of_a_call_that_cannot_work_is_named(connect, tmp_path):
    hook = connect(FAR)
    path = tmp_path / "ca.pem"
    path.write_text("no certificate")
    for verify, says in (
        ("missing.pem", "which is not a file here; name a CA bundle (PEM)"),
        (str(path), "which holds no certificates that can be read; name a CA bundle (PEM)"),
    ):
        error = raised(lambda verify=verify: hook.get_conn().get(hook.base_url, verify=verify))
        assert f"the CA bundle is {verify!r}, {says}" in clean(error)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="only OpenSSL's own command names the files of a folder")
def test_a_folder_of_certificates_is_a_bundle_too(both, tls, bundle, tmp_path):
    asked = ["openssl", "x509", "-hash", "-noout", "-in", bundle]
    name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    shutil.copy(bundle, tmp_path / f"{name}.0")
    with ScriptedServer(GOOD, tls=tls) as server:
        assert both.engine(server.url, verify=str(tmp_path)) == Answer()
        assert both.hook(server.url, verify=str(tmp_path)) == {"0": True, "1": True}


def test_a_file_for_the_keys_of_tls_that_cannot_be_written_is_named(connect, bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys"))
    hook = connect(FAR)
    for error in every_way(hook):
        assert isinstance(error, VccConfigurationError)
        assert "SSLKEYLOGFILE of this machine is" in clean(error)
    assert "SSLKEYLOGFILE" in hook.test_connection()[1]
    for error in every_way(connect(FAR, verify=bundle)):
        assert "SSLKEYLOGFILE of this machine is" in clean(error)
        assert "Extra verify" not in clean(error)


def test_no_proxy_alone_leaves_the_proxy_of_the_environment_on(both, tls, bundle, monkeypatch):
    with Proxy() as proxy, ScriptedServer(GOOD, tls=tls) as server:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert both.hook(server.url, proxies={"no_proxy": "other.example"}) == {"0": True, "1": True}
        assert len(proxy.requests) == 1
        assert both.hook(server.url, proxies={"no_proxy": "127.0.0.1"}) == {"0": True, "1": True}
        assert len(proxy.requests) == 1


# Client certificates


@pytest.fixture
def client_cert(authority, tmp_path):
    """Return the paths of a client certificate: one file with both, and one for each."""
    cert = authority.issue_cert("client@example.com")
    both, file, key = (tmp_path / name for name in ("both.pem", "cert.pem", "key.pem"))
    cert.private_key_and_cert_chain_pem.write_to_path(both)
    cert.cert_chain_pems[0].write_to_path(file)
    cert.private_key_pem.write_to_path(key)
    return str(both), str(file), str(key)


@pytest.fixture
def strict_tls(authority):
    """Return the TLS context of a server that wants a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def test_a_client_certificate_is_shown_however_it_is_written(connect, bundle, strict_tls, client_cert):
    both, cert, key = client_cert
    written = [both, {"cert": cert, "key": key}, f'{{"cert": "{cert}", "key": "{key}"}}', {"cert": both}]
    with ScriptedServer(GOOD, tls=strict_tls) as server:
        for given in written:
            hook = connect(server.url, verify=bundle, cert=given)
            assert hook.run("GET", "/projects") == {"0": True, "1": True}
            assert hook.batch_dispositions(17, TWO) == {0: True, 1: True}
            hook._batch_senders.popitem()[1]._client.close()
            hook.get_conn().close()


def test_a_client_certificate_that_is_missing_is_named_and_nothing_was_sent(both, strict_tls):
    with ScriptedServer(GOOD, tls=strict_tls) as server:
        error = both.hook(server.url)
    assert "name one it trusts in Extra" in str(error) or "it may want a client certificate (Extra cert)" in str(error)
    assert error.delivered is False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_the_server_does_not_know_ends_it_at_once(both, strict_tls, tmp_path, version):
    strict_tls.minimum_version = strict_tls.maximum_version = version
    path = tmp_path / "foreign.pem"
    trustme.CA().issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(path)
    with ScriptedServer(GOOD, tls=strict_tls) as server:
        for error in (both.hook(server.url, cert=str(path)), both.engine(server.url, cert=str(path)).error):
            assert "127.0.0.1 did not accept the client certificate (tlsv1 alert unknown ca)" in str(error)
            assert (error.delivered, error.transient) == (False, False)


@pytest.mark.parametrize(
    "wrong", ["missing.pem", {"cert": "missing.pem"}, {"key": "k.pem"}, {"file": "x"}, 7, "{", ["a"]]
)
def test_a_client_certificate_that_cannot_work_is_a_mistake_in_its_field(connect, wrong):
    error = raised(lambda: connect(FAR, cert=wrong).settings)
    assert (type(error), error.field) == (VccConfigurationError, "Extra cert")
    clean(error)


def test_a_client_certificate_whose_files_do_not_go_together_is_named_with_what_to_write(
    connect, client_cert, tmp_path
):
    _, cert, key = client_cert
    garbage = tmp_path / "none.pem"
    garbage.write_text("no certificate")
    unread = "cannot be read, or its key is missing or does not fit"
    for given, says in (
        ({"cert": cert, "key": "missing.pem"}, "the client certificate is 'missing.pem', which is not a file here"),
        (cert, f"the client certificate {cert!r} {unread}"),
        ({"cert": cert, "key": str(garbage)}, f"the client certificate {cert!r} {unread}"),
        ({"cert": str(garbage), "key": key}, f"the client certificate {str(garbage)!r} {unread}"),
    ):
        error = raised(lambda given=given: connect(FAR, cert=given).settings)
        assert f"{says}; name a PEM file with certificate and key, or" in clean(error)


def test_a_key_that_is_encrypted_is_refused_instead_of_asked_about(connect, authority, tmp_path):
    from cryptography.hazmat.primitives import serialization

    cert = authority.issue_cert("client@example.com")
    key = serialization.load_pem_private_key(cert.private_key_pem.bytes(), None)
    written = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    path = tmp_path / "both.pem"
    path.write_bytes(written + cert.cert_chain_pems[0].bytes())
    assert "is encrypted" in clean(raised(lambda: connect(FAR, cert=str(path)).settings))


# What a session raises


def test_a_session_raises_errors_of_ours_that_are_those_of_requests_too(connect):
    with ScriptedServer(DROP) as server:
        hook = connect(server.url, timeout=1)
        error = raised(lambda: hook.get_conn().get(hook.base_url + "/projects"))
        assert isinstance(error, requests.ConnectionError)
        assert (error.delivered, error.request, error.response) == (None, None, None)
        clean(error)


def test_a_secret_in_an_extra_that_is_no_json_hangs_on_no_error(connect, monkeypatch):
    for extra in (f'{{"proxies": "http://user:{SECRET}@proxy", ', f'{{"proxies": "http://user:{SECRET}@[::1"}}'):
        fields = {"conn_type": "vcc", "login": "mycc", "password": "t0ken-that-nobody-may-see", "extra": extra}
        hook = connect(FAR)
        connection = SimpleNamespace(host="", port=None, **fields)
        monkeypatch.setattr(hook, "get_connection", lambda _, connection=connection: connection)
        clean(raised(lambda hook=hook: hook.settings))


@pytest.mark.parametrize("kind", ["http", "generic", "mysql"])
def test_a_connection_of_another_type_is_refused_before_anything_is_sent(connect, monkeypatch, kind):
    with ScriptedServer(GOOD) as server:
        hook = connect(server.url)
        fields = json.loads(os.environ["AIRFLOW_CONN_VCC_DEFAULT"]) | {"conn_type": kind}
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(fields))
        error = raised(lambda: hook.run("GET", "/projects"))
        assert hook.test_connection()[0] is False
    assert f"is '{kind}', not 'vcc'" in clean(error)
    assert server.connections == 0


def test_a_session_that_is_dropped_leaves_no_connection(connect):
    with ScriptedServer(GOOD) as server:
        hook = connect(server.url)
        session = VccSession(hook.settings, 2)
        session.get(hook.base_url + "/projects")
        del session
        gc.collect()
