"""Names in the input, and the fields that they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.elements.names import CRITERION, FIELDS, is_criterion, shown_name
from airflow_provider_vcc.dispositions.elements.values import is_nothing
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError
from airflow_provider_vcc.wording import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UnknownColumn", "check_field_map", "map_fields", "targets_of"]


class UnknownColumn(VccInputError):
    """A column that is neither a field nor mapped; ``known`` says how many of its table's columns are."""

    known = 0


def check_field_map(field_map: Mapping[str, str]) -> None:
    """Check that names are mapped to fields, or to ``search.<criterion>``, and no two to the same.

    :raises VccConfigurationError: with the nearest field.
    """
    if not hasattr(field_map, "items"):
        raise VccConfigurationError("field_map must be an object such as {'record': 'numberid', 'city': 'search.city'}")
    seen: dict[str, str] = {}
    for name, target in field_map.items():
        if not _is_target(target):
            near = did_you_mean(str(target), FIELDS)
            raise VccConfigurationError(f"field_map: {target!r} is not a field of an element{near}")
        if target in seen:
            raise VccConfigurationError(f"field_map: {seen[target]!r} and {name!r} are both mapped to {target!r}")
        seen[target] = name
    if "search" in seen and (criterion := next(filter(is_criterion, seen), None)):
        raise VccConfigurationError(
            f"field_map: {seen['search']!r} is the whole search, so {criterion!r} cannot be added"
        )


def map_fields(element: Mapping[str, object], field_map: Mapping[str, str]) -> dict[str, object]:
    """Rename what is mapped; other names stay as they are.

    Criteria that all have no value are no search; one of several without a value stays, for its rule to reject.

    :raises InvalidElement: if two names give the same field.
    """
    mapped: dict[str, object] = {}
    search: dict[str, object] = {}
    for name, value in element.items():
        target = field_map.get(name, name)
        if target is not name and is_criterion(target):
            search[target[len(CRITERION) :]] = value
        elif is_nothing(mapped.get(target)):
            mapped[target] = value
        elif not is_nothing(value):
            raise InvalidElement(f"two names give {target!r}")
    if not all(map(is_nothing, search.values())):
        if not is_nothing(mapped.get("search")):
            raise InvalidElement("search is given as a whole and by criteria")
        mapped["search"] = search
    return mapped


def targets_of(columns: tuple[str, ...], field_map: Mapping[str, str]) -> list[str]:
    """Return the field, or the criterion, that each column of a table gives.

    :raises VccConfigurationError: if the map itself is wrong.
    :raises VccInputError: if a column has no field, with the nearest one.
    """
    check_field_map(field_map)
    for name in field_map:
        if name not in columns:
            alike = [one for number, one in enumerate(columns, 1) if shown_name(one, number, [name]) == repr(one)]
            near = did_you_mean(name, alike) or f"; the columns are {_listed(columns, field_map)}"
            raise VccInputError(f"field_map names the column {name!r}, which is not there{near}")
    targets: list[str] = []
    for number, name in enumerate(columns, 1):
        target = field_map.get(name, name)
        if name not in field_map and name not in FIELDS:
            error = UnknownColumn(_no_field(name, number))
            error.known = sum(one in field_map or one in FIELDS for one in columns)
            raise error
        if target in targets:
            raise VccInputError(f"columns {columns[targets.index(target)]!r} and {name!r} both give {target!r}")
        targets.append(target)
    _check_whole(columns, targets)
    return targets


def _check_whole(columns: tuple[str, ...], targets: list[str]) -> None:
    criterion = next(filter(is_criterion, targets), None)
    if criterion and "search" in targets:
        raise VccInputError(f"a column gives the whole 'search', so {criterion!r} cannot be added to it")
    if not criterion and "search" not in targets and "numberid" not in targets:
        raise VccInputError(
            f"no column gives 'numberid' or 'search', so no record is named; the columns are {_listed(columns)}"
        )


def _no_field(name: str, number: int) -> str:
    near, shown = nearest(name, FIELDS), shown_name(name, number)
    if shown != repr(name):
        return (
            f"column {shown} is not a field of an element; the fields are {', '.join(FIELDS)}. "
            "Rename it, leave it out, or map it with field_map"
        )
    hint = f"; did you mean {near!r}?" if near else f"; the fields are {', '.join(FIELDS)}."
    return (
        f"column {shown} is not a field of an element{hint} "
        f"Rename it, leave it out, or map it: field_map={{{name!r}: {near or 'search.' + name!r}}}"
    )


def _listed(names: Iterable[str], ours: Iterable[str] = ()) -> str:
    return ", ".join(shown_name(name, number, ours) for number, name in enumerate(names, 1)) or "none"


def _is_target(target: object) -> bool:
    return isinstance(target, str) and (target in FIELDS or (is_criterion(target) and target != CRITERION))
