"""What is kept from try to try: small whatever the bits are, and believed only where the input is the same."""

from __future__ import annotations

import json
import random
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.engine import MemoryStore

from airflow_provider_vcc.dispositions.progress.progress import (
    KEY,
    Layout,
    Progress,
    Segment,
    decode_bits,
    encode_bits,
)
from airflow_provider_vcc.dispositions.sources.rows import JsonRows, ObjectRows, TableRows

LIMIT = 65_535
STRETCH, SPAN = Layout().stretch, Layout().span
SMALL = Layout(stretch=4, stretches=3)
"""Stretches of 4 elements, and segments of 3 stretches."""


def rows(start, count, tag="x"):
    """Return a stretch of texts."""
    return JsonRows(start, [f"{tag}{start + number}".encode() for number in range(count)])


def reads(progress, total, tag="x"):
    """Read an input to its end; return the positions that are held for applied, and for not to be sent again."""
    found = [], []
    for start in range(0, total, STRETCH):
        bits = progress.enter(rows(start, min(STRETCH, total - start), tag))
        for positions, mask in zip(found, bits, strict=True):
            positions += [start + number for number in range(STRETCH) if mask >> number & 1]
    return found


def kept(progress, store=None):
    """Keep everything that has changed, and return what a next try loads."""
    store = store or MemoryStore()
    for key, segment in progress.snapshot():
        store.set(key, segment.encode())
    again = Progress()
    again.load(store)
    return again


class TestBits:
    """Bits are written as runs or compressed, and read back."""

    @given(st.integers(0, 1 << 400))
    def test_bits_survive(self, bits):
        assert decode_bits(encode_bits(bits)) == bits

    @given(st.lists(st.tuples(st.integers(1, 3000), st.integers(1, 3000)), max_size=60))
    def test_runs_survive(self, runs):
        bits = at = 0
        for gap, length in runs:
            at += gap
            bits |= ((1 << length) - 1) << at
            at += length
        assert decode_bits(encode_bits(bits)) == bits

    def test_a_few_runs_are_short_and_readable(self):
        assert encode_bits(0) == ""
        assert encode_bits((1 << 500) - 1) == "0-499"
        assert encode_bits(0b1011) == "0-1,3-3"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.9, 1.0])
def test_a_value_stays_below_65_535_bytes_whatever_the_bits(share):
    dice = random.Random(1)
    segment = Segment()
    for name in ("applied", "unsettled"):
        setattr(segment, name, int("".join("01"[dice.random() < share] for _ in range(SPAN)), 2))
    segment.counts = [STRETCH] * Layout().stretches
    segment.digests = bytearray(dice.randbytes(len(segment.digests)))
    text = json.dumps(segment.encode())
    assert len(text) < LIMIT
    again = Segment.decode(json.loads(text))
    assert (again.applied, again.unsettled, again.counts, again.digests) == (
        segment.applied,
        segment.unsettled,
        segment.counts,
        segment.digests,
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "x",
        [],
        {},
        {"v": 2},
        {"v": 1, "digests": 5, "short": {}, "applied": "", "unsettled": ""},
        {"v": 1, "digests": "", "short": [], "applied": "z!!", "unsettled": ""},
        {"v": 1, "digests": "", "short": {"999": 1}, "applied": "", "unsettled": ""},
        {"v": 1, "digests": "", "short": {}, "applied": "a-b", "unsettled": ""},
        {"v": 1, "digests": "", "short": {}, "applied": 5, "unsettled": ""},
        {"v": 2, "digests": "", "short": {}, "applied": "0-5", "unsettled": ""},
    ],
    ids=repr,
)
def test_a_value_that_is_none_of_ours_is_as_good_as_nothing(value):
    assert Segment.decode(value) is None


class TestRetry:
    """A retry holds for applied what stands in stretches that are the same."""

    def test_an_unchanged_input_is_skipped_where_it_was_applied(self):
        first = Progress()
        reads(first, 3500)
        first.settle(range(500, 1500), applied=True)
        first.settle([3, 7, 3499], applied=True)
        assert reads(kept(first), 3500) == ([3, 7, *range(500, 1500), 3499], [])

    def test_a_stretch_that_changed_is_not_skipped_and_the_others_are(self):
        first = Progress()
        reads(first, 3000)
        first.settle(range(3000), applied=True)
        again = kept(first)
        assert again.enter(rows(0, STRETCH))[0] == (1 << STRETCH) - 1
        assert again.enter(rows(1000, STRETCH, "other")) == (0, 0)
        assert again.enter(rows(2000, STRETCH))[0] == (1 << STRETCH) - 1
        assert reads(kept(again), 3000)[0] == [*range(1000), *range(2000, 3000)]

    def test_an_input_that_has_become_longer_is_skipped_as_far_as_it_was_read(self):
        first = Progress()
        reads(first, 1300)
        first.settle(range(1300), applied=True)
        assert reads(kept(first), 2500)[0] == list(range(1300))

    def test_an_input_that_has_become_shorter_is_read_anew_from_its_last_stretch_on(self):
        first = Progress()
        reads(first, 1300)
        first.settle(range(1300), applied=True)
        assert reads(kept(first), 1200)[0] == list(range(1000))

    def test_another_scope_skips_nothing(self):
        first, store = Progress(b"project 17"), MemoryStore()
        reads(first, 100)
        first.settle(range(100), applied=True)
        kept(first, store)
        for scope, skipped in [(b"project 17", 100), (b"project 18", 0)]:
            again = Progress(scope)
            assert again.load(store)
            assert len(reads(again, 100)[0]) == skipped

    def test_what_was_noted_must_not_be_sent_again_until_it_is_settled(self):
        first = Progress()
        reads(first, 100)
        first.note(range(10))
        first.settle(range(3), applied=True, noted=True)
        first.settle([5], applied=False, noted=True)
        assert reads(kept(first), 100) == ([0, 1, 2], [3, 4, 6, 7, 8, 9])

    def test_segments_that_were_lost_are_read_anew(self):
        first, store = Progress(), MemoryStore()
        reads(first, 2 * SPAN + 5)
        first.settle(range(2 * SPAN + 5), applied=True)
        kept(first, store)
        store.set(KEY.format(1), {"v": 99})
        again = Progress()
        again.load(store)
        assert reads(again, 2 * SPAN + 5)[0] == [*range(SPAN), *range(2 * SPAN, 2 * SPAN + 5)]

    def test_clearing_leaves_nothing(self):
        first, store = Progress(), MemoryStore()
        reads(first, 3 * SPAN)
        kept(first, store)
        assert len(store.values) == 3
        first.clear(store)
        assert store.values == {}
        assert not Progress().load(store)

    def test_only_what_changed_is_written_again(self):
        first = Progress()
        reads(first, 3 * SPAN)
        assert len(first.snapshot()) == 3
        first.settle([SPAN + 1], applied=True)
        assert [key for key, _ in first.snapshot()] == [KEY.format(1)]
        assert first.snapshot() == []

    def test_a_snapshot_does_not_change_afterwards(self):
        first = Progress()
        reads(first, 10)
        [(_, segment)] = first.snapshot()
        before = segment.encode()
        first.settle(range(10), applied=True)
        assert segment.encode() == before


class TestGaps:
    """Where a retry has to look back."""

    @pytest.mark.parametrize("seed", range(30))
    def test_gaps_reach_from_the_first_that_is_missing_to_the_last_that_may_be_applied(self, seed):
        dice = random.Random(seed)
        total = dice.randrange(1, 50)
        applied = sorted(dice.sample(range(total), dice.randrange(total + 1)))
        noted = sorted(dice.sample(range(total), dice.randrange(min(3, total) + 1)))
        progress = Progress(layout=SMALL)
        for start in range(0, total, 4):
            progress.enter(rows(start, min(4, total - start)))
        progress.settle(applied, applied=True)
        progress.note(noted)
        end = max([-1, *applied, *noted]) + 1
        first = next((n for n in range(end) if n not in applied), end)
        assert progress.gaps() == range(first, end)
        assert progress.applied == len(applied)

    def test_nothing_applied_has_no_gaps(self):
        assert not Progress().gaps()


class TestFingerprint:
    """Rows of any shape have bytes that are the same only if the rows are."""

    @pytest.mark.parametrize(
        "some",
        [
            JsonRows(0, [b'{"numberid":"1"}', b"{}", b"", b"x"]),
            ObjectRows(0, [{"numberid": 1}, None, object, {"a": {1: 2}}]),
            ObjectRows(0, [{"a": "\ud800"}, {"b": {"c"}}, 5, float("nan")]),
            TableRows(0, ("a", "b"), [(1, "x"), (None, b"y"), (1.5, {"z": 1}), ("\ud800", 10**40)]),
        ],
        ids=lambda some: type(some).__name__,
    )
    def test_the_bytes_of_two_slices_joined_are_those_of_both(self, some):
        whole = some.fingerprint_bytes(0, 4)
        for cut in range(5):
            assert some.fingerprint_bytes(0, cut) + some.fingerprint_bytes(cut, 4) == whole
            low, high = some.pick(list(range(cut))), some.pick(list(range(cut, 4)))
            assert low.fingerprint_bytes(0, len(low)) + high.fingerprint_bytes(0, len(high)) == whole

    def test_different_rows_have_different_bytes(self):
        one, other = ObjectRows(0, [{"numberid": "1"}]), ObjectRows(0, [{"numberid": 1}])
        assert one.fingerprint_bytes(0, 1) != other.fingerprint_bytes(0, 1)


def test_a_million_elements_with_scattered_failures_load_quickly():
    dice, store = random.Random(1), MemoryStore()
    first = Progress()
    reads_quietly(first, 1_000_000)
    for start in range(0, 1_000_000, 500):
        first.settle([start + n for n in range(500) if dice.random() > 0.01], applied=True)
    kept(first, store)
    assert sum(map(len, store.values.values())) < 300_000
    began = perf_counter()
    again = Progress()
    again.load(store)
    again.gaps()
    assert perf_counter() - began < 5  # 0.02 s on a quiet machine
    assert again.applied == first.applied


def reads_quietly(progress, total):
    """Read an input whose stretches are all alike."""
    texts = [b"x"] * STRETCH
    for start in range(0, total, STRETCH):
        progress.enter(JsonRows(start, texts))
