"""The page itself: figures into HTML, everything escaped, and the headers that keep it harmless."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_vcc import __version__, wording
from airflow_provider_vcc.report.figures import read_figures
from airflow_provider_vcc.report.glossary import glossary
from airflow_provider_vcc.report.remedy import steps
from airflow_provider_vcc.report.status import ENDED, OUTCOMES, STATES, alerts, facts, live_line, nothing_yet
from airflow_provider_vcc.report.verdict import consequence, guess, plan, verdict
from airflow_provider_vcc.report.views import figures_view

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_vcc.report.figures import Figures

__all__ = ["Context", "Instance", "badge_of", "css", "environment", "headers", "render", "render_message"]

PASSED_ON = ("dag_id", "run_id", "task_id", "map_index", "home", "toggle", "paused", "theme", "csv")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One of the task instances that a mapped task has, with its state in Airflow."""

    index: int
    state: str
    href: str


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
    :param form: the DAG whose form started the run, if that form takes failed records back.
    :param form_field: the field that takes them.
    :param form_href: link to it, where the page stands by itself: Airflow's frame lets no link lead out of it.
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
    form: str = ""
    form_field: str = ""
    form_href: str = ""
    csv: str = ""
    instances: tuple[Instance, ...] = ()


def render(summary: Any, report: Any, context: Context | None = None) -> str:
    """Return the page.

    :param summary: the XCom ``summary``; None, half of it or another version's will do.
    :param report: the XCom ``report``, likewise.
    """
    context = context or Context(asked=False)
    known = isinstance(summary, dict) and bool(summary)
    figures = read_figures(summary, report) if known else None
    state = context.state or ("none" if context.asked or figures is None else guess(figures))
    shown = {name: getattr(context, name) for name in PASSED_ON} | {
        "css": css(),
        "glossary": glossary(),
        "version": __version__,
        "names": {kind: name for kind, (name, _) in OUTCOMES.items()},
        "state": badge_of(state),
        "facts": facts(figures, context),
        "live": live_line(figures, context),
        "themes": list(context.themes.items()),
        "instances": [(one, badge_of(one.state)) for one in context.instances],
        **_said(figures, context, state),
    }
    drawn = figures_view(figures) if figures else {"figures": None}
    return environment().get_template("report.html.j2").render(shown | drawn)


def _said(figures: Figures | None, context: Context, state: str) -> dict[str, Any]:
    """Return the sentences: what was to happen, whether it did, and what to do."""
    if figures is None or context.instances:
        headline, detail = nothing_yet(state, context)
        return {"headline": headline, "detail": detail, "plan": "", "alerts": [], "steps": []}
    lost = context.stand_in and state in ENDED
    return {
        "headline": verdict(figures, lost=lost),
        "detail": consequence(figures, state),
        "plan": plan(figures),
        "alerts": alerts(figures, context),
        "steps": steps(figures, context, state, lost=lost),
    }


def badge_of(state: str) -> tuple[str, str]:
    """Return a state's kind, which chooses colour and sign, and what it is called."""
    return state if state in STATES else "none", STATES.get(state, wording.title(state))


def render_message(headline: str, detail: str) -> str:
    """Return a page that says why there is no report: no such task, no access."""
    template = environment().get_template("message.html.j2")
    return template.render(css=css(), headline=headline, detail=detail, theme=None)


def headers(refresh: int | None = None) -> dict[str, str]:
    """Return the headers under which the page is served: no scripts, nothing from elsewhere, framed by Airflow only.

    :param refresh: seconds after which the browser loads the page anew.
    """
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    fixed = {
        "Content-Security-Policy": f"{policy}; style-src '{_css_hash()}'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return fixed if refresh is None else fixed | {"Refresh": str(refresh)}


@cache
def css() -> Markup:
    """Return the style of all pages."""
    text = files(__package__).joinpath("templates", "report.css").read_text("utf-8")
    return Markup(text)  # noqa: S704 -- our own file


@cache
def _css_hash() -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(css().encode()).digest()).decode()


@cache
def environment() -> Environment:
    """Return what renders the templates: everything is escaped."""
    environment = Environment(
        loader=PackageLoader("airflow_provider_vcc.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": wording.count, "elements": wording.elements, "codes": _codes}
    return environment


def _codes(sentence: str) -> Markup:
    """Set what stands between backticks as code."""
    parts = sentence.split("`")
    return Markup("").join(Markup("<code>{}</code>").format(p) if i % 2 else p for i, p in enumerate(parts))
