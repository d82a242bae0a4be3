"""Serve the overview: the latest runs of all tasks of this package that somebody may see, and those of one Dag run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.common.db.common import SessionDep  # noqa: TC002 -- FastAPI reads the annotations
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

from airflow_provider_vcc.plugins.look import Look
from airflow_provider_vcc.plugins.runs import MOST_ROWS, latest, of_run, read_all
from airflow_provider_vcc.report.overview import RunRow, render_overview
from airflow_provider_vcc.report.page import headers
from airflow_provider_vcc.report.reading.figures import has_figures, read_figures
from airflow_provider_vcc.report.words.status import ACTIVE, ENDED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from sqlalchemy.orm import Session

    from airflow_provider_vcc.plugins.runs import Found
    from airflow_provider_vcc.plugins.stored import Key, Stored

__all__ = ["add_overview"]

LIVE_SECONDS, IDLE_SECONDS = 5, 30


def add_overview(app: FastAPI) -> None:
    """Add both pages. Whoever may read no XComs at all is refused; of the rest, each DAG is asked for by itself."""
    check = [Depends(requires_access_dag("GET", DagAccessEntity.XCOM))]
    options: dict[str, Any] = {"methods": ["GET"], "response_class": HTMLResponse, "dependencies": check}
    app.add_api_route("/runs", show_latest, **options)
    app.add_api_route("/runs/{dag_id}/{run_id}", show_run, **options)


def show_latest(request: Request, session: SessionDep, user: GetUserDep, theme: str = "") -> HTMLResponse:
    """Show the latest runs of all DAGs."""
    readable = get_auth_manager().get_authorized_dag_ids(user=user, method="GET", session=session)
    found = _permitted(latest(session, readable), user)
    look = Look(request, theme)
    return _answer(look, _rows(session, found[:MOST_ROWS], "report"), more=len(found) > MOST_ROWS)


def show_run(request: Request, session: SessionDep, dag_id: str, run_id: str, theme: str = "") -> HTMLResponse:
    """Show the tasks of one Dag run."""
    if dag_id == "~" or "\0" in dag_id + run_id:  # the access check takes ~ for "any DAG"
        raise HTTPException(404)
    found = of_run(session, dag_id, run_id)
    if found is None:
        raise HTTPException(404)
    rows = _rows(session, found[:MOST_ROWS], "../../report")
    place = {"dag_id": dag_id, "run_id": run_id, "runs": "../../runs"}
    return _answer(Look(request, theme), rows, more=len(found) > MOST_ROWS, **place)


def _answer(look: Look, rows: Sequence[RunRow], **options: Any) -> HTMLResponse:
    refresh = LIVE_SECONDS if any(row.state in ACTIVE for row in rows) else IDLE_SECONDS
    body = render_overview(rows, refresh=refresh, theme=look.theme, themes=look.themes(), **options)
    answer = HTMLResponse(body, 200, headers(refresh))
    look.keep_theme(answer)
    return answer


def _permitted(found: Sequence[Found], user: BaseUser) -> list[Found]:
    """Leave out what is of DAGs whose XComs the person may not read, though they may read the DAG."""
    manager, answers = get_auth_manager(), dict[str, bool]()
    for one in found:
        dag_id = one.key.dag_id
        if dag_id not in answers:
            answers[dag_id] = manager.is_authorized_dag(
                method="GET", access_entity=DagAccessEntity.XCOM, details=DagDetails(id=dag_id), user=user
            )
    return [one for one in found if answers[one.key.dag_id]]


def _rows(session: Session, found: Sequence[Found], base: str) -> list[RunRow]:
    stored = read_all(session, found)
    return [_row(one, stored.get(one.key), base) for one in found]


def _row(one: Found, stored: Stored | None, base: str) -> RunRow:
    known = stored is not None and has_figures(stored.summary)
    return RunRow(
        **one.key._asdict(),
        state=one.state,
        when=one.when,
        parts=one.parts,
        figures=read_figures(stored.summary, stored.report) if stored is not None and known else None,
        href=_href(one.key, base),
        stand_in=stored is not None and not stored.final and one.state in ENDED,
    )


def _href(key: Key, base: str) -> str:
    dag, run, task = (quote(part, safe="") for part in key[:3])
    return f"{base}/{dag}/{run}/{task}" + (f"?map_index={key.map_index}" if key.map_index >= 0 else "")
