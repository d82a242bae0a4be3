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
from airflow_provider_vcc.report import words
from airflow_provider_vcc.report.figures import read_figures
from airflow_provider_vcc.report.views import figures_view
from airflow_provider_vcc.report.wording import ENDED, OUTCOMES, STATES, alerts, facts, live_line

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_vcc.report.figures import Figures

__all__ = ["Context", "Instance", "headers", "render", "render_message"]

PASSED_ON = ("dag_id", "run_id", "task_id", "map_index", "home", "toggle", "paused", "theme")


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
    instances: tuple[Instance, ...] = ()


def render(summary: Any, report: Any, context: Context | None = None) -> str:
    """Write the page.

    :param summary: the XCom ``summary``; None, half of it or another version's will do.
    :param report: the XCom ``report``, likewise.
    """
    context = context or Context(asked=False)
    known = isinstance(summary, dict) and bool(summary)
    figures = read_figures(summary, report) if known else None
    state = context.state or ("none" if context.asked or figures is None else words.guess(figures))
    shown = {name: getattr(context, name) for name in PASSED_ON} | {
        "css": _css(),
        "version": __version__,
        "names": {kind: name for kind, (name, _) in OUTCOMES.items()},
        "state": _badge(state),
        "headline": _headline(figures, context, state),
        "facts": facts(figures, context),
        "alerts": alerts(figures, context),
        "live": live_line(figures, context),
        "themes": list(context.themes.items()),
        "instances": [(one, _badge(one.state)) for one in context.instances],
    }
    drawn = figures_view(figures) if figures else {"figures": None}
    return _environment().get_template("report.html.j2").render(shown | drawn)


def _badge(state: str) -> tuple[str, str]:
    """Give a state's kind, which chooses colour and sign, and what it is called."""
    return state if state in STATES else "none", STATES.get(state, wording.title(state))


def _headline(figures: Figures | None, context: Context, state: str) -> str:
    if figures is None:
        return words.nothing_yet(state, mapped=bool(context.instances))
    return words.verdict(figures, "earlier" if context.stand_in and state not in ENDED else state)


def render_message(headline: str, detail: str) -> str:
    """Write a page that says why there is no report: no such task, no access."""
    template = _environment().get_template("message.html.j2")
    return template.render(css=_css(), headline=headline, detail=detail, theme=None)


def headers(refresh: int | None = None) -> dict[str, str]:
    """Give the headers under which the page is served: no scripts, nothing from elsewhere, framed by Airflow only.

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
def _css() -> Markup:
    css = files(__package__).joinpath("templates", "report.css").read_text("utf-8")
    return Markup(css)  # noqa: S704 -- our own file


@cache
def _css_hash() -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_css().encode()).digest()).decode()


@cache
def _environment() -> Environment:
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
