"""A call centre to try on: a local server that behaves as the documentation of the VCC Live API says.

It knows neither Airflow nor the engine, and needs nothing but the standard library::

    with Sandbox(records=100, faults=[None, Status(503, acted=True)]) as sandbox:
        ...  # talk to sandbox.url
        sandbox.ledger.events("1")
"""

from airflow_provider_vcc.sandbox.server import Sandbox
from airflow_provider_vcc.sandbox.storage.ledger import Ledger

__all__ = ["Ledger", "Sandbox"]
