"""From raw rows to valid elements, in batches: all at once where they are plain, one by one where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.fields import Element, InvalidElement, Plain, normalise, parse
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_vcc.dispositions.sources.rows import Rows

__all__ = ["AnyElement", "Batch", "Checker"]

AnyElement = Plain | Element

_decode_plain = msgspec.json.Decoder(Plain).decode
_decode_element = msgspec.json.Decoder(Element).decode
_decode_any = msgspec.json.Decoder().decode
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Batch(msgspec.Struct, gc=False):
    """What became of some consecutive rows.

    ``positions`` are those of ``elements``; ``failures`` are the elements not to be sent; ``plain`` says that none
    searches or asks for messages.
    """

    start: int
    size: int
    elements: Sequence[AnyElement]
    positions: Sequence[int]
    failures: list[Failure] = []
    plain: bool = False


class Checker:
    """Checks rows of any shape.

    :param field_map: name in the input -> field of an element, or ``search.<criterion>``.
    :param timezone: IANA name of the call centre's clock.
    """

    def __init__(self, field_map: Mapping[str, str] | None = None, timezone: str | None = None) -> None:
        self.field_map = field_map or None
        self.dates = Dates(timezone)
        self._plans: dict[tuple[str, ...], ColumnPlan] = {}

    def check(self, rows: Rows) -> Batch:
        """Give the valid elements of some rows, and the reasons for the others.

        :raises VccInputError: where a column is neither a field nor mapped.
        """
        if isinstance(rows, TableRows):
            built = self._plan(rows.columns).build(rows)
            if set(map(type, built)) == {Plain} and self._good_dates(built):
                return _all_plain(rows.start, built)
            return self._one_by_one(rows.start, built, None)
        elements = None if self.field_map else self._plain(rows)
        if elements is not None:
            return _all_plain(rows.start, elements)
        return self._one_by_one(rows.start, rows.texts if isinstance(rows, JsonRows) else rows.objects, self.field_map)

    def _plan(self, columns: tuple[str, ...]) -> ColumnPlan:
        plan = self._plans.get(columns)
        if plan is None:
            plan = self._plans[columns] = ColumnPlan(columns, self.field_map, self.dates.convert)
        return plan

    def _plain(self, rows: JsonRows | ObjectRows) -> list[Plain] | None:
        try:
            if isinstance(rows, JsonRows):
                elements = [_decode_plain(text) for text in rows.texts]
            else:
                elements = msgspec.convert(rows.objects, list[Plain])
        except _NOT_PLAIN:
            return None
        return elements if self._good_dates(elements) else None

    def _good_dates(self, elements: list[Plain]) -> bool:
        return self.dates.all_good({element.next_calldate for element in elements})

    def _one_by_one(self, start: int, items: Sequence[Any], field_map: Mapping[str, str] | None) -> Batch:
        elements: list[AnyElement] = []
        positions: list[int] = []
        failures: list[Failure] = []
        plain = True
        for position, item in enumerate(items, start):
            try:
                element = self._one(item, field_map)
            except (InvalidElement, RecursionError) as reason:
                failures.append(Failure(position, Outcome.INVALID, None, _reason(reason), _shown(item)))
                continue
            elements.append(element)
            positions.append(position)
            plain = plain and element.search is None and not element.sendDispositionMessages
        return Batch(start, len(items), elements, positions, failures, plain)

    def _one(self, item: Any, field_map: Mapping[str, str] | None) -> AnyElement:
        if item.__class__ is Plain and item.next_calldate in self.dates.known:
            return item
        if item.__class__ is Plain:
            item.next_calldate = self.dates.convert(item.next_calldate)
            return item
        if item.__class__ is Element:
            return normalise(item, self.dates)
        if item.__class__ is bytes:
            return self._from_json(item)
        if isinstance(item, InvalidElement):
            raise item
        return parse(item, self.dates, field_map)

    def _from_json(self, text: bytes) -> AnyElement:
        if self.field_map is None:
            try:
                return normalise(_decode_element(text), self.dates)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                pass  # the slow way knows why
        return parse(_decoded(text), self.dates, self.field_map)


def _all_plain(start: int, elements: list[Plain]) -> Batch:
    return Batch(start, len(elements), elements, range(start, start + len(elements)), plain=True)


def _decoded(text: bytes) -> Any:
    try:
        return _decode_any(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise InvalidElement("not JSON") from None


def _reason(reason: Exception) -> str:
    return str(reason) if isinstance(reason, InvalidElement) else "nested too deeply"


def _shown(item: Any) -> Any:
    if not isinstance(item, bytes):
        return getattr(item, "element", None) if isinstance(item, InvalidElement) else item
    try:
        value = _decode_any(item)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return item.decode("utf-8", "replace")
    unwrap = isinstance(value, dict) and "element" in value and "outcome" in value
    return value["element"] if unwrap else value
