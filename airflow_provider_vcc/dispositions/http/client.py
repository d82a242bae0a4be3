"""One request and its evidence: every way in which it can end is turned into an answer, a fault or a refusal here.

The rule that carries the rest: until the first byte of a request has been written to a connection, the server never got
it. After that, only a readable answer says what it did.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import msgspec
import requests
from urllib3.exceptions import HTTPError

from airflow_provider_vcc.dispositions.engine.backoff import retry_after
from airflow_provider_vcc.dispositions.http.answers import (
    Answer,
    Answers,
    Evidence,
    Fault,
    Refusal,
    Rejection,
    envelope_errors,
)
from airflow_provider_vcc.dispositions.http.exchange import Attempt, Wire
from airflow_provider_vcc.exceptions import VccAuthenticationError, VccNotFoundError, VccRequestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_provider_vcc.dispositions.http.exchange import Response

__all__ = ["Attempt", "Client", "envelope"]

OK = 200
TOO_MUCH_STATUSES = frozenset({408, 504, 524})
TOO_LARGE = 413
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500
CLIENT_ERROR = 400
UNAUTHORISED, FORBIDDEN, NOT_FOUND = 401, 403, 404
REFUSALS = frozenset({UNAUTHORISED, FORBIDDEN, NOT_FOUND, 407})

_encode = msgspec.json.Encoder().encode


class Client:
    """Sends batches of dispositions of one project over kept-alive connections.

    :param session: authenticated; its adapter should keep as many connections as requests are in flight.
    :param base_url: up to and with ``/v2``.
    :param timeout: seconds for one answer.
    :param connect_timeout: seconds to reach the server.
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
        self.url = f"{base_url.rstrip('/')}/projects/{quote(str(project_id), safe='')}/records/dispositions"
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._answers = Answers()

    def prepare(self) -> None:
        """Work out the route to the server, before threads share it. Connects to nothing."""
        _ = self._wire

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def send(self, body: bytes, count: int, attempt: Attempt | None = None) -> Evidence:
        """Send one request with ``count`` elements, and say what it came to. Nothing is raised, nothing retried."""
        attempt = attempt or Attempt()
        try:
            response = self._wire.put(body, attempt)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the evidence is the same
            return self._fault(error, attempt)
        if response.status == OK:
            return self._answers.read(response.body, count)
        return _evidence(response, count)

    @cached_property
    def _wire(self) -> Wire:
        """The way to the server: what requests would work out anew for each request (proxies, TLS), once."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        prepared = self.session.prepare_request(requests.Request("PUT", self.url, headers=headers))
        url = str(prepared.url)
        settings = self.session.merge_environment_settings(url, {}, None, None, None)
        adapter: Any = self.session.get_adapter(url)
        pool = adapter.get_connection_with_tls_context(
            prepared, settings["verify"], proxies=settings["proxies"], cert=settings["cert"]
        )
        adapter.cert_verify(pool, url, settings["verify"], settings["cert"])
        adapter.add_headers(prepared)
        target = adapter.request_url(prepared, settings["proxies"])
        forwarded = {} if pool.proxy is None or pool.scheme == "https" else dict(pool.proxy_headers)
        wanted = {"Host": urlsplit(url).netloc, **dict(prepared.headers), **forwarded}
        for name in ("Content-Length", "Accept", "Connection"):
            wanted.pop(name, None)
        return Wire(pool, target, wanted, self.timeout, self.connect_timeout)

    def _fault(self, error: Exception, attempt: Attempt) -> Fault:
        if not attempt.started:
            return Fault(f"the server was not reached ({_named(error)})", delivered=False)
        if isinstance(error, TimeoutError):
            return Fault(f"no answer within {self.timeout:g} s", too_much=True)
        return Fault(f"the connection broke before the answer was whole ({_named(error)})")


def _named(error: BaseException) -> str:
    """Name an error by its kinds, not by its text, which may hold a URL with credentials."""
    inner = error.args[-1] if isinstance(error, HTTPError) and error.args else None
    cause = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
    return type(error).__name__ + (f": {type(cause).__name__}" if cause is not None else "")


def _evidence(response: Response, count: int) -> Evidence:
    status = response.status
    wait = retry_after(response.headers.get("retry-after"))
    if status == TOO_MANY_REQUESTS:
        return Fault("the server asks to slow down (429)", delivered=False, retry_after=wait, status=status)
    if status == TOO_LARGE and count > 1:
        return Fault("the request is too large (413)", delivered=False, too_much=True, status=status)
    if status in TOO_MUCH_STATUSES:
        return Fault(f"the server timed out ({status})", too_much=True, retry_after=wait, status=status)
    if status in REFUSALS or SERVER_ERROR > status >= CLIENT_ERROR - 100:
        return _no(response, status, count)
    return Fault(f"the server failed ({status})", retry_after=wait, status=status)


def _no(response: Response, status: int, count: int) -> Answer | Refusal:
    errors = _errors(response.body)
    if status in REFUSALS or status < CLIENT_ERROR:
        return Refusal(refusal(status, errors))
    said = errors[0] if errors else {}
    code, message = said.get("errorcode"), said.get("errormessage")
    rejection = Rejection(
        status if code is None else code, message or f"the server refused the request (HTTP {status})"
    )
    return Answer(rejected=dict.fromkeys(range(count), rejection))


def _errors(body: bytes) -> list[dict[str, Any]]:
    try:
        return envelope_errors(msgspec.json.decode(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def refusal(status: int, errors: list[dict[str, Any]]) -> VccRequestError:
    """Make the error for a status after which nothing else can succeed, with what to do about it."""
    if status == UNAUTHORISED:
        return VccAuthenticationError(
            "VCC refused the credentials (401): "
            "check the connection's Login (the customer) and Password (the API token)",
            status=status,
            errors=errors,
        )
    if status == FORBIDDEN:
        return VccAuthenticationError(
            "VCC refused access (403): this machine's IP address is probably not on the API's allow-list, "
            "or the token may not use this project",
            status=status,
            errors=errors,
        )
    if status == NOT_FOUND:
        return VccNotFoundError(
            "VCC knows no such project or resource (404): check project_id, and the connection's Login and Host",
            status=status,
            errors=errors,
        )
    return VccRequestError(
        f"the server answered with status {status} instead of serving the request, and redirects are not followed: "
        "check the connection's Host and proxies",
        status=status,
        errors=errors,
    )


def envelope(
    elements: Sequence[Any], disposition: Mapping[str, Any] | None = None, *, avoid_in_call: bool | None = None
) -> bytes:
    """Encode a request's body: ``{"elements": [...], "disposition": {...}, "avoid_in_call": ...}``."""
    head, tail = frame(disposition, avoid_in_call=avoid_in_call)
    return head + _encode(elements) + tail


def frame(disposition: Mapping[str, Any] | None, *, avoid_in_call: bool | None = None) -> tuple[bytes, bytes]:
    """Give what stands before and after the elements of each request."""
    rest: dict[str, Any] = {}
    if disposition:
        rest["disposition"] = disposition
    if avoid_in_call is not None:
        rest["avoid_in_call"] = avoid_in_call
    return b'{"elements":', b"," + _encode(rest)[1:] if rest else b"}"
