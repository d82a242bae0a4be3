"""Serve the report to whoever may read the DAG's XComs. Imported by the API server, when it is first asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.common.db.common import SessionDep  # noqa: TC002 -- FastAPI reads the annotations
from airflow.api_fastapi.core_api.security import requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from airflow_provider_vcc.plugins.look import ReportLook
from airflow_provider_vcc.plugins.overview import add_overview
from airflow_provider_vcc.plugins.stored import (
    Key,
    Stored,
    keeps_progress,
    read_instances,
    read_state,
    read_stored,
    read_totals,
)
from airflow_provider_vcc.report.page import headers, render, render_message
from airflow_provider_vcc.report.reading.context import Context, Instance
from airflow_provider_vcc.report.reading.figures import read_figures
from airflow_provider_vcc.report.reading.tolerant import whole
from airflow_provider_vcc.report.words.failed import failed_csv
from airflow_provider_vcc.report.words.status import ACTIVE, ENDED, REFUSALS, REFUSED

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_vcc.plugins.stored import TaskState

__all__ = ["app"]

LIVE_SECONDS, WAITING_SECONDS = 5, 15
WAITING = ("queued", "scheduled", "up_for_retry", "up_for_reschedule")
LARGEST_INDEX = 2**31 - 1
DOWNLOAD = 'attachment; filename="failed.csv"'


@cache
def app() -> FastAPI:
    """Make the app, once. It has this page and nothing else: no documentation, no schema."""
    made = FastAPI(title="VCC report", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    made.add_api_route(
        "/report/{dag_id}/{run_id}/{task_id}",
        show_report,
        methods=["GET"],
        response_class=HTMLResponse,
        dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))],
    )
    made.add_api_route(
        "/report/{dag_id}/{run_id}/{task_id}/failed.csv",
        show_failed,
        methods=["GET"],
        response_class=PlainTextResponse,
        dependencies=[Depends(requires_access_dag("GET", DagAccessEntity.XCOM))],
    )
    add_overview(made)
    for kind in (StarletteHTTPException, RequestValidationError, Exception):
        made.add_exception_handler(kind, show_message)
    return made


def show_message(_: Request, error: Exception) -> HTMLResponse:
    """Return a page that says why there is no report."""
    status = 404 if isinstance(error, RequestValidationError) else getattr(error, "status_code", 500)
    given = getattr(error, "headers", None) or {}  # such as the methods that are allowed
    return HTMLResponse(render_message(*REFUSALS.get(status, REFUSED)), status, {**given, **headers()})


def which(dag_id: str, run_id: str, task_id: str, map_index: str = "") -> Key:
    """Return which task instance is meant.

    :param map_index: a number; anything else, such as the UI's unfilled ``{MAP_INDEX}``, stands for none.
    """
    if dag_id == "~" or "\0" in dag_id + run_id + task_id:  # the access check takes ~ for "any DAG"
        raise HTTPException(404)
    return Key(dag_id, run_id, task_id, _index(map_index))


def show_report(
    request: Request, session: SessionDep, key: Annotated[Key, Depends(which)], live: str = "", theme: str = ""
) -> HTMLResponse:
    """Show the report of a task instance.

    :param live: ``0`` keeps the page of a running task from being loaded anew.
    :param theme: ``light``, ``dark`` or ``auto``, kept in a cookie.
    """
    task = read_state(session, key)
    instances = read_instances(session, key) if task is None and key.map_index < 0 else []
    if task is None and not instances:
        raise HTTPException(404)
    look = ReportLook(request, key, paused=live == "0", theme=theme)
    stored = read_stored(session, key) if task else Stored()
    context = Context(
        **key._asdict(),
        **_told(task, stored),
        **look.links(),
        keeps_progress=keeps_progress(),
        now=datetime.now(UTC),
        instances=_parts(session, key, look, instances),
        **look.options(_refresh_after(task)),
    )
    answer = HTMLResponse(render(stored.summary, stored.report, context), 200, headers(context.refresh))
    look.keep_theme(answer)
    return answer


def _parts(
    session: Session, key: Key, look: ReportLook, instances: list[tuple[int, str | None]]
) -> tuple[Instance, ...]:
    """Return a mapped task's instances, each with its figures."""
    totals = read_totals(session, key) if instances else {}
    made = []
    for index, state in instances:
        total, failed = totals.get(index, (None, None))
        href = look.link(map_index=index)
        made.append(Instance(index=index, state=state or "none", href=href, total=total, failed=failed))
    return tuple(made)


def show_failed(session: SessionDep, key: Annotated[Key, Depends(which)]) -> PlainTextResponse:
    """Show the failed records of a task instance as CSV."""
    if read_state(session, key) is None:
        raise HTTPException(404)
    stored = read_stored(session, key)
    body = failed_csv(read_figures(stored.summary, stored.report))
    return PlainTextResponse(body, 200, {**headers(), "Content-Disposition": DOWNLOAD}, media_type="text/csv")


def _index(given: str) -> int:
    index = whole(given)
    return index if index is not None and index <= LARGEST_INDEX else -1


def _refresh_after(task: TaskState | None) -> int | None:
    if task and task.state in ACTIVE:
        return LIVE_SECONDS
    return WAITING_SECONDS if task and task.state in WAITING else None


def _told(task: TaskState | None, stored: Stored) -> dict[str, Any]:
    """Put together what Airflow says of the task, and whether the figures are those of this try's end."""
    if task is None:
        return {}
    written_by = stored.report.get("try_number") if isinstance(stored.report, dict) else None
    earlier = isinstance(written_by, int) and written_by < task.try_number
    stand_in = earlier or task.state not in (*ACTIVE, *ENDED) or (task.state in ENDED and not stored.final)
    return {
        "state": task.state,
        "try_number": task.try_number,
        "tries": task.tries,
        "stand_in": stand_in,
        "elsewhere": stored.elsewhere,
        "operator": task.operator,
    }
