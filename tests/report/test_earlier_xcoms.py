"""What version 0.1 left in XComs is kept beside this file as data, and is still read: by page, judge and mail."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_provider_vcc.notifications import summary_text
from airflow_provider_vcc.report.page import render
from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.words.failed import failed_csv, failed_rows
from airflow_provider_vcc.task.merging import merged
from airflow_provider_vcc.task.reporting.report import earlier_tries

LEFT = json.loads((Path(__file__).parent / "data" / "xcoms_0_1.json").read_text())
"""Of three runs of 0.1, how they ended, and their XComs ``summary`` and ``report``."""


def page_of(left):
    """Return what a reader sees of the page of a run."""
    body = render(left["summary"], left["report"]).partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


@pytest.fixture
def failing():
    """Return what a run left of which three elements failed."""
    return LEFT["some failed"]


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
def test_each_figure_is_read_as_it_was_written(left):
    figures, summary = read_figures(left["summary"], left["report"]), left["summary"]
    assert {outcome.value: count for outcome, count in figures.counts.items()} == {
        name: summary[name] for name in ("applied", "rejected", "invalid", "unknown", "not_sent")
    }
    assert (figures.total, figures.failed) == (summary["total"], summary["failed"])


def test_the_failed_records_are_listed_with_their_reasons(failing):
    figures = read_figures(failing["summary"], failing["report"])
    assert [row.record for row in failed_rows(figures)] == ["999", "no record id", "998"]
    lines = failed_csv(figures).splitlines()
    assert lines[0] == "position,record,outcome,errorcode,reason"
    assert lines[1].startswith("30,999,rejected,417,")
    assert lines[2].startswith("31,,invalid,,")


def test_the_page_tells_of_them(failing):
    page = page_of(failing)
    assert "30 of 33 records set" in page
    assert "999" in page
    assert "998" in page


def test_the_page_says_why_a_run_was_refused():
    assert "allow-list" in page_of(LEFT["refused"])


def test_a_judge_of_this_version_adds_them_up(failing):
    together = merged([LEFT["all well"]["summary"], failing["summary"], failing["summary"]])
    assert (together["total"], together["applied"], together["failed"]) == (96, 90, 6)
    assert [(row["errorcode"], row["count"]) for row in together["errors"]] == [(417, 4), (None, 2)]


def test_a_mail_tells_of_them(failing):
    pulled = {"summary": failing["summary"], "report": failing["report"]}
    instance = SimpleNamespace(
        dag_id="sync",
        run_id="manual__1",
        task_id="set",
        map_index=-1,
        state="success",
        xcom_pull=lambda *, task_ids, key, map_indexes: pulled.get(key),
    )
    said = summary_text({"ti": instance})
    assert "30 of 33 records set" in said
    assert "999" in said


def test_the_next_try_knows_what_the_one_under_0_1_had_done():
    """The state store holds the two documents of the try that ended, as they were pushed."""
    left = LEFT["refused"]
    (row,) = earlier_tries({"summary": left["summary"], "report": left["report"]}, 2)
    assert (row["try_number"], row["applied"], row["not_sent"], row["requests"]) == (1, 0, 30, 1)
    assert "allow-list" in row["error"]
