"""One batch and its evidence: whatever way a request ends is turned into an answer, a fault or a refusal here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import requests

from airflow_provider_vcc.dispositions.elements.ids import a_project
from airflow_provider_vcc.dispositions.http.answers import (
    Answers,
    Evidence,
    Fault,
    Refusal,
    Rejection,
    envelope_errors,
    read_refusal,
)
from airflow_provider_vcc.dispositions.http.attempt import Attempt
from airflow_provider_vcc.dispositions.http.connection import head
from airflow_provider_vcc.dispositions.http.exchange import Exchange, Times
from airflow_provider_vcc.dispositions.http.route import Route
from airflow_provider_vcc.dispositions.http.statuses import (
    Kind,
    contradiction_of,
    envelope_of,
    fault_of,
    fault_of_proxy,
    refused,
    status_of,
    transport_error,
    understand,
)
from airflow_provider_vcc.exceptions import VccConfigurationError, VccError, VccTransportError
from airflow_provider_vcc.redaction import of_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_vcc.dispositions.http.exchange import Begun
    from airflow_provider_vcc.dispositions.http.reading import Reading

__all__ = ["Attempt", "Client", "envelope", "frame"]

_encode = msgspec.json.Encoder().encode


class Client:
    """Sends batches of dispositions of one project over kept-alive connections.

    :param session: authenticated; what it says of proxies and TLS holds here too.
    :param base_url: up to and with ``/v2``.
    :param timeout: seconds from the first byte of a request to the last one of its answer.
    :param connect_timeout: seconds for everything before that byte.
    :raises VccConfigurationError: if the project's number is not one.
    """

    def __init__(
        self,
        session: requests.Session,
        base_url: str,
        project_id: int | str,
        *,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
    ) -> None:
        self.session = session
        self.url = f"{base_url.rstrip('/')}/projects/{a_project(project_id)}/records/dispositions"
        self._times = Times(answer=timeout, connect=connect_timeout)
        self._answers = Answers()
        self._exchange: Exchange | None = None
        self._head = b""

    def prepare(self) -> None:
        """Work out the route to the server, before threads share it. Connects to nothing.

        :raises VccConfigurationError: if a proxy, a CA bundle or a certificate cannot work.
        """
        if self._exchange is not None:
            return
        try:
            self._head, self._exchange = self._prepared()
        except VccError as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 -- it is told without what it holds
            kind = type(failed).__name__
            error = VccConfigurationError(
                f"no request can be made to the connection's Host ({kind}); check Host and Login"
            )
        else:
            return
        raise error.with_traceback(None)  # which would hold the proxy with its password

    def close(self) -> None:
        """Close the connections."""
        if self._exchange is not None:
            self._exchange.close()

    def send(self, body: bytes, count: int, attempt: Attempt | None = None) -> Evidence:
        """Send one request with ``count`` elements, and return what it ended as. Nothing is raised, nothing retried."""
        try:
            self.prepare()
        except VccError as error:
            return Refusal(error)
        assert self._exchange is not None  # noqa: S101 -- prepared
        attempt = attempt or Attempt()
        try:
            response = self._exchange.send("PUT", self._request((body,)), attempt, self._times)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the evidence is the same
            return self._evidence_of_error(error, attempt)
        return self._evidence(response, (body,), count)

    def begin(self, body: Sequence[bytes], attempt: Attempt) -> Begun | None:
        """Send what can go at once on a connection that is there; None, and nothing is sent, if there is none.

        ``finish`` must follow.

        :param body: its pieces.
        """
        assert self._exchange is not None  # noqa: S101 -- prepared
        return self._exchange.begin("PUT", self._request(body), attempt, self._times)

    def finish(self, begun: Begun, body: Sequence[bytes], count: int) -> Evidence:
        """Send the rest of a request, read its answer, and return what it ended as, as ``send`` does."""
        assert self._exchange is not None  # noqa: S101 -- it has begun
        try:
            response = self._exchange.finish(begun)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the evidence is the same
            return self._evidence_of_error(error, begun.attempt)
        return self._evidence(response, body, count)

    def _request(self, body: Sequence[bytes]) -> bytes:
        return b"".join((self._head, b"Content-Length: %d\r\n\r\n" % sum(map(len, body)), *body))

    def _evidence_of_error(self, error: Exception, attempt: Attempt) -> Evidence:
        assert self._exchange is not None  # noqa: S101 -- it was tried
        return _evidence_of(understand(error, attempt, self._exchange.route, self._times))

    def _prepared(self) -> tuple[bytes, Exchange]:
        """Return each request's head and what carries it: what requests works out anew each time, once."""
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Content-Type": "application/json"}
        prepared = self.session.prepare_request(requests.Request("PUT", self.url, headers=headers))
        url = str(prepared.url)
        settings: Mapping[str, Any] = self.session.merge_environment_settings(url, {}, None, None, None)
        route = Route(url, proxies=settings["proxies"], verify=settings["verify"], cert=settings["cert"])
        wanted = {"Host": route.netloc, **prepared.headers, **route.headers}
        for name in ("Content-Length", "Connection"):
            wanted.pop(name, None)
        return head("PUT", route.target(prepared.path_url), wanted), Exchange(route, brief=True)

    def _evidence(self, response: Reading, body: Sequence[bytes], count: int) -> Evidence:
        status = response.status
        assert self._exchange is not None  # noqa: S101 -- it has answered
        by_proxy = fault_of_proxy(response, self._exchange.route)
        if by_proxy is not None:
            return _evidence_of(by_proxy)
        row = status_of(status)
        if row.kind is Kind.READABLE:
            return self._answers.read(response.body, count, response.headers.get("content-type"))
        envelope = envelope_of(response)
        contradiction = contradiction_of(status, envelope)
        if row.kind is Kind.REJECTED or (row.kind is Kind.SMALLER and count == 1 and contradiction is None):
            return read_refusal(envelope, count, Rejection(status, row.says))
        if row.kind is Kind.REFUSED and contradiction is None:
            errors = of_request(self._head, b"".join(body)).errors(envelope_errors(envelope))
            return Refusal(refused(status, errors, self._exchange.route))
        return contradiction or fault_of(status, response.headers)


def _evidence_of(fault: Fault) -> Evidence:
    """Return a fault after which nothing else can succeed as the refusal that it is."""
    if fault.transient or fault.delivered is not False:
        return fault
    return Refusal(transport_error(fault, VccTransportError))


def envelope(
    elements: Sequence[object], disposition: Mapping[str, object] | None = None, *, avoid_in_call: bool | None = None
) -> bytes:
    """Encode a request's body: ``{"elements": [...], "disposition": {...}, "avoid_in_call": ...}``."""
    before, after = frame(disposition, avoid_in_call=avoid_in_call)
    return before + _encode(elements) + after


def frame(disposition: Mapping[str, object] | None, *, avoid_in_call: bool | None = None) -> tuple[bytes, bytes]:
    """Return what stands before and after the elements of each request."""
    rest: dict[str, object] = {}
    if disposition:
        rest["disposition"] = disposition
    if avoid_in_call is not None:
        rest["avoid_in_call"] = avoid_in_call
    return b'{"elements":', b"," + _encode(rest)[1:] if rest else b"}"
