"""The likeliest mistakes, each made as a new user makes it, end in a message that says what to do."""

from __future__ import annotations

import pytest
from support.versions import AIRFLOW

pytestmark = pytest.mark.airflow

ONE = "elements=[{'numberid': 1}], disposition=two"


def failing(run, body, **kwargs):
    """Run a body whose only task must fail, and return the log on one line."""
    result = run(body, **kwargs)
    assert result.tasks["sync"] == "failed"
    return " ".join(result.log.split())


def refused(run, body):
    """Return the message with which the DAG file itself fails."""
    with pytest.raises(AssertionError) as caught:
        run(body)
    return " ".join(str(caught.value).split())


def test_a_wrong_token(run):
    log = failing(run, f"Batch({ONE})", connection={"password": "typo"})
    assert "VCC refused the credentials (401): check the connection's Login (the customer) and Password" in log


def test_an_address_that_is_not_on_the_allow_list(run, sandbox):
    sandbox._app.settings = sandbox.settings.__class__(**{**vars(sandbox.settings), "allowed": False})
    log = failing(run, f"Batch({ONE})")
    assert "this machine's IP address is probably not on the API's allow-list" in log


def test_a_misspelt_field_names_the_nearest(run):
    log = failing(run, "Batch(elements=[{'numberid': 1, 'desciption': 'x'}], disposition=two)")
    assert "'desciption' is not a field of an element; did you mean 'description'?" in log


def test_a_misspelt_column_names_the_nearest(run, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("numberid,disposition_id\n1,2\n")
    log = failing(run, f"Batch(elements_path={str(path)!r})")
    assert "column 'disposition_id' is not a field of an element; did you mean 'dispositionid'?" in log
    assert "field_map={'disposition_id': 'dispositionid'}" in log


def test_a_wrong_date_says_how_it_is_written(run):
    log = failing(run, "Batch(elements=[{'numberid': 1, 'next_calldate': 'tomorrow'}], disposition=two)")
    assert "next_calldate is not a valid date; use YYYY-MM-DD HH:MM:SS" in log


def test_a_date_with_an_offset_and_no_time_zone_says_where_to_set_it(run):
    when = "datetime(2026, 12, 1, tzinfo=timezone.utc)"
    log = failing(run, f"Batch(elements=[{{'numberid': 1, 'next_calldate': {when}}}], disposition=two)")
    assert "set `timezone` in the connection" in log


def test_elements_as_a_python_text_name_the_filter(run):
    log = failing(
        run,
        """
        @task
        def find():
            return [{"numberid": 1}]
        find() >> Batch(elements="{{ ti.xcom_pull(task_ids='find') }}", disposition=two)
    """,
    )
    assert "write {{ ... | tojson }} in the template, or set render_template_as_native_obj=True in the DAG" in log


def test_both_inputs(run):
    message = refused(run, f"Batch({ONE}, elements_path='x.csv')")
    assert "elements and elements_path are both given; leave one of them out" in message


def test_neither_input(run):
    assert "give exactly one of elements and elements_path" in refused(run, "Batch(disposition=two)")


def test_an_upstream_task_that_returns_nothing(run):
    log = failing(
        run,
        """
        @task
        def find():
            print("nothing")
        Batch(elements=find(), disposition=two)
    """,
    )
    assert "elements is None: did the upstream task return nothing?" in log


def test_a_missing_data_file(run, sandbox):
    log = failing(run, "Batch(elements_path='/data/{{ ds }}.csv', disposition=two)")
    assert "VccInputError: /data/" in log
    assert ".csv cannot be opened: there is no such file" in log
    assert sandbox.ledger.requests("PUT") == []


def test_a_missing_template_file(run):
    log = failing(run, "Batch(elements='nowhere.json', disposition=two)")
    assert "'nowhere.json' is the path of a template file that does not exist: put it beside the DAG file" in log
    assert "use elements_path" in log


def test_what_ends_a_task_before_its_run_is_kept_for_its_report(run):
    # Airflow 2 says that a task is running only where a process of its own runs it.
    result = run("Batch(elements='nowhere.json', disposition=two)", stops=True)
    assert "'nowhere.json' is the path of a template file" in result.summary["error"]


def test_an_empty_file_of_json(run, tmp_path):
    path = tmp_path / "data.json"
    path.write_text("")
    log = failing(run, f"Batch(elements_path={str(path)!r}, disposition=two)")
    assert "data.json" in log
    assert "empty" in log


def test_a_threshold_in_per_cent(run):
    message = refused(run, f"Batch({ONE}, max_error_rate='5%')")
    assert "max_error_rate must be a share from 0 to 1, got '5%'; write max_error_rate=0.05" in message


def test_a_threshold_in_per_cent_that_a_template_gives(run):
    log = failing(run, f"Batch({ONE}, max_error_rate='{{{{ 5 }}}}%')")
    assert "max_error_rate must be a share from 0 to 1, got '5%'; write max_error_rate=0.05" in log


def test_a_disposition_with_an_unknown_field(run):
    message = refused(run, "Batch(elements=[], disposition={'disposition': 2})")
    assert "disposition has no field 'disposition'; its fields are dispositionid, userid" in message


def test_a_mapped_operator_is_checked_when_it_runs(run):
    result = run("""
        (BatchDispositionOperator.partial(task_id="sync", project_id=17, on_ambiguous="resent")
            .expand(elements=[[{"numberid": 1, "dispositionid": 2}]]))
    """)
    assert result.tasks == {"sync[0]": "failed"}
    assert "did you mean 'resend'?" in result.summary["error"]
    assert "on_ambiguous must be one of 'auto', 'resend', 'report', got 'resent'; did you mean 'resend'?" in result.log


@pytest.mark.skipif(AIRFLOW < (3, 3), reason="the words are Airflow's own, and those of 3.3")
def test_a_connection_that_is_not_there(run):
    log = failing(run, f"Batch({ONE}, vcc_conn_id='vcc_defualt')")
    assert "The conn_id `vcc_defualt` isn't defined" in log


def test_plain_http_to_another_machine(run):
    log = failing(run, f"Batch({ONE})", connection={"host": "http://example.com"})
    assert "would send the token over the network in plain text" in log
