"""The page in a browser: for everybody, in every light, from a phone's width up."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from support.axe import findings
from support.reports import scenarios

from airflow_provider_vcc.report.overview import render_overview
from airflow_provider_vcc.report.page import headers, render
from airflow_provider_vcc.report.reading.context import Context

pytestmark = pytest.mark.chromium

ADDRESS = "http://report.test/"


@pytest.fixture
def show(new_page):
    """Open a run's page as it is served, headers and all."""

    def show_page(name, **options):
        given_summary, given_report, context = scenarios()[name]
        body = render(given_summary, given_report, Context(**context))
        page = new_page(**options)
        page.route("**/*", lambda route: route.fulfill(body=body, content_type="text/html", headers=headers()))
        page.goto(ADDRESS)
        return page

    return show_page


LOOKED_AT = (
    *("running", "failed", "form", "check-failed", "wrong-token"),
    *("mapped", "shards", "limit-found", "no-report"),
)
"""Those that look like no other; the others are looked at by the long tests."""


@pytest.mark.parametrize(
    "name", [name if name in LOOKED_AT else pytest.param(name, marks=pytest.mark.long) for name in scenarios()]
)
def test_nothing_is_serious_to_axe_and_nothing_runs_out_of_the_page(show, screenshots, name):
    page = show(name, width=1040, color_scheme="light")
    page.screenshot(path=screenshots / f"report-{name}-light.png", full_page=True)
    page.evaluate("for (const one of document.querySelectorAll('.card details')) one.open = true")
    assert findings(page) == []
    page.emulate_media(color_scheme="dark")
    page.screenshot(path=screenshots / f"report-{name}-dark.png", full_page=True)
    assert findings(page, "color-contrast") == []
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.emulate_media(color_scheme="light")
    page.screenshot(path=screenshots / f"report-{name}-phone.png", full_page=True)


def test_the_page_is_dark_where_the_system_is_and_as_chosen_where_somebody_chose(show, new_page):
    def brightness(page):
        return page.evaluate("getComputedStyle(document.documentElement).color").startswith("oklch(0.98")

    assert not brightness(show("failed", color_scheme="light"))
    assert brightness(show("failed", color_scheme="dark"))
    page = new_page(color_scheme="light")
    page.set_content(render(None, None, Context(theme="dark")))
    assert brightness(page)


def test_everything_can_be_reached_with_the_keyboard_and_shows_where_the_focus_is(show):
    page = show("300-kinds")
    seen = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused = page.evaluate("""(() => {
            const one = document.activeElement, style = getComputedStyle(one);
            return [one.tagName, one.textContent.trim().slice(0, 30), style.outlineStyle];
        })()""")
        if focused[0] == "BODY":
            break
        seen.append(focused)
    assert {tag for tag, *_ in seen} == {"SUMMARY", "DIV"}
    assert {outline for *_, outline in seen} == {"solid"}
    assert "290 more failed records" in {text for _, text, _ in seen}


def test_the_table_behind_a_chart_opens_with_the_keyboard(show):
    page = show("failed")
    table = page.get_by_role("region", name="Records done over time")
    assert not table.is_visible()
    page.locator("section[aria-labelledby=rate] summary").focus()
    page.keyboard.press("Enter")
    assert table.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


def test_a_screen_reader_is_told_what_the_pictures_show(show):
    page = show("failed")
    bar = page.get_by_role("img", name="What became of 12,000 records")
    said = bar.evaluate("one => document.getElementById('bar-words').textContent")
    assert said.startswith("Set 11,963 (99.69%), Refused 30 (0.25%)")
    assert said.endswith("25 tolerated.")
    assert page.get_by_role("img", name="Records per second over time").count() == 1
    headings = page.get_by_role("heading").all_inner_texts()
    assert headings[1:4] == ["Which failed, and why", "What to do now", "In figures"]


def test_the_mark_stands_where_the_tolerated_ones_end(show):
    page = show("failed", width=1000)
    mark = page.locator(".bar line.mark").bounding_box()
    bar = page.locator(".bar").bounding_box()
    assert (mark["x"] - bar["x"]) / bar["width"] == pytest.approx(1 - 25 / 48, abs=0.01)


def test_each_error_stands_with_its_count_its_places_and_what_to_do(show, picture):
    page = show("failed", width=1000)
    page.locator(".errors-card summary").click()
    first = page.get_by_role("region", name="For the DAG's author").get_by_role("row").nth(1).inner_text()
    assert first.split()[:2] == ["23", "62.2%"]
    for said in ("417", "error.unknown_record", "at positions 279, 1368", "check project_id"):
        assert said in first
    picture(page.locator("section[aria-labelledby=why]"), "report-errors")


SANDBOX = "allow-scripts allow-same-origin allow-forms allow-downloads"
"""What Airflow 3.3 lets a page in its frame do: neither open another page, nor lead the outer one away."""


@pytest.fixture
def framed(new_page):
    """Open the report of a form's run in a frame as Airflow's tab is, and return the frame."""
    given_summary, given_report, context = scenarios()["form"]
    place = {
        "home": "",
        "form_href": "",
        "csv": "t/failed.csv",
        "runs": "../../../runs",
        "themes": {"dark": "?theme=dark"},
    }
    served = {
        "/": f'<iframe title="VCC" sandbox="{SANDBOX}" src="/vcc/report/d/r/t"></iframe>',
        "/vcc/report/d/r/t": render(given_summary, given_report, Context(**context | place)),
        "/vcc/runs": render_overview([]),
    }

    def answer(route):
        path = urlsplit(route.request.url).path
        if path.endswith("/failed.csv"):
            route.fulfill(body="position\r\n", headers={"Content-Disposition": 'attachment; filename="failed.csv"'})
        else:
            more = headers() if path != "/" else {}
            route.fulfill(body=served[path], content_type="text/html", headers=more)

    page = new_page()
    page.route("**/*", answer)
    page.goto(ADDRESS)
    return page.frame_locator("iframe")


def test_in_airflow_s_frame_each_link_does_something(framed):
    page = framed.owner.page
    assert set(framed.get_by_role("link").all_inner_texts()) == {"Download as CSV", "All runs in VCC Live", "Dark"}
    with page.expect_download() as download:
        framed.get_by_role("link", name="Download as CSV").click()
    assert download.value.suggested_filename == "failed.csv"
    framed.get_by_role("link", name="All runs in VCC Live").click()
    framed.get_by_role("heading", name="The latest runs in VCC Live").wait_for()


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("report-light", {"width": 1040, "height": 880}),
        ("report-dark", {"width": 1040, "height": 880, "color_scheme": "dark"}),
        ("report-phone", {"width": 390, "height": 844}),
    ],
)
def test_the_verdict_and_the_first_failed_record_are_seen_without_scrolling(show, picture, name, look):
    page = show("form", **{"color_scheme": "light"} | look)
    for said in (page.get_by_role("heading", level=1), page.get_by_role("row", name="100000")):
        box = said.bounding_box()
        assert box["y"] + box["height"] < look["height"]
    assert page.locator("table.failures th bdi").first.evaluate("id => id.getClientRects().length") == 1  # in one line
    picture(page, name)


def test_it_prints_without_links_that_paper_cannot_follow(show, screenshots):
    page = show("stand-alone")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Theme").is_visible()
    for useless in ("footer a", ".csv", ".copy"):
        assert not any(one.is_visible() for one in page.locator(useless).all())
    page.pdf(path=screenshots / "report.pdf")
