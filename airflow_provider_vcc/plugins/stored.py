"""Read what Airflow keeps of a task instance: its state, its XComs, and its progress while it runs."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.configuration import conf
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Text, cast, select

from airflow_provider_vcc.report.reading.tolerant import mapping, masked, whole

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "AS_TEXT",
    "Key",
    "Stored",
    "TaskState",
    "decoded",
    "keeps_progress",
    "read_instances",
    "read_progress",
    "read_state",
    "read_stored",
    "read_totals",
]

PROGRESS = "vcc_report"
AS_TEXT = cast(XComModel.value, Text).label("text")
"""As it stands in the database: a value that is no JSON, or nested too deep, is no reason to fail."""
MOST_BYTES = 1_048_576
MOST_INSTANCES = 500

log = logging.getLogger(__name__)


class Key(NamedTuple):
    """Which task instance; ``map_index`` is -1 where the task is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1


class TaskState(NamedTuple):
    """What Airflow says of a task instance; ``tries`` is how many it has at most."""

    state: str | None
    try_number: int
    tries: int
    operator: str = ""


@dataclass(frozen=True)
class Stored:
    """What a task instance left: its final XComs, or its progress as last saved.

    :param elsewhere: where an XCom is kept, where this process cannot read it.
    """

    summary: Any = None
    report: Any = None
    final: bool = False
    elsewhere: str = ""


def read_state(session: Session, key: Key) -> TaskState | None:
    """Return the state of a task instance; None if there is no such one."""
    wanted = select(
        TaskInstance.state,
        TaskInstance.try_number,
        TaskInstance.max_tries,
        TaskInstance.operator,
        TaskInstance.custom_operator_name,
    ).where(
        TaskInstance.dag_id == key.dag_id,
        TaskInstance.run_id == key.run_id,
        TaskInstance.task_id == key.task_id,
        TaskInstance.map_index == key.map_index,
    )
    row = session.execute(wanted).first()
    if row is None:
        return None
    operator = row.custom_operator_name or row.operator or ""
    return TaskState(row.state and str(row.state), row.try_number or 0, (row.max_tries or 0) + 1, operator)


def read_instances(session: Session, key: Key) -> list[tuple[int, str | None]]:
    """Return (map index, state) of each instance of a mapped task, 500 at most."""
    wanted = select(TaskInstance.map_index, TaskInstance.state).where(
        TaskInstance.dag_id == key.dag_id,
        TaskInstance.run_id == key.run_id,
        TaskInstance.task_id == key.task_id,
        TaskInstance.map_index >= 0,
    )
    rows = session.execute(wanted.order_by(TaskInstance.map_index).limit(MOST_INSTANCES))
    return [(row.map_index, row.state and str(row.state)) for row in rows]


def read_totals(session: Session, key: Key) -> dict[int, tuple[int | None, int | None]]:
    """Return (total, failed) of each instance of a mapped task that has left its figures, by its map index."""
    wanted = select(XComModel.map_index, AS_TEXT).where(
        XComModel.dag_id == key.dag_id,
        XComModel.run_id == key.run_id,
        XComModel.task_id == key.task_id,
        XComModel.map_index >= 0,
        XComModel.key == "summary",
    )
    rows = session.execute(wanted.order_by(XComModel.map_index).limit(MOST_INSTANCES))
    read = {row.map_index: mapping(decoded(row.text)) for row in rows}
    return {index: (whole(summary.get("total")), whole(summary.get("failed"))) for index, summary in read.items()}


def read_stored(session: Session, key: Key) -> Stored:
    """Return the final figures, else the progress. XComs are deleted when a try starts, so they are of the last one."""
    summary = _read_xcom(session, key, "summary")
    if isinstance(summary, str):
        return Stored(elsewhere=masked(summary))
    if isinstance(summary, dict):
        return Stored(summary, _read_xcom(session, key, "report"), final=True)
    return read_progress(session, key)


def read_progress(session: Session, key: Key) -> Stored:
    """Return what a task has saved while it ran."""
    progress = mapping(_read_progress(session, key))
    return Stored(progress.get("summary"), progress.get("report"))


def _read_xcom(session: Session, key: Key, name: str) -> object:
    """Read as Airflow's API does, from the database and as plain JSON; a reference to an object store is followed."""
    value = session.scalar(
        select(AS_TEXT).where(
            XComModel.dag_id == key.dag_id,
            XComModel.run_id == key.run_id,
            XComModel.task_id == key.task_id,
            XComModel.map_index == key.map_index,
            XComModel.key == name,
        )
    )
    value = decoded(value)
    return _fetched(value) if isinstance(value, str) else value


def decoded(value: object) -> Any:
    """Return an XCom's value from its text: the execution API stores JSON text as JSON, one of them twice."""
    for _ in range(3):
        if isinstance(value, str):
            value = _loaded(value)
    return value


def _loaded(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _fetched(reference: str) -> object:
    """Read an XCom that the object-storage backend put elsewhere; the reference itself where that is impossible.

    Plain JSON on purpose: the backend's own reading can make objects of classes that the text names.
    """
    backend = conf.getimport("core", "xcom_backend")
    if ".." in reference.split("/"):  # the backend compares the beginnings of paths only
        return reference
    try:
        path = backend._get_full_path(reference)  # noqa: SLF001 -- there is no public way to tell a reference
        with path.open(mode="rb", compression="infer") as file:
            return json.loads(file.read(MOST_BYTES))
    except Exception as error:  # noqa: BLE001 -- an object store may raise anything; the page then says where it looked
        log.info("Cannot read an XCom of %s that is kept elsewhere: %s", backend.__name__, type(error).__name__)
        return reference


def keeps_progress() -> bool:
    """Return whether this Airflow keeps what a running task saves: 3.3 and later."""
    try:
        import airflow.state
    except ImportError:
        return False
    return hasattr(airflow.state, "get_state_backend")


def _read_progress(session: Session, key: Key) -> object:
    if not keeps_progress():
        return None
    from airflow.state import TaskScope, get_state_backend

    scope = TaskScope(dag_id=key.dag_id, run_id=key.run_id, task_id=key.task_id, map_index=key.map_index)
    try:
        kept = get_state_backend().get(scope, PROGRESS, session=session)
        value = _loaded(kept) if kept is not None else None
        return _dereferenced(value) if isinstance(value, str) else value
    except Exception as error:  # noqa: BLE001 -- a custom backend may raise anything; there is a page without it
        log.info("Cannot read the progress of a task: %s", type(error).__name__)
        return None


def _dereferenced(value: str) -> object:
    """Read what ``[workers] state_store_backend`` put elsewhere."""
    backend = conf.getimport("workers", "state_store_backend", fallback=None)
    return backend().deserialize_task_state_store_from_ref(value) if backend else None
