"""Elements, arguments and addresses as a person may see them: their shape, ids and dates, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from airflow_provider_vcc.redaction.foreign import MASK
from airflow_provider_vcc.redaction.vocabulary import CRITERIA, FIELDS, IDS

__all__ = ["masked", "shown_arguments", "shown_elements"]

MOST_SHOWN = 20
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9T:+ .Z-]*)?", re.ASCII)


def shown_elements(value: object, names: Iterable[str] = ()) -> object:
    """Return what may be shown of elements in whatever form: the first ones, masked; of a text only its length.

    :param names: names of ours beside the documented ones, such as a field map's.
    """
    if isinstance(value, Mapping):
        return masked(value, names)
    if isinstance(value, list | tuple):
        first = [masked(item, names) for item in value[:MOST_SHOWN]]
        return first if len(value) <= MOST_SHOWN else [*first, _more(len(value) - MOST_SHOWN)]
    if isinstance(value, str | bytes):
        return f"a text of {len(value):,} characters, not shown since it may hold personal data"
    if value is None:
        return "None"  # not None itself, since Airflow 3.1 takes its length
    if isinstance(value, Sequence) or hasattr(value, "__arrow_c_stream__"):
        return f"a {type(value).__name__}, not shown since it may hold personal data"
    return MASK


def shown_arguments(value: object, _names: Iterable[str] = ()) -> object:
    """Return what may be shown of a function's or a query's arguments: their names, and how many there are."""
    if isinstance(value, Mapping):
        return {str(name): MASK for name in value}
    return [MASK for _ in value] if isinstance(value, list | tuple) else MASK


def masked(element: object, names: Iterable[str] = ()) -> object:
    """Return an element with its ids and dates, and without the rest: also without names that nobody documented.

    :param names: names of ours beside the documented ones.
    """
    if isinstance(element, Mapping):
        known = {*FIELDS, *names}
        return _named((name if name in known else None, _masked(name, item, names)) for name, item in element.items())
    if isinstance(element, list | tuple):
        return [masked(item, names) for item in element[:MOST_SHOWN]]
    return MASK


def _masked(name: object, value: object, names: Iterable[str]) -> object:
    if name in IDS and (value is None or isinstance(value, str | int)):
        return value
    if name == "sendDispositionMessages" and (value is None or isinstance(value, bool)):
        return value
    if name == "next_calldate" and (isinstance(value, date) or _DATE.fullmatch(str(value))):
        return str(value)
    if name == "search" and isinstance(value, Mapping):
        return _criteria(value, names)
    if name == "search" and isinstance(value, list | tuple):
        return [_criteria(one, names) if isinstance(one, Mapping) else MASK for one in value]
    return MASK


def _criteria(search: Mapping[object, object], names: Iterable[str]) -> dict[str, object]:
    known = {*CRITERIA, *(name.removeprefix("search.") for name in names)}
    return _named((name if name in known else None, MASK) for name in search)


def _named(pairs: Iterable[tuple[object, object]]) -> dict[str, object]:
    """Make an object of pairs; None is a name that is not shown."""
    made: dict[str, object] = {}
    for name, value in pairs:
        hidden = sum(shown.startswith(MASK) for shown in made) + 1
        made[str(name) if name is not None else MASK if hidden == 1 else f"{MASK} {hidden}"] = value
    return made


def _more(count: int) -> str:
    return f"and {count:,} more {'element' if count == 1 else 'elements'}"
