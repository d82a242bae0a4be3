"""The connection form by the classic methods, for Airflow before 3.2: the same as the provider info declares."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airflow_provider_vcc.get_provider_info import get_provider_info

__all__ = ["field_behaviour", "widgets"]


def field_behaviour() -> dict[str, Any]:
    """Return the form's hidden fields, labels and placeholders."""
    behaviour = _declared()["ui-field-behaviour"]
    return {key.replace("-", "_"): value for key, value in behaviour.items()}


def widgets() -> dict[str, Any]:
    """Return the form's own fields as wtforms has them; none if wtforms is not installed."""
    try:
        text_widget = import_module("flask_appbuilder.fieldwidgets").BS3TextFieldWidget
        label = import_module("flask_babel").lazy_gettext
        wtforms, optional = import_module("wtforms"), import_module("wtforms.validators").Optional
    except ImportError:
        return {}
    kinds = {"string": wtforms.StringField, "integer": wtforms.IntegerField}
    return {
        name: kinds[declared["schema"]["type"][0]](
            label(declared["label"]),
            widget=text_widget(),
            validators=[optional()],
            description=declared["description"],
            default=declared["schema"].get("default"),
        )
        for name, declared in _declared()["conn-fields"].items()
    }


def _declared() -> dict[str, Any]:
    declared: dict[str, object] = get_provider_info()["connection-types"][0]
    return declared
