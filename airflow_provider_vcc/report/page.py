"""The page itself: figures into HTML, everything escaped, and the headers that keep it harmless."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from airflow_provider_vcc import __version__, wording
from airflow_provider_vcc.report.reading.context import Context
from airflow_provider_vcc.report.reading.figures import has_figures, read_figures
from airflow_provider_vcc.report.views import figures_view
from airflow_provider_vcc.report.words.glossary import glossary
from airflow_provider_vcc.report.words.remedy import steps
from airflow_provider_vcc.report.words.status import ENDED, OUTCOMES, STATES, alerts, facts, live_line, nothing_yet
from airflow_provider_vcc.report.words.verdict import consequence, guess, plan, verdict

if TYPE_CHECKING:
    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = ["badge_of", "css", "environment", "headers", "render", "render_message"]

PASSED_ON = ("dag_id", "run_id", "task_id", "map_index", "home", "toggle", "paused", "theme", "csv", "runs", "parts")


def render(summary: object, report: object, context: Context | None = None) -> str:
    """Return the page.

    :param summary: the XCom ``summary``; None, half of it or another version's will do.
    :param report: the XCom ``report``, likewise.
    """
    context = context or Context(asked=False)
    figures = read_figures(summary, report) if has_figures(summary) else None
    state = context.state or ("none" if context.asked or figures is None else guess(figures))
    shown = {name: getattr(context, name) for name in PASSED_ON} | {
        "css": css(),
        "glossary": glossary() if context.home or not context.asked else None,  # Airflow's frame opens no other page
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


def _said(figures: Figures | None, context: Context, state: str) -> dict[str, object]:
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
