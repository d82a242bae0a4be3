"""The reason why an element is invalid."""

from __future__ import annotations

__all__ = ["InvalidElement"]


class InvalidElement(ValueError):
    """It cannot be a valid element. The message is the reason, and names no value, since values may be personal."""
