"""Files on this machine and in object storage, by the URLs that Airflow's ``ObjectStoragePath`` opens."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_provider_vcc._identity import local_path
from airflow_provider_vcc.dispositions.outcomes.failures import create_local
from airflow_provider_vcc.dispositions.sources.bytes.streams import local_size, open_local
from airflow_provider_vcc.dispositions.sources.names import public_name, redacted
from airflow_provider_vcc.exceptions import VccInputError
from airflow_provider_vcc.redaction import raise_alone, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["create_binary", "open_binary", "size"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
A_USER = "a user and password cannot stand before the bucket: write the id of a connection there, or nothing"
_OPEN_SECRET = re.compile(r"(?:s3|s3a|s3n|gs|gcs|abfs|abfss|adl|az|wasb|wasbs)://[^/?#]*:[^/?#]*@", re.IGNORECASE)
_PROVIDERS = {
    "s3": "apache-airflow-providers-amazon[s3fs]",
    "s3a": "apache-airflow-providers-amazon[s3fs]",
    "gs": "apache-airflow-providers-google",
    "gcs": "apache-airflow-providers-google",
    "abfs": "apache-airflow-providers-microsoft-azure",
    "abfss": "apache-airflow-providers-microsoft-azure",
    "adl": "apache-airflow-providers-microsoft-azure",
}


def open_binary(url: str) -> BinaryIO:
    """Open a file for reading.

    :param url: a local path, or a URL such as ``s3://aws_default@bucket/key.jsonl``.
    :raises VccInputError: where nothing that is installed opens such URLs; else what the file system raises.
    """
    if not _SCHEME.match(url):
        return open_local(url)
    with _named(url) as target:
        return cast("BinaryIO", target.open("rb"))


def size(url: str) -> int | None:
    """Return a file's size in bytes, or None where its file system does not say."""
    if not _SCHEME.match(url):
        return local_size(url)
    with _named(url) as target:
        known = getattr(target.stat(), "st_size", None)
    return known if isinstance(known, int) else None


def create_binary(url: str, but: str | None = None) -> BinaryIO:
    """Create a file, or replace it, and the folders above it on this machine, where only its owner may read it.

    :param but: the input, which it must not be.
    :raises VccInputError: where nothing that is installed opens such URLs; else what the file system raises.
    """
    path = local_path(url)
    if path is not None:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # noqa: PTH103, PTH120 -- paths are texts here
        return create_local(path, None if but is None else local_path(but))
    with _named(url) as target:
        return cast("BinaryIO", target.open("wb"))


@contextmanager
def _named(url: str) -> Iterator[Any]:
    """Return the path; if nothing opens it, the error says what to install."""
    from airflow_provider_vcc._compat import ObjectStoragePath

    try:
        _refuse_password(url)
        yield ObjectStoragePath(url)
    except (ValueError, ImportError) as error:
        name = public_name(url)
        scheme = name.partition("://")[0].lower()
        provider = _PROVIDERS.get(scheme, f"the provider that brings {scheme}://")
        reason = redacted(str(error), url)
        told = VccInputError(f"{name} cannot be opened ({reason}); is {provider} installed?", source=name)
        if secrets_of(url):
            raise_alone(told)
        raise told from error


def _refuse_password(url: str) -> None:
    """Refuse a user and a password where the id of a connection may stand: Airflow would log that it knows none."""
    if _OPEN_SECRET.match(url):
        raise ValueError(A_USER)
