"""What messages may say about a path or URL, in which credentials may stand."""

from __future__ import annotations

from airflow_provider_vcc.redaction.addresses import public_name
from airflow_provider_vcc.redaction.addresses import without_secrets as redacted

__all__ = ["public_cause", "public_name", "redacted"]


def public_cause(error: Exception, path: str) -> Exception | None:
    """Return the cause of an error as its traceback may show it: none if the path has something to hide."""
    return error if public_name(path) == path else None
