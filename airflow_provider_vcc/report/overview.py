"""The overview as a page: the latest runs, one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_vcc import __version__
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.bars import plain_bar
from airflow_provider_vcc.report.page import badge_of, css, environment
from airflow_provider_vcc.report.words.failed import reasons
from airflow_provider_vcc.report.words.status import ACTIVE, ENDED, OUTCOMES
from airflow_provider_vcc.report.words.verdict import ending, project, shown_kinds, verdict
from airflow_provider_vcc.wording import clock, count, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_vcc.report.reading.figures import Figures

__all__ = ["RunRow", "render_overview"]


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One task instance, or a mapped task's instances together.

    :param when: when it started, or when its run was to start.
    :param parts: how many instances the mapped task has; 0 if it is not mapped.
    :param href: link to its report, relative to the page.
    :param stand_in: whether the figures are the last saved ones of a task that gave no final ones.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    state: str | None = None
    when: datetime | None = None
    figures: Figures | None = None
    parts: int = 0
    href: str = ""
    stand_in: bool = False


def render_overview(  # noqa: PLR0913 -- all but one are keywords
    rows: Sequence[RunRow],
    *,
    dag_id: str = "",
    run_id: str = "",
    runs: str = "",
    more: bool = False,
    refresh: int | None = None,
    theme: str | None = None,
    themes: Mapping[str, str] | None = None,
) -> str:
    """Return the page.

    :param rows: what is shown, the newest first.
    :param dag_id: the DAG whose one run is shown; empty for the latest runs of all DAGs.
    :param runs: link to the latest runs of all DAGs, where one run is shown.
    :param more: whether there are older runs that are not shown.
    """
    template = environment().get_template("overview.html.j2")
    return template.render(
        css=css(),
        version=__version__,
        names={kind: name for kind, (name, _) in OUTCOMES.items()},
        headline="What this run did in VCC Live" if run_id else "The latest runs in VCC Live",
        one_run=bool(run_id),
        dag_id=dag_id,
        run_id=run_id,
        runs=runs,
        rows=[_row(row) for row in rows],
        more=more,
        refresh=refresh,
        theme=theme,
        themes=list((themes or {}).items()),
    )


def _row(row: RunRow) -> dict[str, object]:
    figures = row.figures
    lost = row.stand_in and row.state in ENDED
    return {
        "run": row,
        "badge": badge_of(row.state or "none"),
        "when": clock(row.when, figures.zone if figures else None),
        "project": _project(figures),
        "said": _said(row, lost=lost),
        "bar": plain_bar(figures.counts, figures.size) if figures and _told(figures) else None,
        "bar_words": _bar_words(figures) if figures else "",
        "failed": f"{count(figures.failed)} of {count(figures.size)}" if figures else "",
        "reason": _reason(figures) if figures else "",
    }


def _told(figures: Figures) -> bool:
    """Return whether a bar says more than the verdict: something was sent, or at least told to be wrong."""
    return bool(figures.failed or (figures.counts[Outcome.APPLIED] and not figures.validate_only))


def _project(figures: Figures | None) -> str:
    if figures is None or not figures.project_id:
        return ""
    return figures.project_name or project(figures).capitalize()


def _said(row: RunRow, *, lost: bool) -> str:
    if row.parts:
        return plural(row.parts, "part")
    if row.figures is not None:
        return verdict(row.figures, lost=lost)
    if row.state in ACTIVE:
        return "Just started"
    return "Nothing is known of it" if row.state in ENDED else "Waiting to start"


def _bar_words(figures: Figures) -> str:
    return ", ".join(f"{OUTCOMES[kind.value][0]} {count(figures.counts[kind])}" for kind in Outcome)


def _reason(figures: Figures) -> str:
    """Return the first reason, if the verdict does not name it already."""
    told = shown_kinds(figures)[0] and not figures.running and ending(figures) is None
    found = reasons(figures)
    return found[0].says if found and not told else ""
