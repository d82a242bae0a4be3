"""What the templates need, in the words and shapes in which they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.advice import advise
from airflow_provider_vcc.report.bars import outcome_bar, plain_bar, zoomed_bar
from airflow_provider_vcc.report.charts import chunk_chart, rate_chart
from airflow_provider_vcc.report.wording import OUTCOMES
from airflow_provider_vcc.report.words import positions, threshold
from airflow_provider_vcc.wording import NOT_KNOWN, count, elements, per_second, percent, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.charts import Chart
    from airflow_provider_vcc.report.figures import ErrorLine, Figures, Shard, Try

__all__ = ["figures_view"]

SHOWN = (Outcome.APPLIED, Outcome.REJECTED, Outcome.INVALID, Outcome.UNKNOWN, Outcome.NOT_SENT)
PLAIN_HEIGHT, MARK_HEIGHT, ZOOM_HEIGHT = 28, 22, 46


def figures_view(figures: Figures) -> dict[str, Any]:
    """Give all that is drawn of the figures."""
    bar, zoom = outcome_bar(figures), zoomed_bar(figures)
    rate, chunk = rate_chart(figures), chunk_chart(figures)
    return {
        "figures": figures,
        "bar": bar,
        "zoom": zoom,
        "lens": round(100 - 100 * zoom.size / figures.size, 3) if zoom else 0,
        "bar_height": PLAIN_HEIGHT + (ZOOM_HEIGHT if zoom else 0) + (MARK_HEIGHT if bar.mark is not None else 0),
        "bar_words": _bar_words(figures),
        "tolerated": threshold(figures),
        "outcomes": _outcomes(figures),
        "tiles": _tiles(figures),
        "rate": rate,
        "rate_words": _rate_words(rate, figures),
        "chunk": chunk,
        "chunk_words": _chunk_words(figures),
        "errors": [_error(line, figures) for line in figures.errors],
        "kinds": count(len(figures.errors) + figures.more_errors),
        "file": _file(figures),
        "shards": [_shard(shard) for shard in figures.shards],
        "tries": [_try(one) for one in figures.tries],
    }


def _outcomes(figures: Figures) -> list[dict[str, Any]]:
    rows = []
    for kind in SHOWN:
        name, said = OUTCOMES[kind.value]
        if kind is Outcome.APPLIED and figures.resumed:
            said = f"{count(figures.resumed)} of them by earlier tries"
        if kind is Outcome.NOT_SENT and figures.validate_only:
            said = "only checked, and valid"
        share = percent(figures.counts[kind], figures.size)
        row = {"kind": kind.value, "name": name, "said": said, "count": figures.counts[kind], "share": share}
        rows.append(row | {"earlier": kind is Outcome.APPLIED and figures.resumed > 0})
    return rows


def _bar_words(figures: Figures) -> str:
    parts = [f"{row['name']} {count(row['count'])} ({row['share']})" for row in _outcomes(figures)]
    return ", ".join(parts) + (f"; {threshold(figures)}" if figures.threshold else "") + "."


def _tiles(figures: Figures) -> list[dict[str, str]]:
    tiles = [
        ("Elements", count(figures.size), f"{count(figures.settled)} settled" if figures.running else ""),
        ("Failed", count(figures.failed), _tolerance(figures)),
        ("Speed", NOT_KNOWN if figures.validate_only else per_second(figures.rate), ""),
        ("Duration", seconds(figures.duration), _waited(figures)),
        ("Requests", count(figures.requests), _repeats(figures)),
    ]
    return [{"name": name, "value": value, "more": more} for name, value, more in tiles if value != NOT_KNOWN]


def _tolerance(figures: Figures) -> str:
    share = percent(figures.failed, figures.total)
    return f"{share}; {threshold(figures)}" if figures.threshold else share


def _waited(figures: Figures) -> str:
    return f"{seconds(figures.waits)} of it waiting" if figures.waits else ""


def _repeats(figures: Figures) -> str:
    again = f"{count(figures.retries)} sent again" if figures.retries else ""
    halved = f"{count(figures.halvings)} halved" if figures.halvings else ""
    return ", ".join(filter(None, (again, halved)))


def _rate_words(chart: Chart | None, figures: Figures) -> str:
    if chart is None:
        return ""
    span = f"From the start until {seconds(figures.curve[-1][0])}"
    return f"{span}; {per_second(figures.rate)} on the whole, the table below gives the figures."


def _chunk_words(figures: Figures) -> str:
    if not figures.chunks:
        return ""
    sizes = [point[1] for point in figures.chunks]
    halved = f", halved {count(figures.halvings)} times after time-outs" if figures.halvings else ""
    return f"Between {count(min(sizes))} and {count(max(sizes))} elements in one request{halved}."


def _error(line: ErrorLine, figures: Figures) -> dict[str, Any]:
    of = max(figures.failed, line.count)
    return {
        "code": line.code,
        "message": line.message,
        "count": line.count,
        "share": percent(line.count, of),
        "width": round(100 * line.count / of, 2) if of else 0,
        "positions": positions(line.positions, line.count),
        "advice": advise(line.message),
    }


def _file(figures: Figures) -> str:
    if not figures.failed:
        return ""
    if figures.shards:
        return (
            "They stand where the mapped task writes them: in its `results_table` or `failures_path`. "
            "Positions count within a shard."
        )
    if not figures.failures_path:
        return (
            "Set `failures_path` on the operator to have each failed element written to a file that can be sent again."
        )
    return (
        f"{elements(figures.failed)} with the reason for each, as JSON Lines. "
        "Once mended, the file can be given back as `elements_path` as it is."
    )


def _shard(shard: Shard) -> dict[str, Any]:
    said = [f"{OUTCOMES[kind.value][0]} {count(shard.counts[kind])}" for kind in SHOWN]
    return {
        "index": "?" if shard.map_index is None else shard.map_index,
        "bar": plain_bar(shard.counts, shard.total),
        "words": ", ".join(said),
        "total": shard.total,
        "failed": shard.failed,
        "share": percent(shard.failed, shard.total),
    }


def _try(one: Try) -> dict[str, Any]:
    cells = [count(one.counts[kind]) for kind in SHOWN] + [count(one.requests), seconds(one.duration)]
    return {"number": one.number, "cells": cells, "error": one.error}
