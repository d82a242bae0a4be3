"""Proxies: what an address of one says, and how it is named without its credentials."""

from __future__ import annotations

import base64
from importlib.util import find_spec
from urllib.parse import unquote, urlsplit

import msgspec

from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes

__all__ = ["DEFAULT_PORTS", "Proxy", "basic", "netloc", "read_proxy"]

DEFAULT_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
EXAMPLE = "write one such as http://proxy:3128, special characters in its password percent-encoded"


def basic(user: str, password: str) -> str:
    """Return the credentials as HTTP Basic authentication writes them, in UTF-8."""
    return base64.b64encode(f"{user}:{password}".encode(errors="surrogateescape")).decode("ascii")


def netloc(host: str, port: int) -> str:
    """Return a host and a port as they stand in an address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Proxy(msgspec.Struct, frozen=True):
    """A proxy. Its credentials stand in no ``repr``."""

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        """Leave the credentials out."""
        return f"Proxy({self.scheme}://{self.netloc})"

    @property
    def netloc(self) -> str:
        """Host and port, to be shown."""
        return netloc(self.host, self.port)

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS instead of HTTP."""
        return self.scheme.startswith("socks")

    @property
    def resolves(self) -> bool:
        """Whether it looks the names up."""
        return self.scheme in {"socks4a", "socks5h"}

    @property
    def headers(self) -> dict[str, str]:
        """What is sent to it alone."""
        if self.user is None:
            return {}
        return {"Proxy-Authorization": "Basic " + basic(self.user, self.password or "")}


@without_causes()
def read_proxy(url: str, where: str) -> Proxy:
    """Read the address of a proxy; without a scheme, it is ``http://``.

    :param where: what to name in an error, since the address may hold a password.
    :raises VccConfigurationError: if it is not one, or needs what is not installed.
    """
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise VccConfigurationError(f"{where} is not the address of a proxy; {EXAMPLE}") from None
    dropped = set(url) & set("\t\r\n")  # by urlsplit, so that the password would go to another host
    if dropped or not _is_host(host) or parts.scheme not in DEFAULT_PORTS or port == 0 or parts.query or parts.fragment:
        raise VccConfigurationError(f"{where} is not the address of a proxy; {EXAMPLE}")
    if parts.scheme.startswith("socks") and find_spec("socks") is None:
        raise VccConfigurationError(f"{where} is a SOCKS proxy, for which PySocks is missing; install PySocks")
    user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
    return Proxy(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], user, password)


def _is_host(host: str) -> bool:
    return bool(host) and host.isprintable() and not set(host) & set(" \"'<>\\^`{|}%")
