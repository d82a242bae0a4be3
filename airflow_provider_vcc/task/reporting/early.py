"""What a task leaves behind that ends before its run begins: why, for its page and for whoever judges it.

A parameter that is not what it must be, a template that cannot be rendered: such a task has set nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_vcc._compat import task_state_store
from airflow_provider_vcc.documents import REPORT_KEY, REPORT_VERSION
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.task.parameters import a_flag, a_project
from airflow_provider_vcc.task.rendering.rendered import CONTROL_FLOW, bare, cannot_render, render_field
from airflow_provider_vcc.task.reporting.form import form_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_vcc._compat import Context
    from airflow_provider_vcc.documents import Report

__all__ = ["leaving_reason", "render_shown", "rendering"]


@contextmanager
def leaving_reason(operator: object, context: Context) -> Iterator[None]:
    """Leave the reason behind if what is done here fails."""
    try:
        yield
    except Exception as error:
        _leave_reason(operator, context, error)
        raise


@contextmanager
def rendering(operator: object, name: str, context: Context) -> Iterator[None]:
    """Leave the reason behind if a field of a task that is running cannot be rendered.

    :param name: the field. Airflow also renders for its page of rendered templates, which changes nothing of a task.
    """
    given = bare(getattr(operator, name, None))
    try:
        yield
    except Exception as error:
        state = getattr(context.get("ti"), "state", None)
        if getattr(state, "value", state) == "running" and type(error).__name__ not in CONTROL_FLOW:
            _leave_reason(
                operator, context, error if isinstance(error, VccError) else cannot_render(name, given, error)
            )
        raise


def render_shown(
    operator: object, names: Iterable[str], how: Callable[[object], Any], context: Context, jinja_env: object
) -> None:
    """Render fields that may be shown once they are: one that cannot be is named, without what it holds.

    :param how: renders a template.
    :raises VccConfigurationError: if a field cannot be rendered.
    """
    for name in names:
        given = getattr(operator, name)
        if given is not None:
            with rendering(operator, name, context):
                rendered = render_field(name, given, how, context=context, jinja_env=jinja_env)
            setattr(operator, name, rendered)


def _leave_reason(operator: object, context: Context, error: Exception) -> None:
    """Push the summary and the report of a task that did nothing. Raises nothing: the error is what is to be seen."""
    if type(error).__name__ in CONTROL_FLOW:
        return
    from airflow_provider_vcc.dispositions.outcomes.tally import Tally
    from airflow_provider_vcc.task.reporting.report import why

    try:
        instance = context["ti"]
        summary = Tally(_known(a_project, operator, "project_id")).summary()
        summary["error"], _ = why(error)
        instance.xcom_push(key="summary", value=summary)
        instance.xcom_push(key="report", value=_report(operator, context, error))
    except Exception as another:  # noqa: BLE001 -- as said
        log: Any = getattr(operator, "log", None)
        log.warning("The reason could not be kept for the report (%s)", type(another).__name__)


def _report(operator: object, context: Context, error: Exception) -> Report:
    from airflow_provider_vcc.task.reporting.report import earlier_tries, why

    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    number = context["ti"].try_number
    said, kind = why(error)
    store = task_state_store(context)
    return {
        "version": REPORT_VERSION,
        "state": "done",
        "started": now,
        "updated": now,
        "try_number": number,
        "validate_only": bool(_known(a_flag, operator, "validate_only")),
        "error": said,
        "error_kind": kind,
        "form": form_of(context),
        "tries": earlier_tries(store.get(REPORT_KEY) if store is not None else None, number),
    }


def _known(check: Callable[[str, Any], Any], operator: object, name: str) -> Any:
    """Return a parameter if it is what it should be, else None."""
    try:
        return check(name, bare(getattr(operator, name)))
    except Exception:  # noqa: BLE001 -- it may be what is wrong
        return None
