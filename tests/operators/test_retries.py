"""What is worth another try."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.exceptions import (
    DispositionThresholdExceeded,
    ProgressNotSaved,
    VccAuthenticationError,
    VccConfigurationError,
    VccInputError,
    VccUnavailable,
)
from airflow_provider_vcc.operators.retries import worth_a_retry


def exceeded(**summary):
    return DispositionThresholdExceeded("too many", summary={"unknown": 0, "not_sent": 0, "errors": [], **summary})


REJECTED = [{"errorcode": 423, "errormessage": "error.record_in_call", "count": 1, "positions": [0]}]


@pytest.mark.parametrize(
    ("error", "passing", "worth"),
    [
        (VccUnavailable("down"), (), True),
        (ProgressNotSaved("store"), (), True),
        (VccAuthenticationError("401"), (), False),
        (VccConfigurationError("wrong"), (), False),
        (exceeded(errors=REJECTED), (), False),
        (exceeded(errors=REJECTED), ["error.record_in_call"], True),
        (exceeded(errors=REJECTED), [423], True),
        (exceeded(errors=REJECTED), [424], False),
        (exceeded(unknown=1), (), True),
        (exceeded(not_sent=1), (), True),
        (exceeded(not_sent=1, validate_only=True), (), False),
        (VccInputError("cut off"), (), None),
        (ValueError("a function's own"), (), None),
    ],
)
def test_only_what_may_come_to_something_better_is_retried(error, passing, worth):
    assert worth_a_retry(error, passing)[0] is worth
