"""What goes into the next request: the chunks joined are the input, small enough, and in order for each record."""

from __future__ import annotations

import functools
import json
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.elements.fields import Element, Plain
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.chunks.deliveries import Deliveries
from airflow_provider_vcc.dispositions.engine.chunks.delivery import AGAIN, Delivery, State
from airflow_provider_vcc.dispositions.engine.chunks.packer import Packer, joined
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows


def batches(objects, size=4):
    """Yield checked batches of some objects."""
    checker = Checker()
    for start in range(0, len(objects), size):
        yield checker.check(ObjectRows(start, objects[start : start + size]))


def packer(objects, *, size=4, most_bytes=10**6, most_waiting=100):
    """Return a packer of some objects."""
    return Packer(batches(objects, size), most_bytes, most_waiting)


def for_records(*records, **fields):
    """Return one element for each of these records."""
    return [{"numberid": record, **fields} for record in records]


def all_of(packer, size, *, alone=True):
    """Return the positions of each chunk, when nothing is ever in the air."""
    found = []
    while not packer.done:
        chunk = packer.next(size, alone=alone)
        if chunk is not None:
            found.append(list(chunk.positions))
        elif not (packer.too_large or packer.unencodable):
            break
    return found


def being_sent(some, *records):
    """Let a packer know that these records are being sent; return the chunk that carries them."""
    chunk = packer(for_records(*records)).next(len(records), alone=False)
    some.busy.add(chunk)
    return chunk


class TestPlain:
    """Plain elements are cut into chunks as they come."""

    def test_chunks_are_full_whatever_the_batches(self):
        objects = for_records(*map(str, range(10)))
        assert all_of(packer(objects, size=4), 3) == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
        assert all_of(packer(objects, size=3), 7) == [[0, 1, 2, 3, 4, 5, 6], [7, 8, 9]]

    def test_a_chunk_is_the_json_array_of_its_elements(self):
        chunk = packer(for_records("1", "2")).next(5, alone=False)
        assert json.loads(chunk.body) == for_records("1", "2")
        assert chunk.keys == ["1", "2"]

    def test_positions_and_elements_of_consecutive_rows_are_not_held_one_by_one(self):
        chunk = packer(for_records(*map(str, range(10))), size=4).next(7, alone=False)
        assert chunk.positions == range(7)
        assert chunk.held is None

    def test_an_empty_input_has_no_chunks(self):
        empty = packer([])
        assert empty.done
        assert empty.next(5, alone=True) is None

    def test_no_batch_is_read_before_it_is_needed(self):
        read = []

        def watched():
            for batch in batches(for_records(*map(str, range(40)))):
                read.append(batch.start)
                yield batch

        lazy = Packer(watched(), 10**6, 100)
        assert read == []
        lazy.next(4, alone=False)
        assert read == [0]
        lazy.next(6, alone=False)
        assert read == [0, 4, 8]


class TestOrder:
    """An element waits while another one for its record is in the air, and what comes after it waits for it."""

    def test_what_conflicts_waits_and_the_others_do_not(self):
        some = packer(for_records("1", "2", "1", "3", "2", "4"))
        sent = being_sent(some, "1")
        assert list(some.next(10, alone=False).positions) == [1, 3, 4, 5]
        assert some.next(10, alone=False) is None
        some.busy.free(sent, sent.keys)
        assert list(some.next(10, alone=False).positions) == [0, 2]
        assert some.done

    def test_what_waits_comes_first_when_its_record_is_free(self):
        some = packer(for_records("1", "1", "1", "2", "3"))
        sent = being_sent(some, "1")
        assert list(some.next(1, alone=False).positions) == [3]
        some.busy.free(sent, sent.keys)
        assert list(some.next(2, alone=False).positions) == [0, 1]
        assert list(some.next(2, alone=False).positions) == [2, 4]

    def test_what_waits_is_bounded(self):
        objects = for_records(*["1"] * 50, "2")
        some = packer(objects, most_waiting=10)
        being_sent(some, "1")
        assert some.next(5, alone=False) is None
        assert len(some.waiting) == 10

    def test_a_search_waits_for_all_and_all_wait_for_it(self):
        objects = [*for_records("1"), {"search": {"name": "x"}}, *for_records("2", "3")]
        some = packer(objects)
        assert list(some.next(10, alone=False).positions) == [0]
        assert some.next(10, alone=False) is None
        chunk = some.next(10, alone=True)
        assert list(chunk.positions) == [1, 2, 3]
        assert chunk.searches

    def test_a_search_does_not_pass_what_is_held(self):
        some = packer([*for_records("1", "2"), {"search": {"name": "x"}}])
        sent = being_sent(some, "1")
        assert list(some.next(10, alone=True).positions) == [1]
        assert some.next(10, alone=True) is None
        some.busy.free(sent, sent.keys)
        assert list(some.next(10, alone=True).positions) == [0, 2]

    def test_what_asks_for_messages_is_not_mixed_with_what_does_not(self):
        objects = [*for_records("1", "2"), *for_records("3", "4", sendDispositionMessages=True), *for_records("5")]
        assert all_of(packer(objects), 10) == [[0, 1, 4], [2, 3]]

    def test_one_record_with_and_without_messages_keeps_its_order(self):
        objects = [*for_records("1"), *for_records("1", sendDispositionMessages=True), *for_records("1")]
        assert all_of(packer(objects), 10) == [[0], [1], [2]]

    def test_what_was_put_back_comes_before_all_that_waits(self):
        some = packer(for_records("1", "2", "3", "4", "5"))
        chunk = some.next(3, alone=False)
        some.put_back(chunk, 1)
        assert all_of(some, 10) == [[1, 2, 3, 4]]


class TestBytes:
    """No chunk has more bytes than it may."""

    def test_a_chunk_is_cut_where_it_would_be_too_heavy(self):
        objects = for_records(*map(str, range(30)), description="x" * 50)
        some = packer(objects, most_bytes=500)
        found = []
        while not some.done:
            chunk = some.next(100, alone=False)
            assert len(chunk.body) <= 500
            found += chunk.positions
        assert found == list(range(30))

    def test_after_one_that_was_too_heavy_chunks_grow_by_an_eighth_and_one(self):
        objects = [*for_records(*map(str, range(20)), description="x" * 100), *for_records(*map(str, range(20, 90)))]
        sizes = [len(positions) for positions in all_of(packer(objects, size=100, most_bytes=280), 50)]
        assert sizes[:10] == [2] * 10, "two and the comma between them"
        assert sizes[10:] == [3, 4, 5, 6, 7, 8, 10, 12, 14, 1]

    def test_an_element_that_is_too_heavy_alone_is_taken_out_and_the_others_go_on(self):
        objects = [*for_records("1"), *for_records("2", description="x" * 500), *for_records("3")]
        some = packer(objects, most_bytes=100)
        assert functools.reduce(operator.iadd, all_of(some, 10), []) == [0, 2]
        assert [position for position, _ in some.too_large] == [1]

    @pytest.mark.parametrize("odd", ["\ud800", "a\udfffb"])
    def test_an_element_that_cannot_be_written_is_taken_out_and_the_others_go_on(self, odd):
        odd_ones = for_records("2", "4", description=odd)
        objects = [*for_records("1"), odd_ones[0], *for_records("3"), odd_ones[1]]
        some = packer(objects)
        assert functools.reduce(operator.iadd, all_of(some, 10), []) == [0, 2]
        assert [position for position, _ in some.unencodable] == [1, 3]

    def test_a_search_for_half_of_a_character_is_taken_out(self):
        some = packer([{"search": {"name": "\ud800"}}, *for_records("1")])
        assert all_of(some, 10) == [[1]]
        assert [position for position, _ in some.unencodable] == [0]


def delivery(*elements, **flags):
    """Return a delivery of some elements at positions 10 and on."""
    return Delivery(chunk_of(elements, range(10, 10 + len(elements)), **flags))


class TestHalves:
    """A chunk that is halved keeps its order."""

    def test_halves_for_different_records_may_go_at_once(self):
        first, second = delivery(*(Plain(str(n)) for n in range(5))).halves()
        assert (list(first.chunk.positions), list(second.chunk.positions)) == ([10, 11], [12, 13, 14])
        assert (first.then, first.state, second.state) == (None, State.READY, State.READY)

    def test_halves_for_the_same_record_go_one_after_the_other(self):
        first, second = delivery(Plain("1"), Plain("2"), Plain("1")).halves()
        assert first.then is second
        assert (first.state, second.state) == (State.READY, State.BEHIND)

    def test_halves_of_a_search_go_one_after_the_other(self):
        first, second = delivery(Element(search={"a": 1}), Element(numberid="2"), searches=True).halves()
        assert first.then is second
        assert first.chunk.searches
        assert second.chunk.searches

    def test_what_waited_for_the_whole_waits_for_both_halves(self):
        whole = delivery(Plain("1"), Plain("2"))
        whole.then = last = delivery(Plain("3"))
        first, second = whole.halves()
        assert first.then is second
        assert second.then is last

    def test_what_happened_to_the_whole_happened_to_its_halves(self):
        whole = delivery(Plain("1"), Plain("2"), messages=True)
        whole.noted = whole.maybe_acted = True
        whole.attempts, whole.changes, whole.successes_before = 3, 2, 5
        for half in whole.halves():
            assert half.chunk.messages
            assert (half.noted, half.maybe_acted, half.attempts) == (True, True, 0)
            assert (half.changes, half.successes_before) == (2, 5)


records = st.sampled_from(["1", "2", "3", "4", "5", "6", None])
inputs = st.lists(st.tuples(records, st.booleans(), st.integers(0, 60)), max_size=40)


@given(
    inputs=inputs,
    size=st.integers(1, 9),
    batch=st.integers(1, 7),
    most_bytes=st.sampled_from([10**6, 130]),
    most_waiting=st.integers(1, 12),
    busy=st.data(),
)
def test_the_chunks_joined_are_the_input_and_each_record_keeps_its_order(
    *, inputs, size, batch, most_bytes, most_waiting, busy
):
    objects = [
        {"numberid": record, "description": "x" * length, "sendDispositionMessages": messages or None}
        if record
        else {"search": {"name": "z" + "y" * length}}
        for record, messages, length in inputs
    ]
    some = packer(objects, size=batch, most_bytes=most_bytes, most_waiting=most_waiting)
    found, air = [], []
    while not some.done:
        chunk = some.next(size, alone=not air)
        assert len(some.waiting) <= most_waiting + size
        if chunk is None:
            if air:
                settled = air.pop(busy.draw(st.integers(0, len(air) - 1)))
                some.busy.free(settled, settled.keys)
            elif not some.too_large:
                assert some.done
            continue
        assert 0 < len(chunk) <= size
        assert len(chunk.body) <= most_bytes
        assert set(chunk.keys).isdisjoint(key for other in air for key in other.keys)
        assert not (chunk.searches and air)
        assert len({bool(element.sendDispositionMessages) for element in chunk.elements}) == 1
        found.append(chunk)
        if chunk.searches:
            continue  # it is alone in the air: settled before anything else goes
        some.busy.add(chunk)
        air.append(chunk)
    order = [position for chunk in found for position in chunk.positions]
    assert sorted(order + [position for position, _ in some.too_large]) == list(range(len(objects)))
    for record in {record for record, _, _ in inputs}:
        own = [position for position in order if inputs[position][0] in {record, None}]
        assert own == sorted(own)


@given(st.integers(0, 50), st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_positions_are_joined_in_order(start, first, second, gap):
    low, high = range(start, start + first), range(start + first + gap, start + first + gap + second)
    assert list(joined(low, high)) == [*low, *high]
    assert list(joined(list(low), high)) == [*low, *high]


def test_what_goes_to_the_front_goes_before_all_others_and_what_goes_to_the_back_after_them():
    open_ = Deliveries()
    first, second, third, fourth = (delivery(Plain(name)) for name in "abcd")
    for one in (first, second, third, fourth):
        one.state = State.READY
        open_.add(one)
    open_.to_back(first)
    open_.to_front(third)
    open_.to_front(fourth)
    order = []
    while (one := open_.first_ready(0.0, 1)) is not None:
        order.append(one)
        one.move(State.DONE)
        open_.forget_done()
    assert order == [fourth, third, second, first]


def test_what_waits_for_its_time_is_not_ready_before_and_says_when_it_will_be():
    open_ = Deliveries()
    early, late = delivery(Plain("a")), delivery(Plain("b"))
    early.state, late.state = State.BACKOFF, State.BACKOFF
    early.ready_at, late.ready_at = 5.0, 7.0
    open_.add(late)
    open_.add(early)
    assert (open_.first_ready(4.5, 1), open_.next_ready_in(4.5)) == (None, 0.5)
    assert (open_.first_ready(5.0, 1), open_.next_ready_in(5.0)) == (early, 2.0)
    assert open_.next_ready_in(7.0) is None


def test_what_is_too_large_by_now_is_split_before_it_goes_again():
    open_ = Deliveries()
    large = delivery(*(Plain(name) for name in "abcd"))
    large.state = State.READY
    open_.add(large)
    first = open_.first_ready(0.0, 3)
    assert (list(first.chunk.positions), large.state) == ([10, 11], State.SPLIT)
    assert len(open_.within(AGAIN)) == 2


class TestStuck:
    """Whether it is the chunks' own fault that nothing goes on."""

    @pytest.mark.parametrize(
        ("attempts", "limit", "stuck"),
        [([], 1, False), ([5], 1, True), ([4], 1, False), ([5], 2, False), ([5, 9], 2, True), ([5, 4], 2, False)],
    )
    def test_all_places_are_taken_by_what_failed_five_times_or_more(self, attempts, limit, stuck):
        some = Deliveries()
        for number in attempts:
            waiting = Delivery(chunk_of([], []), state=State.BACKOFF)
            waiting.attempts = number
            some.add(waiting)
        assert some.is_stuck(limit) is stuck
