"""Errors that bring nothing along: a cause shows its own text, and keeps what it was about."""

from __future__ import annotations

from typing import NoReturn

__all__ = ["raise_alone"]


def raise_alone(error: BaseException) -> NoReturn:
    """Raise an error without cause and context, also within ``except``.

    ``raise ... from None`` only hides the context: it stays reachable as ``__context__``.

    :raises BaseException: the error, always.
    """
    error.__cause__ = None
    try:
        raise error
    finally:
        error.__context__ = None
        error.__suppress_context__ = True
