"""Reaching an address: names, all of their addresses and SOCKS proxies within one deadline, given up at any moment."""

from __future__ import annotations

import errno
import os
import socket
from concurrent.futures import Future, wait
from select import POLLOUT, poll
from threading import Thread
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.http.attempt import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_vcc.dispositions.http.attempt import Attempt
    from airflow_provider_vcc.dispositions.http.proxies import Proxy

    Address = tuple[socket.AddressFamily, tuple[str | int | bytes, ...]]
    Watch = Callable[[socket.socket], None]

__all__ = ["NoTarget", "dial", "dial_by_socks"]

SLICE = 0.1
"""Seconds after which a wait that nothing can interrupt looks whether it has been given up."""
IN_PROGRESS = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})
IDLE, INTERVAL, PROBES = 30, 10, 3
"""TCP keep-alive: seconds until the first probe and between probes, and how many go unanswered."""


def dial(host: str, port: int, deadline: Deadline, attempt: Attempt, watch: Watch) -> socket.socket:
    """Connect to the first of a host's addresses that answers; each has a fair share of the time.

    :param watch: told each socket before it connects.
    :raises OSError: if none answers; a ``gaierror`` if there is no such host.
    """
    return _first(_resolve(host, port, deadline, attempt), deadline, attempt, watch)


def _first(addresses: list[Address], deadline: Deadline, attempt: Attempt, watch: Watch) -> socket.socket:
    errors: list[OSError] = []
    for index, (family, address) in enumerate(addresses):
        share = Deadline(deadline.left() / (len(addresses) - index))
        carrier = socket.socket(family, socket.SOCK_STREAM)
        try:
            _connect(carrier, address, share, attempt, watch)
        except BaseException as error:
            carrier.close()
            if attempt.aborted or not isinstance(error, OSError):
                raise
            errors.append(error)
        else:
            carrier.settimeout(deadline.left())
            return carrier
    # An address that drops packets says more than one that is not routed.
    raise next((error for error in errors if isinstance(error, TimeoutError)), errors[-1])


def _connect(
    carrier: socket.socket, address: tuple[str | int | bytes, ...], share: Deadline, attempt: Attempt, watch: Watch
) -> None:
    _set_options(carrier)
    watch(carrier)
    carrier.settimeout(0)
    _raise(carrier.connect_ex(address), allowed=IN_PROGRESS)
    watcher = poll()
    watcher.register(carrier, POLLOUT)
    while not watcher.poll(min(share.left(), SLICE) * 1000):
        attempt.check()
    attempt.check()
    _raise(carrier.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def _raise(code: int, allowed: frozenset[int] = frozenset({0})) -> None:
    if code not in allowed:
        raise OSError(code, os.strerror(code))


def _set_options(carrier: socket.socket) -> None:
    carrier.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    carrier.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", IDLE), ("TCP_KEEPINTVL", INTERVAL), ("TCP_KEEPCNT", PROBES)):
        if hasattr(socket, name):  # not everywhere
            carrier.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


# Names

_LOOKUPS: dict[tuple[int, str, int], Future[list[Address] | OSError]] = {}
"""By process, since a forked one has no thread that goes on with them."""


def _resolve(host: str, port: int, deadline: Deadline, attempt: Attempt) -> list[Address]:
    """Look a name up, in a thread of its own, since nothing else bounds or interrupts it.

    Whoever asks for a name that is being looked up waits for the same thread: there is never more than one for a name,
    however long the machine's resolver takes, and it is gone when that has given up.
    """
    try:
        return _addresses(host, port, socket.AI_NUMERICHOST)
    except OSError:  # it is a name
        pass
    found = _look_up(host, port)
    while not found.done():
        attempt.check()
        wait((found,), min(deadline.left(), SLICE))
    answer = found.result()
    if isinstance(answer, OSError):
        raise type(answer)(*answer.args)  # others raise it, too
    return answer


def _look_up(host: str, port: int) -> Future[list[Address] | OSError]:
    mine: Future[list[Address] | OSError] = Future()
    key = os.getpid(), host, port
    found = _LOOKUPS.setdefault(key, mine)
    if found is mine:
        try:
            Thread(target=_ask, args=(key, found), name="resolver", daemon=True).start()
        except BaseException:
            del _LOOKUPS[key]
            raise
    return found


def _ask(key: tuple[int, str, int], found: Future[list[Address] | OSError]) -> None:
    answer: list[Address] | OSError
    try:
        answer = _addresses(*key[1:])
    except OSError as error:
        answer = error
    except Exception:  # noqa: BLE001 -- such as a label that is too long: there is no such host
        answer = socket.gaierror(socket.EAI_NONAME, "no host name")
    del _LOOKUPS[key]
    found.set_result(answer)


def _addresses(host: str, port: int, flags: int = 0) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, "no host name") from None
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


def dial_by_socks(
    proxy: Proxy, target: tuple[str, int], deadline: Deadline, attempt: Attempt, watch: Watch
) -> socket.socket:
    """Connect to a target through a SOCKS proxy.

    :raises OSError: if the proxy is not reached, or does not let us through.
    """
    host, port = target
    if not proxy.resolves:
        host = _resolved_here(host, port, deadline, attempt)
    from socks import ProxyError  # type: ignore[import-untyped]  # no types are published for it

    negotiation = _negotiation(proxy, dial(proxy.host, proxy.port, deadline, attempt, watch), deadline)
    try:
        negotiation.connect((host, port))
        attempt.check()
        carrier = socket.socket(fileno=negotiation.detach())
    except ProxyError as error:
        raise error.socket_err or error from None
    finally:
        negotiation.close()
    carrier.settimeout(deadline.left())
    return carrier


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
