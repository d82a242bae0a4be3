"""``@task.batch_disposition``: what a function returns or yields is sent."""

from __future__ import annotations

import pytest
from support.operators import outcomes

pytestmark = pytest.mark.airflow


def test_what_a_function_yields_is_streamed_and_never_gathered(run, sandbox, tmp_path):
    path = tmp_path / "most.txt"
    result = run(f"""
        class Row(dict):
            alive = most = 0
            def __new__(cls, **fields):  # of copies, too
                Row.alive += 1
                Row.most = max(Row.most, Row.alive)
                return super().__new__(cls)
            def __del__(self):
                Row.alive -= 1

        @task.batch_disposition(project_id=17, disposition=two, chunk_size=500)
        def sync():
            for n in range(20_000):
                yield Row(numberid=n % 100 + 1)
            Path({str(path)!r}).write_text(str(Row.most))
        sync()
    """)
    assert result.tasks == {"sync": "success"}
    assert outcomes(result.summary) == [20_000, 0, 0, 0, 0]
    assert 500 <= int(path.read_text()) < 5_000
    assert len(sandbox.ledger.events()) == 20_000


def test_a_function_that_returns_a_list_a_text_or_a_set_gives_elements_too(run):
    result = run("""
        @task.batch_disposition(project_id=17, disposition=two)
        def some():
            return [{"numberid": 1}]
        @task.batch_disposition(project_id=17, disposition=two)
        def text():
            return '{"numberid": 2}\\n{"numberid": 3}'
        @task.batch_disposition(project_id=17, disposition=two)
        def values():
            return {1: {"numberid": 4}}.values()
        some(), text(), values()
    """)
    assert {name: result.xcoms[name]["summary"]["applied"] for name in result.tasks} == {
        "some": 1,
        "text": 2,
        "values": 1,
    }
    assert result.xcoms["some"]["report"]["source"] == "some()"


def test_arguments_come_from_other_tasks_templates_and_the_context(run, sandbox):
    run("""
        @task
        def numbers():
            return [5, 6]
        @task.batch_disposition(project_id="{{ 17 }}", disposition={"dispositionid": "{{ 2 }}"})
        def sync(numbers, text, ti=None, **context):
            for number in numbers:
                yield {"numberid": number, "description": f"{text} {ti.task_id} {context['dag'].dag_id}"}
        sync(numbers(), text="{{ 'of' }}")
    """)
    assert sandbox.ledger.descriptions("5") == sandbox.ledger.descriptions("6") == ["of sync tested"]


def test_it_can_be_mapped_and_overridden(run, sandbox):
    result = run("""
        @task.batch_disposition(project_id=17, disposition=two)
        def sync(n, step):
            return [{"numberid": n}, {"numberid": n + step}]
        sync.partial(step=1).expand(n=[10, 20])
        sync.override(task_id="other", max_errors=1)(404, 1 - 404)
    """)
    assert result.tasks == {"sync[0]": "success", "sync[1]": "success", "other": "success"}
    assert sorted(event.numberid for event in sandbox.ledger.events()) == ["1", "10", "11", "20", "21"]


def test_a_function_that_fails_half_way_fails_the_task_after_what_came_before(run, sandbox):
    result = run("""
        @task.batch_disposition(project_id=17, disposition=two, soft_fail=True)
        def sync():
            yield {"numberid": 1}
            raise LookupError("no more")
        sync()
    """)
    assert result.tasks == {"sync": "failed"}
    assert "LookupError" in result.log
    assert outcomes(result.summary) == [1, 0, 0, 0, 0]
    assert result.xcoms["sync"]["report"]["error"] == "LookupError"


def test_a_function_that_gives_nothing_is_told_what_to_give(run):
    result = run("""
        @task.batch_disposition(project_id=17, disposition=two)
        def sync():
            [{"numberid": 1}]
        sync()
    """)
    assert result.tasks == {"sync": "failed"}
    assert "sync() returned None; return or yield elements, or [] if there are none" in result.log


def test_elements_beside_the_function_are_refused(run):
    with pytest.raises(AssertionError, match="elements_path is what the function gives; leave it out of @task"):
        run("""
            @task.batch_disposition(project_id=17, elements_path="x.csv")
            def sync():
                return []
            sync()
        """)


def test_a_generator_is_closed_where_the_run_ends_before_it(run, sandbox, tmp_path):
    path = tmp_path / "closed"
    run(
        f"""
        @task.batch_disposition(project_id=17, disposition=two)
        def sync():
            try:
                for n in range(100_000):
                    yield {{"numberid": n}}
            finally:
                Path({str(path)!r}).touch()
        sync()
        """,
        connection={"password": "wrong"},
    )
    assert path.exists()
