"""Which failures are worth another try: a ready ``retry_policy`` for Airflow 3.3 and later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.exceptions import (
    DispositionThresholdExceeded,
    ProgressNotSaved,
    VccConfigurationError,
    VccRequestError,
    VccTransportError,
)
from airflow_provider_vcc.task.judgement import unsent

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import timedelta

    from airflow.sdk import RetryPolicy

__all__ = ["vcc_retry_policy", "worth_a_retry"]


def vcc_retry_policy(*, retry_delay: timedelta | None = None, passing: Collection[int | str] = ()) -> RetryPolicy:
    """Return a policy for the operator's ``retry_policy``: another try only if it can end better.

    No retry after a wrong token, project or parameter, nor after a broken threshold where each failed element was
    rejected or invalid: the same elements would fail again. A retry where the service was down, or where elements are
    unknown or were not sent. Everything else goes by the task's ``retries`` and ``retry_delay`` as usual.

    :param retry_delay: how long to wait where there is a retry; None for the task's own.
    :param passing: error codes, or messages such as ``"error.record_in_call"``, of rejections that pass with time: a
        broken threshold with one of them is retried.
    :raises VccConfigurationError: before Airflow 3.3, which has no retry policies.
    """
    from airflow_provider_vcc._compat import make_retry_policy

    return make_retry_policy(lambda error: worth_a_retry(error, passing), retry_delay)


def worth_a_retry(error: BaseException, passing: Collection[int | str] = ()) -> tuple[bool | None, str]:
    """Return whether a failure is worth another try, and why; None leaves it to the task's ``retries``."""
    if isinstance(error, DispositionThresholdExceeded):
        return _judged(error.summary or {}, passing)
    if isinstance(error, VccRequestError | VccConfigurationError):
        return False, "the next try would be refused as well"
    if isinstance(error, VccTransportError) and not error.transient:
        return False, "the next try would fail as well"
    if isinstance(error, VccTransportError | ProgressNotSaved):
        return True, "the next try goes on from where this one ended"
    return None, ""


def _judged(summary: Mapping[str, Any], passing: Collection[int | str]) -> tuple[bool, str]:
    if summary.get("unknown") or unsent(summary):
        return True, "elements are unknown or were not sent"
    for row in summary.get("errors", ()):
        if row["errorcode"] in passing or row["errormessage"] in passing:
            return True, "some of the rejections pass with time"
    return False, "all that failed was rejected or invalid, and would be again"
