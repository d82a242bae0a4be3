"""Whom a request takes the sandbox for.

A page of any site can have a name of its own point to 127.0.0.1, and then read what the sandbox answers to that name.
So only requests that call it by a loopback name are answered.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_vcc.sandbox.http.wire import Answer

if TYPE_CHECKING:
    from airflow_provider_vcc.sandbox.http.wire import Head

__all__ = ["MISDIRECTED", "is_for_loopback"]

_PLACE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::[0-9]{0,5})?", re.ASCII)
MISDIRECTED = Answer(
    421, b"The sandbox answers to localhost and 127.0.0.1 only\n", {"Content-Type": "text/plain"}, closes=True
)


def is_for_loopback(head: Head) -> bool:
    """Return whether a request names this machine, in its ``Host`` and, if it has one, in its target's address."""
    names = [head.headers.get("host", "")]
    if "://" in head.target.partition("?")[0]:
        names.append(_place(head.target))
    return all(map(_is_loopback, names))


def _place(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _is_loopback(place: str) -> bool:
    found = _PLACE.fullmatch(place)
    if found is None:
        return False
    host = (found["v6"] or found["name"]).lower().removesuffix(".")
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
