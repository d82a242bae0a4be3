"""Reaching an address: names, all of their addresses and SOCKS proxies within one deadline, given up at any moment."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from select import POLLOUT, poll
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.http.attempt import Deadline

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.http.attempt import Attempt
    from airflow_provider_vcc.dispositions.http.proxies import Proxy

    Address = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]

__all__ = ["NoTarget", "dial", "dial_by_socks"]

SLICE = 0.1
"""Seconds after which a wait that nothing can interrupt looks whether it has been given up."""
IDLE, INTERVAL, PROBES = 30, 10, 3
"""TCP keep-alive: seconds until the first probe and between probes, and how many go unanswered."""


def dial(host: str, port: int, deadline: Deadline, attempt: Attempt) -> socket.socket:
    """Connect to the first of a host's addresses that answers; each has a fair share of the time.

    :raises OSError: if none answers; a ``gaierror`` if there is no such host.
    """
    addresses = _resolve(host, port, deadline, attempt)
    errors: list[OSError] = []
    for index, (family, address) in enumerate(addresses):
        share = Deadline(deadline.left() / (len(addresses) - index))
        carrier = socket.socket(family, socket.SOCK_STREAM)
        try:
            _connect(carrier, address, share, attempt)
        except BaseException as error:
            carrier.close()
            if not isinstance(error, OSError):
                raise
            errors.append(error)
        else:
            return carrier
    # An address that drops packets says more than one that is not routed.
    raise next((error for error in errors if isinstance(error, TimeoutError)), errors[-1])


def _connect(carrier: socket.socket, address: tuple[str | int | bytes, ...], share: Deadline, attempt: Attempt) -> None:
    _set_options(carrier)
    carrier.settimeout(0)
    with suppress(BlockingIOError):  # it is under way
        carrier.connect(address)
    watcher = poll()
    watcher.register(carrier, POLLOUT)
    while not watcher.poll(min(share.left(), SLICE) * 1000):
        attempt.check()
    error = carrier.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))


def _set_options(carrier: socket.socket) -> None:
    carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    carrier.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", IDLE), ("TCP_KEEPINTVL", INTERVAL), ("TCP_KEEPCNT", PROBES)):
        if hasattr(socket, name):  # not everywhere
            carrier.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


# Names


class _Lookup:
    """A name that is being looked up. An exception from a signal leaves nothing locked that its thread needs."""

    def __init__(self) -> None:
        self.answer: list[Address] | OSError | None = None
        self._open = Lock()
        self._open.acquire()

    def wait(self, seconds: float) -> None:
        """Wait for the answer."""
        if self._open.acquire(timeout=seconds):
            self._open.release()

    def end(self, answer: list[Address] | OSError) -> None:
        """Keep the answer, and wake all that wait for it."""
        self.answer = answer
        self._open.release()


_LOOKUPS: dict[tuple[int, str, int], _Lookup] = {}
"""By process, since a forked one has no thread that goes on with them."""


def _resolve(host: str, port: int, deadline: Deadline, attempt: Attempt) -> list[Address]:
    """Look a name up, in a thread of its own, since nothing else bounds or interrupts it.

    Whoever asks for a name that is being looked up waits for the same thread: there is never more than one for a name,
    however long the machine's resolver takes, and it is gone when that has given up.
    """
    with suppress(OSError, UnicodeError):  # it is a name
        return _addresses(host, port, socket.AI_NUMERICHOST)
    found = _look_up(host, port)
    while (answer := found.answer) is None:
        attempt.check()
        found.wait(min(deadline.left(), SLICE))
    if isinstance(answer, OSError):
        raise type(answer)(*answer.args)  # others raise it, too
    return answer


def _look_up(host: str, port: int) -> _Lookup:
    mine = _Lookup()
    key = os.getpid(), host, port
    try:
        found = _LOOKUPS.setdefault(key, mine)
        if found is mine:
            Thread(target=_ask, args=(key, found), name="resolver", daemon=True).start()
    except BaseException:
        _forget(key, mine)
        raise
    return found


def _forget(key: tuple[int, str, int], lookup: _Lookup) -> None:
    if _LOOKUPS.get(key) is lookup:
        del _LOOKUPS[key]


def _ask(key: tuple[int, str, int], found: _Lookup) -> None:
    answer: list[Address] | OSError
    try:
        answer = _addresses(*key[1:])
    except OSError as error:
        answer = _why(error)
    except Exception:  # noqa: BLE001 -- such as a label that is too long: there is no such host
        answer = socket.gaierror(socket.EAI_NONAME, "no host name")
    _forget(key, found)
    found.end(answer)


def _why(error: OSError) -> OSError:
    """Return why a name was not found: a resolver that can open nothing more says that there is none."""
    try:
        socket.socket().close()
    except OSError as why:
        return why
    return error


def _addresses(host: str, port: int, flags: int = 0) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(socket.AddressFamily(family), address) for family, _, _, _, address in found]


# SOCKS


class NoTarget(socket.gaierror):
    """There is no such server, and the proxy was not even asked."""


def _resolved_here(host: str, port: int, deadline: Deadline, attempt: Attempt) -> str:
    try:
        found = _resolve(host, port, deadline, attempt)
    except socket.gaierror as error:
        raise NoTarget(*error.args) from None
    return str(min(found)[1][0])  # IPv4 first, which every version of SOCKS has


def dial_by_socks(proxy: Proxy, target: tuple[str, int], deadline: Deadline, attempt: Attempt) -> socket.socket:
    """Connect to a target through a SOCKS proxy.

    :raises OSError: if the proxy is not reached, or does not let us through.
    """
    host, port = target
    if not proxy.resolves:
        host = _resolved_here(host, port, deadline, attempt)
    from socks import ProxyError  # type: ignore[import-untyped]  # no types are published for it

    negotiation = _negotiation(proxy, dial(proxy.host, proxy.port, deadline, attempt), deadline)
    try:
        attempt.carried_by(negotiation)
        negotiation.connect((host, port))
        return socket.socket(fileno=negotiation.detach())
    except ProxyError as error:
        raise error.socket_err or error from None
    finally:
        negotiation.close()


class _Dialled(socket.socket):
    """What PySocks takes for a socket of the operating system: one that is connected, and keeps to a deadline."""

    deadline: Deadline

    def connect(self, _address: object) -> None:
        """Be connected already."""

    def recv_into(self, *into: Any) -> int:
        """Receive before the deadline, however little comes each time."""
        socket.socket.settimeout(self, self.deadline.left())
        return super().recv_into(*into)


def _negotiation(proxy: Proxy, carrier: socket.socket, deadline: Deadline) -> Any:
    import socks

    class Negotiation(socks.socksocket, _Dialled):  # type: ignore[misc]
        """PySocks' own, over what stands above."""

    negotiation = Negotiation(carrier.family, socket.SOCK_STREAM, fileno=carrier.detach())
    negotiation.deadline = deadline
    kind = socks.SOCKS5 if proxy.scheme.startswith("socks5") else socks.SOCKS4
    negotiation.set_proxy(kind, proxy.host, proxy.port, proxy.resolves, proxy.user, proxy.password)
    return negotiation
