from __future__ import annotations

import json
import logging
import ssl

import pytest
from support.tls import authority, bundle

from airflow_provider_vcc.hooks.vcc import VccHook

__all__ = ["authority", "bundle"]

TOKEN = "t0ken-that-nobody-may-see"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    """Keep this machine's proxies and CA bundles out of the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def connect(monkeypatch):
    """Return a function that makes a hook for a connection with these fields, kept as Airflow users keep them."""

    def make(host=None, pool_size=4, login="mycc", password=TOKEN, port=None, **extra):
        fields = {"conn_type": "vcc", "host": host, "login": login, "password": password, "port": port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(fields))
        return VccHook(pool_size=pool_size)

    return make


@pytest.fixture(scope="session")
def tls(authority):
    """Return a function that makes a server's TLS context, for a name or address."""

    def make(name="127.0.0.1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make


@pytest.fixture
def logged(caplog, capfd):
    """Return a function that returns all that was logged or printed, of every logger, down to DEBUG."""
    caplog.set_level(logging.DEBUG)
    printed = []

    def read():
        printed.extend(capfd.readouterr())
        return caplog.text + "".join(printed)

    return read


@pytest.fixture
def times_logged(caplog, capfd):
    """Return a function that counts how often a text was logged; some Airflows print what pytest catches as well."""
    return lambda text: max(caplog.text.count(text), "".join(capfd.readouterr()).count(text))
