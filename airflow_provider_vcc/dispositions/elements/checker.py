"""From raw rows to valid elements, in batches: all at once if they are plain, one by one if they are not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan, InvalidRow
from airflow_provider_vcc.dispositions.elements.dates import Dates
from airflow_provider_vcc.dispositions.elements.fields import Element, InvalidElement, Plain, Usual, normalise, parse
from airflow_provider_vcc.dispositions.elements.ids import LONGEST_NUMBER, all_plain
from airflow_provider_vcc.dispositions.elements.values import showable
from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome
from airflow_provider_vcc.dispositions.sources.rows import InvalidText, JsonRows, ObjectRows, TableRows
from airflow_provider_vcc.redaction.shapes import shape

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.sources.rows import Rows

__all__ = ["AnyElement", "Batch", "Checker"]

AnyElement = Plain | Element

_PLAIN = Usual()
_decode_element = msgspec.json.Decoder(Element).decode
_decode_any = msgspec.json.Decoder().decode
_NOT_PLAIN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_MOST_KNOWN = 16_384


class Batch(msgspec.Struct, gc=False):
    """What became of some consecutive rows.

    ``positions`` are those of ``elements``; ``failures`` are the elements not to be sent; ``plain`` says that none
    searches or asks for messages; ``records`` are the ids of all of ``elements`` in their order, if they are at hand.
    """

    start: int
    size: int
    elements: Sequence[AnyElement]
    positions: Sequence[int]
    failures: list[Failure] = []
    plain: bool = False
    records: list[str] | None = None

    __repr__ = shape


class Checker:
    """Checks rows of any shape.

    :param field_map: name in the input -> field of an element, or ``search.<criterion>``.
    :param timezone: IANA name of the call centre's clock.
    :param date_formats: ``strptime`` formats for dates that are not in the documented form.
    """

    def __init__(
        self,
        field_map: Mapping[str, str] | None = None,
        timezone: str | None = None,
        date_formats: Sequence[str] = (),
    ) -> None:
        self.field_map = field_map or None
        self.dates = Dates(timezone, date_formats)
        self._plans: dict[tuple[str, ...], ColumnPlan] = {}
        self._known_ids: set[str | None] = {None}
        self._usual = Usual()

    def check(self, rows: Rows) -> Batch:
        """Return the valid elements of some rows, and the reasons for the others.

        :raises VccInputError: if a column is neither a field nor mapped.
        """
        if isinstance(rows, TableRows):
            built = self._plan(rows.columns).build(rows)
            if set(map(type, built)) == {Plain} and self._good_dates(built):  # type: ignore[arg-type] # just seen
                return _all_plain(rows.start, built)  # type: ignore[arg-type] # likewise
            return self._one_by_one(rows.start, built, None)
        elements = None if self.field_map else self._plain(rows)
        if elements is not None:
            # A comprehension, which Python 3.11 makes three times as fast here as attrgetter is.
            records = [element.numberid for element in elements]
            if all_plain(records) and self._good_dates(elements):
                return _all_plain(rows.start, elements, records)
        return self._one_by_one(rows.start, rows.texts if isinstance(rows, JsonRows) else rows.objects, self.field_map)

    def _plan(self, columns: tuple[str, ...]) -> ColumnPlan:
        plan = self._plans.get(columns)
        if plan is None:
            plan = self._plans[columns] = ColumnPlan(columns, self.field_map, self.dates)
        return plan

    def _plain(self, rows: JsonRows | ObjectRows) -> list[Plain] | None:
        """Return the elements, if all are plain but for their records and dates."""
        usual = self._usual
        elements = self._read(rows, usual) if usual.kind is not Plain else None
        if elements is None:
            elements = self._read(rows, _PLAIN)
            if elements is None or not self._good_others(elements):
                return None
        return elements

    @staticmethod
    def _read(rows: JsonRows | ObjectRows, usual: Usual) -> list[Plain] | None:
        try:
            if isinstance(rows, JsonRows):
                return list(map(usual.decode, rows.texts))
            if set(map(type, rows.objects)) == {dict}:
                return msgspec.convert(rows.objects, list[usual.kind])  # type: ignore[name-defined] # made at run time
        except _NOT_PLAIN:
            return None
        except Exception:  # noqa: BLE001 -- an object of anybody's raises what it likes; one by one it is told which
            return None
        return None  # of another kind of mapping, msgspec would pass over the fields that it does not know

    def _good_others(self, elements: list[Plain]) -> bool:
        """Look at the ids of which there are few, and learn them."""
        ids = {element.dispositionid for element in elements} | {element.userid for element in elements}
        fresh = ids - self._known_ids
        if fresh and not all_plain(fresh):  # type: ignore[arg-type] # None is known
            return False
        if len(self._known_ids) > _MOST_KNOWN:
            self._known_ids = {None}
        self._known_ids |= fresh
        self._usual.learn(ids)
        return True

    def _good_dates(self, elements: list[Plain]) -> bool:
        return self.dates.all_good([element.next_calldate for element in elements])

    def _one_by_one(self, start: int, items: Sequence[object], field_map: Mapping[str, str] | None) -> Batch:
        elements: list[AnyElement] = []
        positions: list[int] = []
        failures: list[Failure] = []
        plain = True
        for position, item in enumerate(items, start):
            try:
                element = self._one(item, field_map)
            except Exception as error:  # noqa: BLE001 -- an object of anybody's raises what it likes
                failures.append(Failure(position, Outcome.INVALID, None, _reason(error), _shown(item)))
                continue
            elements.append(element)
            positions.append(position)
            plain = plain and element.search is None and not element.sendDispositionMessages
        return Batch(start, len(items), elements, positions, failures, plain)

    def _one(self, item: object, field_map: Mapping[str, str] | None) -> AnyElement:
        if isinstance(item, Plain):
            if item.next_calldate not in self.dates.known:
                item.next_calldate = self.dates.convert(item.next_calldate)
            return item
        if isinstance(item, Element):
            return normalise(item, self.dates)
        if isinstance(item, bytes):
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


def _all_plain(start: int, elements: list[Plain], records: list[str] | None = None) -> Batch:
    positions = range(start, start + len(elements))
    return Batch(start, len(elements), elements, positions, plain=True, records=records)


def _decoded(text: bytes) -> object:
    if isinstance(text, InvalidText):
        raise InvalidElement(text.reason)
    try:
        return _decode_any(text)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _decoded_by_python(text)


def _decoded_by_python(text: bytes) -> object:
    """Decode what Python's own writer makes and is not quite JSON: NaN, half a character, a very long number."""
    try:
        value = json.loads(text.decode(), parse_int=_integer)
    except (ValueError, UnicodeDecodeError):
        raise InvalidElement("not JSON") from None
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise InvalidElement("it holds half of a character (a lone surrogate)") from None
    return value


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= LONGEST_NUMBER else Decimal(digits)


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidElement):
        return str(error)
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return f"it cannot be read ({type(error).__name__})"


def _shown(item: object) -> object:
    try:
        return _element_of(item)
    except Exception:  # noqa: BLE001 -- an object of anybody's raises what it likes
        return f"a value of the type {type(item).__name__}"


def _element_of(item: object) -> object:
    if isinstance(item, InvalidRow):
        return showable(item.element)
    if isinstance(item, InvalidElement | InvalidText):
        return None
    if isinstance(item, Element):
        return showable({name: value for name, value in msgspec.structs.asdict(item).items() if value is not None})
    if not isinstance(item, bytes):
        return item if isinstance(item, Plain) else showable(item)
    try:
        value = _decode_any(item)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return item.decode("utf-8", "replace")
    unwrap = isinstance(value, dict) and "element" in value and "outcome" in value
    return value["element"] if unwrap else value
