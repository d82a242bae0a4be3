"""One batch by hand: one request, and what became of each element."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from support.engine import run
from support.scripted import DROP, ScriptedServer, answer, closed_port

from airflow_provider_vcc.exceptions import (
    VccAuthenticationError,
    VccConfigurationError,
    VccInputError,
    VccTransportError,
    VccUnavailable,
)
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Status

ONE = [{"numberid": "1", "dispositionid": "2"}]


@pytest.fixture
def sandbox():
    with Sandbox(records=30) as sandbox:
        yield sandbox


@pytest.fixture
def hook(connect, sandbox):
    return connect(sandbox.url, password="sandbox-token", timeout=5)


def test_the_documentations_payload_goes_out_as_it_is_printed_there(hook, sandbox):
    elements = [
        {
            "numberid": "1",
            "dispositionid": "1",
            "userid": "22",
            "next_calldate": "2017-10-10 11:00:00",
            "description": "High school graduate",
        },
        {"search": {"name": "Green"}},
    ]
    disposition = {
        "dispositionid": "2",
        "userid": "7",
        "next_calldate": "2017-09-10 12:00:00",
        "description": "University degree",
    }
    result = hook.batch_dispositions(17, elements, disposition=disposition, avoid_in_call=True)
    assert result == {0: True, 1: True}
    [request] = sandbox.ledger.requests()
    assert (request.method, request.path) == ("PUT", "/v2/projects/17/records/dispositions")
    body = json.loads(sandbox.ledger.body(request.number))
    assert body == {"elements": elements, "disposition": disposition, "avoid_in_call": True}


def test_what_is_not_given_is_not_sent(hook, sandbox):
    hook.batch_dispositions("17", ONE)
    assert json.loads(sandbox.ledger.body(sandbox.ledger.requests()[0].number)) == {"elements": ONE}


def test_each_element_has_its_own_result(hook):
    result = hook.batch_dispositions(17, [*ONE, {"dispositionid": "2"}, {"numberid": "3", "dispositionid": "2"}])
    assert result == {
        0: True,
        1: {"outcome": "rejected", "errorcode": 417, "errormessage": "error.missing_numberid_or_search"},
        2: True,
    }


def test_what_the_answer_does_not_mention_is_unknown_and_not_applied(connect):
    with ScriptedServer(answer(b'{"errors": [], "response": {"0": true}}')) as server:
        result = connect(server.url).batch_dispositions(17, ONE * 2)
    assert result[0] is True
    assert (result[1]["outcome"], result[1]["errormessage"]) == ("unknown", "missing from the answer")


IN_OUR_WORDS = {
    "the API answered false": answer(b'{"errors": [], "response": {"0": false}}'),
    "missing from the answer": answer(b'{"errors": [], "response": {"7": true}}'),
    "the answer has both an error and true for it": answer(b'{"errors": {"0": "no"}, "response": {"0": true}}'),
    "the answer refuses the request and has true for it": answer(b'{"response": {"0": true}}', status=400),
}


@pytest.mark.parametrize(("reason", "reply"), IN_OUR_WORDS.items())
def test_a_reason_of_our_own_is_whole_although_the_same_words_stand_in_the_element(connect, reason, reply):
    element = {"numberid": "1", "dispositionid": "2", "description": reason}
    with ScriptedServer(reply) as server:
        assert connect(server.url).batch_dispositions(17, [element])[0]["errormessage"] == reason
        sync, _ = run(server.url, [element])
    assert [row["errormessage"] for row in sync.tally.summary()["errors"]] == [reason]


@pytest.mark.parametrize("search", [{}, [], [{}], [{"name": "Green"}, {}], None])
def test_an_empty_search_is_refused_since_it_would_touch_every_record(hook, sandbox, search):
    with pytest.raises(VccInputError, match="element 1 has an empty search"):
        hook.batch_dispositions(17, [*ONE, {"search": search, "dispositionid": "2"}])
    assert sandbox.ledger.requests() == []


def test_a_wrong_token_is_raised_after_one_request(connect, sandbox):
    with pytest.raises(VccAuthenticationError):
        connect(sandbox.url).batch_dispositions(17, ONE)
    assert len(sandbox.ledger.requests()) == 1


def test_a_request_that_may_have_acted_is_not_sent_again(connect):
    with (
        ScriptedServer(DROP) as server,
        pytest.raises(VccTransportError, match="PUT /projects/17/records/dispositions: ") as caught,
    ):
        connect(server.url).batch_dispositions(17, ONE)
    assert caught.value.delivered is None
    assert len(server.requests) == 1


def test_a_request_that_was_not_served_is_sent_again(hook, sandbox):
    sandbox.faults = [Status(429, retry_after=0), Status(429, retry_after=0), None]
    assert hook.batch_dispositions(17, ONE) == {0: True}
    assert len(sandbox.ledger.events("1")) == 1


def test_a_server_that_cannot_be_reached_is_unavailable_in_the_end(connect):
    with pytest.raises(VccUnavailable, match="2 attempts") as caught:
        connect(f"http://127.0.0.1:{closed_port()}").batch_dispositions(17, ONE, attempts=2)
    assert caught.value.delivered is False


def test_batches_of_any_projects_and_other_requests_share_a_hook(hook, sandbox):
    for project in (17, 18, 17):
        assert hook.batch_dispositions(project, ONE) == {0: True}
        hook.run("GET", "/projects")
    assert len(sandbox.ledger.requests("PUT")) == 3
    assert len({request.connection for request in sandbox.ledger.requests("PUT")}) <= 2


def test_no_elements_are_no_request(hook, sandbox):
    assert hook.batch_dispositions(17, []) == {}
    assert sandbox.ledger.requests() == []


CYCLE: dict = {"numberid": "1"}
CYCLE["search"] = [CYCLE]
NO_PROJECTS = [
    "abc",
    "",
    " ",
    "../17",
    "17/records",
    "1.5",
    "-1",
    "0",
    "\u0661",
    0,
    -1,
    1.5,
    True,
    None,
    [17],
    b"17",
    float("nan"),
]


@pytest.fixture
def unreachable(connect):
    """Return a hook whose every request would fail otherwise than by what is wrong with its arguments."""
    return connect(f"http://127.0.0.1:{closed_port()}")


@pytest.mark.parametrize("project_id", NO_PROJECTS)
def test_a_project_that_is_no_number_is_refused(unreachable, project_id):
    """What would lead to another resource, or to none, is refused before anything is sent."""
    with pytest.raises(VccConfigurationError, match="project_id must be the project's number"):
        unreachable.batch_dispositions(project_id, ONE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"elements": None},
        {"elements": "[]"},
        {"elements": b"[]"},
        {"elements": {"numberid": "1"}},
        {"elements": iter(ONE)},
        {"elements": [None]},
        {"elements": ["1"]},
        {"elements": [ONE]},
        {"disposition": "2"},
        {"disposition": []},
        {"disposition": False},
        {"avoid_in_call": "yes"},
        {"avoid_in_call": 1},
        {"attempts": 0},
        {"attempts": "5"},
        {"attempts": True},
        {"attempts": None},
    ],
)
def test_arguments_of_another_kind_are_refused(unreachable, wrong):
    """An argument that is not what the API documents is named with what it must be, and nothing is sent."""
    with pytest.raises(VccConfigurationError, match="must be"):
        unreachable.batch_dispositions(17, **{"elements": ONE} | wrong)


@pytest.mark.parametrize(
    "element",
    [
        {"numberid": object()},
        {"numberid": "1", "description": "Anna \ud800"},
        CYCLE,
        {"search": {"name": float("nan")}},
        {"search": [{"name": "x"}, {"name": None}]},
    ],
    ids=["object", "surrogate", "cycle", "nan", "null"],
)
def test_what_json_cannot_say_is_refused_without_its_value(unreachable, element):
    """A value that JSON has not, or has null for in a search, is refused, and no word of it is in the error."""
    with pytest.raises(VccInputError) as caught:
        unreachable.batch_dispositions(17, [element])
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda hook: pickle.loads(pickle.dumps(hook))], ids=["copy", "pickle"]
)
def test_a_used_hook_can_be_handed_to_another_process(hook, copied):
    """A copy of a hook in use has no socket and no token in it, and works by itself."""
    assert hook.batch_dispositions(17, ONE) == {0: True}
    hook.get_conn()
    assert b"sandbox-token" not in pickle.dumps(hook)
    assert copied(hook).batch_dispositions(17, ONE) == {0: True}
    assert hook.batch_dispositions(17, ONE) == {0: True}


def test_a_hook_that_has_logged_something_can_be_handed_to_another_process(hook):
    """Airflow's logger cannot be pickled once it has said something, such as that a request goes out again."""
    vars(hook)["_log"] = lambda: None  # what cannot be pickled either
    assert pickle.loads(pickle.dumps(hook)).batch_dispositions(17, ONE) == {0: True}
