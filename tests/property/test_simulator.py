"""Some hundred seeds of the simulator; ``make simulate`` plays as many as one likes."""

from __future__ import annotations

from collections import Counter

import pytest
from support.simulator.plans import ENDS, FAULTS
from support.simulator.play import play_seed

SHARE = 100


def play_some(seeds):
    """Play seeds, and return what they lived through."""
    seen = Counter()
    for seed in seeds:
        lived, trace, failed = play_seed(seed)
        if failed is not None:
            print("\n".join(trace))
            pytest.fail(f"seed {seed}: {failed}; again: make simulate START={seed} SEEDS=1")
        seen += lived.seen
    return seen


@pytest.mark.parametrize("share", range(4))
def test_whatever_happens_to_a_run_the_ledger_agrees_with_what_it_says(share):
    play_some(range(share * SHARE, (share + 1) * SHARE))


@pytest.mark.parametrize("seed", [207_263, 207_818])
def test_a_process_that_stands_still_between_deciding_and_sending_keeps_to_the_pace(seed):
    play_some([seed])


def test_a_job_that_turns_out_to_be_short_has_no_more_in_the_air_than_a_short_one_may():
    play_some([225_200])


def test_an_input_that_became_shorter_and_longer_again_ends_as_it_says():
    play_some([216_922])


def test_the_seeds_have_every_fault_and_every_early_end_in_them():
    seen = play_some(range(10_000, 10_090))
    assert {*FAULTS, "unauthorised", "cut off", "input went back"} <= seen.keys()
    assert {f"ended by {end}" for end in ENDS if end} <= seen.keys()


def test_a_seed_plays_the_same_run_each_time():
    assert play_seed(7)[1] == play_seed(7)[1]


@pytest.mark.long
@pytest.mark.parametrize("share", range(100))
def test_a_hundred_thousand_seeds(share):
    play_some(range(100_000 + share * 1_000, 100_000 + (share + 1) * 1_000))
