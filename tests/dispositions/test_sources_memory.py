"""Lists, lazy lists and generators as sources."""

from __future__ import annotations

import re
import sqlite3
from collections import OrderedDict, UserDict, namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.optional import Optional

from airflow_provider_vcc.dispositions.sources import IterableSource, from_elements
from airflow_provider_vcc.dispositions.sources.batches import LARGEST_BATCH, rebatch, weighed
from airflow_provider_vcc.dispositions.sources.walk import DEEPEST
from airflow_provider_vcc.exceptions import VccConfigurationError, VccInputError

pl = Optional("polars")
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


@dataclass
class Record:
    numberid: int


class Struct(msgspec.Struct):
    numberid: int


def fill(element, number):
    if isinstance(element, Record | Struct):
        element.numberid = number
    else:
        element["numberid"] = number


@pytest.mark.parametrize(
    "make",
    [dict, OrderedDict, UserDict, lambda: Record(0), lambda: Struct(0)],
    ids=["dict", "subclass", "mapping", "dataclass", "struct"],
)
@pytest.mark.parametrize("within", [lambda one: one, lambda one: [one], lambda one: iter([[one]])], ids=range(3))
def test_a_function_may_fill_the_same_object_again_and_again(make, within):
    """What it gave stays as it was when it gave it, though a batch is read before any of it is sent."""

    def give():
        element = make()
        for number in range(5):
            fill(element, number)
            yield within(element)

    read = read_all(IterableSource(give, "elements"))
    assert [one.numberid if isinstance(one, Record | Struct) else one["numberid"] for one in read] == list(range(5))


def test_a_search_that_is_filled_again_and_again_stays_as_it_was_given_too():
    def give():
        element = {"search": {"name": "", "of": [{"city": ""}]}}
        for name in "abc":
            element["search"]["name"] = element["search"]["of"][0]["city"] = name
            yield element
            yield {"position": 0, "outcome": "rejected", "element": element}

    read = [one.get("element", one)["search"] for one in read_all(IterableSource(give, "elements"))]
    assert read == [{"name": name, "of": [{"city": name}]} for name in "aabbcc"]


class Quiet(Mapping):
    """A mapping that does not show what is in it."""

    def __init__(self, **items):
        self._items = items

    def __getitem__(self, name):
        return self._items[name]

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


@pytest.mark.parametrize(("kind", "name"), [(OrderedDict, "__copy__"), (Quiet, "__iter__"), (Quiet, "__getitem__")])
def test_an_object_that_cannot_be_copied_is_taken_as_it_is(kind, name):
    """What is wrong with it is found when it is checked, and costs itself alone."""

    def fail(*_):
        raise LookupError

    alone = type("Alone", (kind,), {name: fail})(numberid=1)
    assert read_all(IterableSource(lambda: iter([alone]), "elements"))[0] is alone


def sqlite_rows(query):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


class Model:
    """What a model of pydantic looks like from outside."""

    def __init__(self, **items):
        self._items = items

    def model_dump(self):
        return self._items


@pytest.mark.parametrize("make", [list, iter], ids=["list", "iterator"])
def test_a_row_with_names_is_one_element_and_shows_what_is_in_it(make):
    """A retry tells by that whether it is the same one. As sqlite3's, a row is a list of its cells otherwise."""
    rows = [*sqlite_rows("SELECT 1 AS numberid, 'x' AS description"), Quiet(numberid=2), Model(numberid=3)]
    read = [{"numberid": 1, "description": "x"}, {"numberid": 2}, {"numberid": 3}]
    assert read_all(from_elements(make(rows))) == read


def test_a_row_with_two_cells_of_one_name_is_no_element():
    rows = sqlite_rows("SELECT 1 AS numberid, 2 AS numberid")
    assert read_all(from_elements(rows)) == rows


ELEMENTS = [{"numberid": "1"}, {"numberid": "2"}]
HOLDERS = {
    "generator": lambda: (one for one in ELEMENTS),
    "map": lambda: map(dict, ELEMENTS),
    "values of a dict": lambda: dict(enumerate(ELEMENTS)).values(),
    "generator of generators": lambda: iter([iter([one]) for one in ELEMENTS]),
    "reader": lambda: pa.Table.from_pylist(ELEMENTS).to_reader(),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_an_iterator_among_elements_holds_elements_and_is_not_one(name):
    """It would be one invalid element, and thousands in it would be lost within what is tolerated."""
    assert read_all(IterableSource(lambda: iter([HOLDERS[name](), {"numberid": "3"}]), "f()")) == [
        *ELEMENTS,
        {"numberid": "3"},
    ]


def test_a_set_among_elements_holds_elements_as_well():
    row = namedtuple("Row", ["numberid"])(1)  # noqa: PYI024 -- as drivers of databases make them
    assert read_all(IterableSource(lambda: iter([{row}]), "f()")) == [row]


@pytest.mark.parametrize("name", ["generator", "map", "generator of generators", "reader"])
@pytest.mark.parametrize("within", [lambda one: [one], lambda one: [[{"numberid": "0"}], (one,)]], ids=range(2))
def test_a_list_that_holds_what_can_be_read_once_says_so(name, within):
    """A retry would take the second reading, which gives nothing, for an input that has changed."""
    source = from_elements(within(HOLDERS[name]()))
    assert (source.repeatable, source.total) == (False, None)
    assert len(read_all(source)) in {2, 3}
    assert from_elements([ELEMENTS, {"numberid": "3"}]).repeatable


async def wait():
    return ELEMENTS


async def step():
    for one in ELEMENTS:
        yield one


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (wait, "f() gives something of the type coroutine, which has to be awaited; write await before it"),
        (step, "f() gives something of the type async_generator, which is an async iterator; go through it with async"),
        (lambda: pl.DataFrame(ELEMENTS).lazy(), "f() gives something of the type LazyFrame, which is a query that has"),
    ],
    ids=["coroutine", "async generator", "query"],
)
def test_what_would_give_elements_if_it_were_asked_otherwise_ends_the_input(make, said):
    """After what came before it: as one invalid element it would be tolerated, and all that it holds be lost."""
    given = make()
    reading = IterableSource(lambda: iter([{"numberid": "1"}, given]), "f()").read(3)
    assert next(reading).objects == [{"numberid": "1"}]
    with pytest.raises(VccConfigurationError, match=re.escape(said)):
        next(reading)
    if make is wait:
        given.close()


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
