"""The two forms among the examples: what they do with what is typed, and what they refuse before a run is made."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from support.versions import needs_airflow_3, renders_while_running

from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.words.verdict import verdict
from airflow_provider_vcc.sandbox import Sandbox

pytestmark = pytest.mark.airflow

FORMS = ("vcc_form", "vcc_form_file")
CALLBACKS = {
    (str(number), str(datetime(2026, 12, 1, 9, 30) + timedelta(minutes=7 * (number - 1))), "árvíztűrő")  # noqa: DTZ001
    for number in range(1, 1001)
}
ROWS = "record,result,callback\n5,4,\n6,1,2026-12-01 10:30:00\nnobody,1,\n"


@pytest.fixture
def sandbox():
    with Sandbox(records=1000) as sandbox:
        yield sandbox


@pytest.fixture
def exports(tmp_path):
    """Return the exports folder, with one file that has two good rows and one for a record that there is not."""
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "changes.csv").write_text(ROWS)
    (tmp_path / "secret.csv").write_text(ROWS)
    return folder


@pytest.fixture
def run(dag_runner, sandbox, exports, examples):
    """Run a form by its name, with the sandbox as ``vcc_default``."""
    env = {"AIRFLOW_CONN_VCC_DEFAULT": json.dumps(sandbox.connection()), "AIRFLOW_VAR_VCC_EXPORTS": str(exports)}
    return lambda name, **conf: dag_runner.run(examples / f"{name}.py", name, conf=conf, env=env)


@pytest.fixture
def dispositions(sandbox):
    """Return what was set, in order: ``(numberid, dispositionid, next_calldate, userid)``."""
    return lambda: [
        (event.numberid, event.dispositionid, event.next_calldate, event.userid) for event in sandbox.ledger.events()
    ]


def test_a_record_that_is_set_otherwise_is_set_once_and_keeps_the_rest_of_the_form(run, dispositions):
    own = [{"numberid": 4, "dispositionid": 4}, {"numberid": 9, "userid": 3, "next_calldate": "2026-12-31 08:00:00"}]
    form = {"callback_date": "2026-12-24", "callback_time": "13:00:00", "userid": 7}
    run("vcc_form", records=["3", "4"], exceptions=own, **form)
    assert dispositions() == [
        ("3", "1", "2026-12-24 13:00:00", "7"),
        ("4", "4", "2026-12-24 13:00:00", "7"),
        ("9", "1", "2026-12-31 08:00:00", "3"),
    ]


@pytest.mark.parametrize(("tolerated", "state"), [(0, "failed"), (1, "success")])
def test_the_form_says_how_many_failures_are_tolerated(run, tolerated, state):
    result = run("vcc_form", records=["3", "404404"], max_errors=tolerated)
    assert result.tasks == {"set_dispositions": state}


def test_what_failed_is_written_to_the_exports_folder_and_can_be_named_in_the_other_form(run, exports, dispositions):
    result = run("vcc_form", records=["3", "404404"])
    [written] = (exports / "failed").iterdir()
    assert result.summary["failures_path"] == str(written)
    row = json.loads(written.read_text())
    assert row["element"] == {"numberid": "404404"}
    written.write_text(json.dumps(row | {"element": {"numberid": "4"}}))
    run("vcc_form_file", path=f"failed/{written.name}", disposition="4")
    assert dispositions()[-1] == ("4", "4", None, None)


@pytest.mark.parametrize(
    ("conf", "complaint"),
    [
        ({"records": []}, "records: .* should be non-empty"),
        ({"records": ["3"], "disposition": "5"}, "disposition: '5' is not one of"),
        ({"records": ["3"], "callback_date": "tomorrow"}, "callback_date: 'tomorrow' is not a 'date'"),
        ({"records": ["3"], "exceptions": [{"numberid": 4, "description": "x"}]}, "'description' was unexpected"),
        ({"records": ["3"], "exceptions": [{"dispositionid": 4}]}, "'numberid' is a required property"),
        ({"records": ["3"], "max_errors": -1}, "-1 is less than the minimum"),
    ],
)
def test_the_form_refuses_what_cannot_be_meant(run, sandbox, conf, complaint):
    with pytest.raises(AssertionError, match=f"Error: Invalid input for param .*{complaint}"):
        run("vcc_form", **conf)
    assert sandbox.ledger.requests("PUT") == []


def test_record_ids_may_have_commas_and_lines_between_them(run, dispositions):
    run("vcc_form", records=["3, 4;5", "", " 6 "])
    assert [record for record, *_ in dispositions()] == ["3", "4", "5", "6"]


@pytest.mark.parametrize("check_only", [False, True])
def test_a_form_with_nothing_but_blank_lines_is_told_that_no_record_was_given(run, check_only):
    """Whoever presses Trigger without a single id does not see a green run that set nothing."""
    result = run("vcc_form", records=["", " , ;"], check_only=check_only)
    assert result.tasks == {"set_dispositions": "failed"}
    assert "Record ids: there is none. Write at least one. Nothing was set" in result.log


def test_records_that_are_set_otherwise_are_enough(run, dispositions):
    run("vcc_form", records=[""], exceptions=[{"numberid": 4, "dispositionid": 4}])
    assert dispositions() == [("4", "4", None, None)]


def test_what_is_no_record_id_is_refused_in_words_with_its_line_and_is_not_repeated(run, sandbox):
    result = run("vcc_form", records=["3, 4", "5, Green"])
    assert result.tasks == {"set_dispositions": "failed"}
    assert (
        "Record ids, line 2: write numbers only, with commas or line ends between them. Nothing was set" in result.log
    )
    assert "Green" not in result.log.partition("Record ids, line 2")[2]
    assert sandbox.ledger.requests("PUT") == []


@pytest.mark.parametrize(
    ("name", "form", "said"),
    [
        pytest.param(
            "vcc_form",
            {"records": ["3", "5, Green"]},
            "“Record ids” in the form has to be corrected",
            marks=renders_while_running,
        ),
        pytest.param(
            "vcc_form",
            {"records": ["", " , ;"]},
            "“Record ids” in the form has to be corrected",
            marks=renders_while_running,
        ),
        ("vcc_form_file", {"path": "gone.csv"}, "“File” in the form has to be corrected"),
        ("vcc_form_file", {"path": "header.csv"}, "“File” in the form has to be corrected"),
        pytest.param(
            "vcc_form_file",
            {"path": "../changes.csv"},
            "“File” in the form has to be corrected",
            marks=renders_while_running,
        ),
        (
            "vcc_form_file",
            {"path": "changes.csv", "field_map": {"id": "numberid"}},
            "“Columns” in the form does not fit",
        ),
        ("vcc_form_file", {"path": "latin.csv"}, "“Characters” in the form does not fit the file"),
    ],
)
def test_what_was_wrong_in_a_form_is_told_by_the_name_of_its_field(run, exports, name, form, said):
    (exports / "latin.csv").write_bytes("record,result,callback\nBal\xe1zs,4,\n".encode("latin-1"))
    (exports / "header.csv").write_text("record,result,callback\n")
    left = run(name, **form).xcoms["set_dispositions"]
    assert verdict(read_figures(left["summary"], left["report"])).startswith(f"Nothing was set: {said}")


def test_the_report_of_a_form_has_the_names_of_its_fields_and_of_the_disposition_that_was_chosen(run):
    report = run("vcc_form", records=["3"], disposition="4").xcoms["set_dispositions"]["report"]
    assert (report["form"]["records"], report["form"]["check_only"]) == ("Record ids", "Check only")
    assert report["disposition_name"] == "Sold"


LOCAL = {"date_format": "%d.%m.%Y %H:%M"}


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("callbacks.xlsx", {"sheet": "Callbacks"}),
        ("csv-utf-8.csv", LOCAL),
        ("csv-windows-1250.csv", {"encoding": "windows-1250", **LOCAL}),
        ("unicode-text.txt", LOCAL),
    ],
)
def test_a_thousand_rows_that_a_spreadsheet_exported_go_through_the_form(repo, run, exports, sandbox, name, form):  # noqa: PLR0917
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    shutil.copy(repo / "tests" / "data" / "libreoffice" / name, exports)
    field_map = {"record": "numberid", "callback": "next_calldate", "note": "description"}
    run("vcc_form_file", path=name, field_map=field_map, disposition="1", **form)
    assert {(event.numberid, event.next_calldate, event.description) for event in sandbox.ledger.events()} == CALLBACKS


def test_a_file_s_columns_are_read_as_the_form_says(run, dispositions):
    result = run("vcc_form_file", path="changes.csv", tolerated_percent=40)
    assert dispositions() == [("5", "4", None, None), ("6", "1", "2026-12-01 10:30:00", None)]
    assert result.tasks == {"set_dispositions": "success"}


def test_a_file_with_the_fields_own_names_needs_no_map_and_the_form_s_disposition_fills_gaps(
    run, exports, dispositions
):
    (exports / "own").mkdir()
    (exports / "own" / "names.csv.gz").write_bytes(gzip.compress(b"numberid,dispositionid\n7,\n8,2\n"))
    run("vcc_form_file", path="own/names.csv.gz", field_map={}, disposition="3")
    assert dispositions() == [("7", "3", None, None), ("8", "2", None, None)]


@pytest.mark.parametrize(
    ("tolerance", "state"),
    [
        ({}, "failed"),
        ({"tolerated_percent": 33}, "failed"),
        ({"tolerated_percent": 33.4}, "success"),
        ({"tolerated_percent": 100, "max_errors": 0}, "failed"),
    ],
)
def test_too_large_a_share_or_number_of_failed_rows_fails_the_run(run, tolerance, state):
    result = run("vcc_form_file", path="changes.csv", **tolerance)
    assert result.tasks == {"set_dispositions": state}
    assert result.summary["applied"] == 2


def test_a_file_that_is_only_checked_changes_nothing(run, sandbox):
    result = run("vcc_form_file", path="changes.csv", check_only=True, per_second=50)
    assert result.summary["total"] == 3
    assert sandbox.ledger.requests("PUT") == []


@pytest.mark.parametrize(
    "path",
    ["../secret.csv", "own/../../secret.csv", "/etc/hosts.csv", "~/secret.csv", "s3://b/x.csv", "changes.doc"],
)
def test_no_file_outside_of_the_exports_folder_can_be_named(run, sandbox, path):
    log = run("vcc_form_file", path=path).log
    assert "File: write the name of a file in the exports folder" in log
    assert sandbox.ledger.requests("PUT") == []


def test_a_column_can_mean_a_field_of_an_element_only(run, sandbox):
    log = run("vcc_form_file", path="changes.csv", field_map={"record": "numberId"}).log
    assert "field_map: 'numberId' is not a field of an element; did you mean 'numberid'?" in log
    assert sandbox.ledger.requests("PUT") == []


PARSE = """
import runpy, sys
import airflow.sdk, airflow_provider_vcc.operators.batch_disposition
airflow.sdk.DAG("imports_what_airflow_imports_for_any_dag")
noted = []
def note(event, args):
    writes = event == "open" and args[0] != "/dev/null" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event in {"socket.connect", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen"}:
        noted.append((event, args[0]))
sys.addaudithook(note)
print([runpy.run_path(path)["dag"].task_ids for path in sys.argv[1:]], noted)
"""


@needs_airflow_3
def test_nothing_is_written_started_or_connected_to_when_the_forms_are_parsed(repo):
    files = [repo / "example_dags" / f"{name}.py" for name in FORMS]
    command = [sys.executable, "-B", "-P", "-c", PARSE, *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.splitlines()[-1:] == ["[['set_dispositions'], ['set_dispositions']] []"], done.stderr
