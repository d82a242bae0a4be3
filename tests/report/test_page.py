"""The page is whole, harmless and small, whatever it is given."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import FIELDS, FIELDS_OF_FILES, NOW, report, scenarios, summary

from airflow_provider_vcc.report.page import headers, render, render_message
from airflow_provider_vcc.report.reading.context import Context, Instance

VOID = {"meta", "br", "input", "img", "link"}
ALLOWED = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "footer", "nav", "section", "h1", "h2", "p"),
    *("div", "span", "strong", "code", "pre", "bdi", "a", "br", "dl", "dt", "dd", "ul", "ol", "li", "figure"),
    "figcaption",
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("svg", "desc", "rect", "line", "path", "polygon", "circle", "text"),
}
EVIL = """</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>"'`{{7*7}}&amp;"""


class Page(HTMLParser):
    """A page taken apart: its elements, their attributes and its texts; every element closed where it must be."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self._open = [], [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return "".join(self.texts)


def assert_harmless(html):
    page = Page(html)
    assert set(page.tags) <= ALLOWED
    names = {name for name, _ in page.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"style", "src", "srcset", "action", "formaction", "xlink:href"}
    for name, value in page.attributes:
        if name == "href":
            assert value.startswith(("?", "#", "../")), value
    return page


@pytest.mark.parametrize("name", scenarios())
def test_each_kind_of_run_makes_a_whole_and_harmless_page(name):
    given_summary, given_report, context = scenarios()[name]
    page = assert_harmless(render(given_summary, given_report, Context(**context)))
    assert page.tags.count("h1") == page.tags.count("main") == 1
    ids = [value for key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    named = {
        i for key, value in page.attributes if key in {"aria-labelledby", "aria-describedby"} for i in value.split()
    }
    assert named <= set(ids)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(EVIL),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=10,
)
NAMES = [*summary(), *report(summary())]
ODD = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12)
CONTEXTS = st.fixed_dictionaries(
    {},
    optional={
        "dag_id": st.text(),
        "run_id": st.text(),
        "task_id": st.text() | st.just(EVIL),
        "map_index": st.integers(-1, 10**6),
        "state": st.none() | st.sampled_from(["running", "failed", "queued", "success"]) | st.text(max_size=10),
        "try_number": st.none() | st.integers(0, 10),
        "tries": st.none() | st.integers(0, 10),
        "stand_in": st.booleans(),
        "keeps_progress": st.booleans(),
        "elsewhere": st.text(max_size=10) | st.just(EVIL),
        "now": st.none() | st.just(NOW),
        "refresh": st.none() | st.just(5),
    },
)


@given(given_summary=ODD | JSON, given_report=ODD | JSON, context=CONTEXTS)
def test_odd_values_neither_break_the_page_nor_get_into_its_markup(given_summary, given_report, context):
    html = render(given_summary, given_report, Context(**context))
    assert_harmless(html)
    html.encode()


def test_every_text_that_comes_from_outside_is_escaped():
    given_summary = summary(1, 1) | {
        "project_id": EVIL,
        "failures_path": EVIL,
        "errors": [
            {"errorcode": EVIL, "errormessage": EVIL, "count": 1, "positions": [EVIL, 1], "records": [EVIL, EVIL]}
        ],
    }
    rows = [[1, EVIL, EVIL, 0, EVIL, EVIL], [2, None, "rejected", 0, EVIL, None]]
    failed = {"reasons": [[EVIL, EVIL]], "rows": rows}
    tries = [{"try_number": EVIL, "error": EVIL}]
    texts = dict.fromkeys(
        ("source", "error", "error_kind", "started", "project_name", "timezone", "held_back_by"), EVIL
    )
    given_report = report(summary()) | dict(
        tries=tries, failed=failed, disposition={"dispositionid": EVIL, EVIL: EVIL}, **texts
    )
    given_report["form"] = {"records": EVIL, EVIL: EVIL}
    place = {"dag_id": EVIL, "run_id": EVIL, "task_id": EVIL, "home": "../x", "state": EVIL}
    page = assert_harmless(render(given_summary, given_report, Context(**place)))
    assert page.text.count("<script>alert(1)</script>") >= 12


def test_the_page_stays_small_however_much_there_is():
    rows = [
        {"errorcode": 1, "errormessage": f"{i}&" * 500, "count": 1, "positions": list(range(100))} for i in range(2000)
    ]
    given_summary = summary(10**9, 2000) | {"errors": rows}
    given_report = report(given_summary, shards=[{"map_index": i, **summary(9, 1)} for i in range(5000)])
    assert len(render(given_summary, given_report)) < 2_000_000


def test_what_is_left_out_for_size_is_said():
    rows = [{"errormessage": str(i), "count": 1} for i in range(600)]
    text = Page(render(summary(1, 600) | {"errors": rows}, None)).text
    assert "And 592 more reasons" in text or "more reasons, listed below" in text
    assert "500 more kinds are not shown here." in text


def test_the_style_is_the_only_thing_that_the_policy_lets_in():
    policy = headers()["Content-Security-Policy"]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    style = re.search(r"<style>(.*)</style>", render(None, None), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
    }
    assert len(policy.split("; ")) == len(directives)


def test_only_a_live_page_is_loaded_anew():
    assert "Refresh" not in headers()
    assert headers(5)["Refresh"] == "5"


def text_of(name, **context):
    given_summary, given_report, known = scenarios()[name]
    page = render(given_summary, given_report, Context(**known | context))
    return " ".join(Page(page.partition("<body>")[2].partition("</body>")[0]).text.split())


def test_the_page_goes_through_the_questions_in_their_order():
    asked = (
        "Set disposition 2 (Not interested), callback at 2026-12-24 13:00:00 on 8 records of Alumni (project 17)",
        "6 of 8 records set; 2 were not found in the project",
        "No failure is tolerated, so the run counts as failed.",
        "24 Nov 2026, 07:00:00 (06:00 UTC)",
        "Which failed, and why",
        "There is no such record in the project",
        "Check that these ids are right",
        "What to do now",
        "`failed/manual-2026-11-24.jsonl`".strip("`"),
        "In figures",
        "For the DAG's author",
        "417 error.unknown_record",
    )
    text = text_of("form")
    places = [text.index(said) for said in asked]
    assert places == sorted(places)


def test_each_failed_record_stands_there_by_id_with_its_row_and_reason():
    text = text_of("failed")
    given_report = scenarios()["failed"][1]
    assert len(given_report["failed"]["rows"]) == 37
    for position, record, *_ in given_report["failed"]["rows"]:
        assert f"{record or 'a search by name, city'}row {position + 1:,}" in text.replace(" row", "row")


def test_search_values_are_not_shown_but_the_names_of_the_criteria_are():
    assert "a search by name, city" in text_of("thousand-failed")


def test_a_page_with_a_thousand_failed_records_is_small_and_fast():
    given_summary, given_report, context = scenarios()["thousand-failed"]
    assert len(given_report["failed"]["rows"]) == 1_000
    render(None, None)
    began = process_time()
    page = render(given_summary, given_report, Context(**context))
    assert process_time() - began < 0.3
    assert len(page.encode()) < 300_000
    assert "1,000 more records failed; only the first 1,000 are listed." in Page(page).text


@pytest.mark.parametrize("name", ["wrong-token", "file-unreadable", "wrong-settings"])
def test_a_run_that_ended_before_its_first_record_has_its_reason_and_its_remedy_and_no_figures(name):
    text = text_of(name)
    assert "Nothing was set: " in text
    assert "Why it ended:" in text
    assert "What to do now" in text
    assert "In figures" not in text
    assert "0%" not in text


def test_a_check_reads_as_a_check():
    text = text_of("check-well")
    assert "8 records are well-formed; nothing was sent, and they were not looked up" in text
    assert "In figures" not in text


def test_nothing_looks_finished_while_the_total_is_not_known():
    given_summary, given_report, context = scenarios()["running-size-not-known"]
    assert '<svg class="bar"' not in render(given_summary, given_report, Context(**context))
    given_summary, given_report, context = scenarios()["running-size-estimated"]
    page = render(given_summary, given_report, Context(**context))
    applied = float(re.search(r'class="part applied" x="0.0%" y="0" width="([\d.]+)%"', page)[1])
    assert applied == pytest.approx(100 * 4_163 / (4_600 / 0.36), abs=0.5)
    assert "estimated by how much of the input has been read" in page


def text_of_form(fields):
    given_summary, given_report, context = scenarios()["form"]
    return Page(render(given_summary, given_report | {"form": fields}, Context(**context))).text


def test_where_records_go_back_into_a_form_the_page_says_what_to_write_into_which_field():
    assert "copy the ids of the failed records, trigger vcc_form again, and paste them into the field “Record ids”" in (
        text_of("form")
    )
    assert "write failed/manual-2026-11-24.jsonl into the field “File”" in text_of_form(FIELDS_OF_FILES)
    assert "paste them into the field “Azonosítók”" in text_of_form(FIELDS | {"records": "Azonosítók"})
    assert "given back as the input (elements_path)" in text_of_form({})


def test_each_of_the_five_outcomes_is_shown_with_its_share():
    text = " ".join(Page(render(summary(5, 4, 3, 2, 6), None)).text.split())
    for said in ("Set 5 25.0%", "Refused 4 20.0%", "Not valid 3 15.0%", "Not known 2 10.0%", "Not sent 6 30.0%"):
        name, count, share = said.rsplit(" ", 2)
        assert re.search(f"{name} ?{count} ?{share}", text), said


def test_earlier_tries_and_shards_have_a_row_each():
    retried = Page(render(*scenarios()["retried"][:2])).text
    assert "VCC does not serve requests" in retried
    assert "8,500 of them by earlier tries" in retried
    shards = Page(render(*scenarios()["shards"][:2])).text
    assert "Parts of the task" in shards
    assert shards.count("11,") >= 4
    assert "Each part of the task has a report of its own" in shards
    assert "failures_path" not in shards


MISSING = {
    "queued": ({"state": "queued"}, "has not run yet"),
    "just started": ({"state": "running"}, "first figures come within seconds"),
    "an older Airflow": ({"state": "running", "keeps_progress": False}, "Airflow 3.3 and later"),
    "ended without": ({"state": "success"}, "There is no report"),
    "failed without": ({"state": "failed"}, "can say here whether anything was set"),
    "another operator": ({"state": "success", "operator": "PythonOperator"}, "It runs PythonOperator. Only"),
    "kept elsewhere": ({"state": "success", "elsewhere": "s3://bucket/xcom"}, "s3://bucket/xcom"),
}


@pytest.mark.parametrize("name", MISSING)
def test_where_there_is_nothing_to_show_the_page_says_why(name):
    context, reason = MISSING[name]
    assert reason in Page(render(None, None, Context(**context))).text


@pytest.mark.parametrize(
    "xcom", [{"rows": 5}, {"total": 7, "status": "ok"}, {"applied": {}, "total": "x"}, {"errors": []}]
)
def test_another_operator_s_xcom_under_the_same_key_is_not_taken_for_figures(xcom):
    page = Page(render(xcom, xcom, Context(state="success", operator="ExportOperator")))
    assert "There is no VCC report for this task" in page.text
    assert "Nothing to do" not in page.text


def test_figures_of_a_task_that_was_killed_are_called_the_last_ones():
    given_summary, given_report, context = scenarios()["failed-killed"]
    assert "without its final figures" in Page(render(given_summary, given_report, Context(**context))).text


def test_figures_of_an_earlier_try_are_not_taken_for_this_ones():
    given_summary, given_report, _ = scenarios()["up-for-retry"]
    text = Page(render(given_summary, given_report, Context(state="running", try_number=2, stand_in=True))).text
    assert "This try has saved none yet." in text


def test_a_mapped_task_lists_its_instances():
    instances = (
        Instance(index=0, state="success", href="?map_index=0"),
        Instance(index=1, state="failed", href="?map_index=1"),
        Instance(index=2, state="new_in_a_later_airflow", href="?map_index=2"),
    )
    page = assert_harmless(render(None, None, Context(instances=instances)))
    assert ("href", "?map_index=1") in page.attributes
    assert all(state in page.text for state in ("Success", "Failed", "New In A Later Airflow"))
    assert "No status" not in page.text


def test_a_live_page_says_how_old_it_is_and_can_be_paused():
    given_summary, given_report, context = scenarios()["running"]
    page = Page(render(given_summary, given_report, Context(**context)))
    assert "Figures from 3 s ago" in page.text
    assert "About 48 s left" in page.text
    assert ("href", "?live=0") in page.attributes


def test_a_theme_that_was_chosen_overrules_the_systems():
    assert '<html lang="en" data-theme="dark">' in render(None, None, Context(theme="dark"))
    assert '<html lang="en">' in render(None, None, Context())


def test_a_message_page_is_as_harmless():
    assert EVIL in assert_harmless(render_message("No", EVIL)).text
