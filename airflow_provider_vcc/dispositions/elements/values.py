"""Values of any kind as Python has them, and which of them say "nothing"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Protocol, cast

import msgspec

from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement

__all__ = ["a_flag", "a_text", "as_json", "as_mapping", "is_nothing", "native", "showable"]

_AS_THEY_ARE = frozenset({str, int, bool, type(None), dict, list})
_NOTHING_OF_PANDAS = frozenset({"NaTType", "NAType"})
_FLAGS = {
    "true": True,
    "yes": True,
    "1": True,
    "1.0": True,
    "t": True,  # the last one is PostgreSQL's
    "false": False,
    "no": False,
    "0": False,
    "0.0": False,
    "f": False,
}
_LONGEST_SHOWN = 1000
_DEEPEST_SHOWN = 32


class _Numpy(Protocol):
    dtype: _Numpy
    kind: str

    def item(self) -> object: ...
    def astype(self, dtype: str) -> _Numpy: ...


def native(value: object) -> object:
    """Return a value as Python's own type has it, and None for whatever says "nothing": NaN, NaT, ``pd.NA``.

    A value of a type that is not known here is returned as it is.
    """
    kind = value.__class__
    if kind in _AS_THEY_ARE:
        return value
    module = kind.__module__.partition(".")[0]
    if module == "pandas" and kind.__name__ in _NOTHING_OF_PANDAS:
        return None
    if module == "numpy":
        value = _of_numpy(cast("_Numpy", value))
    elif module == "pyarrow" and hasattr(value, "as_py"):
        return native(value.as_py())
    return _of_subclass(value)


def as_mapping(value: object) -> object:
    """Return what has fields as a mapping: a dataclass, a struct of msgspec, a named tuple, a row of SQLAlchemy's.

    Anything else is returned as it is.
    """
    if isinstance(value, type):
        return value
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    give = getattr(value, "_asdict", None)
    return give() if isinstance(value, Sequence) and give is not None else value


def as_json(value: object) -> object:
    """Return a text of a subclass as a text, for an encoder that knows the plain type only.

    :raises TypeError: if it is anything else.
    """
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError


def is_nothing(value: object) -> bool:
    """Return whether a value says "nothing": None, NaN, NaT, ``pd.NA``, an empty text."""
    try:
        value = native(value)
    except Exception:  # noqa: BLE001 -- the value is anybody's, and so is what it raises
        return False
    return value is None or (isinstance(value, str) and not value)


def _of_subclass(value: object) -> object:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        number = float.__float__(value)
        return None if number != number else number  # noqa: PLR0124 -- not a number
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    return value


def _of_numpy(value: _Numpy) -> object:
    """Return what a scalar of numpy's holds. Its nanoseconds would come as an integer."""
    if not hasattr(value, "dtype") or getattr(value, "shape", ()) != ():
        return value
    if value.dtype.kind != "M":
        return value.item()
    is_day = str(value.dtype)[-3:] not in {"[Y]", "[M]", "[W]"}
    return value.astype("datetime64[us]").item() if is_day else value


def a_text(name: str, value: object) -> str | None:
    """Return a text, or None if there is nothing.

    :raises InvalidElement: if it is of another type.
    """
    value = native(value)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidElement(f"{name} must be a text")
    return value or None


def a_flag(name: str, value: object) -> bool | None:
    """Return true or false, also of the numbers and words that stand for them in a table.

    :raises InvalidElement: if it is neither.
    """
    value = native(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal) and value in (0, 1):
        return bool(value)
    text = value.strip().lower() if isinstance(value, str) else "?"
    if text and text not in _FLAGS:
        raise InvalidElement(f"{name} must be true or false")
    return _FLAGS[text] if text else None


def showable(value: object, depth: int = 0) -> object:
    """Return what a list of failures may hold of a value, whatever it is: JSON has it, and nothing is raised."""
    try:
        return _showable(native(value), depth)
    except Exception:  # noqa: BLE001 -- the value is anybody's, and so is what it raises
        return f"a value of the type {type(value).__name__}"


def _showable(value: object, depth: int) -> object:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if depth == _DEEPEST_SHOWN:
        return "nested too deeply"
    value = as_mapping(value)
    if isinstance(value, Mapping):
        return {_showable_name(name): showable(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [showable(one, depth + 1) for one in value]
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return "a number with too many digits"
    return value if value is None or isinstance(value, str | int | float) else str(value)[:_LONGEST_SHOWN]


def _showable_name(name: object) -> str:
    return name if isinstance(name, str) else str(showable(name))
