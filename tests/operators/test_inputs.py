"""What people have goes through the operator: exports of Excel, data frames, templates that make None, no elements."""

from __future__ import annotations

import asyncio
import datetime as dt
import json

import pyarrow as pa
import pytest
from airflow.providers.common.compat.sdk import DAG
from support.operators import run_here
from support.optional import Optional
from upath import UPath

from airflow_provider_vcc._compat import AirflowSkipException
from airflow_provider_vcc.decorators.batch_disposition import _BatchDispositionDecoratedOperator
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError
from airflow_provider_vcc.operators.batch_disposition import BatchDispositionOperator
from airflow_provider_vcc.sandbox import Sandbox

duckdb, openpyxl, pd, pl = map(Optional, ["duckdb", "openpyxl", "pandas", "polars"])

ROWS = 1000
START = dt.datetime(2026, 12, 1, 9, 30)  # noqa: DTZ001 -- a wall clock
WHEN = [START + dt.timedelta(minutes=7 * n) for n in range(ROWS)]
HEADER = ["record", "callback", "note"]
FIELDS = {"record": "numberid", "callback": "next_calldate", "note": "description"}
LOCAL = "%d.%m.%Y %H:%M"


@pytest.fixture
def sandbox(monkeypatch):
    with Sandbox(records=ROWS) as sandbox:
        connection = sandbox.connection()
        connection["extra"] = {**connection.get("extra", {}), "timezone": "Europe/Budapest"}
        monkeypatch.setenv("AIRFLOW_CONN_VCC_DEFAULT", json.dumps(connection))
        yield sandbox


def operator(kind=BatchDispositionOperator, **given):
    return kind(**{"task_id": "sync", "project_id": 17, "disposition": {"dispositionid": 2}, **given})


def sent(sandbox):
    return [(event.numberid, event.next_calldate, event.description) for event in sandbox.ledger.events()]


def workbook(path):
    """Write a sheet as people have it: numbers as ids, real times, a hidden and an empty row, a second sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER)
    for number, when in enumerate(WHEN, 1):
        sheet.append([number, when, "árvíztűrő"])
    sheet.append([None, " ".strip(), None])
    sheet.row_dimensions[5].hidden = True
    book.create_sheet("Notes").append(["something else"])
    book.save(path)


def export(separator, form=LOCAL):
    rows = (f"{number}{separator}{when.strftime(form)}{separator}árvíztűrő" for number, when in enumerate(WHEN, 1))
    return "\r\n".join([separator.join(HEADER), *rows, ""])


EXPORTS = {
    "export.xlsx": (workbook, {}),
    "csv-utf-8.csv": (lambda path: path.write_bytes(export(";").encode("utf-8-sig")), {"date_format": LOCAL}),
    "csv.csv": (
        lambda path: path.write_bytes(export(";").encode("windows-1250")),
        {"date_format": LOCAL, "encoding": "windows-1250"},
    ),
    "unicode-text.txt": (lambda path: path.write_bytes(export("\t").encode("utf-16")), {"date_format": LOCAL}),
    "separated.csv": (
        lambda path: path.write_bytes(b"sep=|\r\n" + export("|", "%Y-%m-%d %H:%M:%S").encode()),
        {},
    ),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_of_a_thousand_rows_goes_out_with_the_right_dates(sandbox, tmp_path, name):
    write, parameters = EXPORTS[name]
    write(tmp_path / name)
    error, xcoms = run_here(operator(elements_path=tmp_path / name, field_map=FIELDS, **parameters))
    assert error is None
    assert xcoms["summary"]["applied"] == ROWS
    assert sorted(sent(sandbox)) == sorted(
        (str(number), when.strftime("%Y-%m-%d %H:%M:%S"), "árvíztűrő") for number, when in enumerate(WHEN, 1)
    )


MADE_BY_LIBREOFFICE = {
    "callbacks.xlsx": {},
    "callbacks.xls": {},
    "callbacks.ods": {},
    "csv-utf-8.csv": {"date_format": LOCAL},
    "csv-windows-1250.csv": {"date_format": LOCAL, "encoding": "windows-1250"},
    "unicode-text.txt": {"date_format": LOCAL},
}


@pytest.mark.parametrize("name", MADE_BY_LIBREOFFICE)
def test_a_thousand_rows_as_libreoffice_writes_them_go_out_with_the_right_dates(sandbox, repo, name):
    if name.startswith("callbacks"):
        pytest.importorskip("python_calamine")
    path = repo / "tests" / "data" / "libreoffice" / name
    error, xcoms = run_here(operator(elements_path=path, field_map=FIELDS, **MADE_BY_LIBREOFFICE[name]))
    assert error is None
    assert xcoms["summary"]["applied"] == ROWS
    assert sorted(sent(sandbox)) == sorted(
        (str(number), when.strftime("%Y-%m-%d %H:%M:%S"), "árvíztűrő") for number, when in enumerate(WHEN, 1)
    )


TABLE = {
    "numberid": [1, 2, 3],
    "userid": [7, None, 8],
    "next_calldate": [START, None, START],
    "description": ["a", None, "c"],
}
GONE_OUT = [("1", "7", "2026-12-01 09:30:00", "a"), ("2", None, None, None), ("3", "8", "2026-12-01 09:30:00", "c")]
TABLES = {
    "pandas": lambda: pd.DataFrame(TABLE),
    "pandas, filtered": lambda: pd.DataFrame(TABLE).query("numberid < 9").iloc[[0, 1, 2]],
    "pandas, of mixed types": lambda: pd.DataFrame(TABLE).astype({"numberid": object}).replace({"numberid": {2: "2"}}),
    "pandas, nullable and categorical": lambda: pd.DataFrame(TABLE).astype(
        {"numberid": "Int64", "userid": "Int64", "description": "category"}
    ),
    "records of pandas": lambda: pd.DataFrame(TABLE).to_dict("records"),
    "polars": lambda: pl.DataFrame(TABLE),
    "polars, categorical": lambda: pl.DataFrame(TABLE).with_columns(pl.col("description").cast(pl.Categorical)),
    "pyarrow": lambda: pa.table(TABLE),
    "pyarrow, batches": lambda: pa.table(TABLE).to_reader(max_chunksize=2),
    "pyarrow, one batch": lambda: pa.record_batch(pa.table(TABLE).to_pydict()),
    "duckdb": lambda: duckdb.from_arrow(pa.table(TABLE)),
    "pandas, a named range as its index": lambda: (
        pd.DataFrame(TABLE).drop(columns="numberid").set_index(pd.RangeIndex(1, 4, name="numberid"))
    ),
    "pandas, a named index beside a column of mixed types": lambda: (
        pd.DataFrame(TABLE).astype({"userid": object}).replace({"userid": {8: "8"}}).set_index("numberid")
    ),
    "a list of tables": lambda: [pl.DataFrame(TABLE).head(1), {"numberid": 2}, pa.table(TABLE).slice(2)],
}


def gone_out(sandbox):
    return [(event.numberid, event.userid, event.next_calldate, event.description) for event in sandbox.ledger.events()]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_whoever_made_it(sandbox, name):
    error, _ = run_here(operator(elements=TABLES[name](), disposition={"dispositionid": 2}))
    assert error is None
    assert sorted(gone_out(sandbox)) == GONE_OUT


def test_an_instant_goes_out_by_the_call_centres_clock_and_a_search_as_it_is_nested(sandbox):
    noon = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
    frame = pd.DataFrame({"search": [{"name": "Green"}], "next_calldate": [noon], "description": ["x"]})
    for table in (frame, pl.DataFrame({"search": [{"name": "Green"}], "next_calldate": [noon]})):
        error, xcoms = run_here(operator(elements=table, max_errors=1))
        assert error is None
        assert xcoms["summary"]["invalid"] == 0
    assert {event.next_calldate for event in sandbox.ledger.events()} <= {"2026-12-01 13:00:00"}


@pytest.mark.parametrize("name", [name for name in TABLES if name != "pyarrow, batches"])
@pytest.mark.parametrize("how", ["returned", "yielded", "awaited", "yielded by an async function"])
def test_a_function_may_give_a_table_in_any_way(sandbox, name, how):
    def returned():
        return TABLES[name]()

    def yielded():
        yield TABLES[name]()

    async def awaited():
        await asyncio.sleep(0)
        return TABLES[name]()

    async def yielded_by_async():
        await asyncio.sleep(0)
        yield TABLES[name]()

    given = {"returned": returned, "yielded": yielded, "awaited": awaited}.get(how, yielded_by_async)
    error, _ = run_here(operator(_BatchDispositionDecoratedOperator, python_callable=given))
    assert error is None
    assert sorted(gone_out(sandbox)) == GONE_OUT


def test_an_async_function_is_asked_for_one_after_another_and_closed_when_nothing_more_is_wanted(sandbox):
    asked = []

    async def give():
        try:
            for number in range(1, 3001):
                asked.append(number)
                yield {"numberid": number}
        finally:
            asked.append("closed")

    error, _ = run_here(
        operator(_BatchDispositionDecoratedOperator, python_callable=give, max_errors=0, stop_on_breach=True)
    )
    assert error is not None
    assert asked[-1] == "closed"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (lambda: pd.Series([1]), "not a table of records"),
        (lambda: pl.DataFrame({"numberid": pl.Series([1], dtype=pl.Int128)}), "cast it to text"),
        (lambda: pl.DataFrame({"numberid": [1]}).lazy(), "collect it"),
        (lambda: {"elements": [], "disposition": {}}, "is a whole request"),
        (lambda: '{"elements": [], "disposition": {}}', "is a whole request"),
    ],
    ids=["series", "type", "lazy", "request", "request as a text"],
)
@pytest.mark.usefixtures("sandbox")
def test_what_is_no_table_is_named_for_what_it_is(value, said):
    error, _ = run_here(operator(elements=value()))
    assert isinstance(error, VccConfigurationError)
    assert said in str(error)


def rendered(native=False, params=None, **given):
    """Return an operator whose templates are rendered."""
    with DAG("tested", schedule=None, render_template_as_native_obj=native):
        one = operator(**given)
    one.render_template_fields({"params": params or {}})
    return one


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "elements",
    [
        [{"numberid": "{{ params.id }}", "description": "{{ params.note }}", "next_calldate": "{{ params.note }}"}],
        '[{"numberid": "{{ params.id }}", "description": "{{ params.note }}"}]',
        '{"numberid": "{{ params.id }}", "description": "{{ params.note }}"}',
        '{"numberid": "{{ params.id }}"}\n{"numberid": "6", "description": "{{ params.note }}"}\n',
    ],
)
def test_what_a_template_made_of_none_is_absent(sandbox, native, elements):
    disposition = {"dispositionid": 2, "userid": "{{ params.note }}"}
    one = rendered(native, {"id": "5", "note": None}, elements=elements, disposition=disposition)
    error, _ = run_here(one)
    assert error is None
    assert {(event.description, event.userid) for event in sandbox.ledger.events()} == {(None, None)}
    assert sandbox.ledger.events()[0].numberid == "5"


@pytest.mark.parametrize("native", [False, True])
def test_none_within_a_search_is_invalid_since_it_would_widen_it(sandbox, native):
    search = {"name": "Green", "city": "{{ params.city }}"}
    error, xcoms = run_here(rendered(native, {"city": None}, elements=[{"search": search}], max_errors=1))
    assert error is None
    assert xcoms["summary"]["invalid"] == 1
    assert sandbox.ledger.events() == []


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.usefixtures("sandbox")
def test_elements_that_are_none_as_a_whole_are_a_mistake_and_no_empty_input(native):
    one = rendered(native, {"rows": None}, elements="{{ params.rows }}")
    error, _ = run_here(one)
    assert isinstance(error, VccConfigurationError)
    assert "elements is None: did the upstream task return nothing?" in str(error)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "text", ['{"numberid": "5", "description": "\\ud83d\\ude00"}', '[{"numberid": "5"}]', "{{ x }}"]
)
def test_json_in_a_text_is_json_in_any_dag(sandbox, native, text):
    given = text.replace("{{ x }}", "{{ params.x | tojson }}")
    error, _ = run_here(rendered(native, {"x": [{"numberid": 5, "description": "\U0001f600"}]}, elements=given))
    assert error is None
    assert sandbox.ledger.events()[0].numberid == "5"


@pytest.mark.parametrize("name", [name for name in TABLES if name != "a list of tables"])
def test_a_native_template_may_give_a_table(sandbox, name):
    """One that a task left in XCom: ``{{ ti.xcom_pull('find') }}``."""
    error, _ = run_here(rendered(True, {"x": TABLES[name]()}, elements="{{ params.x }}"))
    assert error is None
    assert sorted(gone_out(sandbox)) == GONE_OUT


@pytest.mark.usefixtures("sandbox")
def test_nothing_as_json_is_shown_as_it_stands_in_the_text():
    error, _ = run_here(rendered(True, {"x": None}, elements="{{ params.x | tojson }}"))
    assert "elements is the text 'null': did the upstream task return nothing?" in str(error)


@pytest.mark.parametrize(
    "elements",
    [[], "", "[]", " \n", pa.table({"numberid": []}), pa.table({})],
    ids=["list", "text", "array", "blanks", "table", "no columns"],
)
@pytest.mark.parametrize(
    ("on_empty", "kind"), [("success", type(None)), ("skip", AirflowSkipException), ("fail", VccInputError)]
)
@pytest.mark.usefixtures("sandbox")
def test_an_input_without_elements_means_what_on_empty_says(elements, on_empty, kind):
    error, xcoms = run_here(operator(elements=elements, on_empty=on_empty))
    assert type(error) is kind
    assert xcoms["summary"]["total"] == 0


@pytest.mark.parametrize("name", ["elements_path", "failures_path"])
@pytest.mark.usefixtures("sandbox")
def test_a_path_with_options_of_its_own_is_refused_and_shows_none(name):
    """They would be lost, and the file be looked for elsewhere: the service behind it is one of them."""
    given = {"elements": [], name: UPath("s3://bucket/a.csv", endpoint_url="http://127.0.0.1:1", secret="s3cret")}
    if name == "elements_path":
        del given["elements"]
    try:
        error, _ = run_here(operator(**given))
    except VccConfigurationError as early:  # older versions of UPath are paths like any, and looked at sooner
        error = early
    assert isinstance(error, VccConfigurationError)
    assert f"{name} has storage options of its own; put them into a connection" in str(error)
    assert "s3cret" not in str(error)


def test_a_path_object_without_options_is_read(sandbox, tmp_path):
    (tmp_path / "a.csv").write_text("numberid\n1\n")
    error, _ = run_here(operator(elements_path=UPath(tmp_path / "a.csv")))
    assert error is None
    assert len(sandbox.ledger.events()) == 1


def test_the_disposition_s_date_is_read_by_the_given_format(sandbox):
    disposition = {"dispositionid": 2, "next_calldate": "01.12.2026 09:30"}
    with pytest.raises(VccConfigurationError, match="set date_format"):
        operator(elements=[], disposition=disposition)
    error, _ = run_here(operator(elements=[{"numberid": 1}], disposition=disposition, date_format=[LOCAL]))
    assert error is None
    assert sandbox.ledger.events()[0].next_calldate == "2026-12-01 09:30:00"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"encoding": "windows1250x"}, "encoding must be one that Python knows"),
        ({"delimiter": ";;"}, "delimiter must be one character"),
        ({"sheet": 5.5}, "sheet must be the name of a sheet"),
        ({"date_format": "dd.mm.yyyy"}, "does not read a whole day"),
        ({"date_format": 5}, "date_format must be a format such as"),
        ({"on_empty": "skipped"}, "did you mean 'skip'"),
    ],
)
def test_a_wrong_parameter_is_named_when_the_dag_is_parsed(given, said):
    with pytest.raises(VccConfigurationError, match=said):
        operator(elements=[], **given)


@pytest.mark.parametrize("nothing", ["", "None", None])
def test_a_template_that_makes_nothing_of_a_parameter_leaves_it_out(sandbox, tmp_path, nothing):
    (tmp_path / "a.csv").write_text("numberid\n1\n")
    given = dict.fromkeys(["encoding", "delimiter", "sheet", "date_format"], nothing)
    error, _ = run_here(operator(elements_path=tmp_path / "a.csv", **given))
    assert error is None
    assert len(sandbox.ledger.events()) == 1
