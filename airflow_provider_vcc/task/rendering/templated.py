"""The types of what a DAG's author may write: a value, a template that renders to it, or another task's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal, Protocol, TypeVar, Union

    from airflow_provider_vcc._compat import ObjectStoragePath, XComArg

    T = TypeVar("T")
    Templated = Union[T, str, XComArg]  # noqa: UP007 -- mypy takes no other form with a type variable
    """A parameter's own type; the text of a template; or the result of a task, which Airflow puts in its place."""

    class Table(Protocol):
        """Whatever speaks Arrow's C stream: data frames of pandas and polars, pyarrow's tables, DuckDB's relations."""

        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            """Export the rows."""

    Element = Mapping[str, Any]
    Elements = Sequence[Element | Sequence[Element]] | Table | str | XComArg
    FilePath = str | os.PathLike[str] | ObjectStoragePath | XComArg
    OnAmbiguous = Literal["auto", "resend", "report"]
    OnEmpty = Literal["success", "skip", "fail"]

__all__ = ["Element", "Elements", "FilePath", "OnAmbiguous", "OnEmpty", "Table", "Templated"]
