"""Paths and URLs without what opens them: passwords, tokens, signatures."""

from __future__ import annotations

import re
from urllib.parse import unquote

from airflow_provider_vcc.redaction.foreign import MASK, redacted

__all__ = ["public_name", "public_text", "secrets_of", "without_secrets"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:(?=//)")
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30})://(?P<place>[^/?#\s]*)(?P<path>[^?#\s]*)", re.DOTALL)
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_IN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s'\"<>()]+")
_CONNECTIONS = frozenset(
    {"abfs", "abfss", "adl", "az", "file", "gcs", "gs", "hdfs", "oss", "r2", "s3", "s3a", "s3n", "wasb", "wasbs"}
)
"""Schemes whose user is the id of a connection of Airflow's, or a container."""
SHORTEST_SECRET = 3


def public_name(path: str) -> str:
    """Return a path as messages may show it: no credentials, and no query, in which a signature may stand.

    A connection id, as in ``s3://aws_default@bucket/key``, stays; before any other host it is taken for a token.
    """
    if not _URL.search(path):
        return path
    return _ADDRESS.sub(_public, _QUERY.sub("", path))


def public_text(text: str) -> str:
    """Return a text with each URL in it as messages may show it."""
    return _IN_TEXT.sub(lambda found: public_name(found[0]), text)


def secrets_of(path: str) -> list[str]:
    """Return what a path must not show: users, passwords, tokens, and what its query says."""
    if not _URL.search(path):
        return []
    query = "".join(_QUERY.findall(path))
    hidden = [query[1:], *(value.partition("=")[2] for value in re.split("[&;]", query[1:]))] if query else []
    for found in _ADDRESS.finditer(_QUERY.sub("", path)):
        user, _ = _split(found)
        if user is not None:
            hidden += [user, *user.split(":", 1)]
    return [one for text in dict.fromkeys(hidden) for one in {text, unquote(text)} if len(one) >= SHORTEST_SECRET]


def without_secrets(text: str, path: str) -> str:
    """Return a text, such as that of an error about a path, without what the path must not show."""
    text = text.replace(path, public_name(path))
    secrets = secrets_of(path)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return redacted(text, secrets) if secrets else text


def _public(found: re.Match[str]) -> str:
    _, rest = _split(found)
    return f"{found['scheme']}://{rest}"


def _split(found: re.Match[str]) -> tuple[str | None, str]:
    """Return what stands before the host, if that is secret, and the rest."""
    place, path = found["place"], found["path"]
    if "@" not in place and ":" in place and "@" in path and not place.rpartition(":")[2].isdecimal():
        place, path = place + path, ""  # a password with a slash in it
    user, at, host = place.rpartition("@")
    if not at or (found["scheme"].lower() in _CONNECTIONS and ":" not in user):
        return None, place + path
    return user, host + path
