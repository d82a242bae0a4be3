"""Parameters are checked when the DAG is parsed, and each message says what to write instead."""

from __future__ import annotations

import contextlib
import pickle
from decimal import Decimal
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import DAG, XComArg, task

from airflow_provider_vcc._compat import AirflowException
from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.task.parameters import CHECKS, Parameters, is_template


def make(**given):
    return BatchDispositionOperator(**{"task_id": "sync", "project_id": 17, "elements": [], **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"project_id": "Alumni"}, "project_id must be the project's number, such as 17, got 'Alumni'"),
        ({"project_id": 0}, "project_id must be the project's number, such as 17, got 0"),
        ({"project_id": True}, "project_id must be the project's number, such as 17, got True"),
        ({"project_id": None}, "project_id must be the project's number, such as 17, got None"),
        ({"elements_path": "x.csv"}, "elements and elements_path are both given; leave one of them out"),
        ({"elements": None}, "give exactly one of elements and elements_path"),
        ({"elements": None, "elements_path": ""}, "elements_path is empty"),
        ({"elements": None, "elements_path": 5}, "elements_path must be a path or a URL, got the type int"),
        ({"field_map": {"record": "number"}}, "'number' is not a field of an element; did you mean 'numberid'?"),
        ({"field_map": ["numberid"]}, "field_map must map names in the input to fields of an element, such as"),
        ({"field_map": {"a": "numberid", "b": "numberid"}}, "'a' and 'b' are both mapped to 'numberid'"),
        ({"disposition": {"disposition": 1}}, "disposition has no field 'disposition'; its fields are dispositionid"),
        ({"disposition": {"dispositionid": "two"}}, "dispositionid must be an integer"),
        ({"disposition": {"next_calldate": "soon"}}, "next_calldate is not a valid date; use YYYY-MM-DD HH:MM:SS"),
        ({"disposition": [2]}, "disposition must be an object such as {'dispositionid': 2}"),
        ({"disposition": "dispositionid=2"}, "disposition is text, but not JSON; give an object"),
        ({"avoid_in_call": "maybe"}, "avoid_in_call must be True or False, got 'maybe'"),
        ({"vcc_conn_id": ""}, "vcc_conn_id must be the id of a connection, such as 'vcc_default', got ''"),
        ({"vcc_conn_id": None}, "vcc_conn_id must be the id of a connection"),
        ({"chunk_size": 0}, "chunk_size must be an integer of at least 1, got 0"),
        ({"chunk_size": 2.5}, "chunk_size must be an integer of at least 1, got 2.5"),
        ({"chunk_size": "{{ 5 }}"}, "chunk_size is not templated; give the value itself"),
        ({"max_chunk_bytes": -1}, "max_chunk_bytes must be an integer of at least 1, got -1"),
        ({"max_in_flight": None}, "max_in_flight must be 'auto' or an integer of at least 1, got None"),
        ({"max_in_flight": "many"}, "max_in_flight must be 'auto' or an integer of at least 1, got 'many'"),
        ({"max_elements_per_second": 0}, "must be a number above 0, got 0; leave it out for no limit"),
        ({"max_elements_per_second": float("nan")}, "max_elements_per_second must be a number above 0, got nan"),
        ({"max_errors": -1}, "max_errors must be an integer such as 10 (0 tolerates none), got -1"),
        ({"max_errors": "many"}, "max_errors must be an integer such as 10"),
        ({"max_errors": "5%"}, "max_errors is a number of elements, not '5%'; for a share, write max_error_rate=0.05"),
        ({"max_errors": 0.05}, "max_errors is a number of elements, not 0.05; for a share, write max_error_rate=0.05"),
        (
            {"max_error_rate": "5%"},
            "max_error_rate must be a share from 0 to 1, got '5%'; write max_error_rate=0.05",
        ),
        ({"max_error_rate": 5}, "write max_error_rate=0.05, or max_errors=5 for a number of elements"),
        ({"max_error_rate": -0.1}, "max_error_rate must be a share from 0 to 1, got -0.1; write 0.05 for 5 %"),
        ({"max_error_rate": "low"}, "max_error_rate must be a share from 0 to 1, got 'low'; write 0.05 for 5 %"),
        ({"soft_fail": "perhaps"}, "soft_fail must be True or False, got 'perhaps'"),
        ({"stop_on_breach": 2}, "stop_on_breach must be True or False, got 2"),
        (
            {"on_ambiguous": "resent"},
            "must be one of 'auto', 'resend', 'report', got 'resent'; did you mean 'resend'?",
        ),
        ({"failures_path": []}, "failures_path must be a path or a URL, got the type list"),
        ({"validate_only": "check"}, "validate_only must be True or False, got 'check'"),
    ],
)
def test_a_wrong_parameter_says_what_to_write(given, message):
    with pytest.raises(VccConfigurationError) as caught:
        make(**given)
    assert message in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("project_id", "17", 17),
        ("project_id", 17.0, 17),
        ("max_errors", "10", 10),
        ("max_errors", "", None),
        ("max_errors", "None", None),
        ("max_errors", 0, 0),
        ("max_error_rate", "0.05", 0.05),
        ("max_error_rate", "1", 1.0),
        ("max_error_rate", Decimal("0.5"), 0.5),
        ("max_error_rate", "None", None),
        ("max_elements_per_second", "2.5", 2.5),
        ("validate_only", "True", True),
        ("validate_only", "false", False),
        ("validate_only", "", False),
        ("validate_only", "None", False),
        ("field_map", '{"record": "numberid"}', {"record": "numberid"}),
        ("field_map", "None", None),
        ("field_map", {}, None),
        ("disposition", '{"dispositionid": 2}', {"dispositionid": 2}),
        ("disposition", {"dispositionid": "2", "userid": "", "next_calldate": "None"}, {"dispositionid": "2"}),
        ("disposition", {"description": ""}, {"description": ""}),
        ("failures_path", "None", None),
        ("failures_path", Path("/tmp/x.jsonl"), "/tmp/x.jsonl"),
        ("avoid_in_call", None, None),
        ("avoid_in_call", False, False),
    ],
)
def test_what_a_template_makes_of_a_value_is_read_as_it_was_meant(name, value, meant):
    given = getattr(Parameters.of(make(**{name: value})), name)
    assert given == meant
    assert type(given) is type(meant)


@pytest.mark.parametrize("name", [*BatchDispositionOperator.template_fields])
def test_a_template_is_left_alone_until_it_is_rendered(name):
    given = {"elements": None, "elements_path": "x.csv"} if name == "elements_path" else {}
    assert getattr(make(**{**given, name: "{{ params.x }}"}), name) == "{{ params.x }}"


def test_what_an_upstream_task_gives_is_left_alone_until_it_is_there():
    @task
    def upstream():
        return 17

    with DAG("d", schedule=None):
        operator = make(project_id=upstream(), elements=upstream(), field_map=upstream(), max_errors=upstream())
    assert isinstance(operator.project_id, XComArg)
    assert operator.upstream_task_ids == {"upstream", "upstream__1", "upstream__2", "upstream__3"}


@pytest.mark.parametrize(
    "value",
    ["{{ x }}", "{% if x %}", ["{{ x }}"], {"a": ["{{ x }}"]}, lambda context, jinja_env: 1, ({"b": "{{ x }}"},)],
)
def test_templates_are_known_wherever_they_stand(value):
    assert is_template(value)


@pytest.mark.parametrize("value", ["plain", 5, None, ["{x}"], {"{{ key }}": 1}, Path("/tmp"), True])
def test_values_are_not_taken_for_templates(value):
    assert not is_template(value)


def test_parameters_are_keywords_only():
    with pytest.raises((TypeError, AirflowException)):
        BatchDispositionOperator(17, task_id="sync")


@pytest.mark.parametrize("name", ["disposition", "field_map"])
@pytest.mark.parametrize("value", [0, 0.0, False, [], (), b"", "0", "false", "[]", '""'])
def test_what_is_false_but_no_object_is_refused(name, value):
    """A value of another kind is not passed over in silence because Python takes it for false."""
    with pytest.raises(VccConfigurationError, match=name):
        BatchDispositionOperator(task_id="t", project_id=17, elements=[], **{name: value})


@pytest.mark.parametrize("name", ["max_elements_per_second", "max_error_rate", "max_errors"])
def test_bytes_are_no_number(name):
    """What Python would convert by the way is none of the kinds that a parameter may be."""
    with pytest.raises(VccConfigurationError, match=name):
        BatchDispositionOperator(task_id="t", project_id=17, elements=[], **{name: b"1"})


ODD = {
    "digits": "9" * 5000,
    "signs": "+-5",
    "no sign": "--5",
    "huge": 10**400,
    "infinite": float("inf"),
    "decimal": Decimal("1E+400"),
    "bytes": b"5",
    "object": object(),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", CHECKS)
def test_whatever_is_given_is_refused_in_words_or_taken(name, value):
    """No value ends in an error of Python's own, such as the one for a number of thousands of digits."""
    with contextlib.suppress(VccConfigurationError):
        CHECKS[name](name, value)
