"""What messages may say about a path or URL, in which credentials may stand."""

from __future__ import annotations

from airflow_provider_vcc.redaction.addresses import public_name
from airflow_provider_vcc.redaction.addresses import without_secrets as redacted

__all__ = ["public_name", "redacted"]
