"""From the columns of a table to the fields of elements.

A batch of rows is turned over once, so that each column is converted as a whole. That is quick, and says only which
rows are plain: a row that is anything else becomes an object in field names, for the checker to judge by itself.
"""

from __future__ import annotations

from datetime import date, datetime
from itertools import repeat
from typing import TYPE_CHECKING, cast

from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.field_map import targets_of
from airflow_provider_vcc.dispositions.elements.fields import Element, Plain
from airflow_provider_vcc.dispositions.elements.ids import LONGEST_NUMBER, all_plain, an_id
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.names import CRITERION, IDS, is_criterion
from airflow_provider_vcc.dispositions.elements.times import MOST_DIGITS, read_time
from airflow_provider_vcc.dispositions.elements.values import a_flag, a_text, is_nothing
from airflow_provider_vcc.dispositions.sources.rows import InvalidText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.sources.rows import TableRows

__all__ = ["ColumnPlan", "InvalidRow"]

MOST_KNOWN = 16_384
LENGTH = len("2017-10-10 11:00:00")
_UNPLAIN: object = object()
_NONE = type(None)
_TEXTS = {str, _NONE}
_CRITERIA = {str, int, bool}

Row = tuple[object, ...]


class InvalidRow(InvalidElement):
    """A row that does not fit its table; ``element`` shows it."""

    def __init__(self, reason: str, element: dict[str, object]) -> None:
        super().__init__(reason)
        self.element = element


class ColumnPlan:
    """How the rows of one table become elements; made once for all of them.

    :param columns: the table's columns, each a field of an element or a key of ``field_map``.
    :param field_map: column -> field, or ``search.<criterion>``.
    :param dates: the rule for dates.
    :raises VccInputError: if a column has no field, with the nearest one.
    """

    def __init__(
        self, columns: Sequence[str], field_map: Mapping[str, str] | None = None, dates: Dates | None = None
    ) -> None:
        self.columns = tuple(columns)
        self.targets = targets_of(self.columns, field_map or {})
        self._dates = dates or Dates()
        self._known_dates: dict[object, object] = {}

    def build(self, rows: TableRows) -> list[object]:
        """Return for each row a ``Plain``, an ``Element``, an object in field names, or an ``InvalidRow``.

        Of the first, the date is still to be checked; the second is valid but for its record.
        """
        if not rows.values:
            return []
        width = len(self.columns)
        if rows.times:
            return self._elements(self._with_times(rows))
        if set(map(len, rows.values)) == {width}:
            return self._elements(rows.values)
        fitting = [row for row in rows.values if len(row) == width]
        built = iter(self._elements(fitting) if fitting else [])
        return [next(built) if len(row) == width else self._unfitting(row) for row in rows.values]

    def _with_times(self, rows: TableRows) -> list[Row]:
        """Return the rows with times instead of texts in the columns whose field is neither a date nor a criterion."""
        wrong = [place for place in rows.times if not _takes_times(self.targets[place])]
        if not wrong:
            return rows.values
        columns: list[Sequence[object]] = list(zip(*rows.values, strict=True))
        for place in wrong:
            columns[place] = [read_time(text) or text if isinstance(text, str) else text for text in columns[place]]
        return list(zip(*columns, strict=True))

    def _elements(self, values: list[Row]) -> list[object]:
        unplain: set[int] = set()
        fields: dict[str, Sequence[object]] = {}
        criteria: dict[str, Sequence[object]] = {}
        for target, column in zip(self.targets, zip(*values, strict=True), strict=True):
            kinds = set(map(type, column))
            if kinds == {_NONE}:
                if is_criterion(target):
                    criteria[target[len(CRITERION) :]] = column
                continue
            if is_criterion(target):
                criteria[target[len(CRITERION) :]] = _criteria(column, kinds)
            else:
                fields[target] = self._convert(target, column, kinds, unplain)
        if criteria:
            fields["search"] = _joined(criteria, unplain)
        elements = _construct(fields, len(values), unplain)
        for index in unplain:
            elements[index] = self._by_hand(values[index])
        return elements

    def _convert(self, target: str, column: Sequence[object], kinds: set[type], unplain: set[int]) -> Sequence[object]:
        if target == "next_calldate":
            if kinds <= _TEXTS and not self._dates.formats:
                return _whole_seconds(cast("Sequence[str | None]", column))
            return self._date_texts(column, unplain)
        if target == "description" and kinds <= _TEXTS and "" not in column:
            return column
        if target in IDS:
            return _ids(target, column, kinds, unplain)
        if target == "search":  # its own rule looks at it, and nothing may be compared with it before
            return column
        return _each(_ONE_BY_ONE[target], target, column, unplain)

    def _date_texts(self, column: Sequence[object], unplain: set[int]) -> Sequence[object]:
        known = self._known_dates
        try:
            fresh = set(column) - known.keys()
        except Exception:  # noqa: BLE001 -- a value that has no hash, or whose == raises
            unplain.update(range(len(column)))
            return column
        if len(known) > MOST_KNOWN:
            known = self._known_dates = {}
            fresh = set(column)
        known.update((value, self._date_text(value)) for value in fresh)
        return _noted([known[value] for value in column], unplain)

    def _date_text(self, value: object) -> object:
        if value is None or value.__class__ in {str, datetime, date}:
            try:
                return self._dates.convert(value)
            except InvalidElement:
                pass
        return _UNPLAIN

    def _by_hand(self, row: Row) -> dict[str, object]:
        element: dict[str, object] = {}
        search: dict[str, object] = {}
        for target, value in zip(self.targets, row, strict=False):
            if is_criterion(target):
                search[target[len(CRITERION) :]] = value
            elif value is not None:
                element[target] = value
        if not all(map(is_nothing, search.values())):
            element["search"] = search
        return element

    def _unfitting(self, row: Row) -> InvalidRow:
        width = len(self.columns)
        if row and isinstance(row[0], InvalidText):
            return InvalidRow(row[0].reason, {})
        element = self._by_hand(row)
        if len(row) > width:
            element["more"] = list(row[width:])
        return InvalidRow(f"the row has {len(row)} cells, and its table {width} columns", element)


def _takes_times(target: str) -> bool:
    return target == "next_calldate" or is_criterion(target)


def _construct(fields: dict[str, Sequence[object]], count: int, unplain: set[int]) -> list[object]:
    make: type[Element | Plain] = Element
    if "search" not in fields and "sendDispositionMessages" not in fields:
        make = Plain
        numberids = fields.get("numberid")
        if numberids is None:
            unplain.update(range(count))
            return [None] * count
        if None in numberids:
            unplain.update(index for index, value in enumerate(numberids) if value is None)
    return list(map(make, *(fields.get(name, repeat(None)) for name in make.__struct_fields__)))


def _noted(values: list[object], unplain: set[int]) -> list[object]:
    if _UNPLAIN in values:
        unplain.update(index for index, value in enumerate(values) if value is _UNPLAIN)
    return values


def _each(
    rule: Callable[[str, object], object], target: str, column: Sequence[object], unplain: set[int]
) -> Sequence[object]:
    return _noted([None if value is None else _by_rule(rule, target, value) for value in column], unplain)


def _by_rule(rule: Callable[[str, object], object], target: str, value: object) -> object:
    try:
        return rule(target, value)
    except Exception:  # noqa: BLE001 -- the value is anybody's, and so is what it raises; the checker says why
        return _UNPLAIN


def _ids(target: str, column: Sequence[object], kinds: set[type], unplain: set[int]) -> Sequence[object]:
    if kinds <= _TEXTS:
        texts = cast("Sequence[str]", column if _NONE not in kinds else [text for text in column if text is not None])
        if "" not in texts and all_plain(texts):
            return column
    elif kinds == {int}:
        try:
            numbers = list(map(str, column))
        except ValueError:  # more digits than Python makes a text of
            numbers = []
        if numbers and max(map(len, numbers)) <= LONGEST_NUMBER:
            return numbers
    return _each(an_id, target, column, unplain)


def _whole_seconds(column: Sequence[str | None]) -> Sequence[object]:
    """Leave out fractions, as databases write them; nothing is changed if the first text has none."""
    if len(next(filter(None, column), "")) <= LENGTH:
        return column
    return [_whole_second(text) if text else text for text in column]


def _whole_second(text: str) -> str:
    whole, dot, fraction = text[:LENGTH], text[LENGTH : LENGTH + 1], text[LENGTH + 1 :]
    return whole if dot == "." and fraction.isdecimal() and text.isascii() and len(fraction) <= MOST_DIGITS else text


_ONE_BY_ONE: dict[str, Callable[[str, object], object]] = {
    "description": a_text,
    "sendDispositionMessages": a_flag,
}


def _criteria(column: Sequence[object], kinds: set[type]) -> Sequence[object]:
    if kinds <= _CRITERIA and "" not in column:
        return column
    return [None if is_nothing(value) else value for value in column]


def _joined(criteria: dict[str, Sequence[object]], unplain: set[int]) -> list[object]:
    """Join the criteria of each row. One that has some of them and not the others is left for the rule to reject."""
    names = list(criteria)
    joined: list[object] = []
    for index, row in enumerate(zip(*criteria.values(), strict=True)):
        absent = sum(value is None for value in row)
        joined.append(dict(zip(names, row, strict=True)) if absent < len(row) else None)
        if 0 < absent < len(row):
            unplain.add(index)
    return joined
