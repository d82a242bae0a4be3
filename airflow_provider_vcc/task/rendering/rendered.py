"""Rendered values that hold what is personal: Airflow shows them on its page of rendered templates, without that.

Airflow logs the whole value with an error of its template, calls a function that stands in a field, and shows what
came of it: so private fields are rendered here, in all of its versions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.redaction import MASK, public_name, raise_alone, shown_arguments, shown_elements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Show = Callable[[Any, Iterable[str]], object]
    """Returns what may be shown of a value; the second argument is names of ours beside the documented ones."""

__all__ = ["CONTROL_FLOW", "PRIVATE", "Personal", "bare", "cannot_render", "render_field", "shown_address", "wrapped"]

NO_TEMPLATE = (
    "{!r} is the path of a template file that does not exist: put it beside the DAG file, or where the DAG's "
    "template_searchpath finds it. For a file that is to be read as it is, use elements_path"
)
CONTROL_FLOW = frozenset({"AirflowSkipException", "AirflowFailException", "AirflowRescheduleException", "TaskDeferred"})
_EXPRESSION = re.compile(r"\{\{(.*?)\}\}|\{%(.*?)%\}", re.DOTALL)
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_UNDEFINED = re.compile(r"'(\w+)' is undefined|has no attribute '(\w+)'")
_A_DAY = re.compile(r"['\"]\d{4}-\d\d-\d\d([T ][0-9T:+ .Z-]*)?['\"]", re.ASCII)
_QUOTED = re.compile(r"'(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\"", re.DOTALL)
"""A text in a query. In double quotes it is a name in some databases, and a text as well in others."""
_A_PATH = re.compile(r"[\w./ -]{1,200}")


class Personal:
    """Behaves as the value that it holds, and shows it masked.

    :param value: elements, an object, arguments or an address, rendered.
    :param show: gives what may be shown of it.
    :param names: names of ours beside the documented ones, such as a field map's.
    """

    def __init__(self, value: Any, show: Show = shown_elements, names: Iterable[str] = ()) -> None:
        self.value = value
        self._show = show
        self._names = tuple(names)

    def serialize(self) -> Any:
        """Return what may be shown: Airflow 3 calls this for its page of rendered templates."""
        return self._show(self.value, self._names)

    def __str__(self) -> str:
        return str(self.serialize())

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return bool(self.value == bare(other))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.value)

    def __contains__(self, item: object) -> bool:
        return item in self.value

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]


def bare(value: object) -> Any:
    """Return the value itself."""
    return value.value if isinstance(value, Personal) else value


def wrapped(value: object, show: Show, operator: object) -> Any:
    """Return a private field's value so that it is shown as it may be; what hides nothing stays as it is."""
    if isinstance(value, str | list | tuple | dict) and not value:
        return value
    if show not in HIDING and (value is None or show(value, ()) == str(value)):
        return value
    field_map = getattr(operator, "field_map", None)
    return Personal(value, show, map(str, field_map) if isinstance(field_map, Mapping) else ())


def shown_address(value: object, _names: object = ()) -> object:
    """Return a path or URL without what opens it."""
    return public_name(str(value)) if isinstance(value, str | PathLike) or hasattr(value, "as_uri") else MASK


def shown_query(template: object) -> Show:
    """Return what shows a query: its literals only as far as its author wrote them, or as they are days.

    :param template: what the author wrote.
    """
    ours = set(_QUOTED.findall(template)) if isinstance(template, str) else set()

    def is_shown(literal: str) -> bool:
        return literal in ours or _A_DAY.fullmatch(literal) is not None

    def show(value: object, _names: object = ()) -> object:
        return _QUOTED.sub(lambda found: found[0] if is_shown(found[0]) else MASK.join(found[0][0] * 2), str(value))

    return show


def render_field(name: str, value: object, how: Callable[[object], object], **context: Any) -> Any:
    """Render a private field, or call the function that stands in it.

    :param how: renders a template.
    :param context: what Airflow gives to such a function.
    :raises VccConfigurationError: if that fails, without anything that the field holds.
    """
    try:
        return value(**context) if callable(value) else how(value)
    except VccConfigurationError:
        raise
    except Exception as error:
        if type(error).__name__ in CONTROL_FLOW:
            raise
        raise_alone(cannot_render(name, value, error))


def cannot_render(name: str, value: object, error: Exception) -> VccConfigurationError:
    """Return the error to show of a field that cannot be rendered: without anything that it holds."""
    kind = type(error).__name__
    if kind == "TemplateNotFound" and isinstance(value, str) and _A_PATH.fullmatch(value):
        return VccConfigurationError(NO_TEMPLATE.format(value))
    if callable(value):
        return VccConfigurationError(f"{name}: the function that gives it failed ({kind}); what it says is not shown")
    return VccConfigurationError(f"{name}: its template cannot be rendered ({kind}{_reason(value, error)})")


def _reason(value: object, error: Exception) -> str:
    """Return what is undefined, if that is a name in an expression: other words of a template may be personal."""
    line = getattr(error, "lineno", None)
    where = f" in line {line}" if isinstance(line, int) else ""
    found = _UNDEFINED.search(str(error))
    name = found and (found[1] or found[2])
    return f": {name!r} is undefined" if name and name in _names(value) else where


def _names(value: object) -> set[str]:
    if isinstance(value, str):
        expressions = " ".join(part for found in _EXPRESSION.findall(value) for part in found)
        return set(re.findall(r"\w+", _LITERAL.sub(" ", expressions)))
    items: Iterable[object] = ()
    if isinstance(value, Mapping):
        items = value.values()
    elif isinstance(value, list | tuple | set):
        items = value
    return {name for item in items for name in _names(item)}


PRIVATE: dict[str, Show] = {
    "elements": shown_elements,
    "disposition": shown_elements,
    "elements_path": shown_address,
    "failures_path": shown_address,
    "op_args": shown_arguments,
    "op_kwargs": shown_arguments,
    "parameters": shown_arguments,
    "sql": shown_query(None),
}
"""The fields of our operators that may hold what is personal or secret, and how each is shown."""
HIDING = frozenset({shown_elements, shown_arguments})
"""Show never the value itself."""
