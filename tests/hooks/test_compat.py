"""The one file that knows the differences between Airflows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airflow_provider_vcc import _compat


def test_importing_it_imports_no_airflow():
    code = "import sys, airflow_provider_vcc._compat; sys.exit('airflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", _compat.__all__)
def test_every_name_that_it_offers_is_there_in_this_airflow(name):
    assert getattr(_compat, name) is not None


def test_a_name_that_it_does_not_offer_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Bogus'"):
        _ = _compat.Bogus


def test_the_version_is_major_and_minor():
    from airflow import __version__

    assert "{}.{}".format(*_compat.airflow_version()) == ".".join(__version__.split(".")[:2])


def test_an_airflow_without_state_stores_has_none():
    assert _compat.task_state_store({}) is None
    assert _compat.asset_state_store({}, "asset") is None


def test_the_state_stores_of_the_context_are_given():
    store, of_asset = object(), object()
    context = {"task_state_store": store, "asset_state_store": {"asset": of_asset}}
    assert _compat.task_state_store(context) is store
    assert _compat.asset_state_store(context, "asset") is of_asset
