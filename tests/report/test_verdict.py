"""What became of a run, in the words of a call centre."""

from __future__ import annotations

import pytest
from support.reports import FIELDS_OF_FILES, report, scenarios, summary

from airflow_provider_vcc.report.reading.context import Context
from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.words.form import field_to_correct
from airflow_provider_vcc.report.words.remedy import steps
from airflow_provider_vcc.report.words.status import ENDED
from airflow_provider_vcc.report.words.verdict import consequence, guess, left, plan, threshold, verdict

GONE = " were not found in the project"
DATE = " had a callback date that cannot be read"
DOWN = ", then VCC Live stopped answering; 37 failed, 7,963 were not sent"
SAID = {
    "running": ("Setting records: 4,200 of 12,000 done, 37 failed so far", ""),
    "running-size-estimated": ("Setting records: 4,200 done so far (36.0% of the input), 37 failed so far", ""),
    "running-size-not-known": ("Setting records: 4,200 done so far, 37 failed so far", ""),
    "running-check": ("Checking records: 4,200 of 12,000 done, 5 failed so far", ""),
    "failed-killed": ("At least 4,163 of 12,000 records set, then the task was killed; 37 failed", ""),
    "success": ("All 12,000 records set", ""),
    "one-record": ("The record was set", ""),
    "unchanged": ("All 1,204 records set", "248,796 other rows were left out, since nothing in them had changed."),
    "success-within": (
        f"11,880 of 12,000 records set; 72{GONE}, 29{DATE}, 19 failed for other reasons",
        "Up to 240 may fail, so the run counts as a success.",
    ),
    "failed": (
        f"11,963 of 12,000 records set; 23{GONE}, 9{DATE}, 5 failed for other reasons",
        "Only 25 may fail, so the run counts as failed.",
    ),
    "form": (
        "6 of 8 records set; 2 were not found in the project",
        "No failure is tolerated, so the run counts as failed.",
    ),
    "sheet": (
        f"11,880 of 12,000 records set; 72{GONE}, 29{DATE}, 19 failed for other reasons",
        "Only 25 may fail, so the run counts as failed.",
    ),
    "failed-none-tolerated": (
        "None of 2 records was set; 2 were not found in the project",
        "No failure is tolerated, so the run counts as failed.",
    ),
    "skipped": (
        f"11,963 of 12,000 records set; 23{GONE}, 9{DATE}, 5 failed for other reasons",
        "Only 25 may fail, so the run is skipped, which in Airflow is neither a failure nor a success.",
    ),
    "stand-alone": (
        f"11,880 of 12,000 records set; 72{GONE}, 29{DATE}, 19 failed for other reasons",
        "Up to 240 may fail, so the run counts as a success.",
    ),
    "limit-found": ("All 12,000 records set", ""),
    "check-well": ("8 records are well-formed; nothing was sent, and they were not looked up", ""),
    "check-failed": (
        f"11,963 of 12,000 records are well-formed; 37{DATE}. Nothing was sent",
        "Only 25 may be wrong, so the run counts as failed.",
    ),
    "service-down": (
        f"4,000 of 12,000 records set{DOWN}",
        "",
    ),
    "up-for-retry": (
        f"4,000 of 12,000 records set{DOWN}",
        "Airflow tries again by itself.",
    ),
    "wrong-token": ("Nothing was set: VCC Live did not accept the sign-in", ""),
    "file-breaks-off": (
        "4,000 of the first 4,003 records set, then the input could not be read any further; 3 failed",
        "",
    ),
    "file-unreadable": ("Nothing was set: the input cannot be read", ""),
    "wrong-settings": ("Nothing was set: the task is not set up correctly", ""),
    "before-its-run": ("Nothing was set: the task is not set up correctly", ""),
    "before-its-run-again": (
        "5,000 records set by earlier tries, and none by this one: the task is not set up correctly",
        "",
    ),
    "before-its-run-waiting": (
        "Nothing was set: the task is not set up correctly",
        "Airflow tries again by itself.",
    ),
    "form-refused": ("Nothing was set: “Record ids” in the form has to be corrected", ""),
    "form-file-refused": ("Nothing was set: “Sheet” in the form does not fit the file", ""),
    "stopped": ("4,000 of 12,000 records set, then the run was stopped; 37 failed, 7,963 were not sent", ""),
    "empty": ("Nothing to do: the input is empty", ""),
    "tiny": ("1 of 2 records set; 1 was not found in the project", "Up to 1 may fail, so the run counts as a success."),
    "huge": (
        f"99,999,100 of 100,000,000 records set; 540{GONE}, 216{DATE}, 144 failed for other reasons",
        "Up to 100,000 may fail, so the run counts as a success.",
    ),
    "thousand-failed": (
        f"118,000 of 120,000 records set; 1,200{GONE}, 480{DATE}, 320 failed for other reasons",
        "Only 100 may fail, so the run counts as failed.",
    ),
    "300-kinds": ("11,700 of 12,000 records set; 300 failed", "Up to 500 may fail, so the run counts as a success."),
    "retried": (
        f"11,990 of 12,000 records set; 6{GONE}, 3{DATE}, 1 was in a call",
        "Up to 25 may fail, so the run counts as a success.",
    ),
    "shards": (
        f"47,600 of 48,000 records set; 240{GONE}, 96{DATE}, 64 failed for other reasons",
        "Only 240 may fail, so the run counts as failed.",
    ),
    "older-version": ("118 of 120 records set; 2 were not found in the project", ""),
}


@pytest.mark.parametrize("name", SAID)
def test_the_verdict_says_what_became_of_the_run_and_how_it_is_judged(name):
    given_summary, given_report, context = scenarios()[name]
    figures = read_figures(given_summary, given_report)
    lost = context.get("stand_in", False) and context["state"] in ENDED
    assert (verdict(figures, lost=lost), consequence(figures, context["state"])) == SAID[name]


def figures_of(given, **settings):
    return read_figures(given, report(given, **settings))


def test_without_a_state_from_airflow_the_figures_tell_how_it_ended():
    over = summary(1, 1)
    assert guess(figures_of(over, breached=True)) == "failed"
    assert guess(figures_of(over, breached=True, soft_fail=True)) == "skipped"
    assert guess(figures_of(over, max_errors=1)) == "success"
    assert guess(figures_of(over, max_errors=1, error="down")) == "failed"


def test_a_run_that_was_stopped_by_too_many_failures_says_what_was_not_sent():
    stopped = summary(50, 6, 0, 0, 944, errors=[{"errormessage": "error.unknown_record", "count": 6}])
    said = verdict(figures_of(stopped, max_errors=5, breached=True))
    assert said == "50 of 1,000 records set; 6 were not found in the project, 944 were not sent"


def test_one_record_is_not_a_plural():
    assert verdict(figures_of(summary(1))) == "The record was set"
    one = summary(0, 1, errors=[{"errormessage": "error.record_in_call", "count": 1}])
    assert verdict(figures_of(one)) == "The record was not set; 1 was in a call"


def test_what_was_to_happen_names_the_disposition_the_callback_and_the_project():
    known = figures_of(summary(8))
    assert plan(known) == "Set disposition 2, callback at 2026-12-24 13:00:00 on 8 records of Alumni (project 17)"
    own = figures_of(summary(8), disposition={"userid": "7"}, project_name=None, validate_only=True)
    assert plan(own) == "Check only: Set the disposition that each row names, agent 7 on 8 records of project 17"


def test_what_is_tolerated_is_not_guessed_if_nobody_said_it():
    assert threshold(read_figures(summary(1, 1), None)) == ""
    assert consequence(read_figures(summary(1, 1), None), "success") == ""


def test_a_rate_without_a_known_size_is_shown_as_a_rate():
    figures = figures_of(summary(5), max_error_rate=0.02, state="running", expected=None, share=None)
    assert figures.allowed is None
    assert threshold(figures) == "2.0% tolerated"


def test_time_left_follows_from_the_share_that_was_read():
    figures = figures_of(summary(100, duration=30.0), state="running", share=0.25, expected=None)
    assert left(figures) == "about 1 min 30 s left"


def test_reports_of_older_versions_say_by_their_message_why_they_ended():
    figures = figures_of(summary(4, 0, 0, 0, 6), error="The service is down: 5 requests in a row failed")
    assert verdict(figures) == "4 of 10 records set, then VCC Live stopped answering; 6 were not sent"


def test_a_night_in_which_nothing_changed_is_not_taken_for_an_empty_input():
    assert verdict(figures_of(summary(0) | {"unchanged": 250_000})) == "Nothing to do: none of 250,000 rows had changed"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("form-refused", "Trigger `vcc_form` again, with “Record ids” corrected: what is wrong"),
        ("form-file-refused", "Trigger `vcc_form_file` again, with “Sheet” or the file corrected: what is wrong"),
        ("before-its-run", "Ask"),
    ],
)
def test_what_was_typed_into_a_form_is_corrected_there_first(name, first):
    given_summary, given_report, context = scenarios()[name]
    found = steps(read_figures(given_summary, given_report), Context(**context), context["state"])
    assert found[0].text.startswith(first)


def ended_by(message, kind="VccInputError", fields=FIELDS_OF_FILES):
    return figures_of(summary(0), error=message, error_kind=kind, form=fields)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("/exports/x.csv cannot be opened: there is no such file", "File"),
        ('x.csv is not UTF-8 (line 4, byte 6). If it comes from Excel, save it as "CSV UTF-8"', "Characters"),
        ("x.xlsx has no sheet 'May'; its sheets are 'June'", "Sheet"),
        ("x.csv: field_map names the column 'record', which is not there; the columns are 'id'", "Columns"),
        ("x.csv: column 'city' is not a field of an element; the fields are numberid", "Columns"),
        ("File: write the name of a file in the exports folder", "File"),
        ("x.csv breaks off in a quoted cell (line 7)", ""),
    ],
)
def test_a_form_s_field_that_ended_the_run_is_named_by_its_title(message, field):
    assert field_to_correct(ended_by(message)) == field
    assert field_to_correct(ended_by(message, fields={})) == ""
    assert field_to_correct(ended_by(message, kind="VccUnavailable")) == ""


def test_a_run_that_a_form_s_value_broke_off_is_not_cleared_which_would_try_the_same_value_again():
    broken = figures_of(summary(40), error="x is not UTF-8 (line 41)", error_kind="VccInputError", form=FIELDS_OF_FILES)
    assert verdict(broken) == "40 records set, then “Characters” in the form did not fit the file"
    said = " ".join(step.text for step in steps(broken, Context(state="failed", dag_id="forms"), "failed"))
    assert "Trigger `forms` again, with “Characters” or the file corrected" in said
    assert "the 40 that are set get the same disposition a second time" in said
    assert "Clear" not in said


def test_fields_that_may_be_why_records_failed_are_named():
    dates = [{"errormessage": "next_calldate is not a valid date; use YYYY-MM-DD HH:MM:SS", "count": 3}]
    failed = figures_of(summary(0, 0, 3, errors=dates), breached=True, form=FIELDS_OF_FILES)
    step, _ = steps(failed, Context(state="failed"), "failed")
    assert "Correct what is named above, or “Dates look like” in the form if that is what is wrong." in step.text
