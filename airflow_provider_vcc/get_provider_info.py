"""What Airflow reads first about this package."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Give the provider's metadata, as Airflow's ``provider_info.schema.json`` describes it."""
    return {
        "package-name": "airflow-provider-vcc",
        "name": "VCC Live",
        "description": "VCC Live, a call-centre service.",
    }
