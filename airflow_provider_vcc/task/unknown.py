"""A parameter that an operator does not have: Airflow shows it with its value, which may be elements."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow_provider_vcc._compat import AirflowException
from airflow_provider_vcc.redaction.errors import raise_alone
from airflow_provider_vcc.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["naming_unknown"]

AIRFLOW_SAYS = "Invalid arguments"


@contextmanager
def naming_unknown(operator: object, given: Mapping[str, object]) -> Iterator[None]:
    """Name a parameter that Airflow refuses, without the value that was given for it.

    :raises TypeError: as Airflow does.
    """
    try:
        yield
    except (TypeError, AirflowException) as error:
        said = str(error)
        if AIRFLOW_SAYS not in said:
            raise
        ours = type(operator)
        unknown = [name for name in given if f"'{name}':" in said]
        near = did_you_mean(unknown[0], _names(ours)) if unknown else ""
        raise_alone(TypeError(f"{ours.__name__} has no parameter {', '.join(map(repr, unknown))}{near}"))


def _names(operator: type) -> set[str]:
    return {name for one in operator.__mro__[:-1] for name in inspect.signature(one).parameters}
