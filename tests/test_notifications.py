"""People are told what a run did, whatever state the task is in and whatever ended it."""

from __future__ import annotations

import importlib.util
import json
import socket
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.optional import Optional
from support.reports import report, scenarios, summary
from support.scripted import ScriptedServer, answer

from airflow_provider_vcc._compat import airflow_version
from airflow_provider_vcc.exceptions import DispositionThresholdExceeded, VccConfigurationError
from airflow_provider_vcc.notifications import OTHERWISE, summary_html, summary_text

controller = Optional("aiosmtpd.controller")
RECIPES = Path(__file__).parents[1] / "example_dags/vcc_notify.py"
SEARCH = {"errorcode": 417, "errormessage": "<b>&x", "count": 1, "positions": [1], "records": [None]}


class Instance:
    """A task instance that has left some XComs."""

    dag_id, run_id, task_id, map_index, state = "sync", "manual__1", "set_dispositions", -1, "failed"

    def __init__(self, xcoms=None, **more):
        self.xcoms = xcoms or {}
        self.__dict__.update(more)

    def xcom_pull(self, *, task_ids, key, map_indexes):
        return self.xcoms.get(key)


def context_of(name="form", exception=None, **more):
    given_summary, given_report, _ = scenarios()[name]
    return {"ti": Instance({"summary": given_summary, "report": given_report}, **more), "exception": exception}


@pytest.fixture(autouse=True)
def _base_url(monkeypatch):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/base")


WRITERS = (summary_text, summary_html)


@pytest.mark.parametrize("write", WRITERS)
def test_a_message_says_what_happened_to_which_records_why_and_what_to_do(write):
    said = write(context_of())
    for part in (
        "Failed: sync, set_dispositions",
        "6 of 8 records set; 2 were not found in the project",
        "Set disposition 2",
        "No failure is tolerated, so the run counts as failed.",
        "2 x There is no such record in the project (Records",
        "Check that these ids are right",
        "What to do now:",
        "trigger sync again, and paste them into the field “Record ids”",
    ):
        assert part in said
    if airflow_version() >= (3, 1):
        assert "https://airflow.example/base/vcc/report/sync/manual__1/set_dispositions?map_index=-1" in said


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", [name for name, run in scenarios().items() if run[0] is not None])
def test_each_state_has_its_message(write, name):
    state = scenarios()[name][2]["state"]
    said = write(context_of(name, state=state))
    assert OTHERWISE not in said
    assert "sync, set_dispositions" in said


def test_a_success_with_tolerated_failures_has_one_too():
    said = summary_text(context_of("success-within", state="success"))
    assert said.startswith("Success: sync, set_dispositions\n11,880 of 12,000 records set; 72 were not found")
    assert "Up to 240 may fail" in said
    assert "and 2 more reasons" in said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unchanged", "All 1,204 records set\nSet disposition 2, callback at 2026-12-24 13:00:00 on 1,204 records"),
        ("unchanged", "248,796 other rows were left out, since nothing in them had changed."),
        ("check-well", "8 records are well-formed; nothing was sent, and they were not looked up"),
        ("empty", "Nothing to do: the input is empty"),
        ("stopped", "Why it ended: the run was stopped; the next try goes on from what was saved"),
        ("up-for-retry", "Airflow tries again by itself."),
        ("before-its-run", "Why it ended: max_error_rate must be a share from 0 to 1"),
    ],
)
def test_a_message_says_what_the_page_says(name, said):
    assert said in summary_text(context_of(name, state=scenarios()[name][2]["state"]))


def test_an_exception_of_another_kind_loses_nothing_and_says_no_more_than_its_name():
    class OperationalError(Exception):
        pass

    said = summary_text(context_of("failed", OperationalError("Jane Doe")))
    assert "11,963 of 12,000 records set" in said
    assert "Jane Doe" not in said
    said = summary_text({"ti": Instance(), "exception": OperationalError("Jane Doe")})
    assert "Nothing is known of this run" in said
    assert "Why it ended: OperationalError" in said
    assert "Jane Doe" not in said


def test_the_exceptions_own_summary_is_enough():
    over = summary(6, 2)
    said = summary_text({"ti": Instance(), "exception": DispositionThresholdExceeded("too many", summary=over)})
    assert "6 of 8 records set; 2 were not found in the project" in said


def test_an_error_of_ours_says_why():
    said = summary_text({"ti": Instance(), "exception": VccConfigurationError("timeout must be a number, got 'x'")})
    assert "Why it ended: timeout must be a number, got 'x'" in said


class Awkward(Exception):
    """Whatever is asked of it, it raises."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __str__(self):
        raise RuntimeError


BROKEN = {
    "no context": None,
    "an empty context": {},
    "no task instance": {"ti": None},
    "an awkward exception": {"ti": Instance(), "exception": Awkward()},
    "xcoms that cannot be read": {"ti": SimpleNamespace(dag_id="d", run_id="r", task_id="t")},
    "odd xcoms": {"ti": Instance({"summary": {"total": "x", "errors": 5}, "report": [1]})},
    "an odd state": {"ti": Instance(state=object())},
    "odd ids": {"ti": Instance(dag_id=None, run_id=3, task_id=b"x")},
}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", BROKEN)
def test_it_never_raises(write, name):
    assert isinstance(write(BROKEN[name]), str)
    assert write(BROKEN[name])


class WithoutSummary(Exception):
    """Its summary raises."""

    @property
    def summary(self):
        raise ValueError


def test_an_exception_whose_summary_cannot_be_had_loses_no_figures():
    assert "6 of 8 records set" in summary_text(
        {"ti": Instance({"summary": summary(6, 2)}), "exception": WithoutSummary()}
    )


@pytest.mark.parametrize("xcom", [{}, {"rows": 5}, {"total": 7}, {"total": "x", "errors": 5}, [1], "file:///x"])
def test_what_is_no_summary_of_ours_is_not_taken_for_an_empty_input(xcom):
    assert "Nothing is known of this run" in summary_text({"ti": Instance({"summary": xcom})})


def test_the_first_line_is_one_line_whatever_the_names_are_and_the_other_name_of_the_instance_will_do():
    said = summary_text({"task_instance": Instance({"summary": summary(1)}, dag_id="a\nBcc: x", state="success")})
    assert said.splitlines()[:2] == ["Success: a Bcc: x, set_dispositions", "The record was set"]


def test_everything_in_a_mail_is_escaped():
    odd = summary(0, 1, errors=[SEARCH])
    said = summary_html({"ti": Instance({"summary": odd, "report": report(odd, project_name="<i>")}, dag_id="<a>")})
    assert "<b>" not in said
    assert "<i>" not in said
    assert "&lt;b&gt;&amp;x" in said
    assert "&lt;a&gt;" in said


# The recipes


@pytest.fixture
def recipes():
    """Return the functions of the example DAG."""
    if airflow_version() < (3, 0):
        pytest.skip("the example DAGs are those of Airflow 3")
    spec = importlib.util.spec_from_file_location("vcc_notify", RECIPES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Mailbox:
    """Keeps what an SMTP server is sent."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 -- aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


def free_port():
    """Return a port that is free now: aiosmtpd looks for itself under the port that it was told."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def mailbox(monkeypatch):
    """Start an SMTP server that the connection ``smtp_default`` leads to."""
    pytest.importorskip("airflow.providers.smtp")
    mailbox = Mailbox()
    server = controller.Controller(mailbox, hostname="127.0.0.1", port=free_port())
    server.start()
    extra = {"disable_ssl": True, "disable_tls": True}
    given = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(given))
    yield mailbox
    server.stop()


def test_the_mail_arrives(recipes, mailbox):
    recipes.send_mail(context_of())
    [mail] = mailbox.mails
    assert mail["Subject"] == "Failed: sync, set_dispositions"
    assert mail["To"] == "supervisors@example.com"
    assert "2 were not found in the project" in mail.get_body(("html",)).get_content()


def test_a_success_with_tolerated_failures_is_mailed_and_one_without_is_not(recipes, mailbox):
    class Pulling(Instance):
        state = "success"

        def xcom_pull(self, *, task_ids, key, map_indexes=-1):
            return self.xcoms.get(key)

    for name in ("success", "success-within"):
        given_summary, given_report, _ = scenarios()[name]
        recipes.mail_if_some_failed({"ti": Pulling({"summary": given_summary, "report": given_report})})
    [mail] = mailbox.mails
    assert mail["Subject"] == "Success: sync, set_dispositions"


def test_slack_gets_the_message_with_nothing_in_it_that_mentions_anybody(recipes, monkeypatch):
    pytest.importorskip("airflow.providers.slack")
    odd = summary(0, 1, errors=[SEARCH | {"errormessage": "<!channel>"}])
    with ScriptedServer(answer(b"ok", Content_Type="text/plain")) as server:
        given = {"conn_type": "slackwebhook", "password": f"{server.url}/T/B/x"}
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_DEFAULT", json.dumps(given))
        recipes.post_to_slack({"ti": Instance({"summary": odd, "report": report(odd)})})
    [sent] = server.requests
    text = json.loads(sent.body)["text"]
    assert "&lt;!channel&gt;" in text
    assert "<" not in text


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # a thing of Apprise's
def test_apprise_passes_it_on(recipes, monkeypatch):
    pytest.importorskip("airflow.providers.apprise")
    with ScriptedServer(answer(b"{}")) as server:
        address = server.url.replace("http://", "json://").removesuffix("/v2")
        extra = {"config": {"path": address, "tag": "all"}}
        monkeypatch.setenv("AIRFLOW_CONN_APPRISE_DEFAULT", json.dumps({"conn_type": "apprise", "extra": extra}))
        recipes.tell_apprise(context_of())
    [sent] = server.requests
    told = json.loads(sent.body)
    assert told["title"] == "Failed: sync, set_dispositions"
    assert "2 were not found in the project" in told["message"]
