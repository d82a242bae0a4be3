"""Only what changed, by real processes that are killed or run beside each other; the sandbox's ledger is the judge."""

from __future__ import annotations

import json
import os
import signal
from itertools import count

import pytest
from support.nights import judged

from airflow_provider_vcc.sandbox.faults.combining import Fault
from airflow_provider_vcc.sharding import shard_sql

CHUNK, WINDOW = 20, 3
ROWS, SHARDS = 400, 8
SQL = "SELECT numberid, description, asks AS senddispositionmessages FROM due ORDER BY numberid"
GIVEN = {"synced_table": "vcc_synced", "results_table": "failed", "max_error_rate": 1.0}
SENT = GIVEN | {"sql": SQL, "chunk_size": CHUNK, "max_in_flight": WINDOW, "fetch_size": 50}


class Fatal(Fault):
    """Kills a process when the ``nth`` request from now on (from 0) comes in, before or after it takes effect."""

    def __init__(self, nth, *, acts):
        self.nth, self.acts = nth, acts
        self.pid = None
        self._requests = count()

    def __call__(self, request, act):
        if self.pid is None or next(self._requests) != self.nth:
            return act()
        answer = act() if self.acts else None
        os.kill(self.pid, signal.SIGKILL)
        return answer or act()


def fill(hook, rows=ROWS):
    """Add rows of which each fourth asks for messages."""
    values = (f"({n}, 'first', {'true' if n % 4 == 0 else 'false'})" for n in range(1, rows + 1))
    hook.execute(f"INSERT INTO due VALUES {', '.join(values)}")


def reported(hook):
    """Return the records that were reported as unknown."""
    return {
        json.loads(element)["numberid"]
        for (element,) in hook.execute("SELECT element FROM failed WHERE outcome = 'unknown'")
    }


@pytest.fixture
def due(warehouse_of):
    """Return a database's name, its place and a hook of it, with a table of what is due, empty."""
    hook = warehouse_of[2]
    for table in ("due", "failed", "vcc_synced"):
        hook.execute(f"DROP TABLE IF EXISTS {table}")
    hook.execute("CREATE TABLE due (numberid INT, description VARCHAR(20), asks BOOLEAN)")
    return warehouse_of


@pytest.mark.parametrize("acts", [False, True], ids=["before it acts", "after it acted"])
def test_after_a_kill_each_change_goes_out_once_and_no_message_twice(due, nights, sandbox, acts):
    """What is repeated, and what is reported, is no more than what was in the air; a quiet night sends nothing."""
    name, place, hook = due
    fill(hook)
    sandbox.faults = fatal = Fatal(6, acts=acts)
    pid = nights.start(name, place, **SENT)
    fatal.pid = pid
    assert nights.end(pid) is None, "it was to be killed"
    fatal.pid = None
    assert sandbox.idle(10)
    hook.execute("UPDATE due SET description = 'second' WHERE numberid % 10 = 0")
    second = nights.run(name, place, **SENT)
    assert second["error"] is None
    assert second["unchanged"] > 0, "what the killed run knew was not remembered"
    doubtful, effects = reported(hook), sandbox.ledger.counts()
    assert len(doubtful) <= CHUNK * WINDOW
    assert sum(n - 1 for n in effects.values()) <= CHUNK * WINDOW
    for numberid, description, asks in hook.execute("SELECT * FROM due"):
        record = str(numberid)
        times = effects[record, description]
        assert times <= (1 if asks else 2), f"{record} went out {times} times"
        assert record in doubtful or sandbox.ledger.descriptions(record)[-1] == description
        assert asks or record not in doubtful
    third = nights.run(name, place, **SENT)
    assert (third["requests"], third["total"], third["unchanged"]) == (0, len(doubtful), ROWS - len(doubtful))


def test_eight_shards_share_one_table_and_the_next_night_sends_only_what_changed(due, nights, sandbox):
    """A process for each shard, all at once; DuckDB's file belongs to one process at a time."""
    name, place, hook = due
    fill(hook, 800)
    hook.execute("UPDATE due SET numberid = 999999 WHERE numberid = 800")
    divided = {"sqlite": f"numberid % {SHARDS}", "postgres": shard_sql("numberid", SHARDS)}
    shard = divided.get(name) or shard_sql("numberid", SHARDS, name)
    sql = SQL.replace("ORDER", f"WHERE {shard} = {{}} ORDER")

    def night():
        orders = [GIVEN | {"sql": sql.format(n), "instance": {"map_index": n}} for n in range(SHARDS)]
        return judged(nights.all(name, place, orders))

    first = night()
    assert (first["applied"], first["rejected"], first["unchanged"]) == (799, 1, 0)
    hook.execute("UPDATE due SET description = 'second' WHERE numberid <= 16")
    second = night()
    assert (second["applied"], second["rejected"], second["unchanged"]) == (16, 1, 783)
    assert set(sandbox.ledger.counts().values()) == {1}
    assert hook.execute("SELECT COUNT(*), MAX(state) FROM vcc_synced") == [(799, "applied")]
    assert hook.execute("SELECT COUNT(*) FROM failed") == [(1,)]
