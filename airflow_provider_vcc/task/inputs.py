"""The input of a task, opened."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._identity import is_same_file
from airflow_provider_vcc._storage import open_binary, size
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import from_elements, open_path
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.task.parameters import a_field_map, a_path

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["check_other_file", "open_input"]


def open_input(elements: Any, elements_path: Any, field_map: Any) -> Source:
    """Give the source for ``elements`` or ``elements_path``.

    :raises VccConfigurationError: where ``elements`` is nothing that holds elements.
    :raises VccInputError: where there is no such file, or one of its columns is unknown.
    """
    if elements_path is None:
        return from_elements(elements)
    return open_path(
        a_path("elements_path", elements_path),
        check_columns=partial(ColumnPlan, field_map=a_field_map("field_map", field_map)),
        opener=open_binary,
        sizer=size,
    )


def check_other_file(input_path: str | None, failures_path: str | None) -> None:
    """See that the failures do not overwrite the input, by whatever name. Opens nothing.

    :raises VccConfigurationError: where they would.
    """
    if input_path is None or failures_path is None:
        return
    if is_same_file(input_path, failures_path):
        raise VccConfigurationError("failures_path is the input itself, which would be overwritten; write another name")
