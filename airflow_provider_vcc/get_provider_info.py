"""What Airflow reads first about this package."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Give the provider's metadata, as Airflow's ``provider_info.schema.json`` describes it."""
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


def _connection_type() -> dict[str, Any]:
    return {
        "connection-type": "vcc",
        "hook-class-name": "airflow_provider_vcc.hooks.vcc.VccHook",
        "hook-name": "VCC Live",
        "ui-field-behaviour": {
            "hidden-fields": ["schema"],
            "relabeling": {"login": "Customer (subdomain)", "password": "API token"},
            "placeholders": {
                "login": "mycc",
                "password": "made in VCC Live",
                "host": "empty: https://{customer}.asp.virtual-call-center.eu",
                "port": "443",
            },
        },
        "conn-fields": {
            "timezone": {
                "label": "Time zone",
                "description": "IANA name of the call centre's clock, such as Europe/Budapest. Callback times with an "
                "offset are converted to it.",
                "schema": {"type": ["string", "null"]},
            },
            "timeout": {
                "label": "Timeout (seconds)",
                "description": "How long to wait for one answer. Empty means 60.",
                "schema": {"type": ["integer", "null"], "minimum": 1},
            },
            "connect_timeout": {
                "label": "Connect timeout (seconds)",
                "description": "How long to try to reach the server. Empty means 10.",
                "schema": {"type": ["integer", "null"], "minimum": 1},
            },
            "verify": {
                "label": "Verify TLS",
                "description": "true (also when empty), false, or the path of a CA bundle on the workers.",
                "schema": {"type": ["string", "null"]},
            },
            "proxies": {
                "label": "Proxy",
                "description": "One URL such as http://proxy:3128, or JSON such as "
                '{"https": "http://proxy:3128"}. Empty means the environment\'s (HTTPS_PROXY).',
                "schema": {"type": ["string", "null"]},
            },
            "username": {
                "label": "User name",
                "description": "Where the user of HTTP Basic authentication is not the customer.",
                "schema": {"type": ["string", "null"]},
            },
        },
    }
