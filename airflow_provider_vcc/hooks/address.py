"""The API's address: what Host and Port say, or else the customer's subdomain."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, unquote, urlsplit

from airflow_provider_vcc.hooks.fields import shown, text_of, wrong

__all__ = ["DOMAIN", "base_url", "is_label", "is_loopback"]

DOMAIN = "asp.virtual-call-center.eu"
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)
HOST_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?\.?", re.IGNORECASE | re.ASCII)
PATH = re.compile(r"(/[a-z0-9._~!$&'()*+,;=:@%-]*)*", re.IGNORECASE | re.ASCII)


def is_loopback(host: str | None) -> bool:
    """Return whether a host name or address can only be this machine: 127.0.0.0/8, ::1 or localhost."""
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_label(customer: str) -> bool:
    """Return whether a customer can be a subdomain."""
    return LABEL.fullmatch(customer) is not None


def base_url(host: object, port: object, customer: str) -> str:
    """Return the URL up to and with ``/v2``.

    :param host: the connection's Host; empty for the customer's subdomain.
    :param port: the connection's Port.
    :raises VccConfigurationError: if it is not an address, or the token would go there in plain text.
    """
    parts = _split_host(text_of(host) or f"{customer.lower()}.{DOMAIN}")
    if parts.scheme not in {"https", "http"}:
        raise wrong("Host", "is neither a host name nor an https:// address", f"write {_example(customer)}")
    name = _host_name(parts)
    if parts.scheme == "http" and not is_loopback(name):
        raise wrong(
            "Host",
            f"is http://{name}, which would send the token over the network in plain text",
            "write https://, or leave Host empty; http:// is for a sandbox on 127.0.0.1, ::1 or localhost",
        )
    number = _port(port, parts)
    netloc = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{netloc}{f':{number}' if number else ''}{_path(parts)}"


def _example(customer: str) -> str:
    return f"a host name such as {customer.lower() if is_label(customer) else 'mycc'}.{DOMAIN}, or leave it empty"


def _split_host(text: str) -> SplitResult:
    if not text.isprintable():  # urlsplit drops a line break, so that the token would go to another host
        raise wrong("Host", "has a line break or control character in it", "write a host name alone, or a base URL")
    if "://" not in text:
        text = f"https://{f'[{text}]' if _is_bare_ipv6(text) else text}"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 -- raises where it is none
    except ValueError:
        raise wrong("Host", "is not an address", "write a host name, host:port or a base URL") from None
    if parts.username is not None or parts.password is not None:
        raise wrong("Host", "has credentials in it", "write them in Login and Password, and only the host here")
    slipped = parts.netloc.endswith(":") or parts.netloc.lower() in {"http", "https"}  # https:/host, https//host
    if slipped or parts.port == 0:
        raise wrong("Host", "is not an address", "write a host name, host:port or a base URL")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise wrong("Host", "has a query or a fragment", "write the address only up to its path")
    return parts


def _is_bare_ipv6(text: str) -> bool:
    try:
        return ip_address(text).version == 6  # noqa: PLR2004 -- the name of the protocol
    except ValueError:
        return False


def _host_name(parts: SplitResult) -> str:
    host = parts.hostname or ""
    known = _is_bare_ipv6(host) if ":" in host else HOST_NAME.fullmatch(host)
    if not known or ".." in host or "%" in host:  # what stands behind % is a zone of IPv6, which no URL can have
        raise wrong("Host", "is not a host name", "write letters, digits, hyphens and dots only, or an IP address")
    return host


def _port(value: object, parts: SplitResult) -> int | None:
    text = text_of(value)
    if text in {"", "0"}:
        return parts.port
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:  # noqa: PLR2004 -- 16 bits
        raise wrong("Port", f"is {shown(value)}", "write a number from 1 to 65535, or leave it empty")
    port = int(text)
    if parts.port not in {None, port}:
        raise wrong("Port", f"is {port} where Host says {parts.port}", "leave one of them out")
    return port


def _path(parts: SplitResult) -> str:
    path = parts.path.rstrip("/")
    if not PATH.fullmatch(path) or ".." in unquote(path).split("/"):
        raise wrong("Host", "has a path that cannot be sent", "write the address up to /v2, or the host name alone")
    return path if path.endswith("/v2") else f"{path}/v2"
