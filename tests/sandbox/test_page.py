"""The sandbox's pages: what a browser is shown, and what its buttons do."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest

from airflow_provider_vcc.sandbox.faults import Hang, Status

PAGES = ["/", "/requests", "/requests/0", "/faults", "/projects/17", "/projects/17/records/1"]
EVIL = "<script>alert(1)</script>"


def text_of(answer):
    """Return what a reader sees of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.decode()).split())


@pytest.fixture
def look(start, sandbox):
    """Return a function that opens a page, without credentials."""
    browser = start.client(sandbox)
    return lambda path, **headers: browser.ask("GET", path, headers=headers)


@pytest.fixture
def press(start, sandbox):
    """Return a function that presses a button: a form's fields, sent as a browser does."""
    browser = start.client(sandbox)

    def press(path, origin=None, **fields):
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": origin or sandbox.url,
            "Sec-Fetch-Site": "cross-site" if origin else "same-origin",
        }
        return browser.ask("POST", path, urlencode(fields).encode(), headers)

    return press


@pytest.fixture
def filled(client):
    """Send the documentation's payload and one unknown record, so that both are in the ledger."""
    client.put(
        {"numberid": "1", "dispositionid": "1", "next_calldate": "2017-10-10 11:00:00", "description": EVIL},
        {"search": {"name": "Green"}},
        {"numberid": "404404"},
        disposition={"dispositionid": "2", "userid": "7"},
    )


def test_the_first_page_shows_projects_requests_changes_and_the_connection(look, filled, sandbox):
    page = text_of(look("/"))
    assert "17 Alumni 100 9 0" in page
    assert "1 request came in 9 dispositions set 1 element rejected" in page
    assert "PUT /projects/17/records/dispositions 3 200 it took effect, but for 1 rejected" in page
    assert f"curl -u mycc:sandbox-token {sandbox.url}/v2/projects" in page
    assert "It behaves well" in page


def test_a_record_shows_its_history_the_newest_first(look, filled, client):
    client.put({"numberid": "1", "dispositionid": "3", "description": "later"})
    page = text_of(look("/projects/17/records/1"))
    assert page.index("later") < page.index("2017-10-10 11:00:00")


def test_a_request_shows_what_became_of_each_element(look, filled):
    page = text_of(look("/requests/0"))
    assert "0 record 1 set on 1 record" in page
    assert "Green&quot;} set on 8 records" in page
    assert "2 record 404404 rejected: 417 error.unknown_record" in page


def test_a_request_that_did_nothing_and_one_that_waits_are_told_apart(look, start, sandbox, until):
    sandbox.faults = [Status(503), Hang()]
    start.client(sandbox).put({"numberid": "1", "dispositionid": "1"})
    waiting = start.client(sandbox)
    waiting.connection.request("PUT", "/v2/projects/17/records/dispositions", b"{}", waiting.headers)
    until(lambda: len(sandbox.ledger.requests()) == 2)
    page = text_of(look("/requests"))
    assert "503 nothing was done status:503" in page
    assert "... it is being worked on" in page
    waiting.close()


@pytest.mark.parametrize(
    ("query", "shown"),
    [("?q=9", "1 to 11 of 11"), ("?q=Green", "1 to 8 of 8"), ("?done=1", "1 to 9 of 9"), ("?start=50", "51 to 100")],
)
def test_records_are_searched_by_number_and_field_and_shown_in_pages(look, filled, query, shown):
    assert shown in text_of(look(f"/projects/17{query}"))


@pytest.mark.parametrize("query", ["?q=%25", "?q='", "?start=-1", "?start=x", f"?q={EVIL}"])
def test_a_search_for_anything_at_all_is_answered(look, query):
    page = look(f"/projects/17{query}")
    assert page.status == 200
    assert b"<script" not in page.text


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_no_script_and_escape_what_records_hold(look, filled, path):
    page = look(path)
    assert page.status == 200
    assert b"<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/requests/99", "/projects/5", "/projects/17/records/none"])
def test_what_is_not_there_is_a_404(look, path):
    assert look(path).status == 404


def test_pages_renew_themselves_until_somebody_pauses_them(look):
    assert look("/").headers["Refresh"] == "2"
    assert look("/?live=0").headers["Refresh"] is None
    assert look("/faults").headers["Refresh"] is None


def test_looking_leaves_no_trace_in_the_ledger_and_meets_no_fault(look, sandbox):
    sandbox.faults = Hang()
    for path in PAGES:
        look(path)
    assert sandbox.ledger.requests() == []


def test_faults_are_switched_on_and_off_one_by_one(press, look, sandbox):
    sandbox.faults = Status(500).first(3)
    assert press("/faults", on="503:acted@10%").status == 303
    press("/faults", on="latency:0.5")
    assert str(sandbox.faults) == "latency:0.5+status:503:acted@10%+status:500@first:3"
    press("/faults", off="status:500@first:3")
    press("/faults", off="latency:0.5")
    assert str(sandbox.faults) == "status:503:acted@10%"
    assert "It misbehaves: 503:acted@10%" in text_of(look("/"))
    press("/faults", none="1")
    assert str(sandbox.faults) == "ok"


def test_faults_that_a_test_chooses_by_a_function_are_shown_too(look, press, sandbox):
    sandbox.faults = lambda _: None
    assert "faults that a program chooses" in text_of(look("/faults"))
    press("/faults", on="latency:0.5")
    assert "It misbehaves: latency:0.5 faults that a program chooses" in text_of(look("/"))


def test_a_fault_that_is_not_one_is_explained_and_changes_nothing(press, sandbox):
    answer = press("/faults", on="bogus")
    assert answer.status == 400
    assert "&#x27;bogus&#x27; is not a fault" in answer.text.decode()
    assert str(sandbox.faults) == "ok"


def test_an_agent_takes_a_record_and_leaves_it(press, client):
    press("/projects/17/records/1", in_call="1")
    assert client.put({"numberid": "1", "dispositionid": "1"}, avoid_in_call=True).errors
    press("/projects/17/records/1", in_call="0")
    assert not client.put({"numberid": "1", "dispositionid": "1"}, avoid_in_call=True).errors


def test_another_sites_page_cannot_press_a_button(press, sandbox):
    assert press("/faults", origin="http://elsewhere.test", on="503").status == 403
    assert str(sandbox.faults) == "ok"


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("DELETE", "/faults"), ("PUT", "/projects/17/records/1")])
def test_what_no_page_offers_is_refused(client, method, path):
    assert client.ask(method, path, b"{}").status == 405


def test_what_is_not_a_page_is_the_apis(client):
    assert client.ask("GET", "/projects").errors[0]["errormessage"] == "error.not_found"
