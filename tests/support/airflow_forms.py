"""Airflow's own forms in a browser, used as people use them."""

from __future__ import annotations

import re

from playwright.sync_api import expect

PATIENCE = 60_000
"""Milliseconds: the machine may be busy."""

PASTE = """(editor, text) => {
    const clipboard = new DataTransfer();
    clipboard.setData("text/plain", text);
    editor.dispatchEvent(new ClipboardEvent("paste", {clipboardData: clipboard, bubbles: true, cancelable: true}));
}"""
"""The editor closes brackets by itself where somebody types; pasting it leaves as it is."""


class ConnectionForm:
    """The form of one connection on the page "Connections"."""

    def __init__(self, page, dialog):
        self.page, self.dialog = page, dialog

    @classmethod
    def add(cls, page, url, conn_id):
        """Open the form for a new connection of type "VCC Live"."""
        page.goto(f"{url}/connections")
        page.get_by_role("button", name="Add Connection").click(timeout=PATIENCE)
        form = cls(page, page.get_by_role("dialog"))
        form.dialog.get_by_label("Connection ID").fill(conn_id)
        form.dialog.get_by_role("combobox", name="Connection Type").fill("VCC Live")
        page.keyboard.press("Enter")
        expect(form.dialog.get_by_label("Customer (subdomain)")).to_be_visible()
        return form

    @classmethod
    def edit(cls, page, conn_id):
        """Open the form of a connection in the list."""
        row_of(page, conn_id).get_by_role("button", name="Edit Connection").click()
        return cls(page, page.get_by_role("dialog"))

    def fill(self, **fields):
        """Write into fields by their labels, ``_`` standing for a space."""
        for label, value in fields.items():
            self.dialog.get_by_label(re.compile(label.replace("_", " "), re.IGNORECASE)).fill(str(value))

    def fill_extra(self, *, timezone, timeout):
        """Open "Extra Fields" and write two of them."""
        self.open("Extra Fields")
        self.extra("timezone").fill(timezone)
        self.dialog.get_by_role("spinbutton", name="Timeout (seconds)", exact=True).fill(str(timeout))

    def extra(self, name):
        """Return the input of one of the fields under "Extra Fields"."""
        return self.dialog.locator(f"#element_{name}")

    def open(self, section):
        """Open one part of the form, which closes the others."""
        open_section(self.dialog, section)

    def save(self):
        """Save, and wait for the list."""
        self.dialog.get_by_role("button", name="Save").click()
        expect(self.dialog).to_have_count(0, timeout=PATIENCE)


def row_of(page, conn_id):
    """Return a connection's row in the list."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name=conn_id, exact=True))


def press_test(page, conn_id):
    """Press a connection's Test button and return what Airflow's API answered to it."""
    page.mouse.move(0, 0)  # else the hint of the button above lies on this one
    with page.expect_response("**/connections/test", timeout=PATIENCE) as answered:
        row_of(page, conn_id).get_by_role("button", name="Test Connection").click()
    return answered.value


class TriggerForm:
    """The form that starts a run of a DAG with Params."""

    def __init__(self, page, url, dag_id):
        self.page = page
        page.goto(f"{url}/dags/{dag_id}")
        page.get_by_role("button", name="Trigger").first.click(timeout=PATIENCE)
        self.dialog = page.get_by_role("dialog")
        self.button = self.dialog.get_by_role("button", name="Trigger")
        expect(self.field("project_id").first).to_be_visible(timeout=PATIENCE)

    def field(self, name):
        """Return what is shown for a Param."""
        return self.dialog.locator(f"[id='element_{name}']")

    def choose(self, title, option):
        """Choose one of a select's options by what people read."""
        self.dialog.get_by_role("combobox", name=title).fill(option)
        self.page.keyboard.press("Enter")

    def paste(self, text):
        """Replace what stands in the one JSON editor that is open."""
        editor = self.dialog.get_by_role("textbox", name="Editor content").first
        editor.focus()
        self.page.keyboard.press("Control+a")
        editor.evaluate(PASTE, text)

    def open(self, section):
        """Open one part of the form, which closes the others."""
        open_section(self.dialog, section)

    def refusal(self):
        """Press Trigger, and return the text that says why there is no run."""
        with self.page.expect_response("**/dagRuns", timeout=PATIENCE) as answered:
            self.button.click()
        assert answered.value.status == 400
        expect(self.dialog.get_by_text("400 Bad Request")).to_be_visible()
        return self.dialog.inner_text()

    def trigger(self):
        """Press Trigger, and return the id of the run."""
        with self.page.expect_response("**/dagRuns", timeout=PATIENCE) as answered:
            self.button.click()
        assert answered.value.ok, answered.value.text()
        return answered.value.json()["dag_run_id"]


def open_section(dialog, section):
    """Open one part of a form."""
    button = dialog.get_by_role("button", name=section, exact=True)
    button.click()
    expect(button).to_have_attribute("aria-expanded", "true")
