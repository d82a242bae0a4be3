"""Airflow finds the package and accepts what it says of itself."""

from __future__ import annotations

import importlib.resources
import json
import pydoc
from importlib.metadata import entry_points

import jsonschema
import pytest

import airflow_provider_vcc
from airflow_provider_vcc.get_provider_info import get_provider_info


@pytest.fixture(scope="module")
def schema():
    """Return Airflow's own schema of installed providers, with its own checks switched to refuse unknown keys."""
    return json.loads(importlib.resources.files("airflow").joinpath("provider_info.schema.json").read_text())


def test_airflows_schema_accepts_the_provider_info(schema):
    jsonschema.validate(get_provider_info(), schema)


def test_airflows_schema_would_refuse_a_wrong_provider_info(schema):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**get_provider_info(), "connection-types": "vcc"}, schema)


def test_the_entry_point_gives_the_provider_info():
    [point] = [point for point in entry_points(group="apache_airflow_provider") if "vcc" in point.value]
    assert point.load()() == get_provider_info()


def test_airflows_providers_manager_discovers_the_package():
    from airflow.providers_manager import ProvidersManager

    provider = ProvidersManager().providers["airflow-provider-vcc"]
    assert provider.version == airflow_provider_vcc.__version__


def test_airflow_makes_our_hook_for_a_connection_of_our_type():
    from airflow.providers.common.compat.sdk import Connection

    hook = Connection(conn_id="call_centre", conn_type="vcc").get_hook()
    assert type(hook).__name__ == "VccHook"
    assert hook.vcc_conn_id == "call_centre"


def test_all_that_the_provider_info_names_can_be_imported():
    info = get_provider_info()
    names = [connection["hook-class-name"] for connection in info["connection-types"]]
    names += info.get("extra-links", [])
    names += [decorator["class-name"] for decorator in info.get("task-decorators", [])]
    assert [name for name in names if pydoc.locate(name) is None] == []
