"""Why a request got no answer that can be read, in a sentence that says what to do, and whether it may have acted."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from requests.exceptions import InvalidSchema, InvalidURL, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, ProxyError
from urllib3.exceptions import TimeoutError as HTTPTimeoutError
from urllib3.util.ssl_match_hostname import CertificateError

from airflow_provider_vcc.exceptions import VccTransportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from airflow_provider_vcc.hooks.connection import Settings

__all__ = ["transport_error"]

CONNECTING = frozenset({HTTPConnection.connect.__code__, HTTPSConnection.connect.__code__})
UNTRUSTED = (ssl.SSLCertVerificationError, CertificateError)
NO_TLS_THERE = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})


def transport_error(error: BaseException, settings: Settings) -> VccTransportError:
    """Turn what requests raised into our error. Its message is made from kinds, since texts may hold a URL."""
    causes = list(_causes(error))
    hopeless = any(isinstance(cause, (*UNTRUSTED, InvalidURL, InvalidSchema)) for cause in causes)
    return VccTransportError(
        _sentence(causes, settings), delivered=False if _connecting(causes) else None, transient=not hopeless
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk from an error to all that it came from: requests and urllib3 keep these in different places."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]


def _connecting(causes: list[BaseException]) -> bool:
    """Say whether it happened while the connection was being made, TLS and proxy included: nothing was sent then.

    The frames say so for every kind of error, also for a reset, which means something else after the request was sent.
    """
    return any(code in CONNECTING for cause in causes for code in _frames(cause.__traceback__))


def _frames(traceback: TracebackType | None) -> Iterator[object]:
    while traceback is not None:
        yield traceback.tb_frame.f_code
        traceback = traceback.tb_next


def _sentence(causes: list[BaseException], settings: Settings) -> str:
    where = urlsplit(settings.base_url)
    host = where.hostname or ""
    if any(isinstance(cause, ProxyError) for cause in causes):
        return _proxy_sentence(causes)
    for cause in causes:
        if isinstance(cause, UNTRUSTED):
            why = getattr(cause, "verify_message", "it is for another name").rstrip(".")
            return (
                f"the certificate of {host} cannot be trusted ({why}): "
                "check Host, or name your CA bundle in Extra verify"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in NO_TLS_THERE:
            return (
                f"{where.netloc} does not speak TLS: check Host and Port; "
                "for a sandbox on this machine, write http:// in Host"
            )
        if isinstance(cause, socket.gaierror):
            return f"there is no host {host}: check Login (the customer's subdomain) and Host, or this machine's DNS"
        if isinstance(cause, ConnectionRefusedError):
            return f"nothing listens at {where.netloc}: check Host and Port"
    return _silence(causes, settings)


def _silence(causes: list[BaseException], settings: Settings) -> str:
    host = urlsplit(settings.base_url).hostname
    timed_out = any(isinstance(cause, Timeout | TimeoutError | HTTPTimeoutError) for cause in causes)
    unreached = any(isinstance(cause, ConnectTimeoutError) for cause in causes)
    if timed_out and _connecting(causes) and not unreached:
        return (
            f"{host} gave no TLS handshake within {settings.connect_timeout:g} s: it does not speak TLS (for a sandbox "
            "on this machine, write http:// in Host), or a firewall is in between"
        )
    if unreached:
        return (
            f"{host} could not be reached within {settings.connect_timeout:g} s: this machine's IP address is probably "
            "not on the API's allow-list, or a firewall is in between"
        )
    if timed_out:
        return f"{host} gave no answer within {settings.timeout:g} s: it is slow, or Extra timeout is too short"
    kind = type(causes[-1]).__name__
    return (
        f"the connection to {host} was dropped ({kind}): this machine's IP address is probably not on the API's "
        "allow-list, or the service is restarting"
    )


def _proxy_sentence(causes: list[BaseException]) -> str:
    tunnel = next((str(cause) for cause in causes if str(cause).startswith("Tunnel connection failed: ")), "")
    status = tunnel.removeprefix("Tunnel connection failed: ")[:3]
    said = f"it answered {status}" if status.isdigit() else f"{type(causes[-1]).__name__}"
    return f"the proxy did not let us through ({said}): check Extra proxies, or HTTPS_PROXY of this machine"
