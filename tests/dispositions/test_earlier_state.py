"""A retry that began under version 0.1 goes on under this one: its stored values are kept beside this file as data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.sync import Settings, Sync
from airflow_provider_vcc.dispositions.http.answers import Answer
from airflow_provider_vcc.dispositions.sources.memory import from_elements

CASES = json.loads((Path(__file__).parent / "data" / "state_0_1.json").read_text())
"""For each first try that 0.1 broke off: its input, what its store held, and what 0.1's own second try made of it."""


class Earlier(dict):
    """A store that holds what an earlier version has written."""

    def get(self, key, default=None):
        """Return a value."""
        return super().get(key, default)

    def set(self, key, value):
        """Keep a value."""
        self[key] = value.encode() if hasattr(value, "encode") else value

    def delete(self, key):
        """Forget a value."""
        self.pop(key, None)


class Willing:
    """A client whose server applies everything."""

    def prepare(self):
        """Nothing is to be prepared."""

    def close(self):
        """Nothing is open."""

    def begin(self, body, attempt):
        """Begin nothing: there is no connection on which something could go at once."""

    def send(self, body, count, attempt=None):
        """Apply it."""
        return Answer()


def elements(count, every):
    """Return the input of that time."""
    messages = {"sendDispositionMessages": True}
    return [
        {"numberid": str(n % 2400 + 1), "description": f"d{n}"} | (messages if every and n % every == 0 else {})
        for n in range(count)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['mode']}-{case['count']}-{case['messages_every']}")
def test_what_0_1_left_in_the_store_is_gone_on_from_as_0_1_would_have(case):
    again = Sync(
        Willing(),
        from_elements(elements(case["count"], case["messages_every"])),
        Checker(),
        settings=Settings(chunk_size=50, max_in_flight=1, on_ambiguous=case["mode"]),
        kept=Kept(Earlier(case["store"]), b"scope"),
    )
    again.run()
    then = case["then"]
    assert {outcome.value: count for outcome, count in again.tally.counts.items()} == {
        name: then[name] for name in ("applied", "rejected", "invalid", "unknown", "not_sent")
    }
    assert (again.tally.resumed, again.tally.requests) == (then["resumed"], then["requests"])
    assert [[row["errormessage"], row["count"]] for row in again.tally.errors()] == then["errors"]
