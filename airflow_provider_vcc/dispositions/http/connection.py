"""One connection class, over urllib3's: within one deadline, whose fault it was, and given up from another thread."""

from __future__ import annotations

import os
import socket
import ssl
from enum import Enum, auto
from http.client import HTTPException
from select import POLLIN, poll
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_vcc.dispositions.http.attempt import Deadline
from airflow_provider_vcc.dispositions.http.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.dispositions.http.attempt import Attempt, Carrier

__all__ = ["Answered", "NotLetThrough", "NotReached", "PlainConnection", "Stage", "TlsConnection", "head"]


PATIENCE = 0.25
"""Seconds after which a send that does not go on looks whether an answer has come already."""
PIECE = 1 << 18
RECEIVE = 1 << 16


class Stage(Enum):
    """How far the making of a connection has come."""

    DIALLING = auto()
    PROXY = auto()
    """The proxy is there: TLS with it, and CONNECT."""
    TLS = auto()
    """The server is there: TLS with it."""


class NotReached(Exception):
    """There is no connection, so nothing has been sent."""

    def __init__(self, why: Exception, stage: Stage) -> None:
        super().__init__()
        self.why = why
        self.stage = stage


class Answered(Exception):
    """There is an answer before the request is out."""

    def __init__(self, early: bytes) -> None:
        super().__init__()
        self.early = early


class NotLetThrough(Exception):
    """A proxy's answer to CONNECT that is not a success."""

    def __init__(self, status: int, retry_after: str | None) -> None:
        super().__init__()
        self.status = status
        self.retry_after = retry_after


class PlainConnection(HTTPConnection):
    """A connection that can be given up while it is made, and whose socket ``dial`` makes."""

    dial: Callable[[Deadline, Attempt], socket.socket]
    stage = Stage.DIALLING
    handle: socket.socket | None = None
    """A second one on the socket: TLS takes the first one over, and it is needed to give the socket up."""
    _attempt: Attempt
    _deadline: Deadline

    @property
    def carrier(self) -> Carrier:
        """The socket, once it is connected."""
        return self.sock

    @property
    def dropped(self) -> bool:
        """Whether the server has closed it, or said something unasked, since its last answer."""
        watcher = poll()
        watcher.register(self.carrier.fileno(), POLLIN)
        return bool(watcher.poll(0))

    def reach(self, attempt: Attempt, seconds: float) -> None:
        """Connect, through the proxy and with TLS, within so many seconds in all.

        :raises NotReached: with whatever went wrong.
        """
        self._attempt, self._deadline = attempt, Deadline(seconds)
        try:
            self.connect()
            outer = getattr(self.sock, "socket", None)  # of urllib3's SSLTransport
            if outer is not None:
                outer.inner = self.sock
        except BaseException as error:
            attempt.carried_by(None)
            self.close()
            if isinstance(error, Exception):
                raise NotReached(error, self.stage) from None
            raise

    def close(self) -> None:
        """Close it. Nobody may be using it any more."""
        super().close()
        if self.handle is not None:
            self.handle.close()

    # What urllib3 and http.client leave to their subclasses

    def _new_conn(self) -> socket.socket:
        self.sock = carrier = self.dial(self._deadline, self._attempt)
        self.handle = socket.socket(fileno=os.dup(carrier.fileno()))
        self._attempt.carried_by(self.handle)
        carrier.settimeout(self._deadline.left())
        self.stage = Stage.PROXY if self.proxy is not None else Stage.TLS
        return carrier

    def _tunnel(self) -> None:
        """Ask the proxy to go on to the server; http.client takes only 200, and nothing before or around it."""
        asked: Mapping[str, str] = self._tunnel_headers  # type: ignore[attr-defined]  # untyped there
        self.carrier.sendall(head("CONNECT", asked["Host"], asked) + b"\r\n")
        reading = Reading(self.carrier, method="CONNECT", deadline=self._deadline)
        reading.begin()
        if reading.status // 100 != 2:  # noqa: PLR2004 -- the class of successes
            raise NotLetThrough(reading.status, reading.headers.get("retry-after"))
        self.carrier.settimeout(self._deadline.left())
        self.stage = Stage.TLS


class TlsConnection(PlainConnection, HTTPSConnection):
    """The same with TLS."""

    @property
    def dropped(self) -> bool:
        """The same, also of what TLS has decrypted and nobody has read, of which the socket shows nothing."""
        inner: Any = self.sock
        if isinstance(inner, ssl.SSLSocket):
            return inner.pending() > 0 or super().dropped
        return bool(inner.incoming.pending or inner.sslobj.pending() or inner.socket.pending()) or super().dropped

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:
        carrier = super()._connect_tls_proxy(hostname, sock)
        return OuterTls(carrier, self._deadline) if self._tunnel_host else carrier


class OuterTls:
    """TLS with a proxy that carries TLS with the server: a time-out is for all that is done until the next one is set.

    One call of the inner TLS makes many of the outer one, each of which would begin its time-out anew.
    """

    def __init__(self, carrier: ssl.SSLSocket, deadline: Deadline) -> None:
        self.inner: Any = None
        """What stands on it, once it is there."""
        self._carrier = carrier
        self._deadline = deadline
        self.fileno, self.close, self.pending = carrier.fileno, carrier.close, carrier.pending

    def settimeout(self, seconds: float) -> None:
        """Bound all that is done from now on."""
        self._deadline = Deadline(seconds)

    def recv(self, size: int) -> bytes:
        """Return some of what has come."""
        self._carrier.settimeout(self._deadline.left())
        return self._carrier.recv(size)

    def recv_into(self, buffer: memoryview) -> int:
        """Receive into a buffer, and return how much."""
        self._carrier.settimeout(self._deadline.left())
        return self._carrier.recv_into(buffer)

    def sendall(self, data: bytes) -> None:
        """Send all of it.

        :raises Answered: if the server takes no more, and has answered.
        """
        left = memoryview(data)
        while left:
            self._carrier.settimeout(min(self._deadline.left(), PATIENCE))
            try:
                left = left[self._carrier.send(left[:PIECE]) :]
            except TimeoutError:
                self._listen()

    def _listen(self) -> None:
        self._carrier.settimeout(0)
        try:
            self.inner.incoming.write(self._carrier.recv(RECEIVE))
            early = self.inner.sslobj.read(RECEIVE)
        except (OSError, AttributeError):  # nothing, or nothing but what TLS has to say; or there is no inner one yet
            return
        raise Answered(early)


def head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """Return a request's head, but for its end.

    :raises HTTPException: if a header is none that can be sent.
    """
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any("\r" in line or "\n" in line for line in lines):
        raise HTTPException
    return "\r\n".join(lines).encode("latin-1") + b"\r\n"
