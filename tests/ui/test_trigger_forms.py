"""The two forms among the examples, filled in by somebody who triggers a DAG in Airflow."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import expect
from support.airflow_forms import PATIENCE, TriggerForm

pytestmark = [pytest.mark.airflow, pytest.mark.chromium, pytest.mark.xdist_group("airflow_stack")]


@pytest.fixture
def open_form(signed_in, airflow_stack):
    """Open a DAG's form, once Airflow knows the DAG."""

    def open_it(dag_id, **options):
        airflow_stack.wait_for(lambda: airflow_stack.knows(dag_id), f"the DAG {dag_id}")
        return TriggerForm(signed_in(**options), airflow_stack.url, dag_id)

    return open_it


def test_the_form_asks_for_records_first_and_shows_choices_by_name(open_form, picture):
    form = open_form("vcc_form", height=1320)
    expect(form.dialog.get_by_text("This field is required")).to_be_visible()
    expect(form.button).to_be_disabled()
    form.field("records").fill("3\n4\n8")
    expect(form.button).to_be_enabled()
    form.choose("Project", "Newsletter")
    form.choose("Disposition", "Wrong")
    form.field("callback_date").fill("2026-12-24")
    for chosen in ("Newsletter", "Wrong number", "9:00, in the morning"):
        expect(form.dialog.get_by_text(chosen, exact=True)).to_be_visible()
    picture(form.dialog, "form-records")


def test_what_is_no_record_id_is_refused_in_words_with_its_line_and_sets_nothing(
    open_form, airflow_stack, call_centre, picture
):
    form = open_form("vcc_form", height=1320)
    before = len(call_centre.ledger.events())
    form.field("records").fill("3\nGreen")
    run = form.trigger()
    airflow_stack.wait_for_state("vcc_form", run, "set_dispositions", "failed")
    form.page.goto(f"{airflow_stack.url}/vcc/report/vcc_form/{quote(run, safe='')}/set_dispositions")
    expect(form.page.locator("body")).to_contain_text("Record ids, line 2: write numbers only")
    expect(form.page.locator("body")).not_to_contain_text("Green")
    expect(form.page.locator("body")).to_contain_text("Trigger vcc_form again, with “Record ids” corrected")
    picture(form.page.locator("body"), "form-refused", height=360)
    assert len(call_centre.ledger.events()) == before


def test_the_json_editor_holds_elements_to_their_schema(open_form, screenshots):
    form = open_form("vcc_form", height=1320)
    form.field("records").fill("3")
    form.open("Exceptions")
    form.paste('[{"numberid": 5, "description": "on holiday"}]')
    assert "'description' was unexpected" in form.refusal()
    form.page.screenshot(path=screenshots / "form-elements-refused.png")
    form.paste("[5]")
    expect(form.dialog.get_by_text("All elements in the array must be objects.")).to_be_visible()
    expect(form.button).to_be_disabled()


def test_a_form_that_is_filled_in_well_sets_what_it_says(open_form, airflow_stack, call_centre, screenshots):
    form = open_form("vcc_form", height=1320)
    form.field("records").fill("803\n804\n")
    form.choose("Disposition", "Not interested")
    form.field("callback_date").fill("2026-12-24")
    form.choose("Call back at", "13:00")
    form.open("Exceptions")
    form.paste('[{"numberid": 805, "dispositionid": 4}]')
    form.page.screenshot(path=screenshots / "form-exceptions.png")
    run = form.trigger()
    airflow_stack.wait_for_state("vcc_form", run, "set_dispositions", "success")
    assert [
        (event.dispositionid, event.next_calldate)
        for record in ("803", "804", "805")
        for event in call_centre.ledger.events(record)
    ] == [("2", "2026-12-24 13:00:00"), ("2", "2026-12-24 13:00:00"), ("4", "2026-12-24 13:00:00")]
    form.page.goto(f"{airflow_stack.url}/vcc/report/vcc_form/{quote(run, safe='')}/set_dispositions")
    expect(form.page.get_by_role("heading", level=1)).to_have_text("All 3 records set")


def test_a_file_outside_of_the_exports_folder_is_refused(open_form, airflow_stack):
    form = open_form("vcc_form_file")
    form.field("path").fill("../secret.csv")
    run = form.trigger()
    airflow_stack.wait_for_state("vcc_form_file", run, "set_dispositions", "failed")


def test_a_named_file_is_sent(open_form, airflow_stack, call_centre, exports, picture):
    (exports / "changes.csv").write_text("customer,outcome\n811,4\n812,1\n")
    form = open_form("vcc_form_file", height=1640)
    form.field("path").fill("changes.csv")
    picture(form.dialog, "form-file")
    form.paste('{"customer": "numberid", "outcome": "dispositionid"}')
    run = form.trigger()
    airflow_stack.wait_for_state("vcc_form_file", run, "set_dispositions", "success")
    set_to = [event.dispositionid for record in ("811", "812") for event in call_centre.ledger.events(record)]
    assert set_to == ["4", "1"]
    expect(form.page.get_by_text("Success").first).to_be_visible(timeout=PATIENCE)
