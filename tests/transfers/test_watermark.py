"""Where the next run goes on: what moves the watermark, and what does not."""

import logging
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.operators import Instance
from support.versions import keeps_state

from airflow_provider_vcc.exceptions import VccConfigurationError
from airflow_provider_vcc.sandbox.faults import Latency, Status
from airflow_provider_vcc.transfers import watermark
from airflow_provider_vcc.transfers.marks import kind_of
from airflow_provider_vcc.transfers.watermark import Watermark, decode, encode

QUERY = "select numberid, updated from t where updated > :watermark order by updated"


class Store(dict):
    """Stands for the asset's state store."""

    def get(self, key, default=None):
        return super().get(key, default)

    def set(self, key, value):
        self[key] = value


def a_watermark(store, initial=None, outlets=("asset",), **place):
    instance = Instance()
    vars(instance).update(place)
    context = {"ti": instance, "asset_state_store": {"asset": store}}
    return Watermark(context, list(outlets), initial, logging.getLogger("test"))


@pytest.fixture
def newest(monkeypatch):
    """Let each Airflow pass for one that keeps state beside an asset."""
    monkeypatch.setattr(watermark, "airflow_version", lambda: (3, 3))


values = (
    st.integers()
    | st.text()
    | st.floats(allow_nan=False)
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.decimals(allow_nan=False, allow_infinity=False)
)


@given(values)
def test_a_value_comes_back_with_its_type(value):
    kept = decode(encode(value))
    assert (type(kept), kept) == (type(value), value)


def test_a_value_that_cannot_be_kept_is_refused_with_what_to_do():
    with pytest.raises(VccConfigurationError, match="cast it to a number, a text or a time in the query"):
        encode(b"\0")


def test_it_never_moves_back(newest):
    """A run that reads only rows of an overlap leaves it where it was."""
    mark = a_watermark(Store())
    for reached in (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC), None):
        mark.move(reached)
    assert mark.value == datetime(2026, 3, 2, tzinfo=UTC)


def test_each_task_and_each_shard_has_its_own(newest):
    """What one has read says nothing of what another one has, even beside the same asset."""
    store = Store()
    a_watermark(store).move(1)
    a_watermark(store, dag_id="other").move(2)
    a_watermark(store, task_id="other").move(3)
    a_watermark(store, map_index=0).move(4)
    a_watermark(store, map_index=1).move(5)
    assert sorted(decode(kept) for kept in store.values()) == [1, 2, 3, 4, 5]
    assert (a_watermark(store).value, a_watermark(store, map_index=1).value) == (1, 5)
    assert all(len(key) <= 512 for key in store)


def test_the_longest_names_fit_into_airflows_table(newest):
    store = Store()
    for index in (1, 2):
        a_watermark(store, dag_id="d" * 250, task_id="t" * 250, map_index=index).move(index)
    assert [len(key) for key in store] == [512, 512]


WHERE = "select * from t where a > {} and updated > {}"


@pytest.mark.parametrize(
    ("sql", "given", "bound"),
    [
        (WHERE.format("%(a)s", "%(watermark)s"), {"a": 5}, {"a": 5, "watermark": 7}),
        (WHERE.format("0", ":watermark"), None, {"watermark": 7}),
        (WHERE.format("0", "$watermark"), None, {"watermark": 7}),
        (WHERE.format("?", "?"), [5], [5, 7]),
        (WHERE.format("%s", "%s"), (5,), [5, 7]),
        (WHERE.format("0", "?"), None, [7]),
        (WHERE.format("0", "%s"), None, [7]),
        (WHERE.format("0", ":1"), None, [7]),
        (WHERE.format("b::int", "? -- and not :watermark"), None, [7]),
    ],
)
def test_the_watermark_is_bound_by_name_or_as_the_last_by_position(newest, sql, given, bound):
    assert a_watermark(Store(), 7).bind(sql, given) == (sql, bound)


def test_a_watermark_by_name_beside_parameters_by_position_is_refused(newest):
    with pytest.raises(VccConfigurationError, match="bound by position, as the last of them"):
        a_watermark(Store(), 7).bind(WHERE.format("?", ":watermark"), [5])


def test_a_query_that_does_not_use_the_watermark_runs_without_it_and_the_log_says_so(newest, caplog):
    sql = "select ':watermark' as description, '?' as numberid"
    assert a_watermark(Store(), 7).bind(sql, None) == (sql,)
    assert "The query does not use the watermark, so each run reads all rows again" in caplog.text


@pytest.mark.parametrize(
    ("kept", "now"),
    [
        (5, "2026-01-01"),
        (datetime.fromisoformat("2026-01-01"), datetime(2026, 1, 1, tzinfo=UTC)),
        (date(2026, 1, 1), datetime.fromisoformat("2026-01-01")),
        ("2026-01-01 10:00:00", "2026-01-01T10:00:00"),
        (0.5, 5),
    ],
)
def test_a_column_of_another_type_is_refused_with_how_to_start_anew(newest, kept, now):
    mark = a_watermark(Store())
    mark.move(kept)
    with pytest.raises(VccConfigurationError, match=r"DELETE /api/v2/assets/.*/state-store/vcc_watermark:"):
        mark.check_kind(kind_of(now))


def test_whole_numbers_are_one_type_whatever_the_driver_makes_of_them(newest):
    mark = a_watermark(Store())
    mark.move(5)
    mark.check_kind(kind_of(Decimal(7)))


@pytest.mark.parametrize("version", [(2, 11), (3, 0), (3, 2)])
@pytest.mark.parametrize("outlets", [(), ("asset",)])
def test_before_airflow_3_3_it_says_what_to_write_instead(monkeypatch, version, outlets):
    """Whatever else is wrong, this is what to know first; with an example to copy."""
    monkeypatch.setattr(watermark, "airflow_version", lambda: version)
    with pytest.raises(VccConfigurationError, match=r"needs Airflow 3\.3 or later") as caught:
        a_watermark(Store(), outlets=outlets)
    assert "WHERE updated_at >= '{{ data_interval_start }}'" in str(caught.value)
    assert "schedule=CronDataIntervalTimetable(" in str(caught.value)


@pytest.fixture
def run(sync, database):
    """Run the incremental sync of a table with three rows; each test has an asset of its own."""
    database.execute("create table t (numberid int, updated int)")
    database.executemany("insert into t values (?, ?)", [(1, 10), (2, 20), (3, 30)])
    return lambda **more: sync(sql=QUERY, watermark_column="updated", watermark_initial=0, outlets=["OUTLET"], **more)


@keeps_state
@pytest.mark.airflow
def test_what_was_not_sent_is_read_again(run, sandbox):
    """A run that could not send leaves the watermark alone."""
    sandbox.faults = Status(403)
    assert run().state == "failed"
    sandbox.faults = Latency(0)
    again = run()
    assert (again.state, again.summary["total"]) == ("success", 3)


@keeps_state
@pytest.mark.airflow
def test_a_first_run_without_a_start_says_that_null_selects_nothing(sync, database, run):
    result = sync(sql=QUERY, watermark_column="updated", outlets=["OUTLET"])
    assert (result.state, result.summary["total"]) == ("success", 0)
    assert "the query gets NULL, with which no comparison selects a row" in result.log
    assert "the query gets NULL" not in run().log


@keeps_state
@pytest.mark.airflow
def test_a_check_moves_nothing(run):
    assert run(validate_only=True).summary["not_sent"] == 3
    assert run().summary["applied"] == 3


@keeps_state
@pytest.mark.airflow
def test_a_failed_judgement_that_is_softened_moves_nothing(run, database):
    database.execute("insert into t values (999999, 15)")
    assert run(soft_fail=True).tasks == {"sync": "skipped"}
    assert run(max_errors=1).summary["total"] == 4


@keeps_state
@pytest.mark.airflow
def test_a_retry_reads_from_the_same_value_and_sends_only_what_is_left(run, sandbox, database):
    """What the first try of the same run applied is not sent again, and the run that follows finds nothing."""
    database.execute("insert into t values (999999, 15)")
    database.commit()
    failed = run(retries=1)
    assert (failed.state, failed.summary["resumed"], failed.summary["total"]) == ("failed", 3, 4)
    assert len(sandbox.ledger.events()) == 3
    assert run(max_errors=1).summary["total"] == 4
    assert run().summary["total"] == 0


@pytest.mark.parametrize(
    "kept",
    ["", "x", 5, 1.5, True, [], {}, {"type": "plain"}, {"type": "int", "value": 1}, {"value": 1}]
    + [{"type": kind, "value": value} for kind in ("datetime", "date", "decimal") for value in ("x", None, [])]
    + [{"type": "plain", "value": value} for value in (None, True, [], {})],
)
def test_what_cannot_be_read_says_how_to_start_anew(newest, kept):
    """A value that somebody wrote there by hand is refused with what to delete, and is not overwritten."""
    store = Store({"vcc_watermark:tested.sync": kept})
    with pytest.raises(VccConfigurationError, match=r"delete it: DELETE .*vcc_watermark:tested\.sync"):
        a_watermark(store).bind(QUERY, None)
    assert store == {"vcc_watermark:tested.sync": kept}


def test_ids_with_dots_have_a_watermark_each(newest):
    """A task of a group and a DAG with a dot in its id, which read as the same, do not share a watermark."""
    store = Store()
    for n, (dag_id, task_id) in enumerate([("a", "b.c"), ("a.b", "c"), ("a.b.c", "d"), ("a", "b.c.d"), ("a.b", "c.d")]):
        watermark = a_watermark(store, dag_id=dag_id, task_id=task_id)
        assert watermark.value is None
        watermark.move(n)
    assert sorted(value["value"] for value in store.values()) == [0, 1, 2, 3, 4]


def test_the_key_of_before_is_read(newest):
    """What an earlier version kept for a DAG with a dot in its id counts until the first value under the new key."""
    store = Store({"vcc_watermark:a.b.c": encode(5)})
    watermark = a_watermark(store, dag_id="a.b", task_id="c")
    assert watermark.value == 5
    watermark.move(7)
    assert (watermark.value, decode(store["vcc_watermark:a.b.c"])) == (7, 5)


TIMES, DAYS = kind_of("2026-01-31 10:00:00"), kind_of("2026-01-31")


@pytest.mark.parametrize(
    ("initial", "kind", "fits"),
    [
        ("2026-01-01 00:00:00", TIMES, True),
        ("2026-01-01", TIMES, True),
        ("2026-01-01T00:00:00", TIMES, False),
        ("20260101", TIMES, False),
        ("2026-01-01 00:00:00", DAYS, False),
        ("2026-01-01 00:00:00", kind_of("2026-01-31T10:00:00Z"), False),
        ("2026-01-01T00:00:00Z", kind_of("2026-01-31T10:00:00+02:00"), False),
        ("", TIMES, True),
        (None, TIMES, True),
        (5, TIMES, True),
        ("2026-01-01T00:00:00", kind_of(datetime(2026, 1, 1, tzinfo=UTC)), True),
    ],
)
def test_a_text_to_start_from_has_the_columns_form(newest, initial, kind, fits):
    """Texts of two forms sort otherwise than the times they stand for, so that rows would be left out for good."""
    watermark = a_watermark(Store(), initial)
    if fits:
        watermark.check_kind(kind)
        return
    with pytest.raises(VccConfigurationError, match="watermark_initial is"):
        watermark.check_kind(kind)


def test_a_parameter_of_the_same_name_is_refused(newest):
    """A parameter that somebody gave as watermark is not overwritten in silence."""
    with pytest.raises(VccConfigurationError, match="parameters has 'watermark'"):
        a_watermark(Store(), 0).bind(QUERY, {"watermark": 5})


@pytest.mark.parametrize("text", ["2026-13-45", "2026-02-30", "2026-01-01 25:00:00", "20261301", "2026-01-01T10:61"])
def test_a_text_that_is_no_time_is_none_in_iso_form(text):
    """A day that does not exist would hide all that come before it."""
    assert kind_of(text) is None
