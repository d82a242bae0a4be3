import json

import pytest

psycopg2 = pytest.importorskip("psycopg2")
pytestmark = [pytest.mark.airflow, pytest.mark.postgres, pytest.mark.xdist_group("postgres")]


@pytest.fixture
def run(dag_runner, sandbox, warehouse, repo):
    """Run an example on a table with 300 callbacks, of which one names a record that does not exist."""
    connection = psycopg2.connect(host=warehouse["host"], user="postgres", dbname="postgres")
    connection.autocommit = True
    connection.cursor().execute(
        """drop table if exists callbacks; create table callbacks as select case when i = 300 then 999999 else i end
        as record_id, 2 as outcome_id, timestamp '2026-12-01 10:00' as call_at, timestamptz '2026-02-01' + i *
        interval '1 minute' as updated_at from generate_series(1, 300) i"""
    )
    connection.close()
    env = {
        "AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection()),
        "AIRFLOW_CONN_WAREHOUSE": json.dumps(warehouse),
    }
    return lambda name: dag_runner.run(repo / "example_dags" / f"{name}.py", name, env=env)


def test_the_nightly_sync_sends_only_what_changed(run, sandbox):
    """The first run sends everything, the second finds nothing newer than the watermark."""
    first, second = run("vcc_nightly_sync"), run("vcc_nightly_sync")
    assert (first.summary["applied"], first.summary["rejected"]) == (299, 1), first.log
    assert (second.state, second.summary["total"]) == ("success", 0)
    assert len(sandbox.ledger.events()) == 299


def test_after_dbt_only_other_contents_are_sent(run, sandbox):
    """The first run sends everything, the second only what failed before."""
    first, second = run("vcc_after_dbt"), run("vcc_after_dbt")
    assert (first.summary["applied"], first.summary["rejected"]) == (299, 1), first.log
    assert (second.state, second.summary["unchanged"], second.summary["rejected"]) == ("success", 299, 1)
    assert "1 of 300 rows" in second.log
    assert len(sandbox.ledger.events()) == 299


def test_the_sharded_sync_is_judged_as_one(run, sandbox):
    """Four shards send every record once, and the judging task counts all."""
    result = run("vcc_sharded_sync")
    assert result.state == "success", result.log
    summary = result.xcoms["judge"]["summary"]
    assert (summary["total"], summary["applied"], summary["rejected"]) == (300, 299, 1)
    assert max(sandbox.ledger.counts().values()) == 1


def test_an_export_to_parquet_is_sent(run, sandbox):
    """What one task exported arrives as it stands in the warehouse."""
    result = run("vcc_export_and_sync")
    assert result.summary["applied"] == 299, result.log
    assert sandbox.ledger.events("1")[0].next_calldate == "2026-12-01 10:00:00"
