"""What is left out, noted and remembered from run to run, without a database."""

from __future__ import annotations

import random

import pytest
from support.simulator.world import Remembered

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.progress.synced import Remembered as Entry
from airflow_provider_vcc.dispositions.progress.synced import Remembering, State, Synced, fingerprint_key
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows

KEY = fingerprint_key("https://mycc/v2", 17, None)


def checked(*elements):
    return Checker().check(ObjectRows(0, list(elements)))


def element(record, text="a", **more):
    return {"numberid": record, "description": text, **more}


def saved(table, synced):
    """Save what there is, as the shell does."""
    Remembering(table, None).set("", synced.take())
    synced.saved()


def run(table, *elements, outcome="applied", resend=False):
    """Send what has changed, with one outcome for all; return what was sent and the reader of it."""
    synced = Synced(table, KEY, resend=resend)
    [(batch, failures)] = synced.compare([checked(*elements)])
    if synced.must_note(batch.elements):
        synced.note(batch.elements)
    saved(table, synced)
    if outcome is not None:
        getattr(synced, outcome)(batch.elements)
        saved(table, synced)
    return [e.numberid for e in batch.elements], failures, synced


def test_what_was_applied_and_is_the_same_is_left_out_and_counted():
    table = Remembered()
    assert run(table, element("1"), element("2"))[0] == ["1", "2"]
    sent, _, synced = run(table, element("1"), element("2", "b"), element("3"))
    assert sent == ["2", "3"]
    assert synced.unchanged == 1


def test_another_disposition_of_the_request_is_another_content():
    table = Remembered()
    run(table, element("1"))
    other = Synced(table, fingerprint_key("https://mycc/v2", 17, {"dispositionid": 2}))
    [(batch, _)] = other.compare([checked(element("1"))])
    assert len(batch.elements) == 1


def test_the_ledger_holds_nothing_of_what_was_sent_but_the_record():
    table = Remembered()
    run(table, element("1", "Mrs Green is not at home"))
    assert "Green" not in repr(table)


def test_what_the_service_refused_is_sent_again_and_what_stood_there_stands():
    table = Remembered()
    run(table, element("1", "a"))
    run(table, element("1", "b"), element("2"), outcome="refused")
    assert set(table) == {"1"}
    assert run(table, element("1", "b"), element("2"), outcome="refused")[0] == ["1", "2"]
    assert run(table, element("1", "a"))[0] == []


def test_what_nobody_knows_is_sent_again():
    table = Remembered()
    run(table, element("1"), outcome="unknown")
    assert run(table, element("1"))[0] == ["1"]


def test_what_nobody_knows_is_reported_instead_where_it_asks_for_messages():
    table = Remembered()
    asked = element("1", sendDispositionMessages=True)
    run(table, asked, outcome="unknown")
    sent, failures, _ = run(table, asked)
    assert sent == []
    assert [failure.outcome for failure in failures] == [Outcome.UNKNOWN]


def test_messages_are_noted_before_they_are_sent_so_a_killed_run_sends_them_once():
    table = Remembered()
    asked = element("1", sendDispositionMessages=True)
    assert run(table, asked, outcome=None)[0] == ["1"]
    assert run(table, asked)[0] == []


def test_a_killed_run_leaves_no_fingerprint_that_is_true_no_more():
    table = Remembered()
    run(table, element("1", "a"))
    run(table, element("1", "b"), outcome=None)
    assert run(table, element("1", "a"))[0] == ["1"]


def test_a_new_record_without_messages_needs_no_note():
    synced = Synced(Remembered(), KEY)
    [(batch, _)] = synced.compare([checked(element("1"))])
    assert not synced.must_note(batch.elements)


def test_of_two_rows_for_one_record_the_last_one_that_was_applied_stands():
    table = Remembered()
    run(table, element("1", "a"), element("1", "b"))
    assert run(table, element("1", "b"))[0] == []
    assert run(table, element("1", "a"), element("1", "b"))[0] == []
    assert run(table, element("1", "b"), element("1", "a"))[0] == ["1", "1"]


def test_behind_a_search_nothing_is_known_to_stand():
    table = Remembered()
    run(table, element("1"), element("2"))
    assert run(table, element("1"), {"search": {"name": "x"}}, element("2"))[0] == [None, "2"]
    assert table["1"].state is State.UNKNOWN
    assert run(table, element("1"), element("2"))[0] == ["1"]


def test_everything_is_sent_and_remembered_where_that_is_asked_for():
    table = Remembered()
    run(table, element("1"))
    assert run(table, element("1"), resend=True)[0] == ["1"]
    assert table["1"].state is State.APPLIED


def test_an_entry_that_was_forgotten_a_moment_ago_is_not_taken_from_the_ledger():
    table = Remembered({"1": Entry("x", State.SENT)})
    synced = Synced(table, KEY)
    synced._unsaved["1"] = None
    [(batch, _)] = synced.compare([checked(element("1"))])
    assert not synced.must_note(batch.elements)


@pytest.mark.parametrize("seed", range(200))
def test_over_any_runs_changes_and_kills_the_service_ends_with_what_the_table_says(seed):
    chance = random.Random(seed)
    table, service, history = Remembered(), {}, []
    for night in range(8):
        last = night == 7
        rows = [element(record, chance.choice("abc")) for record in "123456" if chance.random() < 0.8 or last]
        synced = Synced(table, KEY)
        for at in range(0, len(rows), 2):
            [(batch, _)] = synced.compare([checked(*rows[at : at + 2])])
            if synced.must_note(batch.elements):
                synced.note(batch.elements)
                saved(table, synced)
            dies = not last and chance.random() < 0.2
            for one in batch.elements:
                fate = "applied" if last else chance.choice(("applied", "applied", "refused", "unknown"))
                if fate == "applied" or (fate == "unknown" and chance.random() < 0.5):
                    service[one.numberid] = one.description
                    history.append(one.numberid)
                getattr(synced, fate)([one])
            if dies:
                break
            if chance.random() < 0.7 or last:
                saved(table, synced)
    assert service == {row["numberid"]: row["description"] for row in rows}
    before = len(history)
    assert run(table, *rows)[0] == []
    assert len(history) == before
