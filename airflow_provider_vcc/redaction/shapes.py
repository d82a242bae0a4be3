"""How what holds elements shows itself, as in the reports of error trackers: its kind, its ids, its sizes."""

from __future__ import annotations

from collections.abc import Sized

from airflow_provider_vcc.redaction.vocabulary import IDS

__all__ = ["shape"]


def shape(self: object) -> str:
    """Return what ``repr`` may show of a structure: numbers and ids as they are, of all else only how long it is."""
    names: tuple[str, ...] = getattr(self, "__struct_fields__", ())
    parts = [f"{name}={_shape(name, getattr(self, name))}" for name in names if getattr(self, name) is not None]
    return f"{type(self).__name__}({', '.join(parts)})"


def _shape(name: str, value: object) -> str:
    if value is None or isinstance(value, int | float | range) or (name in IDS and isinstance(value, str)):
        return repr(value)
    if hasattr(value, "__struct_fields__"):
        return repr(value)
    return f"<{type(value).__name__} of {len(value)}>" if isinstance(value, Sized) else f"<{type(value).__name__}>"
