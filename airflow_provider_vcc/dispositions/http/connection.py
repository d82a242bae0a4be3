"""One connection class, over urllib3's: within one deadline, whose fault it was, and given up from another thread."""

from __future__ import annotations

import os
import socket
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Self

from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.util import parse_url

from airflow_provider_vcc.dispositions.http.attempt import Attempt, Deadline
from airflow_provider_vcc.dispositions.http.dial import NoTarget
from airflow_provider_vcc.dispositions.http.reading import Reading

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.http.attempt import Carrier

    Dial = Callable[[Deadline, Attempt, Callable[[socket.socket], None]], socket.socket]

__all__ = ["Connection", "NotReached", "PlainConnection", "Stage", "TlsConnection"]


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

    @classmethod
    def to_proxy(cls, host: str, port: int) -> Self:
        """Return a connection to a proxy that is spoken to in plain text."""
        return cls(host, port, proxy=parse_url(f"http://{_bracketed(host)}:{port}"), proxy_config=_config(None))

    @property
    def carrier(self) -> Carrier:
        """The socket, once it is connected."""
        return self.sock

    def reach(self, attempt: Attempt, seconds: float) -> None:
        """Connect, through the proxy and with TLS, within so many seconds in all.

        :raises NotReached: with whatever went wrong.
        """
        self._attempt, self._deadline = attempt, Deadline(seconds)
        self.response_class = partial(Reading, deadline=self._deadline)  # type: ignore[assignment]
        self.stage = Stage.DIALLING
        error = None
        try:
            self.connect()
            attempt.check()
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
        super()._tunnel()
        self.stage = Stage.TLS


class TlsConnection(PlainConnection, HTTPSConnection):
    """The same with TLS."""

    @classmethod
    def to_proxy(  # type: ignore[override]  # made in one place
        cls, host: str, port: int, tls: ssl.SSLContext | None, proxy_tls: ssl.SSLContext | None
    ) -> Self:
        """Return a connection to a proxy.

        :param tls: for the server behind it.
        :param proxy_tls: for the proxy itself, if it is spoken to by TLS.
        """
        scheme = "http" if proxy_tls is None else "https"
        url = parse_url(f"{scheme}://{_bracketed(host)}:{port}")
        return cls(host, port, proxy=url, proxy_config=_config(proxy_tls), ssl_context=tls or proxy_tls)


Connection = PlainConnection


def _config(proxy_tls: ssl.SSLContext | None) -> ProxyConfig:
    return ProxyConfig(proxy_tls, use_forwarding_for_https=False, assert_hostname=None, assert_fingerprint=None)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
