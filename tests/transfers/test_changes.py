"""What a retry does over a table that changed since the first try, and what it does when the database gave up."""

import json
import threading
from collections import Counter
from itertools import count

import pytest

from airflow_provider_vcc.sandbox.faults import Status

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.xdist_group("postgres")]

STRETCH = 1000
ORDERED = "select numberid, dispositionid from callbacks order by place"
FILL = """drop table if exists callbacks, failed;
create table callbacks as select i::float as place, i as numberid, 2 as dispositionid from generate_series(1, 4500) i;
update callbacks set numberid = 999999 where place = 4500"""

MEND = "update callbacks set numberid = 4500 where place = 4500"
REFUSING = """drop table if exists refusing;
create table refusing (dag_id text check (dag_id = 'never'), run_id text, task_id text, map_index int, try_number int,
    position bigint, outcome text, errorcode text, errormessage text, element text, synced_at timestamptz)"""


@pytest.fixture
def execute(warehouse):
    """Yield a function that runs SQL on the warehouse, commits it, and returns the rows."""
    connection = psycopg2.connect(host=warehouse["host"], user="postgres", dbname="postgres")
    connection.autocommit = True
    cursor = connection.cursor()

    def run(sql):
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []

    run(FILL)
    yield run
    connection.close()


@pytest.fixture
def change(sandbox, execute):
    """Change the table while the first try runs, which has its rows as they were before."""

    def once(sql):
        done = threading.Lock()

        def when_asked(_request):
            if done.acquire(blocking=False):
                execute(sql)

        sandbox.faults = when_asked

    return once


def counts(sandbox):
    """Return how often each record's disposition took effect."""
    return Counter(int(event.numberid) for event in sandbox.ledger.events())


def test_only_the_stretch_that_changed_is_sent_again(sync, sandbox, warehouse, change, execute):
    """Three of five stretches stay as they were, and are skipped; the one that changed and the one that failed go.

    What the first try wrote back is taken away, since nothing has failed in the end.
    """
    change(f"update callbacks set dispositionid = 5 where place = 1500; {MEND}")
    result = sync(warehouse, retries=1, sql=ORDERED, results_table="failed")
    assert (result.state, result.summary["applied"]) == ("success", 4500), result.log
    assert execute("select * from failed") == []
    again = {number for number, count in counts(sandbox).items() if count == 2}
    assert again == set(range(1001, 2001)) | set(range(4001, 4500))
    assert sandbox.ledger.events("1500")[-1].dispositionid == "5"
    assert result.summary["resumed"] == 4500 - STRETCH - 500


def test_a_second_try_that_cannot_send_keeps_what_the_first_one_wrote_back(sync, sandbox, warehouse, execute):
    """The first try sends its nine requests; after that the call centre refuses this machine."""
    requests = count(1)
    sandbox.faults = lambda _request: Status(403) if next(requests) > 9 else None
    result = sync(warehouse, retries=1, sql=ORDERED, results_table="failed")
    assert result.state == "failed"
    assert "403" in result.log
    assert execute("select position, try_number from failed") == [(4499, 1)]


def test_from_a_row_that_came_between_on_all_is_sent_again_and_nothing_before_it(sync, sandbox, warehouse, change):
    """A row in the middle moves all that follow out of their places; what stands before it is skipped."""
    change("insert into callbacks values (2500.5, 4800, 5); " + MEND)
    result = sync(warehouse, retries=1, sql=ORDERED)
    assert (result.state, result.summary["applied"]) == ("success", 4501), result.log
    assert {number for number, count in counts(sandbox).items() if count == 1} == {*range(1, 2001), 4500, 4800}
    assert result.summary["resumed"] == 2000


def test_without_an_order_nothing_is_lost_and_the_log_says_what_comes_twice(sync, sandbox, warehouse, change):
    """PostgreSQL moves a row that is updated to another place, so that all after it stand elsewhere in the retry."""
    change("update callbacks set dispositionid = 5 where place < 3000")
    result = sync(warehouse, retries=1, max_errors=0, sql="select numberid, dispositionid from callbacks")
    assert "no ORDER BY" in result.log
    assert set(counts(sandbox)) == set(range(1, 4500))
    assert all(sandbox.ledger.events(str(number))[-1].dispositionid == "5" for number in (1, 2999))


@pytest.mark.parametrize(
    "sql",
    [
        "select numberid, row_number() over (order by place) as dispositionid from callbacks",
        "select numberid from (select numberid from callbacks order by place) t where numberid > 0",
        "select numberid from callbacks -- order by place",
        "select numberid, ' order by ' as description from callbacks",
    ],
)
def test_an_order_inside_of_the_query_is_none_of_its_result(sync, warehouse, execute, sql):
    result = sync(warehouse, retries=1, validate_only=True, sql=sql)
    assert "no ORDER BY" in result.log


def test_a_query_that_takes_too_long_fails_with_the_words_of_the_database(sync, sandbox, warehouse, execute):
    """What was read before is sent and saved, and the retry goes on from there."""
    execute("create sequence if not exists calls; select setval('calls', 1)")
    options = json.dumps({"options": "-c statement_timeout=1000ms"})
    # The first try sleeps at row 3000, and the second one, which finds the sequence moved on, does not.
    slow = "case when place = 3000 and nextval('calls') <= 2 then pg_sleep(5)::text end"
    sql = f"select numberid, dispositionid, {slow} as description from (select * from callbacks order by place) t"
    execute(MEND)
    result = sync({**warehouse, "extra": options}, retries=1, fetch_size=500, chunk_size=100, sql=sql)
    assert "canceling statement due to statement timeout" in result.log
    assert (result.state, result.summary["total"]) == ("success", 4500), result.log
    assert result.summary["resumed"] >= STRETCH
    assert max(counts(sandbox).values()) == 1


def test_bad_sql_fails_with_the_words_of_the_database(sync, sandbox, warehouse, execute):
    """PostgreSQL says what is wrong and where, and nothing goes out."""
    result = sync(warehouse, sql="select numberid, dispositoinid from callbacks order by 1")
    assert result.state == "failed"
    assert 'column "dispositoinid" does not exist' in result.log
    assert not sandbox.ledger.requests("PUT")


def test_no_secret_and_nothing_personal_is_in_what_a_failure_says(sync, sandbox, warehouse, execute):
    """Neither the connection's password nor the row that a table refuses is in the log."""
    execute(REFUSING)
    sql = "select 999999 as numberid, 'a private remark' as description order by 1"
    result = sync({**warehouse, "password": "dollar-seven"}, sql=sql, results_table="refusing")
    assert result.state == "failed"
    assert "results_table: refusing cannot be written to" in result.log
    assert "violates check constraint" in result.log
    assert "private remark" not in result.log
    assert "dollar-seven" not in result.log
    assert (result.summary["total"], sandbox.ledger.requests()) == (0, [])
