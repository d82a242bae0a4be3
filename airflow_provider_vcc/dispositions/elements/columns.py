"""From the columns of a table to the fields of elements.

A batch of rows is turned over once, so that each column is converted as a whole. A row that is anything but plain
becomes a dictionary in field names, for the checker to judge on its own.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from itertools import repeat
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.elements.fields import FIELDS, IDS, Element, Plain
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.sources.rows import TableRows

__all__ = ["ColumnPlan", "InvalidRow", "check_field_map", "map_fields"]

CRITERION = "search."
MOST_KNOWN = 16_384
LARGEST_EXACT_FLOAT = 2**53
LENGTH = len("2017-10-10 11:00:00")
_ODD: Any = object()
_NONE = type(None)
_TEXTS = {str, _NONE}
_FLAGS = {True: True, False: False, "true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class InvalidRow(InvalidElement):
    """A row that does not fit its table; ``element`` shows it."""

    def __init__(self, reason: str, element: dict[str, Any]) -> None:
        super().__init__(reason)
        self.element = element


def check_field_map(field_map: Mapping[str, str]) -> None:
    """See that names are mapped to fields, or to ``search.<criterion>``, and no two to the same.

    :raises VccConfigurationError: with the nearest field.
    """
    if not hasattr(field_map, "items"):
        raise VccConfigurationError("field_map must be an object such as {'record': 'numberid', 'city': 'search.city'}")
    seen: dict[str, str] = {}
    for name, target in field_map.items():
        if not _is_target(target):
            near = _did_you_mean(str(target), FIELDS)
            raise VccConfigurationError(f"field_map: {target!r} is no field of an element{near}")
        if target in seen:
            raise VccConfigurationError(f"field_map: {seen[target]!r} and {name!r} are both mapped to {target!r}")
        seen[target] = name
    if "search" in seen and (criterion := next(filter(_is_criterion, seen), None)):
        raise VccConfigurationError(
            f"field_map: {seen['search']!r} is the whole search, so {criterion!r} cannot be added"
        )


def map_fields(element: Mapping[str, Any], field_map: Mapping[str, str]) -> dict[str, Any]:
    """Rename what is mapped; other names stay as they are.

    :raises InvalidElement: where two names give the same field.
    """
    mapped: dict[str, Any] = {}
    search: dict[str, Any] = {}
    for name, value in element.items():
        target = field_map.get(name, name)
        if target is not name and _is_criterion(target):
            if value is not None:
                search[target[len(CRITERION) :]] = value
        elif mapped.get(target) is None:
            mapped[target] = value
        elif value is not None:
            raise InvalidElement(f"two names give {target!r}")
    if search:
        if mapped.get("search") is not None:
            raise InvalidElement("search is given as a whole and by criteria")
        mapped["search"] = search
    return mapped


class ColumnPlan:
    """How the rows of one table become elements; made once for all of them.

    :param columns: the table's columns, each a field of an element or a key of ``field_map``.
    :param field_map: column -> field, or ``search.<criterion>``.
    :param convert_date: gives the text of a datetime that has an offset; without it such a row is left to the checker.
    :raises VccInputError: where a column has no field, with the nearest one.
    """

    def __init__(
        self,
        columns: Sequence[str],
        field_map: Mapping[str, str] | None = None,
        convert_date: Callable[[datetime], str] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.targets = _targets(self.columns, field_map or {})
        self._convert_date = convert_date
        self._dates: dict[Any, Any] = {}

    def build(self, rows: TableRows) -> list[Any]:
        """Give for each row a ``Plain``, an ``Element``, a dictionary in field names, or an ``InvalidRow``."""
        if not rows.values:
            return []
        values = self._fitted(rows.values)
        odd: set[int] = set()
        elements = self._elements(values, odd)
        for index in odd:
            elements[index] = self._by_hand(values[index])
        if values is not rows.values:
            for index, row in enumerate(rows.values):
                if len(row) > len(self.columns):
                    elements[index] = self._too_long(row)
        return elements

    def _fitted(self, values: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        width = len(self.columns)
        if set(map(len, values)) == {width}:
            return values
        return [row[:width] + (None,) * (width - len(row)) for row in values]

    def _elements(self, values: list[tuple[Any, ...]], odd: set[int]) -> list[Any]:
        fields: dict[str, Sequence[Any]] = {}
        criteria: dict[str, Sequence[Any]] = {}
        for target, column in zip(self.targets, zip(*values, strict=True), strict=True):
            kinds = set(map(type, column))
            if kinds == {_NONE}:
                continue
            if _is_criterion(target):
                criteria[target[len(CRITERION) :]] = _criteria(column, kinds)
            else:
                fields[target] = self._convert(target, column, kinds, odd)
        if criteria:
            fields["search"] = _joined(criteria)
        return _construct(fields, len(values), odd)

    def _convert(self, target: str, column: Sequence[Any], kinds: set[type], odd: set[int]) -> Sequence[Any]:
        if target == "next_calldate":
            return _whole_seconds(column) if kinds <= _TEXTS else self._date_texts(column, odd)
        if target == "description" and kinds <= _TEXTS:
            return column
        if target in IDS:
            return _ids(column, kinds, odd)
        return _without_odd([_ONE_BY_ONE[target](value) for value in column], odd)

    def _date_texts(self, column: Sequence[Any], odd: set[int]) -> Sequence[Any]:
        known = self._dates
        try:
            fresh = set(column) - known.keys()
        except TypeError:
            odd.update(range(len(column)))
            return column
        if len(known) > MOST_KNOWN:
            known = self._dates = {}
            fresh = set(column)
        known.update((value, self._date_text(value)) for value in fresh)
        return _without_odd([known[value] for value in column], odd)

    def _date_text(self, value: Any) -> Any:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                return datetime.isoformat(value, " ", "seconds")
            try:
                return self._convert_date(value) if self._convert_date else _ODD
            except InvalidElement:
                return _ODD
        if isinstance(value, date):
            return f"{value.isoformat()} 00:00:00"
        return value if value is None or isinstance(value, str) else _ODD

    def _by_hand(self, row: tuple[Any, ...]) -> dict[str, Any]:
        element: dict[str, Any] = {}
        for target, value in zip(self.targets, row, strict=True):
            if value is None:
                continue
            if _is_criterion(target):
                element.setdefault("search", {})[target[len(CRITERION) :]] = _criterion(value)
                continue
            better = _ONE_BY_ONE[target](value) if target in {"search", "sendDispositionMessages"} else _ODD
            element[target] = value if better is _ODD else better
        return element

    def _too_long(self, row: tuple[Any, ...]) -> InvalidRow:
        width = len(self.columns)
        element = {**self._by_hand(row[:width]), "more": list(row[width:])}
        return InvalidRow(f"the row has {len(row)} cells, and its table {width} columns", element)


def _targets(columns: tuple[str, ...], field_map: Mapping[str, str]) -> list[str]:
    check_field_map(field_map)
    for name in field_map:
        if name not in columns:
            near = _did_you_mean(name, columns) or f"; the columns are {_listed(columns)}"
            raise VccInputError(f"field_map names the column {name!r}, which is not there{near}")
    targets: list[str] = []
    for name in columns:
        target = field_map.get(name, name)
        if name not in field_map and name not in FIELDS:
            raise VccInputError(_no_field(name))
        if target in targets:
            raise VccInputError(f"columns {columns[targets.index(target)]!r} and {name!r} both give {target!r}")
        targets.append(target)
    _check_whole(columns, targets)
    return targets


def _check_whole(columns: tuple[str, ...], targets: list[str]) -> None:
    criterion = next(filter(_is_criterion, targets), None)
    if criterion and "search" in targets:
        raise VccInputError(f"a column gives the whole 'search', so {criterion!r} cannot be added to it")
    if not criterion and "search" not in targets and "numberid" not in targets:
        raise VccInputError(
            f"no column gives 'numberid' or 'search', so no record is named; the columns are {_listed(columns)}"
        )


def _no_field(name: str) -> str:
    near = _nearest(name, FIELDS)
    hint = f"; did you mean {near!r}?" if near else f"; the fields are {', '.join(FIELDS)}."
    return (
        f"column {name!r} is no field of an element{hint} "
        f"Rename it, leave it out, or map it: field_map={{{name!r}: {near or 'search.' + name!r}}}"
    )


def _nearest(name: str, choices: Iterable[str]) -> str | None:
    by_lower = {choice.lower(): choice for choice in choices}
    near = get_close_matches(name.lower(), by_lower, 1, 0.5)
    return by_lower[near[0]] if near else None


def _did_you_mean(name: str, choices: Iterable[str]) -> str:
    near = _nearest(name, choices)
    return f"; did you mean {near!r}?" if near else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names)) or "none"


def _is_target(target: object) -> bool:
    return isinstance(target, str) and (target in FIELDS or (_is_criterion(target) and target != CRITERION))


def _is_criterion(target: str) -> bool:
    return target.startswith(CRITERION)


def _construct(fields: dict[str, Sequence[Any]], count: int, odd: set[int]) -> list[Any]:
    if "search" in fields or "sendDispositionMessages" in fields:
        return list(map(Element, *(fields.get(name, repeat(None)) for name in FIELDS)))
    numberids = fields.get("numberid")
    if numberids is None:
        odd.update(range(count))
        return [None] * count
    if None in numberids:
        odd.update(index for index, value in enumerate(numberids) if value is None)
    return list(map(Plain, *(fields.get(name, repeat(None)) for name in Plain.__struct_fields__)))


def _without_odd(values: list[Any], odd: set[int]) -> list[Any]:
    if _ODD in values:
        odd.update(index for index, value in enumerate(values) if value is _ODD)
    return values


def _ids(column: Sequence[Any], kinds: set[type], odd: set[int]) -> Sequence[Any]:
    if kinds == {int}:
        return list(map(str, column))
    if kinds <= _TEXTS:
        if "" in column:
            odd.update(index for index, value in enumerate(column) if value == "")
        return column
    return _without_odd([_id(value) for value in column], odd)


def _id(value: Any) -> Any:
    kind = value.__class__
    if value is None or (kind is str and value):
        return value
    if kind is int:
        return str(value)
    whole = False
    if kind is float:
        whole = abs(value) < LARGEST_EXACT_FLOAT and value.is_integer()
    if kind is Decimal:
        whole = value.is_finite() and value == value.to_integral_value()
    return str(int(value)) if whole else _ODD


def _whole_seconds(column: Sequence[Any]) -> Sequence[Any]:
    """Leave out fractions, as databases write them; nothing is changed where the first text has none."""
    if len(next(filter(None, column), "")) <= LENGTH:
        return column
    return [_whole_second(text) if text else text for text in column]


def _whole_second(text: str) -> str:
    whole, dot, fraction = text[:LENGTH], text[LENGTH : LENGTH + 1], text[LENGTH + 1 :]
    return whole if dot == "." and fraction.isdecimal() and text.isascii() else text


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else _ODD


def _flag(value: Any) -> Any:
    try:
        return None if value is None else _FLAGS.get(value.strip().lower() if isinstance(value, str) else value, _ODD)
    except TypeError:
        return _ODD


def _search(value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return _ODD
    if isinstance(value, dict):
        return {name: _criterion(one) for name, one in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return [{name: _criterion(item) for name, item in one.items()} for one in value]
    return value if value is None else _ODD


_ONE_BY_ONE: dict[str, Callable[[Any], Any]] = {
    "description": _text,
    "search": _search,
    "sendDispositionMessages": _flag,
}


def _criteria(column: Sequence[Any], kinds: set[type]) -> Sequence[Any]:
    return column if kinds <= {str, int, bool, _NONE} else [_criterion(value) for value in column]


def _criterion(value: Any) -> Any:
    """Give a criterion as JSON has it: whole numbers without a fraction, dates as the API writes them."""
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == value.to_integral_value() else str(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        return datetime.isoformat(value, " ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    return None if value != value else value  # noqa: PLR0124 -- not a number


def _joined(criteria: dict[str, Sequence[Any]]) -> list[dict[str, Any] | None]:
    names = list(criteria)
    return [
        {name: value for name, value in zip(names, row, strict=True) if value is not None} or None
        for row in zip(*criteria.values(), strict=True)
    ]
