"""The report where people meet it: as a tab of the task instance, and by the operator link, in the whole of Airflow."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from support.airflow_forms import PATIENCE
from support.axe import findings
from support.reports import scenarios

pytestmark = [pytest.mark.airflow, pytest.mark.chromium, pytest.mark.xdist_group("airflow_stack")]


@pytest.fixture(scope="module")
def run_id(airflow_stack):
    """Run the DAG with a failed, a skipped and two mapped tasks to its end, and return its run id."""
    run = airflow_stack.trigger("vcc_reports")
    for task in ("failed", "skipped"):
        airflow_stack.wait_for_state("vcc_reports", run, task, task)
    for index in (0, 1):
        airflow_stack.wait_for_state("vcc_reports", run, "mapped", "success", map_index=index)
    return run


@pytest.fixture
def open_tab(signed_in, airflow_stack):
    """Open a task instance in Airflow, choose the tab "VCC", and return the page and the report in its frame."""

    def open_it(dag_id, run, task, **options):
        page = signed_in(**options)
        page.goto(f"{airflow_stack.url}/dags/{dag_id}/runs/{quote(run, safe='')}/tasks/{task}")
        page.locator("a[href$='/plugin/vcc']").click(timeout=PATIENCE)
        report = page.frame_locator("iframe[title=VCC]")
        expect(report.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE)
        return page, report

    return open_it


def frame_of(page):
    """Return the frame that holds the report, or an overview."""
    return next(frame for frame in page.frames if "/vcc/" in frame.url and "/plugin/" not in frame.url)


def verdict(report):
    return report.get_by_role("heading", level=1)


LARGE = "sync_dispositions", "set_dispositions"
SETTLED = re.compile(r"Setting records: ([\d,]+) of 12,000 done")


def settled(said):
    """Return how many records the page's heading says are settled; all of them once the task has ended."""
    running = SETTLED.match(said)
    return int(running[1].replace(",", "")) if running else 12_000


def test_the_tab_moves_while_the_task_runs_and_says_how_it_ended(
    open_tab, signed_in, airflow_stack, picture, screenshots
):
    dag, task = LARGE
    run = airflow_stack.trigger(dag)
    airflow_stack.wait_for_state(dag, run, task, "running")
    page, report = open_tab(dag, run, task, color_scheme="light", height=880)
    expect(verdict(report)).to_have_text(SETTLED)
    first = verdict(report).inner_text()
    expect(verdict(report)).not_to_have_text(first, timeout=PATIENCE)
    assert settled(first) < settled(verdict(report).inner_text()) <= 12_000
    assert findings(frame_of(page)) == []
    picture(page, "report-running")
    ended = "11,963 of 12,000 records set; 23 were not found in the project, 9 had a column that is not known"
    expect(verdict(report)).to_contain_text(ended, timeout=PATIENCE)
    expect(report.get_by_role("link", name="Pause updates")).to_have_count(0, timeout=PATIENCE)
    expect(page.get_by_text("Failed", exact=True).first).to_be_visible(timeout=PATIENCE)
    page.screenshot(path=screenshots / "tab-large-light.png")
    page.emulate_media(color_scheme="dark")
    assert findings(frame_of(page), "color-contrast") == []
    page.screenshot(path=screenshots / "tab-large-dark.png")
    phone = signed_in(width=390, height=844)
    phone.goto(f"{airflow_stack.url}/vcc/report/{dag}/{quote(run, safe='')}/{task}")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    assert findings(phone) == []
    phone.screenshot(path=screenshots / "tab-large-phone.png")


def test_a_paused_page_stands_still_and_goes_on_when_asked(open_tab, airflow_stack, tmp_path):
    figures, progress, _ = scenarios()["running"]
    conf = {"live": {"summary": figures, "report": progress}, "go": str(tmp_path / "go")}
    run = airflow_stack.trigger("vcc_probe", conf)
    airflow_stack.wait_for_state("vcc_probe", run, "push", "running")
    page, report = open_tab("vcc_probe", run, "push")
    expect(verdict(report)).to_contain_text("4,200 of 12,000", timeout=PATIENCE)
    report.get_by_role("link", name="Pause updates").click()
    expect(report.get_by_text("Updates are paused")).to_be_visible()
    loaded = frame_of(page).evaluate("performance.timeOrigin")
    (tmp_path / "go").touch()
    airflow_stack.wait_for_state("vcc_probe", run, "push", "success")
    assert frame_of(page).evaluate("performance.timeOrigin") == loaded
    report.get_by_role("link", name="Resume updates").click()
    expect(report.get_by_text("without its final figures")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize(
    ("task", "lead"),
    [("failed", "counts as failed"), ("skipped", "is skipped, which in Airflow is neither a failure nor a success")],
)
def test_the_tab_of_a_task_with_too_many_failures_says_which(open_tab, run_id, screenshots, task, lead):
    page, report = open_tab("vcc_reports", run_id, task)
    expect(verdict(report)).to_contain_text("40 of 43 records set; ")
    expect(verdict(report)).to_contain_text("1 was not found in the project")
    expect(report.get_by_text(f"Only 2 may fail, so the run {lead}.")).to_be_visible()
    expect(report.get_by_role("row", name="nobody row 41 There is no such record in the project")).to_be_visible()
    expect(report.get_by_text("The row has a column that is not known").first).to_be_visible()
    assert findings(frame_of(page)) == []
    page.screenshot(path=screenshots / f"tab-{task}-light.png")


@pytest.mark.parametrize("task", ["failed", "skipped"])
def test_the_operator_link_leads_to_the_same_page_and_back(signed_in, airflow_stack, run_id, screenshots, task):
    page = signed_in()
    place = f"{airflow_stack.url}/dags/vcc_reports/runs/{quote(run_id, safe='')}/tasks/{task}"
    page.goto(f"{place}/details")
    page.get_by_role("link", name="VCC report").click(timeout=PATIENCE)
    expect(verdict(page)).to_contain_text("40 of 43 records set", timeout=PATIENCE)
    page.screenshot(path=screenshots / f"link-{task}.png")
    page.get_by_role("link", name=f"← {task}").click()
    page.wait_for_url(re.compile(f"/airflow/dags/vcc_reports/runs/.*/tasks/{task}"), timeout=PATIENCE)


def test_a_mapped_task_lists_its_instances_and_leads_to_each(signed_in, airflow_stack, run_id, screenshots):
    page = signed_in()
    page.goto(f"{airflow_stack.url}/vcc/report/vcc_reports/{quote(run_id, safe='')}/mapped")
    assert findings(page) == []
    page.screenshot(path=screenshots / "mapped.png")
    page.get_by_role("link", name="1", exact=True).click()
    expect(verdict(page)).to_have_text("3 of 4 records set; 1 was not found in the project")


def test_each_mapped_task_has_a_report_of_its_own(open_tab, run_id):
    _, report = open_tab("vcc_reports", run_id, "mapped/mapped/0")
    expect(verdict(report)).to_have_text("All 40 records set")
    _, report = open_tab("vcc_reports", run_id, "mapped/mapped/1")
    expect(verdict(report)).to_have_text("3 of 4 records set; 1 was not found in the project")


def test_the_tab_is_dark_where_airflow_is_and_fits_a_phone(open_tab, run_id, screenshots):
    page, report = open_tab("vcc_reports", run_id, "failed", color_scheme="dark")
    page.screenshot(path=screenshots / "tab-failed-dark.png")
    report.get_by_role("link", name="Light").click()
    expect(report.locator("html[data-theme=light]")).to_have_count(1)
    page.reload()
    expect(report.locator("html[data-theme=light]")).to_have_count(1, timeout=PATIENCE)
    report.get_by_role("link", name="Auto").click()
    expect(report.locator("html[data-theme]")).to_have_count(0)
    page, _ = open_tab("vcc_reports", run_id, "failed", width=390, height=844, color_scheme="dark")
    page.screenshot(path=screenshots / "tab-failed-phone.png")


@pytest.mark.parametrize("user", ["outsider", None])
def test_nobody_without_rights_sees_a_report(airflow_stack, signed_in, run_id, screenshots, user):
    page = signed_in(user)
    answer = page.goto(f"{airflow_stack.url}/vcc/report/vcc_reports/{quote(run_id, safe='')}/failed")
    assert answer.status == (403 if user else 401)
    expect(verdict(page)).to_have_text("No access to this report" if user else "Sign in to see this report")
    assert "43" not in page.inner_text("body")
    assert findings(page) == []
    page.screenshot(path=screenshots / f"refused-{answer.status}.png")


def test_a_viewer_sees_it(signed_in, airflow_stack, run_id):
    page = signed_in("viewer")
    answer = page.goto(f"{airflow_stack.url}/vcc/report/vcc_reports/{quote(run_id, safe='')}/failed")
    assert answer.status == 200


def test_airflow_lists_the_plugin_without_a_complaint(airflow_stack):
    listed = airflow_stack.call("GET", "/api/v2/plugins")["plugins"]
    [ours] = [plugin for plugin in listed if plugin["name"] == "vcc"]
    assert [view["name"] for view in ours["external_views"]] == ["VCC"] * 3
    assert airflow_stack.call("GET", "/api/v2/plugins/importErrors")["import_errors"] == []


def test_the_overview_is_in_the_menu_and_one_click_leads_to_a_report(signed_in, airflow_stack, run_id, picture):
    page = signed_in(color_scheme="light", height=880)
    page.goto(airflow_stack.url)
    page.locator("a[href$='/plugin/vcc-runs']").click(timeout=PATIENCE)
    shown = page.frame_locator("iframe[title=VCC]")
    expect(verdict(shown)).to_have_text("The latest runs in VCC Live", timeout=PATIENCE)
    expect(shown.get_by_text("40 of 43 records set").first).to_be_visible()
    assert findings(frame_of(page)) == []
    picture(page, "overview")
    shown.get_by_role("link", name="failed", exact=True).first.click()
    expect(verdict(shown)).to_contain_text("40 of 43 records set", timeout=PATIENCE)


def test_a_dag_run_has_its_tasks_in_a_tab(signed_in, airflow_stack, run_id):
    page = signed_in()
    page.goto(f"{airflow_stack.url}/dags/vcc_reports/runs/{quote(run_id, safe='')}")
    page.locator("a[href$='/plugin/vcc-run']").click(timeout=PATIENCE)
    shown = page.frame_locator("iframe[title=VCC]")
    expect(verdict(shown)).to_have_text("What this run did in VCC Live", timeout=PATIENCE)
    expect(shown.get_by_text("2 parts")).to_be_visible()
    shown.get_by_role("link", name="skipped", exact=True).click()
    expect(verdict(shown)).to_contain_text("40 of 43 records set", timeout=PATIENCE)
