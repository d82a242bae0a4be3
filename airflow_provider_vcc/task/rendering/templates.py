"""Templates of elements: None is nothing, and a text of JSON stays a text, also where Airflow makes values of texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["render_elements"]

_EXPRESSION = re.compile(r"\s*\{\{(?:(?!\}\}).)*\}\}\s*", re.DOTALL)
_MARK = "\0"
"""Begins no Python literal: Jinja's native templates would make one of the text of a template."""


class _Nothing:
    """Stands for None: an empty text within a text, and None by itself."""

    def __str__(self) -> str:
        return ""


class _Text:
    """Stands for a text that a native template would make a Python value of."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class _Finalize:
    """What Jinja does with the value of each expression."""

    def __init__(self, *, native: bool) -> None:
        self._native = native
        self.found_nothing = False

    def __call__(self, value: object) -> object:
        if value is None:
            self.found_nothing = True
            return _Nothing()
        return _Text(value) if self._native and isinstance(value, str) else value


def render_elements(value: Any, how: Callable[[Any, Any], Any], jinja_env: Any, extensions: tuple[str, ...]) -> Any:
    """Render elements, or an object, so that None is absent and a text that holds JSON is read as JSON.

    :param how: renders a template by an environment.
    :param extensions: what the name of a template file ends in.
    """
    from jinja2.nativetypes import NativeEnvironment

    native = isinstance(jinja_env, NativeEnvironment)
    finalize = _Finalize(native=native)
    environment = jinja_env.overlay(finalize=finalize)
    if not isinstance(value, str):
        rendered = how(value, environment)
        return _unwrapped(rendered) if isinstance(value, list | tuple | dict) else rendered
    if native and not _EXPRESSION.fullmatch(value) and not value.endswith(extensions):
        value = _MARK + value
    rendered = _unwrapped_one(how(value, environment))
    is_empty = isinstance(rendered, str) and not rendered  # a data frame compares each of its cells
    return None if is_empty and finalize.found_nothing else rendered


def _unwrapped_one(value: object) -> object:
    if isinstance(value, _Nothing):
        return None
    if isinstance(value, _Text):
        return value.text
    return value.removeprefix(_MARK) if isinstance(value, str) else value


def _unwrapped(value: object) -> object:
    if isinstance(value, dict):
        return {name: _unwrapped(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_unwrapped, value)) if type(value) in {list, tuple} else value
    return _unwrapped_one(value)
