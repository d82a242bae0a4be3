"""What Airflow knows of the task instance that a report is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["Context", "Instance"]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One of the task instances that a mapped task has, with its state in Airflow.

    :param total: how many elements it had, and how many of them ``failed``; None if it has left no figures.
    """

    index: int
    state: str
    href: str
    total: int | None = None
    failed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Context:
    """What Airflow knows about the task instance, and how the page is looked at.

    :param state: the task instance's state in Airflow; None where there is none yet.
    :param asked: whether Airflow was asked for the state at all.
    :param tries: how many tries the task has at most.
    :param stand_in: whether the figures are the last saved ones of a task that gave no final ones.
    :param keeps_progress: whether this Airflow can show a running task: 3.3 and later.
    :param elsewhere: where the XComs are kept, if that is a place that this page cannot read.
    :param refresh: seconds after which the page is loaded anew; None where it is final.
    :param toggle: link that pauses or resumes that.
    :param themes: links by ``auto``, ``light`` and ``dark``.
    :param home: link to the task instance in Airflow, where the page stands by itself.
    :param operator: the name of the task's operator.
    :param form_href: link to the DAG and its form, where the page stands by itself: Airflow's frame lets no link lead
        out of it.
    :param runs: link to the overview.
    :param parts: link to the list of a mapped task's instances, where the page is of one of them.
    :param csv: link to the failed records as CSV.
    :param instances: a mapped task's instances, where none of them was named.
    """

    dag_id: str = ""
    run_id: str = ""
    task_id: str = ""
    map_index: int = -1
    state: str | None = None
    asked: bool = True
    try_number: int | None = None
    tries: int | None = None
    stand_in: bool = False
    keeps_progress: bool = True
    elsewhere: str = ""
    now: datetime | None = None
    refresh: int | None = None
    paused: bool = False
    toggle: str = ""
    theme: str | None = None
    themes: Mapping[str, str] = field(default_factory=dict)
    home: str = ""
    operator: str = ""
    form_href: str = ""
    runs: str = ""
    parts: str = ""
    csv: str = ""
    instances: tuple[Instance, ...] = ()
