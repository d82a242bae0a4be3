"""docs/warehouse.md, followed as it is written: its SQL, its DAGs, what they are said to print."""

import json
import re
import shlex
from functools import partial

import pytest

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture(scope="module")
def page(repo):
    return (repo / "docs" / "warehouse.md").read_text()


@pytest.fixture(scope="module")
def blocks(page):
    """Return a function that returns the page's blocks of code in a language; indented ones as well."""
    found = re.findall(r"^( *)```(\w+)\n(.*?)^ *```$", page, re.DOTALL | re.MULTILINE)
    return lambda language: [
        re.sub(f"^{space}", "", text, flags=re.MULTILINE) for space, name, text in found if name == language
    ]


@pytest.fixture
def sandbox():
    from airflow_provider_vcc.sandbox import Sandbox

    with Sandbox(records=1000) as sandbox:
        yield sandbox


@pytest.fixture
def execute(warehouse, blocks):
    """Yield a function that runs SQL in a database that the page's first block has filled, and returns the rows."""
    connection = psycopg2.connect(host=warehouse["host"], user="postgres", dbname="postgres")
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("drop schema if exists marts cascade")

    def run(sql, parameters=None):
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else []

    run(blocks("sql")[0])
    yield run
    connection.close()


@pytest.fixture
def dag_file(blocks, tmp_path):
    """Return a function that writes a DAG of the page to a file; ``change`` is done to its text before."""

    def write(dag_id, change, name):
        [code] = [code for code in blocks("python") if f'DAG("{dag_id}"' in code]
        code = re.sub(r"^(with DAG\(.*\)):$", r"\1 as dag:", code, flags=re.MULTILINE)
        path = tmp_path / f"{name}.py"
        path.write_text(change(code).replace(dag_id, name))
        return path

    return write


@pytest.fixture
def run(dag_runner, sandbox, warehouse, execute, dag_file):
    """Run a DAG of the page by its id, or under another name."""

    def run_dag(dag_id, change=str, *, name=None, **options):
        connection = sandbox.connection(timezone="Europe/Budapest")
        env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(connection), "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse)}
        name = name or dag_id
        return dag_runner.run(dag_file(dag_id, change, name), name, env=env, **options)

    return run_dag


def assert_said(result, excerpt):
    """See that the log has the lines of an excerpt, whatever its spaces."""
    log = " ".join(result.log.split())
    assert [line for line in excerpt.splitlines() if " ".join(line.split()) not in log] == []


def nightly(result):
    return result.state, result.summary["total"]


def test_the_first_dag_checks_then_sends_and_writes_back_what_failed(run, sandbox, execute, blocks):
    checking, sending = blocks("text")
    checked = run("callbacks")
    assert_said(checked, checking)
    assert (checked.state, sandbox.ledger.requests("PUT")) == ("success", [])
    sent = run("callbacks", conf={"check_only": False})
    assert_said(sent, sending)
    assert (sent.state, sent.summary["applied"], sent.summary["rejected"]) == ("success", 100, 5)
    [failed_rows] = [sql for sql in blocks("sql") if "marts.callbacks_failed" in sql]
    rows = execute(failed_rows)
    assert [(row[0], row[1], row[4]) for row in rows] == [(99 + n, "rejected", str(1000 + n)) for n in range(1, 6)]


def test_without_its_tolerance_the_first_dag_fails(run):
    def strict(code):
        return code.replace("max_errors=10,", "").replace("retries=2,", "")

    result = run("callbacks", strict, conf={"check_only": False})
    assert result.state == "failed"


def test_what_failed_is_sent_again_when_it_was_mended(run, sandbox, execute, blocks, page):
    """Mending changes the ids, so the join as it stands finds none of them; by the old id it finds all."""
    run("callbacks", conf={"check_only": False})
    [mended] = [sql for sql in blocks("sql") if "old_record_id" in sql]
    execute(mended)
    assert run("callbacks_again").summary["total"] == 0
    [by_old_id] = re.findall(r"`WHERE (COALESCE\(.*?\)::text IN) \(", page)

    def join(code):
        return code.replace("record_id::text IN", by_old_id).replace("project_id=17", 'project_id=17, on_empty="fail"')

    result = run("callbacks_again", join, name="callbacks_by_old_id")
    assert (result.state, result.summary["applied"]) == ("success", 5), result.log
    assert {event.numberid for event in sandbox.ledger.events()[100:]} == {"1", "2", "3", "4", "5"}


def test_the_nightly_sync_sends_what_is_settled_and_each_row_once(run, sandbox, execute):
    """Ties are read together, and a row that is too young, or that commits late, is read by the next run."""
    insert = "insert into marts.callbacks values (%s, 3, null, null, now() - interval '1 minute' * %s)"
    assert nightly(run("callbacks_nightly")) == ("success", 105)
    for record in (1, 2):
        execute(insert, (record, 2))
    assert nightly(run("callbacks_nightly")) == ("success", 0)
    execute(insert, (3, 4))  # it committed late
    execute("update marts.callbacks set updated_at = updated_at - interval '5 minutes'")  # as if that time had passed
    assert nightly(run("callbacks_nightly")) == ("success", 3)
    assert nightly(run("callbacks_nightly")) == ("success", 0)
    assert max(sandbox.ledger.counts().values()) == 1


def test_looking_back_misses_neither_ties_nor_late_rows_and_sends_the_overlap_again(run, sandbox, execute, blocks):
    [query] = [sql for sql in blocks("sql") if "interval '5 minutes'" in sql and "INSERT" not in sql]

    def again():
        """Run the nightly DAG with that query, under another name, so that it has a watermark of its own."""
        with_query = partial(re.sub, r'sql=""".*?"""', f'sql="""{query}"""', flags=re.DOTALL)
        return run("callbacks_nightly", with_query, name="callbacks_looking_back")

    insert = "insert into marts.callbacks values (%s, 2, null, null, timestamptz '2026-06-01 00:00+00' + %s::interval)"
    execute("truncate marts.callbacks")
    for record in range(1, 11):
        execute(insert, (record, "12:00"))
    assert nightly(again()) == ("success", 10)
    execute(insert, (11, "12:00"))  # a tie
    execute(insert, (12, "11:58"))  # it committed late
    execute(insert, (13, "11:50"))  # too late for the overlap
    assert nightly(again()) == ("success", 12)
    assert {event.numberid for event in sandbox.ledger.events()} == {str(number) for number in range(1, 13)}


def test_a_backfill_sends_the_period_that_its_form_asks_for(run, sandbox, execute):
    execute("update marts.callbacks set updated_at = '2026-03-01 12:00+00' where record_id <= 910")
    conf = {"since": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
    assert nightly(run("callbacks_backfill", conf=conf)) == ("success", 10)


def test_before_airflow_3_3_the_interval_of_the_run_bounds_the_query(run, execute):
    """The run of the third of March has the day before as its interval: its end is not in it."""
    execute("update marts.callbacks set updated_at = '2026-03-02 02:00+00' where record_id <= 910")
    execute("update marts.callbacks set updated_at = '2026-03-03 02:00+00' where record_id > 910")
    result = run("callbacks_by_interval", logical_date="2026-03-03T02:00:00+00:00")
    assert nightly(result) == ("success", 10), result.log


def test_the_shards_are_judged_as_one(run, sandbox, execute):
    result = run("callbacks_sharded")
    assert result.state == "success", result.log
    summary = result.xcoms["judge"]["summary"]
    assert (summary["total"], summary["applied"], summary["rejected"]) == (105, 100, 5)
    assert len(result.xcoms["judge"]["report"]["shards"]) == 8
    assert execute("select count(*), count(distinct map_index) > 1 from marts.callbacks_failed") == [(5, True)]


def test_the_shards_of_a_file_are_judged_as_one(run, sandbox, tmp_path):
    path = tmp_path / "callbacks.csv"
    path.write_text("record,dispositionid\n" + "".join(f"{number},2\n" for number in range(1, 41)))
    result = run("callbacks_from_file", conf={"path": str(path)})
    assert result.state == "success", result.log
    summary = result.xcoms["judge"]["summary"]
    assert (summary["total"], summary["applied"]) == (40, 40)
    assert set(sandbox.ledger.counts().values()) == {1}


def test_the_connections_of_the_page_are_ones(page):
    """That to the call centre is the sandbox as it starts by default."""
    from airflow_provider_vcc.sandbox import __main__ as command
    from airflow_provider_vcc.sandbox.connection import as_connection
    from airflow_provider_vcc.sandbox.seeds import CUSTOMER, TOKEN

    found = re.findall(r"^export AIRFLOW_CONN_(\w+)=(.*?)\n```", page, re.DOTALL | re.MULTILINE)
    given = {name: json.loads(shlex.split(value)[0]) for name, value in found}
    assert given["VCC_DEFAULT"].pop("extra") == {"timezone": "Europe/Budapest"}
    assert given["VCC_DEFAULT"] == as_connection(f"http://127.0.0.1:{command.PORT}", CUSTOMER, TOKEN)
    assert given["WAREHOUSE"]["conn_type"] == "postgres"


def test_the_figures_of_the_page_are_those_of_the_committed_run(page, repo, monkeypatch):
    monkeypatch.syspath_prepend(repo)
    from benchmarks import growth_shards

    results = json.loads(growth_shards.BASELINE.read_text())
    assert growth_shards.filled(page, results) == page
    assert str(growth_shards.picture(results)) == growth_shards.IMAGE.read_text()


def test_the_sums_of_the_page_are_right(page):
    rows, size, seconds, at_a_time, total, minutes = (
        float(number.replace(",", ""))
        for number in re.search(
            r"([\d,]+) rows are [\d,]+ requests of (\d+)\. If VCC answers each in ([\d.]+) s and works on (\d+) at "
            r"a time, that is\n[^=]+ = ([\d,]+) s, or (\d+) minutes",
            page,
        ).groups()
    )
    assert rows / size * seconds / at_a_time == total
    assert round(total / 60) == minutes
