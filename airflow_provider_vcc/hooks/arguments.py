"""What the hook's caller hands over: looked at before anything is sent, since no operator has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from airflow_provider_vcc.exceptions import VccConfigurationError

__all__ = ["check_attempts", "check_batch", "check_texts"]


def check_batch(elements: object, disposition: object, avoid_in_call: object) -> None:
    """Check that the parts of a batch are of the kinds that the API documents.

    :raises VccConfigurationError: if one is not. No value is in the message, since it may be personal.
    """
    if not isinstance(elements, Sequence) or isinstance(elements, str | bytes | bytearray):
        _refuse("elements", "a list of elements", elements)
    for index, element in enumerate(elements):
        if not isinstance(element, Mapping):
            _refuse(f"element {index}", "an object with the fields of an element", element)
    if not isinstance(disposition, Mapping | None):
        _refuse("disposition", "an object", disposition)
    if not isinstance(avoid_in_call, bool | None):
        _refuse("avoid_in_call", "True, False or None", avoid_in_call)


def check_attempts(attempts: object) -> None:
    """Check that a request is to be sent at least once.

    :raises VccConfigurationError: if it is not.
    """
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
        raise VccConfigurationError(f"attempts must be an integer of at least 1, got {attempts!r:.60}")


def check_texts(**texts: object) -> None:
    """Check that arguments are texts.

    :raises VccConfigurationError: naming the first that is not.
    """
    for name, text in texts.items():
        if not isinstance(text, str):
            _refuse(name, "a text", text)


def _refuse(name: str, must: str, value: object) -> NoReturn:
    raise VccConfigurationError(f"{name} must be {must}, got the type {type(value).__name__}")
