"""Whether two paths or URLs lead to one file, by what they lead to and not by how they are spelt."""

from __future__ import annotations

import os
import posixpath
import re
from typing import NamedTuple
from urllib.parse import unquote

__all__ = ["is_same_file", "local_path"]

_URL = re.compile(r"(?:.*::)?(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30})://(?P<place>[^/?#]*)(?P<path>[^?#]*)", re.DOTALL)
_LOCAL = frozenset({"file", "local"})
_WEB = frozenset({"http", "https"})
_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs", "adl": "abfs", "wasb": "abfs"}
_ALIASES |= {"wasbs": "abfs"}


class _Object(NamedTuple):
    """A file elsewhere: the bucket, container or host, and the path there."""

    scheme: str
    place: str
    path: str


def local_path(path: str) -> str | None:
    """Return the path on this machine that a path or URL stands for; None if it is elsewhere."""
    found = _URL.match(path)
    if found is None:
        short = re.match(r"(?:file|local):(?=/)", path, re.IGNORECASE)
        return path[short.end() :] if short else path
    if found["scheme"].lower() not in _LOCAL:
        return None
    # The place is a host that nobody looks at, an id of a connection, or the beginning of a relative path.
    place = found["place"].rpartition("@")[2]
    rest = path[found.start("path") :]
    return rest if place.lower() in {"", "localhost"} else os.path.expanduser(place + rest)  # noqa: PTH111


def is_same_file(one: str, other: str) -> bool:
    """Return whether two paths or URLs lead to one file. In doubt about object storage they do.

    On this machine links of both kinds, other mounts and the case of letters are seen through. In object storage it
    does not matter which connection leads there, and an HTTP address is recognised as that of the object.
    """
    local = [local_path(one), local_path(other)]
    if local[0] is not None and local[1] is not None:
        return any(_is_same_local(a, b) for a in _readings(local[0]) for b in _readings(local[1]))
    if local[0] is not None or local[1] is not None:
        return False
    return any(_is_same_object(_object(a), _object(b)) for a in _readings(one) for b in _readings(other))


def _readings(path: str) -> set[str]:
    """Return a path as it stands and with its escapes undone: file systems differ in that."""
    return {path, unquote(path)}


def _is_same_local(one: str, other: str) -> bool:
    try:
        if os.path.samefile(one, other):  # noqa: PTH121 -- paths are texts here
            return True
    except (OSError, ValueError):
        pass  # one of them is not there, or cannot be looked at
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except ValueError:
        return one == other


def _object(url: str) -> _Object:
    found = _URL.match(url)
    if found is None:
        return _Object("", "", url)
    scheme, place = found["scheme"].lower(), found["place"].lower()
    scheme = _ALIASES.get(scheme, scheme)
    if scheme == "abfs" and "@" in place:  # container@account.dfs.core.windows.net
        container, _, host = place.rpartition("@")
        place = container if "." in host else host
    place = place.rpartition("@")[2].removesuffix(":443" if scheme == "https" else ":80")
    path = posixpath.normpath("/" + found["path"].lstrip("/")).rstrip("/")
    return _Object("https" if scheme in _WEB else scheme, place.rstrip("."), path)


def _is_same_object(one: _Object, other: _Object) -> bool:
    if one.scheme == other.scheme:
        return (one.place, one.path) == (other.place, other.path)
    if "https" not in {one.scheme, other.scheme}:
        return False
    web, stored = (one, other) if one.scheme == "https" else (other, one)
    in_the_path = web.path == f"/{stored.place}{stored.path}"
    in_the_host = web.place.startswith(f"{stored.place}.") and web.path == stored.path
    return bool(stored.place) and (in_the_path or in_the_host)
