"""What a fault means to those beside the window: the limit, and whoever reads the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.limits.limit import Trouble
from airflow_provider_vcc.exceptions import ProgressNotSaved, VccError, VccUnavailable

if TYPE_CHECKING:
    from airflow_provider_vcc.dispositions.http.answers import Fault

__all__ = ["STOPPED", "load_of", "not_saved", "unavailable"]

STOPPED = "the run was stopped before the answer came"
LOADS = {429: Trouble.SLOW_DOWN, 503: Trouble.OVERLOADED, 413: Trouble.OTHER}


def load_of(fault: Fault) -> Trouble:
    """Return what a fault tells the limit."""
    if fault.status in LOADS:
        return LOADS[fault.status]
    return Trouble.TIMEOUT if fault.too_much else Trouble.OTHER


def not_saved(error: BaseException) -> VccError:
    """Return the error of a run whose store refuses for good."""
    if isinstance(error, VccError):
        return error
    refused = ProgressNotSaved(
        "the progress cannot be saved any more, so nothing more is sent "
        f"({type(error).__name__}); the next try goes on from what was saved"
    )
    refused.__cause__ = error
    return refused


def unavailable(failures: int, fault: Fault) -> VccUnavailable:
    """Return the error of a run whose service is down."""
    return VccUnavailable(
        f"VCC does not serve requests: {failures} failures in a row, the last one: {fault.told}. "
        "The rest was not sent; the next try goes on from here",
        delivered=fault.delivered,
    )
