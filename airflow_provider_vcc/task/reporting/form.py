"""The form that started a run: what its fields are called, so that people can be told which one to correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.wording import one_line

if TYPE_CHECKING:
    from airflow_provider_vcc._compat import Context

__all__ = ["disposition_name", "form_of"]

TAKING_BACK = ("records", "path")
"""The Params of the form DAGs among the examples, and of copies of them, that take failed records back."""
MOST_FIELDS, MOST_TITLE = 20, 64


def form_of(context: Context) -> dict[str, str]:
    """Return the titles of the form's fields by the names of their Params.

    :returns: nothing if no form started the run, or none that takes failed records back. Raises nothing.
    """
    try:
        if not getattr(context["dag_run"], "conf", None):
            return {}
        fields = list(_params(context).items())[:MOST_FIELDS]
        titles = {name: _title(name, getattr(param, "schema", None)) for name, param in fields}
    except Exception:  # noqa: BLE001 -- titles are an extra, whatever a DAG's Params are made of
        return {}
    return titles if any(name in titles for name in TAKING_BACK) and "check_only" in titles else {}


def disposition_name(context: Context, dispositionid: object) -> str | None:
    """Return what the form calls a disposition; None if it was not chosen there by a name. Raises nothing."""
    try:
        schema = dict(_params(context).items())["disposition"].schema
        names = {str(value): name for value, name in schema["values_display"].items()}
        chosen = names.get(str(dispositionid)) if dispositionid is not None else None
    except Exception:  # noqa: BLE001 -- likewise
        return None
    return one_line(chosen, MOST_TITLE) if isinstance(chosen, str) else None


def _params(context: Context) -> Any:
    """Return the DAG's Params by their names; looked up by themselves, they give their values."""
    return context["dag"].params


def _title(name: str, schema: object) -> str:
    title = schema.get("title") if isinstance(schema, dict) else None
    return one_line(title if isinstance(title, str) and title else name, MOST_TITLE)
