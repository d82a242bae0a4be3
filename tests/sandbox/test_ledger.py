"""What the ledger answers, about what arrived, in which order, and how often."""

from __future__ import annotations

import pytest

from airflow_provider_vcc.sandbox import Ledger
from airflow_provider_vcc.sandbox.faults import Cut, Status


def element(numberid, description=None, **rest):
    return {"numberid": numberid, "dispositionid": "1", "description": description, **rest}


def test_effects_on_a_record_are_in_the_order_in_which_they_took_place(client, sandbox):
    client.put(element("1", "a"), element("2", "x"), element("1", "b"))
    client.put({"search": {"numberid": "1"}, "dispositionid": "1", "description": "c"}, element("1", "d"))
    assert sandbox.ledger.descriptions("1") == ["a", "b", "c", "d"]
    sequence = [event.seq for event in sandbox.ledger.events()]
    assert sequence == sorted(set(sequence))
    assert [(event.request, event.index) for event in sandbox.ledger.events("1")] == [(0, 0), (0, 2), (1, 0), (1, 1)]


def test_how_often_each_description_was_set_on_each_record(client, sandbox):
    sandbox.faults = [Status(503, acted=True)]
    client.put(element("1", "a"), element("2", "a"))
    client.put(element("1", "a"), element("2", "b"))
    assert sandbox.ledger.counts() == {("1", "a"): 2, ("2", "a"): 1, ("2", "b"): 1}


def test_messages_to_each_record(client, sandbox):
    client.put(element("1", sendDispositionMessages=True), element("1", sendDispositionMessages=True), element("2"))
    assert sandbox.ledger.message_counts() == {"1": 2}
    assert [(message.index, message.dispositionid) for message in sandbox.ledger.messages("1")] == [(0, "1"), (1, "1")]
    assert sandbox.ledger.messages("2") == []


def test_each_request_has_its_size_elements_status_and_whether_it_took_effect(client, sandbox):
    sandbox.faults = [None, Status(503)]
    client.put(element("1"), element("none"))
    client.put(element("1"))
    client.ask("GET", "/v2/projects")
    first, second, third = sandbox.ledger.requests()
    assert (first.method, first.elements, first.status, first.acted, first.fault) == ("PUT", 2, 200, True, None)
    assert (second.elements, second.status, second.acted, second.fault) == (1, 503, False, "status:503")
    assert (third.elements, third.bytes, third.status, third.acted) == (None, 0, 200, False)
    assert first.at < second.at < third.at
    assert first.bytes == len(sandbox.ledger.body(0))
    assert sandbox.ledger.requests("GET") == [third]


def test_a_request_is_in_the_ledger_before_its_client_has_the_answer(client, sandbox):
    for number in range(1, 200):
        client.put(element("1"))
        assert sandbox.ledger.requests()[-1].status == 200
        assert sandbox.ledger.totals()["requests"] == number


def test_bodies_are_kept_as_they_arrived_for_the_first_requests(start):
    sandbox, client = start(10, keep_bodies=2)
    raw = b'{ "elements":[{"numberid":"1","dispositionid":"1","description":"h\xc3\xa9"}] }'
    client.ask("PUT", "/v2/projects/17/records/dispositions", raw)
    client.ask("GET", "/v2/projects")
    client.ask("PUT", "/v2/projects/17/records/dispositions", raw)
    assert [sandbox.ledger.body(number) for number in range(3)] == [raw, None, None]


def test_rejections_stand_with_index_and_reason_even_if_the_answer_did_not_arrive(start):
    sandbox, client = start(10, faults=[Cut("acted")])
    with pytest.raises(ConnectionError):
        client.put(element("1"), element("none"), {})
    assert [tuple(rejection) for rejection in sandbox.ledger.rejections()] == [
        (0, 1, "none", 417, "error.unknown_record"),
        (0, 2, None, 417, "error.missing_numberid_or_search"),
    ]


def test_most_elements_within_a_span(start):
    sandbox, client = start(10)
    for count in (3, 2, 5):
        client.put(*[element("1")] * count)
    for number, at in enumerate((100.0, 100.9, 101.5)):
        sandbox.store.execute("UPDATE requests SET at = ? WHERE number = ?", [at, number])
    assert sandbox.ledger.most_elements_within(1.0) == 7
    assert sandbox.ledger.most_elements_within(0.1) == 5
    assert sandbox.ledger.most_elements_within(2.0) == 10


def test_an_empty_ledger_has_answers_too(sandbox):
    ledger = sandbox.ledger
    assert (ledger.requests(), ledger.events(), ledger.most_parallel(), ledger.most_elements_within()) == ([], [], 0, 0)


def test_the_ledger_can_be_read_after_the_end(start):
    sandbox, client = start(10)
    client.put(element("1", "a"))
    sandbox.stop()
    assert sandbox.ledger.descriptions("1") == ["a"]


def test_a_file_keeps_records_history_and_the_count_of_requests(start, tmp_path):
    path = tmp_path / "sandbox.db"
    first, client = start(10, db=path)
    client.put(element("1", "a"))
    client.close()
    first.stop()
    second, client = start(20, db=path)
    client.put(element("1", "b"), element("20", "c"))
    assert second.ledger.descriptions("1") == ["a", "b"]
    assert [request.number for request in second.ledger.requests()] == [0, 1]
    assert len(client.ask("GET", "/v2/projects/17/records/1").response["events"]) == 2


def test_another_reader_sees_each_request_as_soon_as_it_is_answered(start, tmp_path):
    _, client = start(10, db=tmp_path / "sandbox.db")
    ledger = Ledger.open(tmp_path / "sandbox.db")
    for number in range(1, 20):
        client.put(element("1", "a"))
        assert ledger.totals() == {"requests": number, "events": number, "messages": 0, "rejections": 0}
    ledger.close()
