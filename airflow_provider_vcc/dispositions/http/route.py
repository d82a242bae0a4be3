"""The way to one server: worked out once, before anything is noted or sent, and then walked for each connection."""

from __future__ import annotations

import os
import ssl
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.utils import DEFAULT_CA_BUNDLE_PATH, select_proxy
from urllib3.connection import ProxyConfig
from urllib3.util import parse_url
from urllib3.util.ssl_ import create_urllib3_context

from airflow_provider_vcc.dispositions.http.connection import PlainConnection, TlsConnection
from airflow_provider_vcc.dispositions.http.dial import dial, dial_by_socks
from airflow_provider_vcc.dispositions.http.proxies import DEFAULT_PORTS, Proxy, netloc, read_proxy
from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_vcc.dispositions.http.attempt import Attempt

__all__ = ["Route", "tls_context"]

Cert = str | tuple[str, str] | None
CONTENT = ("-----", "\n", "\r")
"""What no path has, and a PEM file does."""
LONGEST_PATH = 1024
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Route:
    """How a server is reached: directly or by a proxy, and with which certificates.

    :param url: any address on the server.
    :param proxies: by scheme, host or ``all``, as requests has them.
    :param verify: whether to verify its certificate, or the path of a CA bundle.
    :param cert: the client certificate: the path of a PEM file with its key, or the paths of both.
    :raises VccConfigurationError: if one of these cannot work.
    """

    def __init__(
        self, url: str, *, proxies: Mapping[str, str] | None = None, verify: bool | str = True, cert: Cert = None
    ) -> None:
        parts = urlsplit(url)
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or DEFAULT_PORTS[parts.scheme]
        self.netloc = parts.netloc.rpartition("@")[2]
        self.proxy = _proxy_for(url, proxies or {})
        self._tls = tls_context(verify, cert) if self.scheme == "https" else None
        self._proxy_tls = tls_context(verify) if self.proxy is not None and self.proxy.scheme == "https" else None

    @property
    def forwarded(self) -> bool:
        """Whether a proxy reads the request itself, instead of carrying it unread."""
        return self.proxy is not None and not self.proxy.socks and self.scheme == "http"

    def target(self, path: str) -> str:
        """Return what stands in the request line for a path."""
        return f"http://{self.netloc}{path}" if self.forwarded else path

    @property
    def headers(self) -> dict[str, str]:
        """What each request has to say to the proxy."""
        return self.proxy.headers if self.proxy is not None and self.forwarded else {}

    def connect(self, attempt: Attempt, seconds: float) -> PlainConnection:
        """Make a connection within so many seconds, proxy and TLS included.

        :raises NotReached: if there is none. Nothing has been sent then.
        """
        proxy, target = self.proxy, (self.host, self.port)
        if proxy is None or proxy.socks:
            connection = self._to(*target)
            connection.dial = partial(dial, *target) if proxy is None else partial(dial_by_socks, proxy, target)
        else:
            config = ProxyConfig(
                self._proxy_tls, use_forwarding_for_https=False, assert_hostname=None, assert_fingerprint=None
            )
            connection = self._to(
                proxy.host, proxy.port, proxy=parse_url(f"{proxy.scheme}://{proxy.netloc}"), proxy_config=config
            )
            connection.dial = partial(dial, proxy.host, proxy.port)
            if not self.forwarded:
                connection.set_tunnel(*target, {"Host": netloc(*target), **proxy.headers}, proxy.scheme)
        connection.reach(attempt, seconds)
        return connection

    def _to(self, host: str, port: int, **proxy: Any) -> PlainConnection:
        tls = self._tls or self._proxy_tls
        return (
            PlainConnection(host, port, **proxy) if tls is None else TlsConnection(host, port, ssl_context=tls, **proxy)
        )


def _proxy_for(url: str, proxies: Mapping[str, str]) -> Proxy | None:
    """Choose the proxy for an address, as requests does; None if it is reached directly.

    :param proxies: by scheme, host or ``all``.
    :raises VccConfigurationError: if it is not the address of a proxy.
    """
    chosen = select_proxy(url, dict(proxies))
    return read_proxy(chosen, _origin(chosen)) if chosen and chosen.strip() else None


def _origin(chosen: str) -> str:
    names = [name for name, value in os.environ.items() if value == chosen and name.lower().endswith("_proxy")]
    return f"{names[0]} of this machine" if names else "the proxy that was given"


@without_causes()
def tls_context(verify: bool | str, cert: Cert = None) -> ssl.SSLContext:  # noqa: FBT001 -- as requests has it
    """Return the TLS settings for a CA bundle and a client certificate.

    :raises VccConfigurationError: if one of their files cannot be used.
    """
    try:
        context = create_urllib3_context()
    except OSError:
        keys = os.environ.get("SSLKEYLOGFILE")
        raise VccConfigurationError(
            f"SSLKEYLOGFILE of this machine is {keys!r}, which cannot be written to; correct or unset it"
        ) from None
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = True
        _load_bundle(context, DEFAULT_CA_BUNDLE_PATH if verify is True else verify)
    if cert is not None:
        _load_cert(context, cert)
    return context


def _load_bundle(context: ssl.SSLContext, path: str) -> None:
    names = [name for name in BUNDLES if os.environ.get(name) == path]
    what = f"{names[0]} of this machine" if names else "the CA bundle"
    _check_path(what, path, _is_bundle, _instead(names))
    try:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except OSError:
        raise VccConfigurationError(
            f"{what} is {path!r}, which holds no certificates that can be read; {_instead(names)}"
        ) from None


def _instead(names: list[str]) -> str:
    return "correct or unset it, or name a CA bundle (PEM) in Extra verify" if names else "name a CA bundle (PEM)"


def _is_bundle(path: Path) -> bool:
    return path.is_file() or path.is_dir()  # a pipe would be waited for without an end


def _check_path(what: str, path: str, is_there: Callable[[Path], bool], instead: str) -> None:
    """Refuse what is not the path of a file; a file's content, which may be a private key, is not quoted."""
    if len(path) > LONGEST_PATH or any(mark in path for mark in CONTENT):
        raise VccConfigurationError(f"{what} is the content of a file instead of its path; {instead}")
    with suppress(OSError):  # such as a name that is too long
        if is_there(Path(path)):
            return
    raise VccConfigurationError(f"{what} is {path!r}, which is not a file here; {instead}")


def _load_cert(context: ssl.SSLContext, cert: str | tuple[str, str]) -> None:
    file, key = (cert, None) if isinstance(cert, str) else cert
    for path in filter(None, (file, key)):
        _check_path("the client certificate", path, Path.is_file, CERT)
    try:
        context.load_cert_chain(file, key, password=_no_password)
    except _Encrypted:
        raise VccConfigurationError(
            f"the key of the client certificate {file!r} is encrypted; write it without a passphrase "
            "(openssl pkey -in key.pem -out plain.pem), readable by Airflow only"
        ) from None
    except (OSError, ValueError):
        raise VccConfigurationError(
            f"the client certificate {file!r} cannot be read, or its key is missing or does not fit; {CERT}"
        ) from None


CERT = 'name a PEM file with certificate and key, or {"cert": "cert.pem", "key": "key.pem"}'


class _Encrypted(Exception):
    """A passphrase is wanted; OpenSSL would ask for it on the terminal."""


def _no_password() -> str:
    raise _Encrypted
