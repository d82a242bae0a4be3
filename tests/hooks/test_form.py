"""The connection form: declared for Airflow from 3.2, and by the classic methods before."""

from __future__ import annotations

import importlib.resources
import importlib.util
import json
import subprocess
import sys

import jsonschema
import pytest

from airflow_provider_vcc._compat import airflow_version
from airflow_provider_vcc.get_provider_info import get_provider_info
from airflow_provider_vcc.hooks.connection import EXTRA_FIELDS
from airflow_provider_vcc.hooks.vcc import VccHook

DECLARES = airflow_version() >= (3, 2)
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


PRINT_FORM = """
import json
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
[ours] = [meta for meta in HookMetaService.hook_meta_data() if meta.connection_type == "vcc"]
print(ours.model_dump_json())
"""


@pytest.mark.skipif(airflow_version() < (3, 0), reason="Airflow 2 draws the form from wtforms")
@pytest.mark.skipif(
    airflow_version() == (3, 0) and not OWN_WEB_FRAMEWORK, reason="Airflow 3.0 draws no provider's form without FAB"
)
def test_the_form_of_airflow_3_has_our_fields(declared):
    """In a process of its own, since what Airflow knows of forms is kept for the life of a process."""
    done = subprocess.run([sys.executable, "-P", "-c", PRINT_FORM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ours = json.loads(done.stdout.splitlines()[-1])
    standard = ours["standard_fields"]
    assert (ours["hook_name"], standard["url_schema"]["hidden"]) == ("VCC Live", True)
    assert (standard["login"]["title"], bool(standard["port"]["placeholder"])) == ("Customer (subdomain)", True)
    fields = {name: (field["schema"]["title"], field["schema"]["type"]) for name, field in ours["extra_fields"].items()}
    assert fields == {
        name: (field["label"], field["schema"]["type"]) for name, field in declared["conn-fields"].items()
    }


@pytest.mark.skipif(airflow_version() >= (3, 0), reason="Airflow 3 draws the form by itself")
def test_the_form_of_airflow_2_has_our_fields(declared):
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    assert manager.hooks["vcc"].hook_name == "VCC Live"
    assert manager.field_behaviours["vcc"]["relabeling"] == declared["ui-field-behaviour"]["relabeling"]
    assert {name for name in manager.connection_form_widgets if name.startswith("extra__vcc__")} == {
        f"extra__vcc__{name}" for name in declared["conn-fields"]
    }


def test_the_classic_methods_say_the_same_of_labels(declared):
    assert VccHook.get_ui_field_behaviour() == {
        "hidden_fields": ["schema"],
        "relabeling": declared["ui-field-behaviour"]["relabeling"],
        "placeholders": declared["ui-field-behaviour"]["placeholders"],
    }


@pytest.mark.parametrize("missing", ["wtforms", "flask_babel", "flask_appbuilder.fieldwidgets"])
def test_where_the_web_framework_is_missing_the_classic_form_has_no_fields_of_its_own(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    assert VccHook.get_connection_form_widgets() == {}


@pytest.mark.skipif(not OWN_WEB_FRAMEWORK, reason="wtforms is not installed here")
def test_the_classic_form_has_the_same_fields(declared):
    from wtforms import Form

    form = type("F", (Form,), VccHook.get_connection_form_widgets())()
    assert {field.name: str(field.label.text) for field in form} == {
        name: field["label"] for name, field in declared["conn-fields"].items()
    }
    assert {field.name for field in form if type(field).__name__ == "IntegerField"} == {"timeout", "connect_timeout"}
