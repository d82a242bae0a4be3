"""Errors survive pickling, which takes them from a worker to whoever asks."""

from __future__ import annotations

import pickle

import pytest

from airflow_provider_vcc import exceptions


@pytest.mark.parametrize(
    "error",
    [
        exceptions.VccError("nothing more"),
        exceptions.VccConfigurationError("Port is 0", field="Port"),
        exceptions.VccInputError("it broke off", source="x.jsonl", place="line 3"),
        exceptions.VccRequestError("no", status=200, errors=[{"errorcode": 1}], response={"0": True}),
        exceptions.VccAuthenticationError("no", status=401, errors=[]),
        exceptions.VccNotFoundError("no", status=404, errors=[]),
        exceptions.VccTransportError("cut", delivered=False, status=429, retry_after=1.5, transient=True),
        exceptions.VccUnavailable("down", delivered=None, status=503),
        exceptions.ProgressNotSaved("gone"),
        exceptions.DispositionThresholdExceeded("too many", summary={"total": 3}),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_of_a_pickle_as_it_went_in(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_every_error_is_one_of_ours_and_its_name_is_public():
    errors = [
        value
        for value in vars(exceptions).values()
        if isinstance(value, type) and value.__module__ == exceptions.__name__
    ]
    assert all(issubclass(error, exceptions.VccError) for error in errors)
    assert {error.__name__ for error in errors} == set(exceptions.__all__)


@pytest.mark.parametrize("error", [exceptions.VccAuthenticationError, exceptions.VccNotFoundError])
def test_airflow_does_not_retry_what_cannot_succeed(error):
    from airflow.providers.common.compat.sdk import AirflowFailException

    assert issubclass(error, AirflowFailException)


def test_a_broken_threshold_is_an_airflow_exception():
    from airflow_provider_vcc._compat import AirflowException

    assert issubclass(exceptions.DispositionThresholdExceeded, AirflowException)


def test_an_attribute_that_an_error_does_not_have_is_refused():
    with pytest.raises(TypeError, match="deliverd"):
        exceptions.VccTransportError("cut", deliverd=False)


def test_a_note_that_was_added_to_an_error_survives_pickling():
    error = exceptions.VccInputError("it broke off", source="x.jsonl")
    error.add_note("seen by the test")
    again = pickle.loads(pickle.dumps(error))
    assert (again.source, again.__notes__) == ("x.jsonl", ["seen by the test"])
