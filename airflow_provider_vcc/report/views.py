"""What the templates need, in the words and shapes in which they show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.report.bars import outcome_bar, plain_bar, zoomed_bar
from airflow_provider_vcc.report.charts import answer_chart, chunk_chart, limit_chart, rate_chart
from airflow_provider_vcc.report.words.failed import OPEN_ROWS, failed_rows, ids_to_copy, not_listed, reasons
from airflow_provider_vcc.report.words.reasons import advise
from airflow_provider_vcc.report.words.status import OUTCOMES
from airflow_provider_vcc.report.words.verdict import threshold
from airflow_provider_vcc.wording import NOT_KNOWN, count, per_second, percent, plural, seconds

if TYPE_CHECKING:
    from airflow_provider_vcc.report.charts import Chart
    from airflow_provider_vcc.report.reading.figures import ErrorLine, Figures, Shard, Try

__all__ = ["figures_view"]

SHOWN = (Outcome.APPLIED, Outcome.REJECTED, Outcome.INVALID, Outcome.UNKNOWN, Outcome.NOT_SENT)
PLAIN_HEIGHT, MARK_HEIGHT, ZOOM_HEIGHT = 28, 22, 46
SHORTEST = 5.0
FEWEST_POINTS = 4
"""Below these, a chart over time shows chance and nothing else."""


def figures_view(figures: Figures) -> dict[str, object]:
    """Return all that is shown of the figures."""
    return {
        "figures": figures,
        **_failed_view(figures),
        **_bar_view(figures),
        **_charts_view(figures),
        "tiles": _tiles(figures),
        "errors": [_error(line, figures) for line in figures.errors],
        "kinds": count(len(figures.errors) + figures.more_errors),
        "shards": [_shard(shard) for shard in figures.shards],
        "tries": [_try(one) for one in figures.tries],
    }


def _failed_view(figures: Figures) -> dict[str, object]:
    rows = failed_rows(figures)
    ids = ids_to_copy(figures)
    return {
        "whys": reasons(figures),
        "failed_open": rows[:OPEN_ROWS],
        "failed_rest": rows[OPEN_ROWS:],
        "not_listed": not_listed(figures, len(rows)) if rows else "",
        "csv_rows": len(rows),
        "ids": ids if len(ids) > 1 else [],
    }


def _bar_view(figures: Figures) -> dict[str, object]:
    """Return the bar; none for a check, an input of unknown size, or nothing to tell apart."""
    told = figures.counts[Outcome.APPLIED] or figures.failed
    unknown_size = figures.running and figures.size <= figures.total
    if not told or figures.validate_only or unknown_size or figures.size == 1:
        return {"bar": None, "outcomes": []}
    bar, zoom = outcome_bar(figures), zoomed_bar(figures)
    return {
        "bar": bar,
        "zoom": zoom,
        "lens": round(100 - 100 * zoom.size / figures.size, 3) if zoom else 0,
        "bar_height": PLAIN_HEIGHT + (ZOOM_HEIGHT if zoom else 0) + (MARK_HEIGHT if bar.mark is not None else 0),
        "bar_words": _bar_words(figures),
        "tolerated": threshold(figures),
        "outcomes": _outcomes(figures),
    }


def _charts_view(figures: Figures) -> dict[str, object]:
    lasting = (figures.duration or 0) >= SHORTEST
    rate = rate_chart(figures) if lasting and len(figures.curve) >= FEWEST_POINTS else None
    varied = len({point[1] for point in figures.chunks}) > 1
    limited = len({point[1] for point in figures.limit}) > 1
    return {
        "rate": rate,
        "rate_words": _rate_words(rate, figures),
        "chunk": chunk_chart(figures) if varied and lasting else None,
        "chunk_words": _chunk_words(figures),
        "limit": limit_chart(figures) if limited and lasting else None,
        "answer": answer_chart(figures) if len(figures.answer_times) >= FEWEST_POINTS and lasting else None,
    }


def _outcomes(figures: Figures) -> list[dict[str, Any]]:
    """Return the outcomes that there are, and the one that was wanted."""
    rows = []
    for kind in SHOWN:
        name, said = OUTCOMES[kind.value]
        if kind is Outcome.APPLIED and figures.resumed:
            said = f"{count(figures.resumed)} of them by earlier tries"
        share = percent(figures.counts[kind], figures.size)
        row = {"kind": kind.value, "name": name, "said": said, "count": figures.counts[kind], "share": share}
        if row["count"] or kind is Outcome.APPLIED:
            rows.append(row | {"earlier": kind is Outcome.APPLIED and figures.resumed > 0})
    return rows


def _bar_words(figures: Figures) -> str:
    parts = [f"{row['name']} {count(row['count'])} ({row['share']})" for row in _outcomes(figures)]
    return ", ".join(parts) + (f"; {threshold(figures)}" if figures.threshold else "") + "."


def _tiles(figures: Figures) -> list[dict[str, str]]:
    if figures.validate_only or (not figures.counts[Outcome.APPLIED] and not figures.failed):
        return []
    long_enough = (figures.duration or 0) >= 1
    tiles = [
        ("Failed", count(figures.failed) if figures.failed else NOT_KNOWN, _tolerance(figures)),
        ("Speed", per_second(figures.rate) if figures.rate and long_enough else NOT_KNOWN, figures.held_back_by),
        ("Requests", count(figures.requests) if figures.requests else NOT_KNOWN, _requests(figures)),
        ("Waiting", seconds(figures.waits) if figures.waits else NOT_KNOWN, "for VCC Live to answer again"),
    ]
    return [{"name": name, "value": value, "more": more} for name, value, more in tiles if value != NOT_KNOWN]


def _tolerance(figures: Figures) -> str:
    share = percent(figures.failed, figures.total)
    return f"{share}; {threshold(figures)}" if figures.threshold else share


def _requests(figures: Figures) -> str:
    """Return how large requests were as they were sent, how many at a time, and which were repeated."""
    sizes = ""
    if figures.sizes:
        least, most = figures.sizes
        each = " each" if figures.requests != 1 else ""
        sizes = f"{plural(most, 'record')}{each}" if least == most else f"{count(least)} to {count(most)} records each"
    at_once = f"up to {count(figures.most_at_once)} at a time" if (figures.most_at_once or 0) > 1 else ""
    again = f"{count(figures.retries)} sent again" if figures.retries else ""
    halved = f"{count(figures.halvings)} halved" if figures.halvings else ""
    return ", ".join(filter(None, (sizes, at_once, again, halved)))


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


def _error(line: ErrorLine, figures: Figures) -> dict[str, object]:
    of = max(figures.failed, line.count)
    return {
        "code": line.code,
        "message": line.message,
        "count": line.count,
        "share": percent(line.count, of),
        "width": round(100 * line.count / of, 2) if of else 0,
        "positions": _positions(line),
        "advice": advise(line.message),
    }


def _positions(line: ErrorLine) -> str:
    """Return sample positions: ``3, 17, 11204, …`` if there are more."""
    return ", ".join(map(str, line.positions)) + (", …" if line.count > len(line.positions) > 0 else "")


def _shard(shard: Shard) -> dict[str, object]:
    said = [f"{OUTCOMES[kind.value][0]} {count(shard.counts[kind])}" for kind in SHOWN]
    return {
        "index": "?" if shard.map_index is None else shard.map_index,
        "bar": plain_bar(shard.counts, shard.total),
        "words": ", ".join(said),
        "total": shard.total,
        "failed": shard.failed,
        "share": percent(shard.failed, shard.total),
    }


def _try(one: Try) -> dict[str, object]:
    cells = [count(one.counts[kind]) for kind in SHOWN] + [count(one.requests), seconds(one.duration)]
    return {"number": one.number, "cells": cells, "error": one.error}
