"""The input of a task, opened."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

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


def check_other_file(elements_path: Any, failures_path: str | None) -> None:
    """See that the failures do not overwrite the input.

    :raises VccConfigurationError: where they would.
    """
    if elements_path is None or failures_path is None:
        return
    if _real(a_path("elements_path", elements_path)) == _real(failures_path):
        raise VccConfigurationError(
            "failures_path is the file that elements_path reads, which would be overwritten; write another name"
        )


def _real(path: str) -> str:
    return path if "://" in path else os.path.realpath(path)
