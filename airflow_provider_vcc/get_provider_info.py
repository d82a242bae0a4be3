"""What Airflow reads first about this package."""

from __future__ import annotations

from typing import Any

CITIES = ["Berlin", "Bratislava", "Bucharest", "Budapest", "London", "Prague", "Vienna", "Warsaw", "Zagreb"]
"""Whose time zones are suggested; any other name can be written as well."""


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, as Airflow's ``provider_info.schema.json`` describes it."""
    return {
        "package-name": "airflow-provider-vcc",
        "name": "VCC Live",
        "description": "VCC Live, a call-centre service.",
        "connection-types": [_connection_type()],
        "extra-links": ["airflow_provider_vcc.links.VccReportLink"],
        "task-decorators": [
            {
                "name": "batch_disposition",
                "class-name": "airflow_provider_vcc.decorators.batch_disposition.batch_disposition_task",
            }
        ],
    }


def _connection_type() -> dict[str, object]:
    return {
        "connection-type": "vcc",
        "hook-class-name": "airflow_provider_vcc.hooks.vcc.VccHook",
        "hook-name": "VCC Live",
        "ui-field-behaviour": _standard_fields(),
        "conn-fields": _extra_fields(),
    }


def _standard_fields() -> dict[str, object]:
    return {
        "hidden-fields": ["schema"],
        "relabeling": {"login": "Customer (subdomain)", "password": "API token"},
        "placeholders": {
            "login": "mycc",
            "password": "made in VCC Live",
            "host": "empty: https://{customer}.asp.virtual-call-center.eu",
            "port": "443",
        },
    }


def _extra_fields() -> dict[str, object]:
    return {
        "timezone": _text(
            "Time zone",
            "IANA name of the call centre's clock, such as Europe/Budapest. Callback times with an offset are "
            "converted to it.",
            examples=[f"Europe/{city}" for city in CITIES],
        ),
        "timeout": _seconds(
            "Timeout (seconds)", "From the first byte of a request to the last one of its answer. Empty means 60."
        ),
        "connect_timeout": _seconds(
            "Connect timeout (seconds)", "For everything before that: names, all addresses, proxy, TLS. Empty means 10."
        ),
        "verify": _text(
            "Verify TLS",
            "true (also when empty), false, or the path of a CA bundle on the workers.",
            examples=["true", "false"],
        ),
        "cert": _text(
            "Client certificate",
            "The path of a PEM file with certificate and key on the workers, or JSON such as "
            '{"cert": "cert.pem", "key": "key.pem"}.',
        ),
        "proxies": _text(
            "Proxy",
            'One URL such as http://proxy:3128, or JSON such as {"https": "http://proxy:3128"}. Empty means the '
            "environment's (HTTPS_PROXY).",
        ),
        "username": _text("User name", "Where the user of HTTP Basic authentication is not the customer."),
    }


def _text(label: str, description: str, **schema: object) -> dict[str, object]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]} | schema}


def _seconds(label: str, description: str) -> dict[str, object]:
    return {"label": label, "description": description, "schema": {"type": ["integer", "null"], "minimum": 1}}
