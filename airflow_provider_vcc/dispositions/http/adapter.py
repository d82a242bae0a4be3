"""What carries the requests of a ``requests.Session``: the same connections, deadlines and answers as the engine's."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from functools import partial
from math import inf, isnan
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from urllib3.util.request import body_to_chunks

from airflow_provider_vcc.dispositions.http.answers import too_large
from airflow_provider_vcc.dispositions.http.attempt import LONGEST_TIMEOUT, Attempt, timeout_of
from airflow_provider_vcc.dispositions.http.connection import NotReached, head
from airflow_provider_vcc.dispositions.http.exchange import Exchange, Times
from airflow_provider_vcc.dispositions.http.route import Route
from airflow_provider_vcc.dispositions.http.statuses import transport_error, understand
from airflow_provider_vcc.dispositions.http.texts.decoding import read_json
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge, see_that_it_fits
from airflow_provider_vcc.exceptions import VccConfigurationError, VccTransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from requests import PreparedRequest

    from airflow_provider_vcc.dispositions.http.answers import Fault
    from airflow_provider_vcc.dispositions.http.reading import Reading

__all__ = ["SessionConnectTimeout", "SessionError", "SessionReadTimeout", "VccAdapter"]

BLOCK = 1 << 16
GONE = frozenset({"content-encoding", "transfer-encoding"})
"""Headers about how the body came, which is decoded and whole by now."""


class SessionError(VccTransportError, requests.ConnectionError):
    """What a session raises: an error of this package that is one of requests' as well."""


class SessionConnectTimeout(SessionError, requests.ConnectTimeout):
    """No connection in time."""


class SessionReadTimeout(SessionError, requests.ReadTimeout):
    """A connection, and no whole answer in time."""


class SessionResponse(requests.Response):
    """An answer that is whole; what is made of it is held only if it fits."""

    @property
    def apparent_encoding(self) -> str:
        """The encoding of a text that does not say which it has, as JSON shows it."""
        return json.detect_encoding(self.content)

    @property
    def text(self) -> str:
        """The answer as a text.

        :raises SessionError: if that takes too much memory.
        """
        self._see(partial(see_that_it_fits, self.content, as_text=True))
        return super().text

    def json(self, **options: Any) -> Any:
        """Decode the answer.

        :raises SessionError: if what it says takes too much memory.
        :raises requests.JSONDecodeError: if it is not JSON.
        """
        if not options:
            with suppress(ValueError):
                return self._see(partial(read_json, self.content, self.headers.get("content-type")))
        self._see(partial(see_that_it_fits, self.content, times=2))  # as a text, too
        return super().json(**options)

    @staticmethod
    def _see(what: Callable[[], object]) -> object:
        try:
            return what()
        except TooLarge as large:
            fault = too_large(large)
        raise transport_error(fault, SessionError)


class VccAdapter(HTTPAdapter):
    """Sends the requests of a session.

    :param most: how many connections to one server there are at a time; None for as many as are asked for.
    :param longest: the most seconds that a request takes, connecting included.
    """

    def __init__(self, most: int | None = None, longest: float = inf) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._longest = longest
        self._most = most
        self._exchanges: dict[object, Exchange] = {}

    def exchange(
        self,
        url: str,
        *,
        proxies: Mapping[str, str] | None,
        verify: bool | str | None,
        cert: str | tuple[str, str] | None,
    ) -> Exchange:
        """Return what carries requests to a server: the same for the same way to it.

        :raises VccConfigurationError: if a proxy, a CA bundle or a certificate cannot work.
        """
        parts = urlsplit(url)
        verify = True if verify is None else verify
        key = (parts.scheme, parts.netloc, tuple(sorted((proxies or {}).items())), verify, cert)
        found = self._exchanges.get(key)
        if found is None:
            made = Exchange(Route(url, proxies=proxies, verify=verify, cert=cert), self._most)
            found = self._exchanges.setdefault(key, made)  # another thread may have been faster
        return found

    def send(  # noqa: PLR0913, PLR0917 -- requests' own signature
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT001, FBT002
        timeout: object = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request and return its answer, which is whole, and held in memory, whatever ``stream`` says.

        :raises SessionError: if there is no answer that can be read.
        :raises VccConfigurationError: if there is no way to the server.
        """
        exchange = self.exchange(str(request.url), proxies=proxies, verify=verify, cert=cert)
        attempt, times = Attempt(), _times(timeout, self._longest)
        try:
            answer = exchange.send(str(request.method), _written(request, exchange.route), attempt, times)
            return self._response(request, answer)
        except Exception as failed:  # noqa: BLE001 -- whatever it was, it is told by what it means, and holds nothing
            error = _session_error(failed, understand(failed, attempt, exchange.route, times))
        raise error

    def close(self) -> None:
        """Close the connections that nobody uses."""
        exchanges, self._exchanges = self._exchanges, {}
        for exchange in exchanges.values():
            exchange.close()
        super().close()

    def _response(self, request: PreparedRequest, answer: Reading) -> requests.Response:
        headers = HTTPHeaderDict((name, value) for name, value in answer.headers.items() if name.lower() not in GONE)
        headers["Content-Length"] = str(len(answer.body))
        raw = HTTPResponse(
            body=io.BytesIO(answer.body),
            headers=headers,
            status=answer.status,
            version=answer.version,
            reason=answer.reason,
            preload_content=False,
            original_response=answer,
        )
        response = SessionResponse()
        response.__dict__.update(self.build_response(request, raw).__dict__)
        response._content = answer.body  # noqa: SLF001 -- requests would read it in pieces, and hold it three times
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001 -- likewise
        return response


def _session_error(error: Exception, fault: Fault) -> SessionError:
    kind = SessionError
    if isinstance(error, TimeoutError):
        kind = SessionReadTimeout
    elif isinstance(error, NotReached) and isinstance(error.why, TimeoutError):
        kind = SessionConnectTimeout
    return transport_error(fault, kind=kind)


def _times(timeout: object, longest: float) -> Times:
    """Read what requests takes as a time-out: seconds, a pair for connecting and the answer, or None.

    :raises VccConfigurationError: if it is none of these.
    """
    pair: tuple[object, ...] = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    connect, answer = pair if len(pair) == 2 else (pair, pair)  # noqa: PLR2004 -- as said
    defaults = Times()
    return Times(_seconds(answer, defaults.answer), _seconds(connect, defaults.connect), longest)


def _seconds(given: Any, default: float) -> float:
    if given is None:
        return default
    seconds = timeout_of(given)
    if isnan(seconds):
        raise VccConfigurationError(
            f"timeout must be a number of seconds above 0, or a pair of them (to connect, to answer), got {given!r}"
        )
    return min(seconds, LONGEST_TIMEOUT)


def _written(request: PreparedRequest, route: Route) -> bytes:
    """Write a request as it goes out."""
    pieces: Iterable[str | bytes] | None = body_to_chunks(request.body, str(request.method), BLOCK).chunks
    body = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces or ())
    headers = {"Host": route.netloc, "Accept": "*/*", **request.headers, **route.headers}
    headers.pop("Transfer-Encoding", None)
    if body or request.method not in {"GET", "HEAD"}:
        headers["Content-Length"] = str(len(body))
    return head(str(request.method), route.target(request.path_url), headers) + b"\r\n" + body
