"""Elements reach the server from wherever they are given."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.airflow


def numbers(sandbox):
    """Return the records in the order in which they were set."""
    return [event.numberid for event in sandbox.ledger.events()]


def test_a_literal_list_is_sent(run, sandbox):
    result = run("Batch(elements=[{'numberid': 1}, {'numberid': '2'}], disposition=two)")
    assert result.tasks == {"sync": "success"}
    assert numbers(sandbox) == ["1", "2"]


def test_the_result_of_a_task_is_sent_and_the_summary_is_the_tasks_own_result(run, sandbox):
    result = run("""
        @task
        def find():
            return [{"numberid": n} for n in range(1, 6)]
        Batch(elements=find(), disposition=two)
    """)
    assert numbers(sandbox) == ["1", "2", "3", "4", "5"]
    assert result.xcoms["sync"]["return_value"] == result.summary
    assert result.summary["applied"] == 5


def test_a_frame_of_pandas_goes_through_xcom_with_its_times_and_gaps(run, sandbox):
    pytest.importorskip("pandas")
    result = run("""
        @task
        def find():
            import pandas as pd
            frame = pd.DataFrame({"numberid": [1, 2], "userid": [7, None], "description": ["a", None]})
            frame["next_calldate"] = pd.to_datetime(["2026-12-01 09:30", None])
            return frame
        Batch(elements=find(), disposition=two)
    """)
    assert result.tasks["sync"] == "success", result.log
    assert [
        (event.numberid, event.userid, event.next_calldate, event.description) for event in sandbox.ledger.events()
    ] == [
        ("1", "7", "2026-12-01 09:30:00", "a"),
        ("2", None, None, None),
    ]


def test_what_airflow_s_xcom_carries_comes_in_as_it_was(run, sandbox):
    """Several frames, and the numbers and times of numpy, Python and the decimals of databases in lists."""
    pytest.importorskip("pandas")
    result = run("""
        @task
        def frames():
            import pandas as pd
            return [pd.DataFrame({"userid": [5]}, index=pd.Index([n], name="numberid")) for n in (1, 2)]
        @task
        def numbers():
            import numpy as np
            return tuple({"numberid": n, "userid": np.float64(7)} for n in np.array([3, 4]))
        @task
        def values():
            from datetime import date
            from decimal import Decimal
            return [
                {"numberid": Decimal("5.0"), "next_calldate": datetime(2026, 12, 1, 9, 30)},
                {"numberid": 6, "next_calldate": date(2026, 12, 1)},
            ]
        Batch(elements=[frames(), numbers(), values()], disposition=two)
    """)
    assert result.tasks["sync"] == "success", result.log
    assert [(event.numberid, event.userid, event.next_calldate) for event in sandbox.ledger.events()] == [
        ("1", "5", None),
        ("2", "5", None),
        ("3", "7", None),
        ("4", "7", None),
        ("5", None, "2026-12-01 09:30:00"),
        ("6", None, "2026-12-01 00:00:00"),
    ]


def test_the_lists_of_a_mapped_task_are_read_one_after_another(run, sandbox):
    result = run("""
        @task
        def find(n):
            return [{"numberid": n}, {"numberid": n + 1}]
        Batch(elements=find.expand(n=[10, 20, 30]), disposition=two)
    """)
    assert numbers(sandbox) == ["10", "11", "20", "21", "30", "31"]
    assert result.summary["total"] == 6


def test_a_mapped_operator_sends_each_list_by_itself(run, sandbox):
    result = run("""
        @task
        def shards():
            return [[{"numberid": 1}], [{"numberid": 2}, {"numberid": 3}]]
        (BatchDispositionOperator
            .partial(task_id="sync", project_id=17, disposition=two)
            .expand(elements=shards()))
    """)
    assert {name: result.xcoms[name]["summary"]["applied"] for name in ("sync[0]", "sync[1]")} == {
        "sync[0]": 1,
        "sync[1]": 2,
    }
    assert sorted(numbers(sandbox)) == ["1", "2", "3"]


def test_a_text_that_a_template_makes_is_read_as_json(run, sandbox):
    run("""
        @task
        def find():
            return [{"numberid": 7, "description": "caf\\u00e9"}]
        find() >> Batch(elements="{{ ti.xcom_pull(task_ids='find') | tojson }}", disposition=two)
    """)
    assert sandbox.ledger.descriptions("7") == ["café"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.json", '[{"numberid": "{{ params.path }}"}, {"numberid": 4}]'),
        ("lines.jsonl", '{"numberid": "{{ params.path }}"}\n{"numberid": 4}\n'),
    ],
)
def test_a_template_file_beside_the_dag_is_rendered(run, sandbox, tmp_path, name, text):
    (tmp_path / name).write_text(text)
    run(f"Batch(elements='{name}', disposition=two)", path="3")
    assert numbers(sandbox) == ["3", "4"]


@pytest.mark.parametrize("name", ["data.json", "data.jsonl"])
def test_a_data_file_is_streamed_and_never_taken_for_a_template(run, sandbox, tmp_path, name):
    elements = [{"numberid": "5", "description": "{{ params.path }} {% x %}"}, {"numberid": "6"}]
    text = json.dumps(elements) if name == "data.json" else "\n".join(map(json.dumps, elements))
    (tmp_path / name).write_text(text)
    result = run("Batch(elements_path='{{ params.path }}', disposition=two)", path=str(tmp_path / name))
    assert result.tasks == {"sync": "success"}
    assert numbers(sandbox) == ["5", "6"]
    assert sandbox.ledger.descriptions("5") == ["{{ params.path }} {% x %}"]


def test_the_name_of_a_data_file_beside_the_dag_stays_a_name(run, sandbox, tmp_path):
    (tmp_path / "data.json").write_text('[{"numberid": "5"}]')
    result = run("Batch(elements_path=str(Path(__file__).with_name('data.json')), disposition=two)")
    assert result.tasks == {"sync": "success"}
    assert "Failed to resolve template field" not in result.log


def test_a_csv_file_is_read_with_its_own_names(run, sandbox, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("record,city\n8,\n,Vienna\n")
    result = run(f"""
        Batch(elements_path={str(path)!r}, field_map={{"record": "numberid", "city": "search.city"}}, disposition=two)
    """)
    assert result.summary["applied"] == 2
    assert json.loads(sandbox.ledger.body(0))["elements"] == [{"numberid": "8"}, {"search": {"city": "Vienna"}}]


def test_dictionaries_with_other_names_are_mapped(run, sandbox):
    run(
        "Batch(elements=[{'record': 9, 'when': datetime(2026, 12, 1, 9)}], disposition=two,"
        " field_map={'record': 'numberid', 'when': 'next_calldate'})"
    )
    assert [event.next_calldate for event in sandbox.ledger.events()] == ["2026-12-01 09:00:00"]


def test_numbers_that_templates_make_texts_of_are_read_as_numbers(run, sandbox):
    result = run("""
        Batch(project_id="{{ 10 + 7 }}", elements=[{"numberid": 1}, {"numberid": 404}, {"numberid": 2}],
              disposition='{{ {"dispositionid": 2} | tojson }}', field_map="{{ none }}", max_errors="{{ 1 }}",
              max_error_rate="{{ 0.5 }}", max_elements_per_second="{{ 1000 }}", validate_only="{{ 1 == 2 }}",
              vcc_conn_id="vcc_{{ 'default' }}", failures_path="{{ none }}")
    """)
    assert result.tasks == {"sync": "success"}
    assert result.summary["project_id"] == 17
    assert result.xcoms["sync"]["report"]["threshold"] == {"max_errors": 1, "max_error_rate": 0.5}


def test_no_elements_at_all_are_no_fault(run, sandbox):
    result = run("Batch(elements=[], disposition=two)")
    assert result.tasks == {"sync": "success"}
    assert result.summary["total"] == 0
    assert sandbox.ledger.requests("PUT") == []


def test_the_documented_request_goes_out_exactly_so(run, sandbox):
    run("""
        Batch(
            elements=[
                {"numberid": "1", "dispositionid": "1", "userid": "22", "next_calldate": "2017-10-10 11:00:00",
                 "description": "High school graduate"},
                {"search": {"name": "Green"}},
            ],
            disposition={"dispositionid": "2", "userid": "7", "next_calldate": "2017-09-10 12:00:00",
                         "description": "University degree"},
            avoid_in_call=True,
        )
    """)
    assert sandbox.ledger.body(0) == (
        b'{"elements":[{"numberid":"1","dispositionid":"1","userid":"22","next_calldate":"2017-10-10 11:00:00",'
        b'"description":"High school graduate"},{"search":{"name":"Green"}}],"disposition":{"dispositionid":2,'
        b'"userid":7,"next_calldate":"2017-09-10 12:00:00","description":"University degree"},"avoid_in_call":true}'
    )


def test_the_failures_never_overwrite_the_template_file(run, tmp_path):
    template = tmp_path / "elements.jsonl"
    template.write_text('{"numberid": "1", "dispositionid": "1"}\n')
    before = template.read_bytes()
    result = run(f"Batch(elements='elements.jsonl', failures_path={f'file://{template}'!r})")
    assert result.tasks == {"sync": "failed"}
    assert template.read_bytes() == before
