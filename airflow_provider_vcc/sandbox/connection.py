"""How to reach a sandbox from Airflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["as_connection", "as_text"]


def as_connection(url: str, customer: str, token: str, extra: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return the connection in the form that ``AIRFLOW_CONN_<ID>`` takes as JSON."""
    scheme_and_host, _, port = url.rpartition(":")
    made = {"conn_type": "vcc", "login": customer, "password": token, "host": scheme_and_host, "port": int(port)}
    return made | ({"extra": dict(extra)} if extra else {})


def as_text(connection: Mapping[str, object]) -> str:
    """Return the connection as an environment variable, as the form's fields, and as a first request."""
    login, password, host, port = (connection[name] for name in ("login", "password", "host", "port"))
    return f"""\
The connection, as an environment variable:

  export AIRFLOW_CONN_VCC_DEFAULT='{json.dumps(connection)}'

or in Airflow's form (Admin > Connections > Add, type "VCC Live"):

  Connection ID  vcc_default
  Login          {login}
  Password       {password}
  Host           {host}
  Port           {port}

A first request:

  curl -u {login}:{password} {host}:{port}/v2/projects
"""
