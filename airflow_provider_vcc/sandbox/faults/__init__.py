"""Misbehaviour, as small values that combine.

A fault is a layer around what the sandbox would do: it gets the request and ``act``, which does it and gives the
answer. ``a + b`` puts ``a`` around ``b``; conditions narrow a fault down::

    Status(503, acted=True)                        each request takes effect and is answered 503
    Status(503).first(20)                          the first 20 requests since the faults were set
    Hang().over(200)                               requests with more than 200 elements get no answer
    Latency(0.05) + Cut("acted").sometimes(0.01)   slow, and one in a hundred connections breaks

``str(fault)`` gives the text that ``--fault`` takes, such as ``latency:0.05+cut:acted@1%``.
"""

from airflow_provider_vcc.sandbox.faults.combining import Fault, Faults, OneOf, Script, as_fault
from airflow_provider_vcc.sandbox.faults.kinds import (
    KINDS,
    Broken,
    Capacity,
    Cut,
    CutAnswer,
    GoDown,
    Goodbye,
    Hang,
    Latency,
    Odd,
    Status,
    Trickle,
)

__all__ = [
    "KINDS",
    "Broken",
    "Capacity",
    "Cut",
    "CutAnswer",
    "Fault",
    "Faults",
    "GoDown",
    "Goodbye",
    "Hang",
    "Latency",
    "Odd",
    "OneOf",
    "Script",
    "Status",
    "Trickle",
    "as_fault",
]
