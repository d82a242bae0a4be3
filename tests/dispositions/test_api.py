"""What each end of a request is taken for: the server never got it, nobody can say, or this is what it did."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from time import monotonic

import pytest
import trustme
from support.engine import body_of, client_of, elements, http, read_whole, replying, server
from support.timing import as_soon_as

from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal
from airflow_provider_vcc.dispositions.http.client import envelope
from airflow_provider_vcc.dispositions.http.exchange import Attempt
from airflow_provider_vcc.exceptions import VccAuthenticationError, VccNotFoundError, VccRequestError
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Broken, Cut, Goodbye, Hang, Status, Trickle

TWO = elements(2)
GOOD = b'{"errors": [], "response": {"0": true, "1": true}}'


def sent(url, some=TWO, **options):
    """Send some elements once, and return the evidence."""
    client = client_of(url, **options)
    try:
        return client.send(body_of(some), len(some))
    finally:
        client.close()


def answered_by(reply, some=TWO, **options):
    """Return the evidence of a request that gets exactly these bytes."""
    with server(replying(reply)) as url:
        return sent(url, some, **options)


class TestNeverGotIt:
    """Until a byte of the request went out, it is safe to send it again."""

    def test_a_refused_connection_means_that_nothing_arrived(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        fault = sent(f"http://127.0.0.1:{port}")
        assert (fault.delivered, fault.too_much) == (False, False)
        assert "nothing listens at 127.0.0.1" in fault.reason

    def test_a_name_that_does_not_resolve_means_that_nothing_arrived(self):
        assert sent("http://nobody.invalid").delivered is False

    def test_a_connection_that_is_not_accepted_in_time_means_that_nothing_arrived(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as waiting:
            waiting.connect(full.getsockname())  # the queue is full now
            fault = sent(f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout=0.3)
        assert (fault.delivered, fault.too_much) == (False, False)

    def test_a_server_that_speaks_no_tls_means_that_nothing_arrived(self):
        with Sandbox() as sandbox:
            fault = sent(sandbox.url.replace("http:", "https:"))
            assert fault.delivered is False
            assert not sandbox.ledger.events()

    def test_a_certificate_that_nobody_signed_means_that_nothing_arrived(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        arrived = []

        def talk(connection):
            with context.wrap_socket(connection, server_side=True) as wrapped:
                arrived.append(wrapped.recv(1))

        with server(talk) as url:
            refusal = sent(url.replace("http:", "https:"))
        assert isinstance(refusal, Refusal)
        assert refusal.error.delivered is False
        assert str(refusal.error).startswith("the certificate of 127.0.0.1 cannot be trusted (")
        assert not arrived

    @pytest.mark.parametrize("date", [False, True])
    def test_429_means_that_the_server_did_not_act_and_says_when_to_come_again(self, date):
        with Sandbox(faults=Status(429, retry_after=7, date=date)) as sandbox:
            fault = sent(sandbox.url)
        assert (fault.delivered, fault.status) == (False, 429)
        assert 4 < fault.retry_after <= 7

    def test_429_without_retry_after_leaves_the_wait_to_us(self):
        assert answered_by(http(b"", 429)).retry_after is None

    def test_413_for_many_elements_means_that_fewer_may_do(self):
        fault = answered_by(http(b"too large", 413))
        assert (fault.delivered, fault.too_much) == (False, True)

    def test_an_attempt_that_was_aborted_before_it_began_is_not_sent(self):
        with Sandbox() as sandbox:
            attempt = Attempt()
            attempt.abort()
            fault = client_of(sandbox.url).send(body_of(TWO), 2, attempt)
            assert fault.delivered is False
            assert sandbox.idle(5)
            assert not sandbox.ledger.events()


class TestNobodyCanSay:
    """After the first byte went out, only a readable answer tells what the server did."""

    @pytest.mark.parametrize("acts", ["never", "first"])
    def test_no_answer_in_time_says_nothing_and_fewer_elements_may_do(self, acts):
        with Sandbox(faults=Hang(acts)) as sandbox:
            fault = sent(sandbox.url, timeout=0.2)
        assert (fault.delivered, fault.too_much) == (None, True)

    @pytest.mark.parametrize("status", [408, 504, 524])
    def test_a_time_out_that_a_gateway_reports_is_one(self, status):
        fault = answered_by(http(b"", status))
        assert (fault.delivered, fault.too_much, fault.status) == (None, True, status)

    def test_an_answer_that_drips_is_cut_off_when_its_whole_time_is_up(self):
        with Sandbox(faults=Trickle(1, 0.05)) as sandbox:
            began = monotonic()
            fault = sent(sandbox.url, timeout=0.4)
            assert monotonic() - began < 3
        assert (fault.delivered, fault.too_much) == (None, True)

    @pytest.mark.parametrize("reset", [False, True])
    @pytest.mark.parametrize("at", ["unread", "read", "acted"])
    def test_a_connection_that_breaks_says_nothing_whatever_was_done(self, at, reset):
        with Sandbox(faults=Cut(at, reset=reset)) as sandbox:
            fault = sent(sandbox.url)
            assert bool(sandbox.ledger.events()) is (at == "acted")
        assert (fault.delivered, fault.too_much) == (None, False)

    @pytest.mark.parametrize("chunked", [False, True])
    def test_an_answer_that_is_cut_at_any_byte_says_nothing(self, chunked):
        reply = http(GOOD, chunked=chunked)
        lengths = iter(range(len(reply) + 1))

        def talk(connection):
            if read_whole(connection) is not None:
                connection.sendall(reply[: next(lengths)])

        with server(talk) as url:
            client = client_of(url)
            end = len(reply) - len(b"\r\n\r\n") * chunked  # nothing is missing once the last chunk has been named
            for length in range(end):
                fault = client.send(body_of(TWO), 2)
                assert isinstance(fault, Fault), length
                assert fault.delivered is None, length
            for _ in range(end, len(reply) + 1):
                assert client.send(body_of(TWO), 2) == Answer()
            client.close()

    def test_an_answer_without_a_length_says_nothing_until_it_is_whole(self):
        head = b"HTTP/1.1 200 OK\r\n\r\n"
        for length in range(len(GOOD)):
            assert answered_by(head + GOOD[:length]).delivered is None
        assert answered_by(head + GOOD) == Answer()

    @pytest.mark.parametrize("acted", [False, True])
    @pytest.mark.parametrize("status", [500, 502, 503])
    def test_a_server_error_says_nothing_whatever_was_done(self, status, acted):
        with Sandbox(faults=Status(status, acted=acted)) as sandbox:
            fault = sent(sandbox.url)
            assert bool(sandbox.ledger.events()) is acted
        assert (fault.delivered, fault.too_much, fault.status) == (None, False, status)

    def test_a_server_error_may_say_when_to_come_again(self):
        assert answered_by(http(b"", 503, Retry_After="3")).retry_after == 3

    @pytest.mark.parametrize("body", ["html", "empty", "text", "truncated", "null", "number", "binary"])
    def test_a_200_that_is_no_envelope_says_nothing(self, body):
        with Sandbox(faults=Broken(body)) as sandbox:
            fault = sent(sandbox.url)
            assert len(sandbox.ledger.events()) == 2
        assert (fault.delivered, fault.status) == (None, 200)

    @pytest.mark.parametrize("status", [201, 204, 299])
    def test_a_success_that_is_not_200_says_nothing(self, status):
        assert answered_by(http(GOOD if status != 204 else b"", status)).delivered is None

    def test_a_204_on_a_connection_that_stays_open_does_not_wait_for_a_body(self):
        def talk(connection):
            read_whole(connection)
            connection.sendall(b"HTTP/1.1 204 Nothing\r\n\r\n")
            connection.recv(1)

        with server(talk) as url:
            assert sent(url, timeout=5).status == 204

    @pytest.mark.parametrize(
        "reply",
        [
            b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
            b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + GOOD,
            b"HTTP/1.1 200 OK\r\n" + b"x" * 70_000,
        ],
    )
    def test_what_is_no_http_says_nothing(self, reply):
        assert answered_by(reply).delivered is None

    def test_an_attempt_that_is_aborted_in_the_air_says_nothing(self):
        with Sandbox(faults=Hang("first")) as sandbox:
            attempt = Attempt()
            client = client_of(sandbox.url)
            with as_soon_as(sandbox.ledger.events, attempt.abort):
                fault = client.send(body_of(TWO), 2, attempt)
            client.close()
        assert fault.delivered is None


class TestWhatItDid:
    """A readable answer is believed, element by element."""

    def test_an_answer_that_says_true_for_all_applied_all(self):
        with Sandbox() as sandbox:
            assert sent(sandbox.url) == Answer()
            assert sandbox.ledger.counts() == {("1", "d1"): 1, ("2", "d2"): 1}

    def test_an_answer_that_names_an_error_rejected_its_index(self):
        with Sandbox() as sandbox:
            answer = sent(sandbox.url, [TWO[0], {"numberid": "99999999"}])
        assert answer.rejected.keys() == {1}
        assert answer.rejected[1].errorcode == 417
        assert not answer.unsaid

    def test_information_before_the_answer_is_passed_over(self):
        assert answered_by(b"HTTP/1.1 100 Continue\r\n\r\n" + http(GOOD)) == Answer()

    def test_an_answer_with_trailers_is_whole(self):
        reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x;ext=1\r\n%b\r\n0\r\nX-Sum: 1\r\n\r\n"
        assert answered_by(reply % (len(GOOD), GOOD)) == Answer()

    def test_a_400_rejected_the_whole_request_with_the_envelopes_reason(self):
        body = b'{"errors": [{"errorcode": 417, "errormessage": "error.invalid_json"}], "response": []}'
        answer = answered_by(http(body, 400))
        assert {index: (one.errorcode, one.errormessage) for index, one in answer.rejected.items()} == {
            0: (417, "error.invalid_json"),
            1: (417, "error.invalid_json"),
        }

    def test_a_400_without_an_envelope_rejected_the_whole_request_with_its_status(self):
        answer = answered_by(http(b"<html>Bad Request</html>", 400))
        assert answer.rejected.keys() == {0, 1}
        assert answer.rejected[0].errorcode == 400

    def test_413_for_a_single_element_rejected_it(self):
        answer = answered_by(http(b"", 413), TWO[:1])
        assert answer.rejected[0].errorcode == 413

    def test_an_answer_that_comes_before_the_request_is_out_is_read(self):
        def talk(connection):
            connection.recv(100)
            connection.sendall(http(b"", 413))
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

        def hang_up(connection):
            connection.recv(100)
            connection.sendall(http(b"", 413))

        large = elements(2, description="x" * 4_000_000)
        with server(talk) as url:
            assert sent(url, large).status == 413
        with server(hang_up) as url:
            fault = sent(url, large)
            assert fault.status == 413 or fault.delivered is None  # a reset may overtake the answer


class TestRefusals:
    """After some answers no other request can succeed either."""

    @pytest.mark.parametrize("status", [401, 403])
    def test_401_and_403_are_the_connections_fault(self, status):
        refusal = answered_by(http(b"", status))
        assert isinstance(refusal.error, VccAuthenticationError)
        assert refusal.error.status == status

    def test_404_is_the_projects_fault(self):
        with Sandbox(projects=[5]) as sandbox:
            refusal = sent(sandbox.url)
        assert isinstance(refusal.error, VccNotFoundError)
        assert "project" in str(refusal.error)

    def test_a_wrong_token_is_not_shown(self):
        with Sandbox() as sandbox:
            refusal = sent(sandbox.url, token="hunter2-secret")
        assert isinstance(refusal.error, VccAuthenticationError)
        assert "hunter2" not in repr(refusal) + repr(refusal.error.__dict__)

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_is_refused_and_not_followed(self, status):
        with Sandbox() as elsewhere:
            refusal = answered_by(http(b"", status, Location=f"{elsewhere.url}/v2/projects/17/records/dispositions"))
            assert isinstance(refusal, Refusal)
            assert type(refusal.error) is VccRequestError
            assert not elsewhere.ledger.requests()


class TestConnections:
    """Connections are kept, and one that has died in between costs nothing."""

    def test_requests_one_after_another_share_a_connection(self):
        with Sandbox() as sandbox:
            client = client_of(sandbox.url)
            for _ in range(5):
                assert client.send(body_of(TWO), 2) == Answer()
            client.close()
            assert len({request.connection for request in sandbox.ledger.requests()}) == 1

    @pytest.mark.parametrize("announced", [False, True])
    def test_a_connection_that_the_server_closed_in_between_is_replaced_before_anything_is_sent(self, announced):
        with Sandbox(faults=Goodbye(announced=announced)) as sandbox:
            client = client_of(sandbox.url)
            for _ in range(5):
                assert client.send(body_of(TWO), 2) == Answer()
                assert sandbox.idle(5)
            client.close()
            assert len(sandbox.ledger.requests()) == 5

    def test_a_connection_whose_answer_was_not_whole_is_not_used_again(self):
        with Sandbox(faults=[Hang(), None]) as sandbox:
            client = client_of(sandbox.url, timeout=0.2)
            assert isinstance(client.send(body_of(TWO), 2), Fault)
            assert client.send(body_of(TWO), 2) == Answer()
            client.close()
            assert len({request.connection for request in sandbox.ledger.requests()}) == 2

    def test_many_threads_share_one_client(self):
        with Sandbox() as sandbox:
            client = client_of(sandbox.url)
            client.prepare()
            found = []

            def work():
                found.extend(client.send(body_of(TWO), 2) for _ in range(25))

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            client.close()
            assert found == [Answer()] * 200

    def test_two_clients_share_one_session(self):
        with Sandbox() as sandbox:
            first = client_of(sandbox.url)
            second = type(first)(first.session, f"{sandbox.url}/v2", 17)
            for client in (first, second, first, second):
                assert client.send(body_of(TWO), 2) == Answer()
            first.close()
            second.close()


def test_a_body_holds_elements_defaults_and_the_flag():
    assert envelope([{"numberid": "1"}], {"dispositionid": 2}, avoid_in_call=False) == (
        b'{"elements":[{"numberid":"1"}],"disposition":{"dispositionid":2},"avoid_in_call":false}'
    )
    assert envelope([]) == b'{"elements":[]}'


def test_a_date_in_the_past_means_at_once():
    past = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
    assert answered_by(http(b"", 429, Retry_After=past)).retry_after == 0
