"""Bars and charts show the figures as they are."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reports import OUTCOMES, report, summary

from airflow_provider_vcc.report.bars import LEAST_WIDTH, outcome_bar, zoomed_bar
from airflow_provider_vcc.report.charts import chunk_chart, rate_chart
from airflow_provider_vcc.report.reading.figures import read_figures

COUNTS = st.fixed_dictionaries({name: st.integers(0, 5) | st.integers(0, 10**8) for name in OUTCOMES})


def figures_of(counts, **settings):
    given_summary = summary(**counts)
    return read_figures(given_summary, report(given_summary, **settings))


@given(counts=COUNTS, data=st.data())
def test_parts_of_the_bar_stand_side_by_side_and_none_is_lost(counts, data):
    resumed = data.draw(st.integers(0, counts["applied"]))
    bar = outcome_bar(read_figures(summary(**counts) | {"resumed": resumed}, None))
    assert sum(part.count for part in bar.parts) == sum(counts.values())
    for left, right in pairwise(bar.parts):
        assert left.x + left.width == pytest.approx(right.x, abs=0.01)
    for part in bar.parts:
        assert part.width >= LEAST_WIDTH - 0.001
        assert -0.001 <= part.x <= part.x + part.width <= 100.001


def test_widths_are_in_proportion():
    bar = outcome_bar(figures_of({"applied": 75, "rejected": 25}))
    assert [(part.kind, part.x, part.width) for part in bar.parts] == [("applied", 0, 75), ("rejected", 75, 25)]


def test_what_earlier_tries_had_applied_is_a_part_of_its_own():
    bar = outcome_bar(read_figures(summary(10, resumed=4), None))
    assert [(part.kind, part.count) for part in bar.parts] == [("resumed", 4), ("applied", 6)]


def test_failed_elements_grow_from_the_right_while_the_task_runs():
    given_summary = summary(20, 5)
    bar = outcome_bar(read_figures(given_summary, report(given_summary, state="running", expected=100)))
    assert [(part.kind, part.x, part.width) for part in bar.parts] == [("applied", 0, 20), ("rejected", 95, 5)]


@pytest.mark.parametrize(("tolerated", "mark"), [(0, 100), (25, 75), (100, 0), (1000, 0)])
def test_the_mark_stands_where_the_failed_part_may_reach(tolerated, mark):
    assert outcome_bar(figures_of({"applied": 60, "rejected": 40}, max_errors=tolerated)).mark == mark


def test_no_mark_is_drawn_where_nobody_said_what_is_tolerated():
    assert outcome_bar(read_figures(summary(1, 1), None)).mark is None


@given(counts=COUNTS, tolerated=st.integers(0, 1000))
def test_the_magnified_end_shows_the_failed_and_the_mark(counts, tolerated):
    figures = figures_of(counts, max_errors=tolerated)
    zoom = zoomed_bar(figures)
    if zoom is None:
        assert not figures.failed or figures.size < 50 or max(figures.failed, tolerated) > figures.size * 0.15
        return
    assert sum(part.count for part in zoom.parts) == zoom.size
    assert sum(part.count for part in zoom.parts if part.kind in {"rejected", "invalid", "unknown"}) == figures.failed
    assert 0 < zoom.mark <= 100


POINTS = st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 10**9), st.integers(0, 10**6)).map(list), max_size=140)


@given(curve=POINTS, chunks=st.lists(st.tuples(st.floats(0, 1e9), st.integers(0, 10**6)).map(list), max_size=140))
def test_paths_stay_in_their_box(curve, chunks):
    figures = read_figures({"total": 1}, {"curve": curve, "chunks": chunks})
    for chart in filter(None, (rate_chart(figures), chunk_chart(figures))):
        for path in (chart.line, chart.area, chart.failed):
            numbers = [float(found) for found in re.findall(r"[\d.]+(?:e-?\d+)?", path)]
            assert all(0 <= x <= 1000 for x in numbers[::2])
        heights = [float(found) for found in re.findall(r"[\d.]+", chart.line)][1::2]
        assert all(0 <= y <= 100 for y in heights)
        assert all(0 <= tick.at <= 100 for tick in (*chart.x_ticks, *chart.y_ticks))
        assert len(chart.x_ticks) <= 8
        assert len(chart.rows) <= 12


def test_the_rate_is_what_was_settled_in_between():
    chart = rate_chart(read_figures({"total": 1}, {"curve": [[0, 0, 0], [10, 1000, 10], [20, 1000, 10]]}))
    assert [step.title for step in chart.steps] == ["100 per second until 10 s", "0 per second until 20 s"]
    assert chart.rows == (("10 s", "1,000", "100 per second", "10"), ("20 s", "1,000", "0 per second", "10"))


def test_a_last_moment_makes_no_peak_of_its_own():
    chart = rate_chart(read_figures({"total": 1}, {"curve": [[0, 0, 0], [10, 100, 0], [20, 200, 0], [20.01, 210, 0]]}))
    assert [step.title for step in chart.steps] == ["10 per second until 10 s", "11 per second until 20 s"]


def test_the_first_chunk_size_holds_from_the_start():
    chart = chunk_chart(read_figures({"total": 1}, {"chunks": [[3, 500]], "curve": [[10, 1, 0]]}))
    assert [(step.x, step.width) for step in chart.steps] == [(0, 100)]


def test_a_halved_chunk_is_marked_and_a_grown_one_is_not():
    chart = chunk_chart(read_figures({"total": 1}, {"chunks": [[0, 400], [5, 200], [10, 400]], "curve": [[20, 1, 0]]}))
    assert chart.drops == ((25.0, 50.0),)


@given(size=st.integers(1, 10**7))
def test_the_scale_of_chunk_sizes_has_whole_numbers_only(size):
    chart = chunk_chart(read_figures({"total": 1}, {"chunks": [[0, size]], "curve": [[20, 1, 0]]}))
    labels = [int(tick.label.replace(",", "")) for tick in chart.y_ticks]
    assert labels[-1] >= size
    assert labels == [labels[1] * i for i in range(5)]


def test_no_chart_is_drawn_where_nothing_was_kept():
    figures = read_figures(summary(3), None)
    assert rate_chart(figures) is None
    assert chunk_chart(figures) is None
