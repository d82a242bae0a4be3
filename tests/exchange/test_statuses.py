"""One table: the engine, the hook and the Test button say the same of each status."""

from __future__ import annotations

import errno
import ssl
from http.client import BadStatusLine, IncompleteRead, RemoteDisconnected

import pytest
from support.scripted import ScriptedServer, answer
from urllib3.util.ssl_match_hostname import CertificateError

from airflow_provider_vcc.dispositions.http.answers import REFUSED, Answer, Fault, Refusal, Rejection
from airflow_provider_vcc.dispositions.http.attempt import Attempt
from airflow_provider_vcc.dispositions.http.connection import NotReached, Stage
from airflow_provider_vcc.dispositions.http.exchange import Times
from airflow_provider_vcc.dispositions.http.route import Route
from airflow_provider_vcc.dispositions.http.statuses import status_of, understand
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge


@pytest.mark.parametrize(
    "status", [200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 418, 422, 429, 499, 500, 502, 503, 504, 524]
)
def test_engine_hook_and_button_say_the_same_of_a_status(connect, both, status):
    with ScriptedServer(answer(b"{}" if status != 204 else b"", status=status)) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
        _, sentence = connect(server.url).test_connection()
    row = status_of(status)
    says = row.says
    if isinstance(evidence, Refusal):
        assert str(evidence.error) == f"{says}: {row.advice}"
    elif isinstance(evidence, Answer):
        assert evidence.rejected[0].errormessage == says
    elif status != 200:
        assert (evidence.reason, evidence.advice) == (says, row.advice)
    assert says in str(error)
    assert str(status) in sentence or status == 200
    assert error.status == status


def test_a_status_says_whether_the_server_acted_and_whether_less_may_do(both):
    found = {}
    for status in (408, 413, 429, 500, 502, 503, 504, 524):
        with ScriptedServer(answer(status=status, Retry_After="3")) as server:
            fault = both.engine(server.url)
            found[status] = (fault.delivered, fault.too_much, fault.retry_after)
    assert found == {
        408: (None, True, 3),
        413: (False, True, 3),
        429: (False, False, 3),
        500: (None, False, 3),
        502: (None, False, 3),
        503: (None, False, 3),
        504: (None, True, 3),
        524: (None, True, 3),
    }


PARTLY = b'{"errors": [{"errorcode": 5, "errormessage": "no", "index": 1}], "response": {"0": true}}'
DONE = b'{"errors": [], "response": true}'


@pytest.mark.parametrize("body", [PARTLY, DONE], ids=["for an element", "for the request"])
@pytest.mark.parametrize("status", [302, 401, 403, 404, 413, 429])
def test_nobody_can_say_what_was_done_if_the_status_says_nothing_and_the_answer_something(both, status, body):
    """The run must not send it again as if it had not arrived, nor call its elements not sent."""
    with ScriptedServer(answer(body, status=status)) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
    assert isinstance(evidence, Fault)
    assert evidence.delivered is error.delivered is None
    assert evidence.status == error.status == status
    row = status_of(status)
    assert evidence.told == ": ".join(filter(None, [f"{row.says}, and yet the answer has true in it", row.advice]))
    assert str(error).endswith(evidence.told)


@pytest.mark.parametrize("status", [400, 403])
def test_the_reason_of_a_status_is_read_in_the_encoding_that_its_answer_names(both, status):
    body = '{"errors": [{"errormessage": "tr\xe8s"}]}'.encode("latin-1")
    with ScriptedServer(answer(body, status=status, Content_Type="text/plain; charset=iso-8859-1")) as server:
        evidence, error = both.engine(server.url), both.hook(server.url)
    said = evidence.rejected[0].errormessage if status == 400 else evidence.error.errors[0]["errormessage"]
    assert said == error.errors[0]["errormessage"] == "tr\xe8s"


ALERTS = {
    "a certificate that is bad": (
        42,
        "did not accept the client certificate (",
        "name one it trusts in Extra cert",
        False,
    ),
    "no access": (49, "did not accept the client certificate (", "name one it trusts in Extra cert", False),
    "no common cipher": (40, "failed (", "it may want a client certificate (Extra cert), or other TLS", True),
    "another version": (70, "failed (", "it may want a client certificate (Extra cert), or other TLS", True),
}


@pytest.mark.parametrize(("alert", "reason", "advice", "transient"), ALERTS.values(), ids=ALERTS)
def test_what_a_server_says_against_a_handshake_is_told_with_what_to_do(both, alert, reason, advice, transient):
    with ScriptedServer(b"\x15\x03\x03\x00\x02\x02" + bytes([alert]), blunt=True) as server:
        url = server.url.replace("http:", "https:")
        evidence, error = both.engine(url), both.hook(url)
    assert (error.delivered, error.transient, isinstance(evidence, Refusal)) == (False, transient, not transient)
    said = str(evidence.error) if isinstance(evidence, Refusal) else evidence.told
    assert said in str(error)
    assert said.startswith(("127.0.0.1 ", "TLS with 127.0.0.1 "))
    assert (reason in said, said.endswith(f"): {advice}"), "alert" in said) == (True, True, True)


def in_tls(reason, kind=ssl.SSLError):
    """Return an error of TLS as OpenSSL makes it."""
    error = kind(1, "[SSL] said")
    error.reason = reason
    return error


NO_TLS = "vcc.example:443 does not speak TLS: check Host and Port; for a sandbox on this machine, write http:// in Host"
DROPPED = "the connection to vcc.example was dropped while it was made ({}): this machine's IP address is probably"
RARE = {
    "HTTP": (Stage.TLS, in_tls("HTTP_REQUEST"), NO_TLS),
    "a record that is none": (Stage.TLS, in_tls("RECORD_LAYER_FAILURE"), NO_TLS),
    "a record that is too long": (Stage.TLS, in_tls("PACKET_LENGTH_TOO_LONG"), NO_TLS),
    "TLS without a reason": (Stage.TLS, in_tls(None), "TLS with vcc.example failed (sslerror): it may want"),
    "an end in TLS": (
        Stage.TLS,
        in_tls("UNEXPECTED_EOF", ssl.SSLEOFError),
        DROPPED.format("SSLEOFError"),
    ),
    "an end of TLS": (Stage.TLS, in_tls(None, ssl.SSLZeroReturnError), DROPPED.format("SSLZeroReturnError")),
    "a name that does not match": (
        Stage.TLS,
        CertificateError("hostname"),
        "the certificate of vcc.example cannot be trusted (it is for another name): check Host, or name your CA bundle",
    ),
    "no way": (
        Stage.DIALLING,
        OSError(errno.ENETUNREACH, "Network is unreachable"),
        "vcc.example:443 could not be reached (Network is unreachable): check this machine's network, Host and Port",
    ),
    "nothing said": (Stage.DIALLING, OSError(), DROPPED.format("OSError")),
    "a reset in TLS": (Stage.TLS, ConnectionResetError(104, "reset"), DROPPED.format("ConnectionResetError")),
}
"""What not every version of OpenSSL says, nor every network."""


@pytest.mark.parametrize(("stage", "why", "says"), RARE.values(), ids=RARE)
def test_whatever_keeps_a_connection_from_being_made_is_told_with_what_to_do(stage, why, says):
    fault = understand(NotReached(why, stage), Attempt(), Route("https://vcc.example", verify=False), Times())
    assert fault.told.startswith(says)
    assert fault.delivered is False


BROKE = "the connection broke before the answer was whole ({}): vcc.example dropped it: this machine's IP address"
LATER = {
    "silence": (TimeoutError(), "vcc.example gave no answer within 60 s: it is slow, or Extra timeout is too short"),
    "a reset": (ConnectionResetError(), BROKE.format("ConnectionResetError")),
    "an end": (RemoteDisconnected("closed"), BROKE.format("RemoteDisconnected")),
    "an end in the answer": (IncompleteRead(b""), BROKE.format("IncompleteRead")),
    "a fault of TLS": (in_tls("CERTIFICATE_EXPECTED"), BROKE.format("SSLError")),
    "what is no fault of a connection": (ValueError(), BROKE.format("ValueError")),
    "no HTTP": (BadStatusLine("SSH"), "the answer cannot be read (BadStatusLine): check the connection's Host"),
    "too much": (TooLarge(), "the answer takes more than 64 MiB of memory: ask for less at a time"),
}


@pytest.mark.parametrize(("error", "says"), LATER.values(), ids=LATER)
def test_nobody_can_say_what_was_done_if_no_answer_came_and_it_is_told_why(error, says):
    attempt = Attempt()
    attempt.start()
    fault = understand(error, attempt, Route("https://vcc.example", verify=False), Times())
    assert fault.told.startswith(says)
    assert (fault.delivered, fault.too_much) == (None, isinstance(error, TimeoutError))


@pytest.mark.parametrize(
    ("began", "says"),
    [(False, "the run was stopped before the request went out"), (True, "the run was stopped before the answer came")],
)
def test_a_request_that_was_given_up_is_told_as_that_and_not_as_the_connection_that_was_cut(began, says):
    attempt = Attempt()
    if began:
        attempt.start()
    attempt.abort()
    cut = ConnectionAbortedError() if began else NotReached(ConnectionAbortedError(), Stage.DIALLING)
    fault = understand(cut, attempt, Route("https://vcc.example", verify=False), Times())
    assert (fault.told, fault.delivered) == (says, None if began else False)


BY_PROXY = {
    "no TLS": (Stage.PROXY, in_tls("WRONG_VERSION_NUMBER"), "the proxy p.example:3128 does not speak TLS: {}"),
    "silence": (Stage.PROXY, TimeoutError(), "the proxy p.example could not be reached within 10 s: {}"),
    "nobody": (Stage.DIALLING, TimeoutError(), "the proxy p.example could not be reached within 10 s: {}"),
    "a reset": (Stage.PROXY, ConnectionResetError(), "the proxy did not let us through (ConnectionResetError): {}"),
}


@pytest.mark.parametrize(("stage", "why", "says"), BY_PROXY.values(), ids=BY_PROXY)
def test_what_is_a_proxys_fault_is_told_with_where_proxies_are_written(stage, why, says):
    route = Route("https://vcc.example", proxies={"https": "https://p.example:3128"}, verify=False)
    fault = understand(NotReached(why, stage), Attempt(), route, Times())
    assert fault.told == says.format("check Extra proxies, or HTTPS_PROXY of this machine")
    assert fault.delivered is False


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_refusal_is_for_the_elements_that_it_is_for(both, status):
    """One of which the answer has ``true`` was perhaps applied; one element's error is not the reason for another."""
    said = Rejection(5, "no")
    with ScriptedServer(answer(PARTLY, status=status)) as server:
        assert both.engine(server.url) == Answer(rejected={1: said}, unsaid={0: Rejection(None, REFUSED)})
    whole = Rejection(status, f"the server refused the request ({status})")
    with ScriptedServer(answer(PARTLY.replace(b"true", b"null"), status=status)) as server:
        assert both.engine(server.url) == Answer(rejected={0: whole, 1: said})
