"""The connection form: declared for Airflow from 3.2, and by the classic methods before."""

from __future__ import annotations

import importlib.resources
import importlib.util
import json

import jsonschema
import pytest

from airflow_provider_vcc.get_provider_info import get_provider_info
from airflow_provider_vcc.hooks.connection import EXTRA_FIELDS
from airflow_provider_vcc.hooks.vcc import VccHook

pytestmark = pytest.mark.matrix

DECLARES = json.loads(importlib.resources.files("airflow").joinpath("provider.yaml.schema.json").read_text())[
    "properties"
]["connection-types"]["items"]["properties"].keys() >= {"conn-fields", "ui-field-behaviour"}
OWN_WEB_FRAMEWORK = importlib.util.find_spec("wtforms") is not None


@pytest.fixture(scope="module")
def declared():
    [declared] = get_provider_info()["connection-types"]
    return declared


def test_the_declaration_names_the_hook_and_what_the_hook_says_of_itself(declared):
    assert declared["hook-class-name"] == f"{VccHook.__module__}.{VccHook.__qualname__}"
    assert (declared["connection-type"], declared["hook-name"]) == (VccHook.conn_type, VccHook.hook_name)


def test_every_field_of_extra_that_the_hook_reads_is_declared(declared):
    assert set(declared["conn-fields"]) == set(EXTRA_FIELDS)


def test_every_field_may_be_null(declared):
    assert all(field["schema"]["type"][1:] == ["null"] for field in declared["conn-fields"].values())


def test_the_form_hides_schema_and_shows_port_with_a_placeholder(declared):
    behaviour = declared["ui-field-behaviour"]
    assert behaviour["hidden-fields"] == ["schema"]
    assert behaviour["relabeling"] == {"login": "Customer (subdomain)", "password": "API token"}
    assert {"host", "port"} <= behaviour["placeholders"].keys()


@pytest.mark.skipif(not DECLARES, reason="this Airflow has no declared forms")
def test_airflows_schema_of_declared_forms_accepts_ours(declared):
    text = importlib.resources.files("airflow").joinpath("provider.yaml.schema.json").read_text()
    schema = json.loads(text)["properties"]["connection-types"]
    jsonschema.validate([declared], schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([{**declared, "ui-field-behaviour": {"hidden_fields": []}}], schema)


def test_airflow_reads_labels_and_placeholders():
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    _ = manager.hooks if not DECLARES else None
    behaviour = dict(manager.field_behaviours)["vcc"]
    assert behaviour["relabeling"]["password"] == "API token"
    assert "schema" in behaviour["hidden_fields"]


def ui_metadata():
    """Give what the connection form of this Airflow 3 is drawn from."""
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    [ours] = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "vcc"]
    return ours


@pytest.mark.skipif(OWN_WEB_FRAMEWORK, reason="Airflow 2 draws the form from wtforms")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of other providers
def test_the_form_of_airflow_3_has_our_fields(declared):
    ours = ui_metadata()
    assert ours.hook_name == "VCC Live"
    assert ours.standard_fields.url_schema.hidden
    assert ours.standard_fields.login.title == "Customer (subdomain)"
    assert ours.standard_fields.port.placeholder
    fields = {name: (field["schema"]["title"], field["schema"]["type"]) for name, field in ours.extra_fields.items()}
    assert fields == {
        name: (field["label"], field["schema"]["type"]) for name, field in declared["conn-fields"].items()
    }


def test_the_classic_methods_say_the_same_of_labels(declared):
    assert VccHook.get_ui_field_behaviour() == {
        "hidden_fields": ["schema"],
        "relabeling": declared["ui-field-behaviour"]["relabeling"],
        "placeholders": declared["ui-field-behaviour"]["placeholders"],
    }


@pytest.mark.skipif(OWN_WEB_FRAMEWORK, reason="wtforms is installed here")
def test_where_wtforms_is_missing_the_classic_form_has_no_fields_of_its_own():
    assert VccHook.get_connection_form_widgets() == {}


@pytest.mark.skipif(not OWN_WEB_FRAMEWORK, reason="wtforms is not installed here")
def test_the_classic_form_has_the_same_fields(declared):
    from wtforms import Form

    form = type("F", (Form,), VccHook.get_connection_form_widgets())()
    assert {field.name: str(field.label.text) for field in form} == {
        name: field["label"] for name, field in declared["conn-fields"].items()
    }
    assert {field.name for field in form if type(field).__name__ == "IntegerField"} == {"timeout", "connect_timeout"}
