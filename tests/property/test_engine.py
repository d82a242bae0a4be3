"""The engine against a model of the service: whatever goes wrong, and wherever a run is cut, nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.simulator.inputs import RECORDS
from support.simulator.plans import ENDS, FAULTS, Plan, Scenario
from support.simulator.play import play

from airflow_provider_vcc.dispositions.engine.sync import Settings

SHORT = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck))


def some_things(most):
    """Draw inputs: few records, so that elements conflict; some search, ask for messages, or fail."""
    kinds = st.sampled_from(["good"] * 6 + ["bad", "invalid"])
    records = st.sampled_from([*RECORDS, *RECORDS, *"fghijklmnop", None])
    return st.lists(st.tuples(records, st.sampled_from([False, False, True]), kinds), max_size=most)


plans = st.builds(
    Plan,
    faults=st.sampled_from([0, 0, 10, 40, 90]),
    kinds=st.sets(st.sampled_from(FAULTS), min_size=1).map(sorted),
    too_much=st.sampled_from([10**9, 10**9, 2, 1]),
    flaky=st.sampled_from([0, 0, 20]),
    ends=st.sampled_from(ENDS),
    at=st.integers(1, 60),
)
ways = st.builds(
    Settings,
    chunk_size=st.integers(1, 7),
    max_in_flight=st.one_of(st.integers(1, 4), st.just("auto")),
    max_chunk_bytes=st.sampled_from([1_048_576, 1_048_576, 300]),
    on_ambiguous=st.sampled_from(["auto", "auto", "resend", "report"]),
    max_elements_per_second=st.sampled_from([None, None, None, 4.0, 25.0]),
)
edits = st.lists(st.tuples(st.sampled_from(["put", "drop", "add", "back"]), st.integers(0, 40)), max_size=3)


@st.composite
def scenarios(draw, *, change):
    """Draw a scenario."""
    tries = draw(st.lists(plans, max_size=3))
    return Scenario(
        things=draw(some_things(30)),
        settings=draw(ways),
        store=change or draw(st.sampled_from([True, True, True, False])),
        repeatable=draw(st.booleans()),
        tries=tries,
        edits=[draw(edits) if change else [] for _ in tries],
        wobbles=draw(st.sampled_from([False, False, True])),
    )


@SHORT
@given(scenarios(change=False), st.randoms(use_true_random=False))
def test_a_run_that_is_cut_anywhere_ends_as_one_that_was_not(scenario, random):
    play(scenario, random)


@SHORT
@given(scenarios(change=True), st.randoms(use_true_random=False))
def test_an_input_that_changed_between_tries_loses_nothing(scenario, random):
    play(scenario, random)


@pytest.mark.long
@LONG
@given(scenarios(change=False), st.randoms(use_true_random=False))
def test_a_run_that_is_cut_anywhere_ends_as_one_that_was_not_in_many_worlds(scenario, random):
    play(scenario, random)


@pytest.mark.long
@LONG
@given(scenarios(change=True), st.randoms(use_true_random=False))
def test_an_input_that_changed_between_tries_loses_nothing_in_many_worlds(scenario, random):
    play(scenario, random)
