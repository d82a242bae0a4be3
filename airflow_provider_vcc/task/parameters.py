"""The operator's parameters: what each may be, and what to write where it is something else.

They are looked at when the DAG is parsed where they are no templates, and once more when these are rendered. Nothing
here imports more than the DAG file needs.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_vcc.exceptions import VccConfigurationError, without_causes
from airflow_provider_vcc.task.rendering.rendered import bare
from airflow_provider_vcc.wording import did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Parameters", "check_inputs", "check_parameters", "is_template"]

MARKS = ("{{", "{%", "{#")
AMBIGUOUS = ("auto", "resend", "report")
EMPTY = ("success", "skip", "fail")
NOTHING = ("", "None", "none", "null")
"""What a template makes of None."""
YES = ("true", "yes", "1", "on")
NO = ("false", "no", "0", "off", *NOTHING)
PERCENT = 100
TABS = {"tab": "\t", "\\t": "\t"}
INTEGER = re.compile(r"[+-]?[0-9]{1,64}")
NOT_DELIMITERS = ('"', "\r", "\n", "\0")


@dataclass(frozen=True, kw_only=True)
class Parameters:
    """The parameters, rendered, checked and converted."""

    project_id: int
    field_map: Mapping[str, str] | None
    disposition: Mapping[str, Any] | None = field(repr=False)
    avoid_in_call: bool | None
    vcc_conn_id: str
    chunk_size: int
    max_chunk_bytes: int
    max_in_flight: int | Literal["auto"]
    max_elements_per_second: float | None
    max_errors: int | None
    max_error_rate: float | None
    soft_fail: bool
    stop_on_breach: bool
    on_ambiguous: Literal["auto", "resend", "report"]
    failures_path: str | None = field(repr=False)
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    date_format: tuple[str, ...]
    on_empty: Literal["success", "skip", "fail"]
    validate_only: bool

    @classmethod
    def of(cls, operator: Any) -> Parameters:
        """Read an operator whose templates are rendered.

        :raises VccConfigurationError: with what to write instead.
        """
        return cls(**{name: _checked(operator, name, bare(getattr(operator, name))) for name in CHECKS})


def check_parameters(operator: Any) -> None:
    """Check what is known when the DAG is parsed.

    :raises VccConfigurationError: with what to write instead.
    """
    for name in CHECKS:
        value = getattr(operator, name)
        if not is_template(value):
            _checked(operator, name, value)
        elif name not in operator.template_fields:
            raise _wrong(name, "is not templated; give the value itself")


def _checked(operator: Any, name: str, value: Any) -> Any:
    if name != "disposition":
        return CHECKS[name](name, value)
    if is_template(operator.date_format):  # how its date is written is not known yet
        value = (
            {key: item for key, item in value.items() if key != "next_calldate"} if isinstance(value, dict) else None
        )
        return a_disposition(name, value)
    return a_disposition(name, value, a_date_format("date_format", operator.date_format))


def check_inputs(elements: object, elements_path: object) -> None:
    """Check that exactly one of the two is given, and looks like what it should be.

    :raises VccConfigurationError: with what to write instead.
    """
    if elements is not None and elements_path is not None:
        raise VccConfigurationError("elements and elements_path are both given; leave one of them out")
    if elements is None and elements_path is None:
        raise VccConfigurationError(
            "give exactly one of elements and elements_path; both are None. "
            "If an upstream task gives them, did it return nothing? An empty input is []"
        )
    if elements_path is not None and not is_template(elements_path):
        a_path("elements_path", elements_path)


def is_template(value: object) -> bool:
    """Return whether a value, or anything in it, is known only when it is rendered."""
    if isinstance(value, str):
        return any(mark in value for mark in MARKS)
    if isinstance(value, dict):
        return any(map(is_template, value.values()))
    if isinstance(value, list | tuple | set):
        return any(map(is_template, value))
    return callable(value) or (hasattr(value, "resolve") and not isinstance(value, os.PathLike))


def _wrong(name: str, what: str) -> VccConfigurationError:
    return VccConfigurationError(f"{name} {what}")


def _is_nothing(value: object) -> bool:
    """Return whether a value is None, or what a template makes of it."""
    return value is None or (isinstance(value, str) and value in NOTHING)


def a_project(_name: str, value: object) -> int:
    """Take the number of a project."""
    from airflow_provider_vcc.dispositions.elements import ids

    return ids.a_project(value)


def _integer(name: str, value: object, least: int, must: str) -> int:
    number = _whole(value)
    if number is None or number < least:
        raise _wrong(name, f"must be {must}, got {shown(value)}")
    return number


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return int(value) if INTEGER.fullmatch(value.strip()) else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def at_least_one(name: str, value: object) -> int:
    """Take an integer from 1 on."""
    return _integer(name, value, 1, "an integer of at least 1")


def at_least_zero(name: str, value: object) -> int:
    """Take an integer from 0 on."""
    return _integer(name, value, 0, "an integer of at least 0")


def at_a_time(name: str, value: object) -> int | Literal["auto"]:
    """Take how many requests at a time, or "auto" to have that found while sending."""
    if isinstance(value, str) and value.strip().lower() == "auto":
        return "auto"
    return _integer(name, value, 1, "'auto' or an integer of at least 1")


def a_pace(name: str, value: object) -> float | None:
    """Take elements per second."""
    if _is_nothing(value):
        return None
    number = _number(value)
    if number is None or number <= 0:
        raise _wrong(name, f"must be a number above 0, got {shown(value)}; leave it out for no limit")
    return number


def _number(value: Any) -> float | None:
    try:
        number = None if isinstance(value, bool | bytes | bytearray) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if number is not None and isfinite(number) else None


def most_errors(name: str, value: object) -> int | None:
    """Take how many failed elements are tolerated."""
    if _is_nothing(value):
        return None
    share = _share(value)
    if share is not None and 0 < share < 1:
        raise _wrong(name, f"is a number of elements, not {shown(value)}; for a share, write max_error_rate={share:g}")
    return _integer(name, value, 0, "an integer such as 10 (0 tolerates none)")


def most_error_rate(name: str, value: object) -> float | None:
    """Take the share of failed elements that is tolerated."""
    if _is_nothing(value):
        return None
    number = _number(value)
    if number is not None and 0 <= number <= 1:
        return number
    share = _share(value)
    if share is None and number is not None and 1 < number <= PERCENT:
        share = number / PERCENT
    hint = f"; write {name}={share:g}" if share is not None and 0 <= share <= 1 else "; write 0.05 for 5 %"
    if number is not None and number > 1:
        hint += f", or max_errors={number:g} for a number of elements" if number.is_integer() else ""
    raise _wrong(name, f"must be a share from 0 to 1, got {shown(value)}{hint}")


def _share(value: object) -> float | None:
    """Read a percentage, or a number that is not whole."""
    if isinstance(value, str) and value.strip().endswith("%"):
        number = _number(value.strip()[:-1])
        return None if number is None else number / PERCENT
    number = _number(value)
    return None if number is None or number.is_integer() else number


def a_flag(name: str, value: object) -> bool:
    """Take true or false, also as text, as a template gives it."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    text = str(value).strip().lower()
    if text in YES or text in NO:
        return text in YES
    raise _wrong(name, f"must be True or False, got {shown(value)}")


def maybe_flag(name: str, value: object) -> bool | None:
    """Take true, false or None."""
    return None if value is None else a_flag(name, value)


def _one_of(name: str, value: object, choices: Sequence[str]) -> str:
    if value in choices:
        return str(value)
    near = did_you_mean(str(value), choices)
    raise _wrong(name, f"must be one of {', '.join(map(repr, choices))}, got {shown(value)}{near}")


def a_mode(name: str, value: object) -> str:
    """Take what to do when nobody can say whether a request took effect."""
    return _one_of(name, value, AMBIGUOUS)


def an_empty_mode(name: str, value: object) -> str:
    """Take what an input without any element means."""
    return _one_of(name, value, EMPTY)


def an_encoding(_name: str, value: Any) -> str | None:
    """Take the name of an encoding, or nothing."""
    if _is_nothing(value):
        return None
    from airflow_provider_vcc.dispositions.sources.bytes.encoding import check_encoding

    return check_encoding(value)


def a_delimiter(name: str, value: object) -> str | None:
    """Take one character that separates the cells of a CSV, or nothing."""
    if _is_nothing(value):
        return None
    value = TABS.get(value, value) if isinstance(value, str) else value
    if isinstance(value, str) and len(value) == 1 and value not in NOT_DELIMITERS:
        return value
    raise _wrong(name, f"must be one character such as ';', or 'tab', got {shown(value)}")


def a_sheet(name: str, value: object) -> str | None:
    """Take the name of a sheet, or nothing."""
    if _is_nothing(value):
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)  # a native template makes a number of 2026
    raise _wrong(name, f"must be the name of a sheet, got {shown(value)}; leave it out for the first one")


def a_date_format(name: str, value: object) -> tuple[str, ...]:
    """Take a format of strptime, several, or nothing."""
    if _is_nothing(value):
        return ()
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = an_object(name, value)
    formats = (value,) if isinstance(value, str) else value
    if not isinstance(formats, list | tuple) or not all(isinstance(one, str) and one for one in formats):
        raise _wrong(name, f"must be a format such as '%d.%m.%Y %H:%M', or a list of them, got {shown(value)}")
    from airflow_provider_vcc.dispositions.elements.times import check_format

    for one in formats:
        check_format(one)
    return tuple(formats)


def a_connection(name: str, value: object) -> str:
    """Take the id of a connection."""
    if isinstance(value, str) and value.strip() and value not in NOTHING:
        return value.strip()
    raise _wrong(name, f"must be the id of a connection, such as 'vcc_default', got {shown(value)}")


def a_path(name: str, value: object) -> str:
    """Take a local path or a URL, also as an object that stands for one."""
    text = str(value) if isinstance(value, os.PathLike) or hasattr(value, "storage_options") else value
    if not isinstance(text, str):
        raise _wrong(name, f"must be a path or a URL, got the type {type(value).__name__}")
    if not text.strip() or text in NOTHING:
        raise _wrong(name, "is empty; write a path or a URL, or leave it out")
    if getattr(value, "storage_options", None):
        raise _wrong(name, "has storage options of its own; put them into a connection: s3://my_connection@bucket/key")
    return text


def maybe_path(name: str, value: object) -> str | None:
    """Take a path or nothing."""
    return None if _is_nothing(value) else a_path(name, value)


def a_field_map(name: str, value: object) -> Mapping[str, str] | None:
    """Take the names in the input with the fields that they stand for."""
    value = an_object(name, value)
    if value is None or value == {}:
        return None
    if not isinstance(value, dict) or not all(isinstance(item, str) for pair in value.items() for item in pair):
        raise _wrong(name, "must map names in the input to fields of an element, such as {'record': 'numberid'}")
    from airflow_provider_vcc.dispositions.elements.field_map import check_field_map

    check_field_map(value)
    return value


@without_causes()
def an_object(name: str, value: object) -> object:
    """Read the JSON that a template gave in place of an object or a list; anything else is returned as it is."""
    if not isinstance(value, str):
        return value
    if value in NOTHING:
        return None
    try:
        return json.loads(value)
    except ValueError:
        raise _wrong(
            name,
            "is text, but not JSON; give an object, "
            "write {{ ... | tojson }} in the template, or set render_template_as_native_obj=True in the DAG",
        ) from None


def a_disposition(name: str, value: Any, formats: tuple[str, ...] = ()) -> Mapping[str, Any] | None:
    """Take the request's object. Dates are converted later, when the connection's time zone is known."""
    value = an_object(name, value)
    if value is None or value == {}:
        return None
    from airflow_provider_vcc.dispositions.elements.dates import Dates
    from airflow_provider_vcc.dispositions.elements.fields import check_disposition

    given = value
    if isinstance(value, dict):
        given = {key: item for key, item in value.items() if key == "description" or item not in NOTHING}
    check_disposition(given, Dates("UTC", formats))
    return given  # type: ignore[no-any-return]


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "project_id": a_project,
    "field_map": a_field_map,
    "disposition": a_disposition,
    "avoid_in_call": maybe_flag,
    "vcc_conn_id": a_connection,
    "chunk_size": at_least_one,
    "max_chunk_bytes": at_least_one,
    "max_in_flight": at_a_time,
    "max_elements_per_second": a_pace,
    "max_errors": most_errors,
    "max_error_rate": most_error_rate,
    "soft_fail": a_flag,
    "stop_on_breach": a_flag,
    "on_ambiguous": a_mode,
    "failures_path": maybe_path,
    "encoding": an_encoding,
    "delimiter": a_delimiter,
    "sheet": a_sheet,
    "date_format": a_date_format,
    "on_empty": an_empty_mode,
    "validate_only": a_flag,
}
