"""The input of a task, opened."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._identity import is_same_file, local_path
from airflow_provider_vcc._storage import open_binary, size
from airflow_provider_vcc.dispositions.elements.columns import ColumnPlan
from airflow_provider_vcc.dispositions.sources import Reading, from_elements, open_path
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.task.parameters import a_delimiter, a_field_map, a_path, a_sheet, an_encoding
from airflow_provider_vcc.task.rendering.rendered import bare

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.sources.rows import Source
    from airflow_provider_vcc.dispositions.sources.tables.table import CheckColumns

__all__ = ["check_other_database", "check_other_file", "column_check", "open_input"]


def open_input(operator: Any) -> Source:
    """Return the source for an operator's ``elements`` or ``elements_path``.

    :param operator: its templates are rendered.
    :raises VccConfigurationError: if ``elements`` is nothing that holds elements.
    :raises VccInputError: if there is no such file, or one of its columns is unknown.
    """
    path = bare(operator.elements_path)
    if path is None:
        return from_elements(bare(operator.elements), column_check(operator))
    return open_path(
        a_path("elements_path", path),
        check_columns=column_check(operator),
        opener=open_binary,
        sizer=size,
        reading=Reading(
            encoding=an_encoding("encoding", operator.encoding),
            delimiter=a_delimiter("delimiter", operator.delimiter),
            sheet=a_sheet("sheet", operator.sheet),
        ),
    )


def column_check(operator: Any) -> CheckColumns:
    """Return what is given the columns of a table, and raises if one is unknown."""
    return partial(ColumnPlan, field_map=a_field_map("field_map", operator.field_map))


def check_other_file(input_path: str | None, failures_path: str | None) -> None:
    """Check that the failures do not overwrite the input, by whatever name. Opens nothing.

    :raises VccConfigurationError: where they would.
    """
    if input_path is None or failures_path is None:
        return
    if is_same_file(input_path, failures_path):
        raise VccConfigurationError("failures_path is the input itself, which would be overwritten; write another name")


def check_other_database(conn_id: str, host: str | None, failures_path: str) -> None:
    """Check that the failures do not overwrite a database.

    :param host: what the connection has as its host; of some databases that is a file.
    :raises VccConfigurationError: where they would.
    """
    path = local_path(host) if host else None
    if path and Path(path).is_file() and is_same_file(path, failures_path):
        raise VccConfigurationError(
            f"failures_path is the database of the connection {conn_id!r}, which would be overwritten; "
            "write another name"
        )
