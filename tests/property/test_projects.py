"""One rule for a project's number: whatever asks for one takes and refuses the same."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.ids import an_id
from airflow_provider_vcc.dispositions.elements.invalid import InvalidElement
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.hooks.vcc import VccHook
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.parameters import Parameters, is_template

np = pytest.importorskip("numpy")

REFUSED = "refused"
TEXTS = ["", " ", "17", " 17 ", "017", "17.", "17.0", "17.5", "+17", "-17", "1e2", "1.7E+1", "\u0661", "\u00b2", "17\n"]
PATHS = [".", "..", "17/records", "17%2f", "17?x", "None", "nan", "true", "1_7", "0", "0.0", "9" * 5000]
NUMBERS = [0, 1, 17, -17, True, 17.0, 17.5, -0.0, 1e30, float("nan"), float("inf"), Decimal(17), Decimal("17.0")]
ODD_NUMBERS = [Decimal("1E+400"), Decimal("NaN"), Fraction(34, 2), Fraction(1, 2), 10**64, 10**5000, 17 + 0j]
OF_NUMPY = [np.int64(17), np.float64(17), np.float32(17.5), np.uint8(0), np.bool_(1), np.str_("17"), np.array(17)]
OTHERS = [None, b"17", [17], [], {"id": 17}, {17}, (17,), range(17), object(), np.array([17]), np.array([])]
VALUES = st.one_of(
    st.sampled_from([*TEXTS, *PATHS, *NUMBERS, *ODD_NUMBERS, *OF_NUMPY, *OTHERS]),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.fractions(),
    st.text(max_size=8),
    st.from_regex(r"\s*[+-]?[0-9]{1,4}(\.[0-9]{0,2})?\s*", fullmatch=True),
    st.lists(st.integers(), max_size=2),
)


def of_operator(value):
    """Return the number that a task's parameters come to."""
    return Parameters.of(BatchDispositionOperator(task_id="sync", project_id=value, elements=[])).project_id


def of_hook(value):
    """Return what the hook returns for a batch of nothing, for which no request is made."""
    return VccHook().batch_dispositions(value, [])


def of_client(value):
    """Return the address to which the engine would send."""
    return Client(requests.Session(), "https://mycc.example/v2", value).url


def taken(door, value):
    """Return what one makes of a value, or that it is refused in the words of the one rule."""
    try:
        return door(value)
    except VccConfigurationError as error:
        assert str(error).startswith("project_id must be the project's number, such as 17, got ")  # noqa: PT017
        return REFUSED


def as_an_id(value):
    """Return the number above 0 that a value is as an id of an element, if it is one."""
    try:
        text = an_id("numberid", value) or ""
    except InvalidElement:
        return REFUSED
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 64 and int(text) else REFUSED


@given(value=VALUES.filter(lambda value: not is_template(value)))
@example(value="17.0")
@example(value="+17")
@example(value="9" * 5000)
@example(value=Decimal("17.0"))
@example(value=np.int64(17))
def test_the_operator_the_hook_and_the_engine_take_and_refuse_the_same(value):
    """A project's number is what the rule for ids makes a number above 0 of, at every door, in the same words."""
    expected = as_an_id(value)
    assert taken(of_operator, value) == expected
    assert taken(of_hook, value) == (REFUSED if expected is REFUSED else {})
    address = f"https://mycc.example/v2/projects/{expected}/records/dispositions"
    assert taken(of_client, value) == (REFUSED if expected is REFUSED else address)
