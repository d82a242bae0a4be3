"""How a connection's fields are read and refused."""

from __future__ import annotations

from airflow_provider_vcc.exceptions import VccConfigurationError

__all__ = ["shown", "text_of", "wrong"]


def wrong(where: str, what: str, write: str) -> VccConfigurationError:
    """Return the error that names a field, what is wrong with it, and what to write."""
    return VccConfigurationError(f"{where} {what}; {write}", field=where)


def text_of(value: object) -> str:
    """Return a field's text without blanks around it."""
    return "" if value is None else str(value).strip()


def shown(value: object) -> str:
    """Return a value as a message quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 -- what fits a line
