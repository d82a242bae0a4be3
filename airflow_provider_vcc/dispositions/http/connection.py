"""One connection class, over urllib3's: within one deadline, whose fault it was, and given up from another thread."""

from __future__ import annotations

import os
import socket
import ssl
from enum import Enum, auto
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_vcc.dispositions.http.attempt import Attempt, Deadline
from airflow_provider_vcc.dispositions.http.dial import NoTarget
from airflow_provider_vcc.dispositions.http.proxies import netloc
from airflow_provider_vcc.dispositions.http.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.dispositions.http.attempt import Carrier

    Dial = Callable[[Deadline, Attempt, Callable[[socket.socket], None]], socket.socket]

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

    def __init__(self, why: BaseException, stage: Stage, *, by_proxy: bool) -> None:
        super().__init__()
        self.why = why
        self.stage = stage
        self.by_proxy = by_proxy


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
    """A connection that can be given up while it is made.

    ``dial`` makes its socket, ``by_proxy`` says whether that leads to a proxy, and ``tunnels`` whether CONNECT goes on
    from there.
    """

    dial: Dial
    by_proxy = False
    tunnels = False
    stage = Stage.DIALLING
    _attempt: Attempt
    _deadline: Deadline
    _handle: socket.socket | None = None

    @property
    def carrier(self) -> Carrier:
        """The socket, once it is connected."""
        return self.sock

    @property
    def decrypted(self) -> bool:
        """Whether TLS holds something that has come and was not read, of which the socket shows nothing."""
        return False

    def reach(self, attempt: Attempt, seconds: float) -> None:
        """Connect, through the proxy and with TLS, within so many seconds in all.

        :raises NotReached: with whatever went wrong.
        """
        self._attempt, self._deadline = attempt, Deadline(seconds)
        self.stage = Stage.DIALLING
        error = None
        try:
            self.connect()
            attempt.check()
            outer = getattr(self.sock, "socket", None)  # of urllib3's SSLTransport
            if outer is not None:
                outer.inner = self.sock
        except BaseException as why:  # noqa: BLE001 -- an interruption is raised again below
            error = why
        if error is None:
            return
        self.close()
        if not isinstance(error, Exception):
            raise error
        raise NotReached(error, self.stage, by_proxy=self._is_of_proxy(error))

    def _is_of_proxy(self, error: Exception) -> bool:
        forwards = self.proxy is not None and not self.tunnels
        return self.by_proxy and (forwards or self.stage is not Stage.TLS) and not isinstance(error, NoTarget)

    def lend(self, attempt: Attempt) -> None:
        """Let an attempt use this connection, and give it up.

        :raises ConnectionAbortedError: if it has been given up already.
        """
        self._attempt = attempt
        attempt.carried_by(self._handle)

    def hand_back(self) -> None:
        """End the attempt's use of this connection."""
        self._attempt.carried_by(None)

    def close(self) -> None:
        """Close it."""
        super().close()
        handle, self._handle = self._handle, None
        if handle is not None:
            self._attempt.carried_by(None)
            handle.close()

    # What urllib3 and http.client leave to their subclasses

    def _new_conn(self) -> socket.socket:
        carrier = self.dial(self._deadline, self._attempt, self._watch)
        self.stage = Stage.PROXY if self.proxy is not None else Stage.TLS
        return carrier

    def _watch(self, carrier: socket.socket) -> None:
        """Keep a second handle on the socket: TLS takes the first one over, and it is needed to give the socket up."""
        before, self._handle = self._handle, socket.socket(fileno=os.dup(carrier.fileno()))
        try:
            self._attempt.carried_by(self._handle)
        finally:
            if before is not None:
                before.close()

    def _tunnel(self) -> None:
        """Ask the proxy to go on to the server; http.client takes only 200, and nothing before or around it."""
        host = netloc(str(self._tunnel_host), int(self._tunnel_port or 0))
        asked: Mapping[str, str] = {**self._tunnel_headers, "Host": host}  # type: ignore[attr-defined]
        self.carrier.sendall(head("CONNECT", host, asked) + b"\r\n")
        reading = Reading(self.carrier, method="CONNECT", deadline=self._deadline)
        try:
            reading.begin()
        finally:
            reading.close()
        if reading.status // 100 != 2:  # noqa: PLR2004 -- the class of successes
            raise NotLetThrough(reading.status, reading.headers.get("retry-after"))
        self.carrier.settimeout(self._deadline.left())
        self.stage = Stage.TLS


class TlsConnection(PlainConnection, HTTPSConnection):
    """The same with TLS."""

    @property
    def decrypted(self) -> bool:
        """Whether TLS holds something that has come and was not read; within the proxy's, each of both may."""
        inner: Any = self.sock
        if isinstance(inner, ssl.SSLSocket):
            return inner.pending() > 0
        return bool(inner.incoming.pending or inner.sslobj.pending() or inner.socket.pending())

    def _connect_tls_proxy(self, hostname: str, sock: socket.socket) -> Any:
        carrier = super()._connect_tls_proxy(hostname, sock)
        return OuterTls(carrier, self._deadline) if self.tunnels else carrier


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
