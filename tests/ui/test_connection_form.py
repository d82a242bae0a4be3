"""The connection form and its Test button, in Airflow's own pages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.airflow_forms import PATIENCE, ConnectionForm, press_test, row_of
from support.airflow_stack import free_ports

from airflow_provider_vcc.sandbox import Sandbox

pytestmark = [pytest.mark.airflow, pytest.mark.chromium, pytest.mark.xdist_group("airflow_stack")]

WRONG = "Wrong token or customer (401): check Password (the API token) and Login (the customer's subdomain)."


@pytest.fixture
def add(signed_in, airflow_stack):
    """Open the form for a new connection."""
    return lambda conn_id, **options: ConnectionForm.add(signed_in(**options), airflow_stack.url, conn_id)


def fill_in(form, connection, **changes):
    """Write a connection's fields into the form, and save it."""
    fields = connection | changes
    form.fill(Host=fields["host"], Customer=fields["login"], API_token=fields["password"], Port=fields["port"])
    form.save()


def test_the_form_has_the_fields_that_a_call_centre_knows(add, picture):
    form = add("vcc_default", height=1180)
    shown = form.dialog.get_by_role("region", name="Standard Fields")
    labels = shown.locator("label").all_inner_texts()
    assert labels == ["Description", "Host", "Customer (subdomain)", "API token", "Port"]
    assert shown.get_by_label("Host").get_attribute("placeholder").endswith("{customer}.asp.virtual-call-center.eu")
    assert shown.get_by_label("Port").get_attribute("placeholder") == "443"
    assert shown.get_by_label("API token").get_attribute("type") == "password"
    form.fill(Customer="mycc", API_token="made in VCC Live", Port=443)
    picture(form.dialog, "connection-form")


def test_each_extra_field_has_a_label_and_says_what_to_write(add, picture):
    form = add("vcc_default", height=1300)
    form.fill_extra(timezone="Europe/Budapest", timeout=60)
    titles = ["Time zone", "Timeout (seconds)", "Connect timeout (seconds)", "Verify TLS", "Client certificate"]
    for title in (*titles, "Proxy", "User name"):
        expect(form.dialog.get_by_text(title, exact=True)).to_be_visible()
    assert form.extra("verify").evaluate("one => [...one.list.options].map(o => o.value)") == ["true", "false"]
    assert "Europe/Budapest" in form.extra("timezone").evaluate("one => [...one.list.options].map(o => o.value)")
    expect(form.dialog.get_by_text("Empty means 60.")).to_be_visible()
    picture(form.dialog, "connection-extra")


def test_a_wrong_token_is_told_mended_and_then_the_connection_serves_a_task(
    add, airflow_stack, call_centre, picture, screenshots
):
    form, conn_id = add("made_in_the_form", width=1040, height=560), "made_in_the_form"
    page, right = form.page, call_centre.connection()
    form.fill_extra(timezone="Europe/Budapest", timeout=30)
    form.open("Standard Fields")
    fill_in(form, right, password="wrong")
    page.reload()
    assert press_test(page, conn_id).json() == {"status": False, "message": WRONG}
    expect(page.get_by_text(WRONG)).to_be_visible()
    page.mouse.move(0, 0)
    picture(page, "connection-refused")

    form = ConnectionForm.edit(page, conn_id)
    form.fill(API_token=right["password"])
    form.save()
    answer = press_test(page, conn_id).json()
    assert answer == {"status": True, "message": "VCC Live answers as customer 'mycc' and shows 3 projects."}
    sign = row_of(page, conn_id).get_by_role("button", name="Test Connection").locator("svg")
    expect(sign).to_have_css("color", "rgb(0, 128, 0)", timeout=PATIENCE)
    page.screenshot(path=screenshots / "connection-tested.png")
    assert right["password"] not in page.content()

    run = airflow_stack.trigger("vcc_connection")
    airflow_stack.wait_for_state("vcc_connection", run, "set_dispositions", "success")
    [event] = call_centre.ledger.events("901")
    assert event.next_calldate == "2026-12-01 10:00:00"  # by the clock of the time zone that the form was given


CAUSES = {
    "no_address": "IP address is probably not on the API's allow-list",
    "no_port": "Nothing listens at",
    "no_tls": "does not speak TLS",
    "plain_text": "would send the token over the network in plain text",
}


@pytest.fixture
def broken(airflow_stack):
    """Make connections that cannot work, named as in ``CAUSES``."""
    with Sandbox(allowed=False) as refusing:
        of = refusing.connection() | {"extra": '{"connect_timeout": 2}'}
        changes = [{}, {"port": free_ports(1)[0]}, {"host": "127.0.0.1"}, {"host": "http://203.0.113.1"}]
        for conn_id, change in zip(CAUSES, changes, strict=True):
            airflow_stack.call("POST", "/api/v2/connections", of | change | {"connection_id": conn_id})
        yield


def test_the_test_button_names_the_likeliest_cause(signed_in, airflow_stack, broken, screenshots):
    page = signed_in(width=1040, height=1100)
    page.goto(f"{airflow_stack.url}/connections")
    for conn_id, said in CAUSES.items():
        message = press_test(page, conn_id).json()["message"]
        assert said in message
        expect(page.get_by_text(message)).to_be_visible()
    page.screenshot(path=screenshots / "connection-causes.png", animations="disabled")
