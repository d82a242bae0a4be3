"""Find the latest runs of tasks of this package, by indexes only: fast however many task instances there are."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import and_, or_, select, tuple_

from airflow_provider_vcc.documents import REPORT_KEY
from airflow_provider_vcc.links import VccReportLink
from airflow_provider_vcc.plugins.stored import AS_TEXT, Key, Stored, decoded, read_progress
from airflow_provider_vcc.report.words.status import ACTIVE, OURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

__all__ = ["MOST_ROWS", "Found", "latest", "of_run", "read_all"]

MOST_ROWS = 50
MOST_FOUND = 500
"""Instances of a mapped task make one row, so that more are looked at than are shown."""
MOST_LIVE = 20
UNDER_WAY = (*ACTIVE, "queued", "up_for_retry")


class Found(NamedTuple):
    """A task instance, or the instances of a mapped task."""

    key: Key
    state: str | None
    when: datetime | None
    try_number: int
    parts: int = 0


COLUMNS: tuple[Any, ...] = (
    TaskInstance.dag_id,
    TaskInstance.run_id,
    TaskInstance.task_id,
    TaskInstance.map_index,
    TaskInstance.state,
    TaskInstance.start_date,
    TaskInstance.queued_dttm,
    TaskInstance.try_number,
)
SAME_INSTANCE = and_(
    XComModel.dag_id == TaskInstance.dag_id,
    XComModel.task_id == TaskInstance.task_id,
    XComModel.run_id == TaskInstance.run_id,
    XComModel.map_index == TaskInstance.map_index,
)
IS_OURS = or_(TaskInstance.operator.in_(OURS), TaskInstance.custom_operator_name.in_(OURS))


def latest(session: Session, readable: set[str]) -> list[Found]:
    """Return the latest runs of these DAGs, the newest first.

    Each task of this package leaves the address of its report when it has ended, under a key that is indexed; those
    under way are few.
    """
    ended = (
        select(*COLUMNS)
        .select_from(XComModel)
        .join(TaskInstance, SAME_INSTANCE)
        .where(XComModel.key == VccReportLink.xcom_key, XComModel.dag_id.in_(readable))
        .order_by(XComModel.dag_run_id.desc())
        .limit(MOST_FOUND)
    )
    under_way = (
        select(*COLUMNS)
        .where(TaskInstance.state.in_(UNDER_WAY), IS_OURS, TaskInstance.dag_id.in_(readable))
        .order_by(TaskInstance.queued_dttm.desc())
        .limit(MOST_FOUND)
    )
    rows = [row for query in (ended, under_way) for row in session.execute(query)]
    rows += _unfinished(session, readable)
    return _grouped(rows)


def of_run(session: Session, dag_id: str, run_id: str) -> list[Found] | None:
    """Return the tasks of one Dag run, the newest first; None if there is no such run."""
    if session.scalar(select(DagRun.id).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)) is None:
        return None
    mine = (TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    named = select(*COLUMNS).where(*mine, IS_OURS).limit(MOST_FOUND)
    linked = (
        select(*COLUMNS)
        .join(XComModel, SAME_INSTANCE)
        .where(*mine, XComModel.key == VccReportLink.xcom_key)
        .limit(MOST_FOUND)
    )
    return _grouped([row for query in (named, linked) for row in session.execute(query)])


def _unfinished(session: Session, readable: set[str]) -> Sequence[Row[object]]:
    """Return those that have saved their progress and have not ended well: they run, or were killed."""
    try:
        from airflow.models.task_state_store import TaskStateStoreModel as Kept
    except ImportError:  # Airflow before 3.3
        return []
    same = and_(
        Kept.dag_id == TaskInstance.dag_id,
        Kept.run_id == TaskInstance.run_id,
        Kept.task_id == TaskInstance.task_id,
        Kept.map_index == TaskInstance.map_index,
    )
    query = select(*COLUMNS).select_from(Kept).join(TaskInstance, same)
    wanted = query.where(Kept.key == REPORT_KEY, Kept.dag_id.in_(readable))
    return list(session.execute(wanted.order_by(Kept.dag_run_id.desc()).limit(MOST_FOUND)))


def _grouped(rows: Iterable[Row[object]]) -> list[Found]:
    """Return each task once, the instances of a mapped one together, the newest first."""
    each = {Key(row.dag_id, row.run_id, row.task_id, row.map_index): row for row in rows}
    found = []
    for _, group in groupby(sorted(each), key=lambda key: key[:3]):
        keys = list(group)
        instances = [each[key] for key in keys]
        if keys[0].map_index < 0:
            found.append(_found(keys[0], instances[0]))
        else:
            found.append(_mapped(keys[0], instances))
    found.sort(key=lambda one: (one.when is None, one.when and one.when.timestamp()), reverse=True)
    return found


def _found(key: Key, row: Row[object]) -> Found:
    return Found(key, row.state and str(row.state), row.start_date or row.queued_dttm, row.try_number or 0)


def _mapped(key: Key, rows: Sequence[Row[object]]) -> Found:
    """Return a mapped task: it is as its worst instance, and as late as its last."""
    states = [str(row.state) for row in rows if row.state]
    worst = next((state for state in (*UNDER_WAY, "failed", "skipped") if state in states), None)
    times = [row.start_date or row.queued_dttm for row in rows if row.start_date or row.queued_dttm]
    return Found(key._replace(map_index=-1), worst or "success", max(times, default=None), 0, len(rows))


def read_all(session: Session, found: Sequence[Found]) -> dict[Key, Stored]:
    """Return what each left: all XComs by one query, and the progress of those that have none."""
    keys = [one.key for one in found if not one.parts]
    documents = _xcoms(session, keys)
    stored = {}
    live = 0
    for key in keys:
        summary, report = documents.get((*key, "summary")), documents.get((*key, "report"))
        if isinstance(summary, dict):
            stored[key] = Stored(summary, report, final=True)
        elif live < MOST_LIVE:
            live += 1
            stored[key] = read_progress(session, key)
    return stored


def _xcoms(session: Session, keys: Sequence[Key]) -> dict[tuple[object, ...], object]:
    columns = (XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)
    wanted = select(*columns, XComModel.key, AS_TEXT).where(
        tuple_(*columns).in_([tuple(key) for key in keys]), XComModel.key.in_(("summary", "report"))
    )
    return {tuple(row[:5]): decoded(row.text) for row in session.execute(wanted)} if keys else {}
