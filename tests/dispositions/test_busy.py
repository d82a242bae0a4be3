"""Which records are being sent, whether that is known by the first and last id of each chunk or by each id."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.elements.fields import Plain
from airflow_provider_vcc.dispositions.engine.chunks import busy as busy_module
from airflow_provider_vcc.dispositions.engine.chunks.busy import FIRST_LOOK, Busy
from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of

IDS = st.one_of(st.integers(0, 12).map(str), st.sampled_from(["a", "B", "ő", "10", "9"]))
RECORDS = st.lists(IDS, min_size=1, max_size=4)


def chunk(*records):
    """Return a chunk of an element for each of these records."""
    return chunk_of([Plain(record) for record in records], range(len(records)))


@given(st.lists(RECORDS, max_size=12), st.data())
def test_a_chunk_meets_what_is_being_sent_exactly_where_they_share_a_record(all_records, data):
    busy, air = Busy(), []
    for records in all_records:
        one = chunk(*records)
        taken = {key for other in air for key in other.keys}
        assert busy.meets(one) is not taken.isdisjoint(records)
        if taken.isdisjoint(records):
            busy.add(one)
            air.append(one)
        if air and data.draw(st.booleans()):
            settled = air.pop(data.draw(st.integers(0, len(air) - 1)))
            busy.free(settled, settled.keys)
    taken = {key for other in air for key in other.keys}
    assert [key for key in map(str, range(13)) if key in busy] == [key for key in map(str, range(13)) if key in taken]


@given(RECORDS, RECORDS)
def test_what_the_second_half_of_a_chunk_needs_stays_taken_until_that_is_free(first, second):
    busy, whole = Busy(), chunk(*first, *second)
    busy.add(whole)
    one, other = whole.halves()
    busy.free(one, set(one.keys) - set(other.keys))
    assert busy.meets(other)
    assert all(key in busy for key in other.keys)
    busy.free(other, other.keys)
    assert not busy.meets(whole)


def test_chunks_whose_ids_lie_apart_are_told_apart_without_a_look_at_each_id():
    busy, first = Busy(), chunk("10", "11", "15")
    busy.add(first)
    assert not busy.meets(chunk("16", "19"))
    assert busy._records is None
    assert not busy.meets(chunk("12", "19"))
    assert busy._records == {"10", "11", "15"}


def test_the_bounds_of_a_chunk_that_is_being_sent_are_looked_up_once(monkeypatch):
    looked_up, bounds_of = [], busy_module._bounds_of
    monkeypatch.setattr(busy_module, "_bounds_of", lambda chunk: looked_up.append(chunk) or bounds_of(chunk))
    busy, first = Busy(), chunk("10")
    busy.add(first)
    for number in range(11, 15):
        assert not busy.meets(chunk(str(number)))
    assert looked_up.count(first) == 1


def test_a_search_names_no_record():
    busy, search = Busy(), chunk_of([], [], searches=True)
    busy.add(search)
    busy.free(search, search.keys)
    assert not busy.meets(chunk("1"))


@given(st.data())
def test_chunks_are_told_apart_by_their_bounds_again_once_they_lie_apart(data):
    busy, air = Busy(), []
    busy.add(crossing := chunk("1", "9"))
    assert not busy.meets(chunk("5"))
    assert busy._records is not None
    for number in range(100, 100 + FIRST_LOOK):
        one = chunk(str(number))
        assert not busy.meets(one)
        busy.add(one)
        air.append(one)
        if len(air) > data.draw(st.integers(1, 5)):
            busy.free(air[0], air.pop(0).keys)
    busy.free(crossing, crossing.keys)
    assert not busy.meets(chunk("7"))
    assert busy._records is None
    assert busy.meets(chunk(air[-1].keys[0]))


def test_nothing_is_kept_of_chunks_that_are_free():
    busy = Busy()
    for number in range(3 * FIRST_LOOK):
        one = chunk(str(number % 7), str(number % 11))
        if busy.meets(one):
            continue
        busy.add(one)
        first, second = one.halves()
        busy.free(first, set(first.keys) - set(second.keys))
        busy.free(second, second.keys)
    assert (busy._whole, busy._bounds, busy._records, busy._in_parts) == ([], {}, None, False)
