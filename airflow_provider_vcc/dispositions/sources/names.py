"""What messages may say about a path or URL, in which credentials may stand."""

from __future__ import annotations

import re

__all__ = ["public_cause", "public_name", "redacted"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS = re.compile(r"(?<=://)([^/]*:[^/]*)@")
_QUERY = re.compile(r"[?#].*", re.DOTALL)


def public_name(path: str) -> str:
    """Give a path as messages may show it: no credentials, and no query, in which a signature may stand.

    A connection id, as in ``s3://aws_default@bucket/key``, stays.
    """
    if not _URL.match(path):
        return path
    return _QUERY.sub("", _CREDENTIALS.sub("", path))


def redacted(text: str, path: str) -> str:
    """Give a text without what a path must not show."""
    text = text.replace(path, public_name(path))
    hidden = [*_CREDENTIALS.findall(path), *(_QUERY.findall(path) if _URL.match(path) else [])]
    for secret in hidden:
        text = text.replace(secret, "***")
    return text


def public_cause(error: Exception, path: str) -> Exception | None:
    """Give the cause of an error as its traceback may show it: none where the path has something to hide."""
    return error if public_name(path) == path else None
