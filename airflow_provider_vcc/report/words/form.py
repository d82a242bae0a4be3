"""Which field of the form that started a run has to be corrected, or may be what is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = ["IDS", "PATH", "field_to_correct", "fields_to_look_at", "fits_the_file", "named"]

IDS, PATH = "records", "path"
"""The Params that take failed records back: their ids, or the name of the failures file."""
IN_THE_FORM = ("VccInputError", "VccConfigurationError")
"""What ends a run may be a value of the form only if it is one of these."""
ENDS_IT = (
    (r"has no sheet|^sheet ", ("sheet",)),
    (r"not UTF-8|encoding", ("encoding",)),
    (r"date_format", ("date_format",)),
    (r"field_map|no column gives|is not a field of an element|both give", ("field_map",)),
    (r"no such file|has no elements|cannot be opened|let its name end|^elements_path", (PATH,)),
    (r"^max_elements_per_second", ("per_second",)),
)
FAILS_RECORDS = (
    (r"next_calldate", ("date_format", "exceptions")),
    (r"is not a field of an element|neither numberid nor search", ("field_map",)),
    (r"(unknown|invalid|missing)_?disposition", ("disposition",)),
    (r"(unknown|invalid|missing)_?user", ("userid",)),
    (r"unknown_record", ("project_id",)),
)
"""What a message says, and the Params that it may come from: of these, those that the form has."""


def field_to_correct(figures: Figures) -> str:
    """Return the title of the field that ended the run; empty if it was none, or nobody can say which.

    A form's own checks begin their message with the field's title: ``Record ids, line 2: ...``.
    """
    if figures.error_kind not in IN_THE_FORM:
        return ""
    for title in figures.form.values():
        if title and figures.error.startswith((f"{title}:", f"{title},")):
            return title
    return next(iter(_among(figures, ENDS_IT, figures.error)), "")


def fits_the_file(figures: Figures) -> bool:
    """Return whether the field that ended the run is there and readable by itself, so that the file may be wrong."""
    field = field_to_correct(figures)
    return bool(field) and not figures.error.startswith((f"{field}:", f"{field},")) and field != figures.form.get(PATH)


def fields_to_look_at(figures: Figures) -> list[str]:
    """Return the titles of the fields that may be why records failed, the most frequent reason's first."""
    found = [title for line in figures.errors for title in _among(figures, FAILS_RECORDS, line.message)]
    return list(dict.fromkeys(found))


def named(titles: Iterable[str]) -> str:
    """Return titles as a sentence names them: ``“File” and “Sheet”``."""
    *others, last = (f"“{title}”" for title in titles)
    return f"{', '.join(others)} and {last}" if others else last


def _among(figures: Figures, known: Iterable[tuple[str, tuple[str, ...]]], message: str) -> list[str]:
    """Return the titles of what may be meant by a message."""
    for pattern, names in known:
        if re.search(pattern, message):
            return [figures.form[name] for name in names if figures.form.get(name)]
    return []
