"""How large the next chunk is: fewer elements after a time-out, more again with success."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.engine.chunk_size import Sizes


def grown(sizes, successes):
    """Let full chunks go well."""
    for _ in range(successes):
        sizes.went_well(sizes.now)
    return sizes.now


def test_a_chunk_that_was_too_much_is_halved_and_so_are_later_ones():
    sizes = Sizes(500)
    sizes.too_much(500)
    assert sizes.now == 250
    sizes.too_much(250)
    assert (sizes.now, sizes.halvings) == (125, 2)


def test_chunks_that_were_in_the_air_together_halve_it_once():
    sizes = Sizes(500)
    for _ in range(4):
        sizes.too_much(500)
    assert (sizes.now, sizes.halvings) == (250, 4)


def test_it_goes_down_to_a_single_element_and_no_further():
    sizes = Sizes(500)
    for _ in range(20):
        sizes.too_much(sizes.now)
    assert sizes.now == 1


def test_it_grows_back_with_success_up_to_where_it_began():
    sizes = Sizes(500)
    for _ in range(9):
        sizes.too_much(sizes.now)
    assert sizes.now == 1
    assert grown(sizes, 20) > 1
    assert grown(sizes, 5000) == 500


def test_chunks_that_were_not_full_prove_nothing():
    sizes = Sizes(500)
    sizes.too_much(500)
    for _ in range(1000):
        sizes.went_well(10)
    assert sizes.now == 250


def test_sizes_beyond_what_works_are_tried_ever_more_rarely():
    sizes, tries = Sizes(500), 0
    sizes.too_much(500)
    for _ in range(3000):
        if sizes.now > 200:
            tries += 1
            sizes.too_much(sizes.now)
        else:
            sizes.went_well(sizes.now)
    assert tries < 100


@given(st.integers(1, 1000), st.lists(st.tuples(st.booleans(), st.integers(1, 1000))))
def test_it_always_stays_between_one_and_the_most(most, events):
    sizes = Sizes(most)
    for well, size in events:
        (sizes.went_well if well else sizes.too_much)(min(size, sizes.now))
        assert 1 <= sizes.now <= most


def full(sizes, count):
    """Let full chunks go well; return the size after each."""
    after = []
    for _ in range(count):
        sizes.went_well(sizes.now)
        after.append(sizes.now)
    return after


def test_after_four_full_chunks_a_quarter_is_added_and_four_more_are_needed_for_the_next():
    sizes = Sizes(500)
    sizes.too_much(500)
    assert full(sizes, 9) == [250, 250, 250, 312, 312, 312, 312, 390, 390]


def test_smaller_chunks_than_the_size_of_now_prove_nothing():
    sizes = Sizes(500)
    sizes.too_much(500)
    for _ in range(20):
        sizes.went_well(249)
    assert sizes.now == 250


def test_a_chunk_that_was_too_much_starts_the_count_anew():
    sizes = Sizes(500)
    sizes.too_much(500)
    full(sizes, 3)
    sizes.too_much(400)
    assert (sizes.now, sizes.halvings) == (200, 2)
    assert full(sizes, 4) == [200, 200, 200, 250]


def test_a_late_time_out_of_a_larger_chunk_does_not_make_the_size_larger_or_less_patient():
    sizes = Sizes(500)
    sizes.too_much(100)
    full(sizes, 4)
    assert sizes.now == 62
    sizes.too_much(500)
    assert sizes.now == 62
    assert full(sizes, 4) == [62, 62, 62, 77]


def test_where_growing_was_too_much_it_takes_twice_as_long_next_time_up_to_64():
    sizes, needed = Sizes(1000), []
    sizes.too_much(16)
    for _ in range(7):
        count = 0
        while sizes.now == 8:
            sizes.went_well(8)
            count += 1
        needed.append(count)
        sizes.too_much(16)
    assert needed == [4, 8, 16, 32, 64, 64, 64]


def test_it_grows_by_one_at_least_and_never_beyond_the_most():
    sizes = Sizes(3)
    sizes.too_much(3)
    assert full(sizes, 12)[3::4] == [2, 3, 3]


def test_two_halvings_without_growth_in_between_cost_no_patience():
    sizes = Sizes(64)
    sizes.too_much(64)
    sizes.too_much(32)
    assert full(sizes, 4) == [16, 16, 16, 20]
