"""Lists, lazy lists and generators as sources."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.sources import IterableSource, from_elements
from airflow_provider_vcc.dispositions.sources.batches import LARGEST_BATCH, rebatch, weighed
from airflow_provider_vcc.dispositions.sources.walk import DEEPEST
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

ITEMS = st.recursive(st.dictionaries(st.just("a"), st.integers()) | st.none() | st.text(), st.lists, max_leaves=20)


class Lazy(Sequence):
    """As Airflow's lazy results of a mapped task: fetches an item when asked, and not all to say how many there are."""

    def __init__(self, items):
        self._items = items
        self.fetched = 0

    def __getitem__(self, index):
        item = self._items[index]
        self.fetched += 1
        return item

    def __len__(self):
        raise AssertionError


def read_all(source, size=3):
    """Return the elements; see that positions are consecutive and batches full."""
    found = []
    for rows in source.read(size):
        assert rows.start == len(found)
        assert rows.start % size == 0
        found += rows.objects
    return found


def flat(items, depth=0):
    opened = [flat(item, depth + 1) if isinstance(item, list) and depth < DEEPEST else [item] for item in items]
    return [one for part in opened for one in part]


@given(st.lists(st.lists(st.integers())), st.integers(1, 7))
def test_batches_joined_are_the_pieces_joined_and_full_but_for_the_last(pieces, size):
    joined = [one for piece in pieces for one in piece]
    batches = list(rebatch([list(piece) for piece in pieces], size))
    assert [one for batch in batches for one in batch] == joined
    assert all(len(batch) == size for batch in batches[:-1])
    assert all(batches)


def test_neighbours_may_take_so_much_memory_together_and_what_came_before_them_is_passed_on():
    def pieces(share):
        return weighed(([number] for number in range(20)), 4, lambda _: LARGEST_BATCH // share, "x.csv")

    assert len(list(pieces(4))) == 20
    heavy = pieces(3)
    assert list(islice(heavy, 3)) == [[0], [1], [2]]
    with pytest.raises(VccInputError, match="4 neighbouring elements that take more than 128 MiB together"):
        next(heavy)


@given(st.lists(ITEMS), st.integers(1, 7))
def test_lists_in_a_list_are_read_one_after_another_in_batches_that_join_to_the_input(items, size):
    source = from_elements(items)
    assert read_all(source, size) == read_all(source, size) == flat(items)
    assert source.total == len(flat(items))
    assert source.share() == (1.0 if flat(items) else None)


@given(st.lists(ITEMS), st.integers(1, 7))
def test_lazy_list_gives_the_same_without_being_asked_for_its_length(items, size):
    source = from_elements(Lazy(items))
    assert (source.total, source.share(), source.repeatable) == (None, None, True)
    assert read_all(source, size) == read_all(source, size) == flat(items)


def test_lazy_list_of_large_lists_is_fetched_one_at_a_time():
    lazy = Lazy([[{"numberid": "1"}] * 10, [{"numberid": "2"}] * 10])
    reading = from_elements(lazy).read(5)
    next(reading)
    assert lazy.fetched == 1


def test_list_is_not_changed_by_being_read():
    items = [{"numberid": "1"}, [{"numberid": "2"}], ({"numberid": "3"},)]
    assert len(read_all(from_elements(items))) == 3
    assert items == [{"numberid": "1"}, [{"numberid": "2"}], ({"numberid": "3"},)]


def test_generator_is_read_once_and_no_further_than_the_batch_needs():
    made = []

    def make():
        for number in range(10):
            made.append(number)
            yield {"numberid": str(number)}

    source = IterableSource(make, "elements of pick")
    assert (source.name, source.total, source.repeatable, source.share()) == ("elements of pick", None, False, None)
    reading = source.read(3)
    assert made == []
    assert [element["numberid"] for element in next(reading).objects] == ["0", "1", "2"]
    assert made == [0, 1, 2]


def test_error_in_a_generator_is_passed_on_as_it_is_after_what_came_before():
    def make():
        yield {"numberid": "1"}
        yield [{"numberid": "2"}, {"numberid": "3"}]
        yield {"numberid": "4"}
        raise LookupError("upstream")

    reading = IterableSource(make, "elements").read(3)
    assert len(next(reading)) == 3
    assert next(reading).objects == [{"numberid": "4"}]
    with pytest.raises(LookupError, match="upstream"):
        next(reading)


def test_iterator_given_as_elements_is_streamed():
    source = from_elements(iter([{"numberid": "1"}]))
    assert source.repeatable is False
    assert read_all(source) == [{"numberid": "1"}]


class Frame:
    """What a data frame looks like from outside."""

    def to_dict(self, how):
        return []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "elements is None"),
        ({"numberid": "1"}, "wrap it in a list"),
        (17, "type int"),
        ({"a"}, "type set"),
        (Frame(), "to_dict('records')"),
    ],
)
def test_value_that_is_no_list_says_what_to_write_instead(value, said):
    with pytest.raises(VccConfigurationError) as raised:
        from_elements(value)
    assert said in str(raised.value)


def test_a_list_that_holds_itself_is_one_element_that_is_none_at_last():
    endless = []
    endless.append(endless)
    assert read_all(from_elements([1, endless, 2])) == [1, endless, 2]
    assert from_elements([1, endless, 2]).total == 3


def test_a_tuple_with_names_is_one_element_and_no_list_of_them():
    row = namedtuple("Row", ["numberid", "description"])(1, "x")  # noqa: PYI024 -- as drivers of databases make them
    assert read_all(from_elements([row, {"numberid": 2}])) == [row, {"numberid": 2}]
