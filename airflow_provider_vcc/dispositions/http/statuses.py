"""What every status and every fault means: one table for the engine and the hook.

Each says who is named, what is said and advised, whether the server acted, and whether the request may be sent again.
The rule that carries the rest: until the first byte of a request has been written to a connection, the server never got
it. After that, only a readable answer says what it did.
"""

from __future__ import annotations

import socket
import ssl
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from http.client import HTTPException, IncompleteRead
from time import time
from typing import TYPE_CHECKING, TypeGuard, TypeVar

import msgspec
from urllib3.util.ssl_match_hostname import CertificateError

from airflow_provider_vcc.dispositions.http.answers import (
    Fault,
    exhausted,
    is_envelope,
    read_envelope,
    says_done,
    too_large,
)
from airflow_provider_vcc.dispositions.http.connection import NotLetThrough, NotReached, Stage
from airflow_provider_vcc.dispositions.http.dial import NoTarget
from airflow_provider_vcc.dispositions.http.proxies import netloc
from airflow_provider_vcc.dispositions.http.texts.memory import TooLarge
from airflow_provider_vcc.exceptions import (
    VccAuthenticationError,
    VccNotFoundError,
    VccRequestError,
    VccTransportError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.http.answers import Headers, Heard
    from airflow_provider_vcc.dispositions.http.attempt import Attempt
    from airflow_provider_vcc.dispositions.http.exchange import Times
    from airflow_provider_vcc.dispositions.http.reading import Reading
    from airflow_provider_vcc.dispositions.http.route import Route

__all__ = [
    "OK",
    "Kind",
    "Status",
    "contradiction_of",
    "envelope_of",
    "fault_of",
    "fault_of_proxy",
    "proxy_fault",
    "refused",
    "retry_after",
    "status_of",
    "transport_error",
    "understand",
]

Error = TypeVar("Error", bound=VccTransportError)

OK = 200
LONGEST_WAIT = 30.0
"""Seconds that a ``Retry-After`` is honoured for at most."""


class Kind(Enum):
    """What an answer with a status means for the request, and for those that come after it."""

    READABLE = auto()
    """200: the envelope says what was done."""
    REJECTED = auto()
    """This request was refused as a whole; others may succeed."""
    REFUSED = auto()
    """Nothing else can succeed either, and the server did not act."""
    SLOWER = auto()
    """The server did not act, and asks to come again later."""
    SMALLER = auto()
    """The server did not act, and a smaller request may succeed."""
    TIMED_OUT = auto()
    """Nobody can say, and a smaller request may succeed."""
    FAILED = auto()
    """Nobody can say."""


class Status(msgspec.Struct, frozen=True):
    """A row of the table. In ``says`` and ``advice``, ``{status}`` stands for the number."""

    kind: Kind
    says: str
    advice: str = ""
    error: type[VccRequestError] = VccRequestError


HERE = "this machine's IP address"
STATUSES = {
    200: Status(Kind.READABLE, ""),
    401: Status(
        Kind.REFUSED,
        "VCC refused the credentials (401)",
        "check the connection's Login (the customer) and Password (the API token)",
        VccAuthenticationError,
    ),
    403: Status(
        Kind.REFUSED,
        "VCC refused access (403)",
        f"{HERE} is probably not on the API's allow-list, or the token may not use this project",
        VccAuthenticationError,
    ),
    404: Status(
        Kind.REFUSED,
        "VCC knows no such project or resource (404)",
        "check project_id, and the connection's Login and Host",
        VccNotFoundError,
    ),
    408: Status(Kind.TIMED_OUT, "the server timed out (408)"),
    413: Status(Kind.SMALLER, "the request is too large (413)", "send less at a time"),
    429: Status(Kind.SLOWER, "the server asks to slow down (429)"),
    504: Status(Kind.TIMED_OUT, "the server timed out (504)"),
    524: Status(Kind.TIMED_OUT, "the server timed out (524)"),
}
"""Those that mean something of their own."""

CLASSES = {
    2: Status(Kind.FAILED, "the server answered with status {status}, which is not 200", "check the connection's Host"),
    3: Status(
        Kind.REFUSED,
        "the server answered with status {status} instead of serving the request, and redirects are not followed",
        "check the connection's Host and proxies",
    ),
    4: Status(Kind.REJECTED, "the server refused the request ({status})"),
}
"""The others, by their first digit."""

FAILED = Status(Kind.FAILED, "the server failed ({status})")

CREDENTIALS = "it wants a user and a password it knows: write them in Extra proxies, as http://user:password@host:port"
FORBIDDEN = "its rules do not let this machine through: ask whoever runs the proxy to allow {host}"
UPSTREAM = "it did not reach {host}: its address may not be on the API's allow-list, or the service is down"
BY_PROXY = {401: CREDENTIALS, 407: CREDENTIALS, 403: FORBIDDEN, 502: UPSTREAM, 503: UPSTREAM, 504: UPSTREAM}
"""What to do about a proxy's own statuses."""
PROXY_CHECK = "check Extra proxies, or HTTPS_PROXY of this machine"
PROXY_CREDENTIALS = 407
MAY_PASS = frozenset({408, 425, 429})


def status_of(status: int) -> Status:
    """Return what a status of the server means."""
    row = STATUSES.get(status) or CLASSES.get(status // 100, FAILED)
    return msgspec.structs.replace(row, says=row.says.format(status=status))


def proxy_fault(status: int, host: str, wait: float | None = None) -> Fault:
    """Return what a status means that a proxy gave for itself: the server never got the request."""
    advice = BY_PROXY.get(status, PROXY_CHECK).format(host=host)
    passes = status >= 500 or status in MAY_PASS  # noqa: PLR2004 -- the class of failures
    reason = f"the proxy did not let us through (it answered {status})"
    return Fault(reason, delivered=False, retry_after=wait, status=status, advice=advice, transient=passes)


def fault_of_proxy(response: Heard | Reading, route: Route) -> Fault | None:
    """Return the fault that an answer is if it is not the server's but a proxy's; None if it is the server's.

    407 is always a proxy's. Others may be either's if the proxy reads the request, and the server's answers are
    recognised by their envelope.
    """
    status = response.status
    may_be = route.forwarded and status in BY_PROXY and not is_envelope(envelope_of(response))
    if not may_be and status != PROXY_CREDENTIALS:
        return None
    fault = proxy_fault(status, route.host, retry_after(response.headers.get("retry-after")))
    if status < 500:  # noqa: PLR2004 -- the class of failures
        return fault
    # It may have handed the request on before it failed.
    return msgspec.structs.replace(fault, delivered=None, too_much=status_of(status).kind is Kind.TIMED_OUT)


def envelope_of(response: Heard | Reading) -> object:
    """Return what an answer's body says; None if it cannot be read.

    :raises TooLarge: if it is a 200, and says too much.
    """
    try:
        return read_envelope(response.body, response.headers.get("content-type"))
    except TooLarge:
        if response.status == OK:
            raise
        return None
    except ValueError:
        return None


def fault_of(status: int, headers: Headers) -> Fault:
    """Return the fault that an answer of the server is, if its kind is one."""
    row = status_of(status)
    return Fault(
        row.says,
        delivered=False if row.kind in {Kind.SLOWER, Kind.SMALLER} else None,
        too_much=row.kind in {Kind.SMALLER, Kind.TIMED_OUT},
        retry_after=retry_after(headers.get("retry-after")),
        status=status,
        advice=row.advice,
    )


def contradiction_of(status: int, envelope: object) -> Fault | None:
    """Return the fault that an answer is whose status says that nothing was done, and whose envelope denies it."""
    row = status_of(status)
    if row.kind not in {Kind.REFUSED, Kind.SLOWER, Kind.SMALLER} or not says_done(envelope):
        return None
    return Fault(f"{row.says}, and yet the answer has true in it", status=status, advice=row.advice)


def refused(status: int, errors: Sequence[Mapping[str, object]], route: Route) -> VccRequestError:
    """Return the error for a status after which nothing else can succeed, with what to do about it."""
    row = status_of(status)
    return row.error(f"{row.says}: {_as_seen(row.advice, route)}", status=status, errors=errors)


def _as_seen(advice: str, route: Route) -> str:
    """Name the address that the server sees: the proxy's, if there is one."""
    return advice if route.proxy is None else advice.replace(HERE, f"the IP address of the proxy {route.proxy.host}")


def transport_error(fault: Fault, kind: type[Error], about: str = "") -> Error:
    """Return the error of a kind for a fault.

    :param about: the request, to begin the message with.
    """
    return kind(
        f"{about}: {fault.told}" if about else fault.told,
        delivered=fault.delivered,
        status=fault.status,
        retry_after=fault.retry_after,
        transient=fault.transient,
    )


def retry_after(value: str | None, now: Callable[[], float] = time) -> float | None:
    """Read a ``Retry-After`` header, in seconds or as an HTTP date: seconds from now, at most 30."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None  # noqa: PLR0124 -- nan


# Faults

NO_TLS_THERE = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"})
OUR_CERTIFICATE = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")
"""Alerts about what we have shown."""
STOPPED = "the run was stopped before the answer came"
NOT_BEGUN = "the run was stopped before the request went out"
ALLOW_LIST = f"{HERE} is probably not on the API's allow-list, or"
FIREWALL = f"{ALLOW_LIST} a firewall is in between"
RESTARTING = f"{ALLOW_LIST} the service is restarting"
BUNDLE = "name your CA bundle in Extra verify"
LOGIN = "check Login (the customer's subdomain) and Host, or this machine's DNS"
DNS = "it did not answer, or could not be asked; look at the DNS of this machine (a pod's dnsPolicy, /etc/resolv.conf)"


def understand(error: BaseException, attempt: Attempt, route: Route, times: Times) -> Fault:
    """Return the fault that an exception is."""
    fault = _understood(error, attempt, route, times)
    return msgspec.structs.replace(fault, advice=_as_seen(fault.advice, route))


def _understood(error: BaseException, attempt: Attempt, route: Route, times: Times) -> Fault:
    if attempt.aborted:
        return Fault(STOPPED) if attempt.started else Fault(NOT_BEGUN, delivered=False)
    if isinstance(error, NotReached):
        return exhausted(error.why) or _unreached(error, route, times)
    if not attempt.started:
        return Fault(f"the request could not be made ({type(error).__name__})", delivered=False)
    return _unanswered(error, route, times)


# Nothing has been sent


def _unreached(error: NotReached, route: Route, times: Times) -> Fault:
    if route.proxy is None or error.stage is Stage.TLS or isinstance(error.why, NoTarget):
        host, address = route.host, netloc(route.host, route.port)
        return _not_reached(error, host, address, times) or _of_server(error, host, address, times)
    if isinstance(error.why, NotLetThrough):
        return proxy_fault(error.why.status, route.host, retry_after(error.why.retry_after))
    name = f"the proxy {route.proxy.host}"
    return _not_reached(error, name, f"the proxy {route.proxy.netloc}", times, PROXY_CHECK) or _of_proxy(
        error, route.host
    )


def _not_reached(error: NotReached, host: str, address: str, times: Times, advice: str = "") -> Fault | None:
    """Return the faults that a server and a proxy have in common; ``advice`` is about the proxy."""
    why = error.why
    if isinstance(why, (ssl.SSLCertVerificationError, CertificateError)):
        said = getattr(why, "verify_message", "it is for another name").rstrip(".")
        advice = BUNDLE if advice else f"check Host, or {BUNDLE}"
        return _final(f"the certificate of {host} cannot be trusted ({said})", advice)
    if isinstance(why, ssl.SSLError) and why.reason in NO_TLS_THERE:
        sandbox = "check Host and Port; for a sandbox on this machine, write http:// in Host"
        return _none(f"{address} does not speak TLS", advice or sandbox)
    if isinstance(why, socket.gaierror):
        return _no_name(why, f"{host.removeprefix('the proxy ')}, the proxy" if advice else host, advice or LOGIN)
    if isinstance(why, ConnectionRefusedError):
        return _none(f"nothing listens at {address}", advice or "check Host and Port")
    if isinstance(why, TimeoutError) and (error.stage is Stage.DIALLING or advice):
        return _none(f"{host} could not be reached within {times.connect:g} s", advice or FIREWALL)
    return None


def _no_name(why: socket.gaierror, name: str, advice: str) -> Fault:
    if why.errno == socket.EAI_AGAIN:
        return _none(f"this machine's DNS did not say where {name} is", DNS)
    return _none(f"there is no host {name}", advice)


def _of_server(error: NotReached, host: str, address: str, times: Times) -> Fault:
    why = error.why
    if isinstance(why, TimeoutError):
        return _none(
            f"{host} gave no TLS handshake within {times.connect:g} s",
            "it does not speak TLS (for a sandbox on this machine, write http:// in Host), or a firewall is in between",
        )
    if _refuses_ours(why):
        return _of_our_certificate(why, host)
    if isinstance(why, ssl.SSLError) and not isinstance(why, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return _none(
            f"TLS with {host} failed ({_words(why)})", "it may want a client certificate (Extra cert), or other TLS"
        )
    if error.stage is Stage.DIALLING and isinstance(why, OSError) and why.strerror:
        return _none(f"{address} could not be reached ({why.strerror})", "check this machine's network, Host and Port")
    return _none(f"the connection to {host} was dropped while it was made ({_kind(why)})", RESTARTING)


def _of_proxy(error: NotReached, host: str) -> Fault:
    said = getattr(error.why, "msg", "")  # of PySocks
    reason = f"the proxy did not let us through ({said or _kind(error.why)})"
    if type(error.why).__name__ == "SOCKS5AuthError":
        return _final(reason, CREDENTIALS.replace("http://", "socks5h://"))
    if said.startswith("0x02"):
        return _final(reason, FORBIDDEN.format(host=host))
    return _none(reason, UPSTREAM.format(host=host) if said.startswith("0x") else PROXY_CHECK)


def _none(reason: str, advice: str) -> Fault:
    return Fault(reason, delivered=False, advice=advice)


def _final(reason: str, advice: str) -> Fault:
    return Fault(reason, delivered=False, advice=advice, transient=False)


# Something may have been sent


def _unanswered(error: BaseException, route: Route, times: Times) -> Fault:
    if isinstance(error, TimeoutError):
        reason = f"{route.host} gave no answer within {times.answer:g} s"
        return Fault(reason, too_much=True, advice="it is slow, or Extra timeout is too short")
    if isinstance(error, TooLarge):
        return too_large(error)
    if _refuses_ours(error):  # which a server says only now with TLS 1.3, and has read nothing of the request
        return _of_our_certificate(error, route.host)
    broke = isinstance(error, (OSError, IncompleteRead))
    if broke or not isinstance(error, HTTPException):
        reason = f"the connection broke before the answer was whole ({_kind(error)})"
        return Fault(reason, advice=f"{route.host} dropped it: {RESTARTING}")
    return Fault(f"the answer cannot be read ({_kind(error)})", advice="check the connection's Host")


def _refuses_ours(error: BaseException) -> TypeGuard[ssl.SSLError]:
    """Return whether a server's alert says that it does not accept our certificate, or misses one."""
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    return "ALERT" in reason and any(word in reason for word in OUR_CERTIFICATE)


def _of_our_certificate(error: ssl.SSLError, host: str) -> Fault:
    return _final(f"{host} did not accept the client certificate ({_words(error)})", "name one it trusts in Extra cert")


def _kind(error: BaseException) -> str:
    return type(error).__name__


def _words(error: ssl.SSLError) -> str:
    return (error.reason or type(error).__name__).lower().replace("_", " ")
