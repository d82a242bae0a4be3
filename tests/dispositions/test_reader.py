"""A retry reads the input through first: it skips what is applied, and finds what must not be sent again."""

from __future__ import annotations

import pytest
from support.engine import MemoryStore, open_files

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome
from airflow_provider_vcc.dispositions.progress.progress import LAYOUT, Progress
from airflow_provider_vcc.dispositions.progress.resume import Reader
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.exceptions import VccInputError


class Input:
    """Elements of some records (None searches), perhaps readable once only, perhaps breaking off."""

    name, total = "records", None

    def __init__(self, records, *, repeatable=True, breaks=None):
        self.objects = [{"numberid": r} if r else {"search": {"name": "x"}} for r in records]
        self.repeatable = repeatable
        self.breaks = breaks
        self.reads = 0

    def read(self, size):
        """Yield batches."""
        self.reads += 1
        assert self.repeatable or self.reads == 1
        for start in range(0, len(self.objects), size):
            yield ObjectRows(start, self.objects[start : start + size])
        if self.breaks is not None:
            raise self.breaks

    def share(self):
        """Nobody asks."""
        return


class Reading:
    """A reader, and what it gave and reported."""

    def __init__(self, source, progress):
        self.failures, self.resumed, self.sent = [], 0, []
        self.reader = Reader(source, Checker(), progress, self.report)

    def report(self, failures, resumed):
        """Keep what is reported."""
        self.failures += failures
        self.resumed += resumed

    def all(self):
        """Read to the end."""
        try:
            for batch in self.reader:
                self.sent += batch.positions
        finally:
            self.reader.close()
        return self


def earlier(source, applied, noted=()):
    """Return the progress that an earlier try had left."""
    first, store = Progress(), MemoryStore()
    for rows in Input([]).read(LAYOUT.stretch) if source is None else _rows(source):
        first.enter(rows)
    first.note(list(noted))
    first.settle(list(applied), applied=True)
    for key, segment in first.snapshot():
        store.set(key, segment.encode())
    again = Progress()
    again.load(store)
    return again


def _rows(source):
    return [
        ObjectRows(start, source.objects[start : start + LAYOUT.stretch])
        for start in range(0, len(source.objects), LAYOUT.stretch)
    ]


@pytest.fixture(params=[True, False], ids=["file", "generator"])
def repeatable(request):
    """Whether the input can be read twice."""
    return request.param


def test_a_first_try_reads_once_and_gives_everything(repeatable):
    source = Input([str(n) for n in range(2500)], repeatable=repeatable)
    done = Reading(source, Progress()).all()
    assert done.sent == list(range(2500))
    assert (done.reader.read, done.resumed, done.failures, source.reads) == (2500, 0, [], 1)


def test_what_is_applied_is_counted_and_not_given_again(repeatable):
    source = Input([str(n) for n in range(2500)], repeatable=repeatable)
    applied = {*range(1000), *range(1500, 2400), 2450}
    done = Reading(source, earlier(source, applied)).all()
    assert done.sent == sorted(set(range(2500)) - applied)
    assert done.resumed == len(applied)
    assert done.reader.read == 2500


def test_what_was_noted_is_reported(repeatable):
    source = Input([str(n) for n in range(20)], repeatable=repeatable)
    done = Reading(source, earlier(source, applied=range(5), noted=[7, 9])).all()
    assert done.sent == [5, 6, 8, *range(10, 20)]
    assert [(failure.position, failure.outcome) for failure in done.failures] == [
        (7, Outcome.UNKNOWN),
        (9, Outcome.UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("records", "applied", "noted", "superseded"),
    [
        ("aba", {2}, (), {0: 2}),
        ("aaa", {2}, (), {0: 2, 1: 2}),
        ("aaa", {1}, (), {0: 1}),
        ("abc", {2}, (), {}),
        ("aba", {0}, (), {}),
        ("aba", {1}, (2,), {0: 2}),
        ("a-b", {1}, (), {0: 1}),
        ("-ab", {2}, (), {0: 2}),
        ("-ab", {1}, (2,), {0: 2}),
        ("a-b", {2}, (), {1: 2}),
        ("ab-", {0, 1}, (), {}),
        ("aabb", {1, 3}, (), {0: 1, 2: 3}),
    ],
)
def test_what_failed_is_superseded_by_what_was_applied_later(repeatable, records, applied, noted, superseded):
    source = Input([None if r == "-" else r for r in records], repeatable=repeatable)
    done = Reading(source, earlier(source, applied, noted)).all()
    said = {f.position: f.errormessage for f in done.failures if f.outcome is Outcome.REJECTED}
    assert said == {position: f"superseded by position {later}" for position, later in superseded.items()}
    assert done.sent == sorted(set(range(len(records))) - applied - set(noted) - superseded.keys())


def test_what_was_applied_in_another_stretch_supersedes_as_well(repeatable):
    records = [str(n) for n in range(3000)]
    records[2500] = "7"
    source = Input(records, repeatable=repeatable)
    done = Reading(source, earlier(source, set(range(3000)) - {7, 8})).all()
    assert done.sent == [8]
    assert [failure.errormessage for failure in done.failures] == ["superseded by position 2500"]


def test_a_stretch_that_changed_is_not_sent_over_what_comes_after_it(repeatable):
    records = [str(n) for n in range(2000)]
    records[1500] = "7"
    source = Input(records, repeatable=repeatable)
    progress = earlier(source, range(2000))
    source.objects[8] = {"numberid": "8", "description": "other"}
    done = Reading(source, progress).all()
    assert done.sent == [*range(7), *range(8, 1000)]
    assert [failure.position for failure in done.failures] == [7]
    assert done.resumed == 1000


def test_what_is_behind_the_end_of_an_input_that_became_shorter_is_forgotten_before_anything_is_sent(repeatable):
    longer = [str(n) for n in range(3000)]
    progress = earlier(Input(longer), range(3000))
    reading = Reading(Input(longer[:1500], repeatable=repeatable), progress)
    batches = iter(reading.reader)
    next(batches)
    assert progress.applied == 1000
    assert progress.changes == 2
    assert progress.dirty == {0}
    reading.reader.close()
    again = Reading(Input(longer, repeatable=repeatable), progress).all()
    assert again.sent == [*range(1000, 3000)]


def test_what_is_behind_the_place_where_an_input_breaks_off_is_kept(repeatable):
    longer = [str(n) for n in range(3000)]
    progress = earlier(Input(longer), range(3000))
    reading = Reading(Input(longer[:2000], repeatable=repeatable, breaks=VccInputError("broken")), progress)
    with pytest.raises(VccInputError):
        reading.all()
    assert progress.applied == 3000


@pytest.mark.parametrize("applied", [range(1500), {3, 1499}])
def test_an_input_that_breaks_off_breaks_off_at_the_same_place_again(repeatable, applied):
    source = Input([str(n) for n in range(1500)], repeatable=repeatable, breaks=VccInputError("broken"))
    reading = Reading(source, earlier(source, applied))
    with pytest.raises(VccInputError):
        reading.all()
    assert len(reading.sent) + reading.resumed == 1500


def test_the_rest_is_counted_for_what_earlier_tries_did(repeatable):
    source = Input([str(n) for n in range(5000)], repeatable=repeatable)
    reading = Reading(source, earlier(source, range(1500, 5000), noted=[4]))
    next(iter(reading.reader))
    reading.reader.count_rest()
    reading.reader.close()
    assert reading.reader.read == 5000
    assert reading.resumed == 3500
    assert [failure.position for failure in reading.failures] == [4]


def test_nothing_stays_open_where_reading_is_given_up():
    before = open_files()
    source = Input([str(n) for n in range(3000)], repeatable=False)
    reading = Reading(source, earlier(source, range(2, 3000)))
    next(iter(reading.reader))
    reading.reader.close()
    assert open_files() == before


class Unclosable(Input):
    """An input whose database has gone away when it is to be closed."""

    def read(self, size):
        """Yield batches."""
        try:
            yield from super().read(size)
        finally:
            raise OSError("the connection is gone")


def test_an_input_that_cannot_be_closed_hides_nothing():
    """Why a run ended is told, not that its input complained when it was left in the middle."""
    reader = Reading(Unclosable([str(n) for n in range(2 * LAYOUT.stretch)]), Progress()).reader
    next(iter(reader))
    reader.close()
    assert reader._rows.gi_frame is None


class Sized(Input):
    """An input that says how long it is, or how much of it has been read."""

    def __init__(self, records, *, total=None, share=None):
        super().__init__(records)
        self.total, self._share = total, share

    def share(self):
        """Return what was said."""
        return self._share


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Sized(["1"] * 30, total=30), 30),
        (Sized(["1"] * 30, share=0.1), 300),
        (Sized(["1"] * 30), None),
    ],
)
def test_how_many_elements_there_are_to_send_is_told_as_far_as_anybody_knows(source, expected):
    """By the input, by the part of it that has been read, or not at all."""
    reading = Reading(source, Progress()).all()
    assert reading.reader.expected() == expected


def test_what_an_earlier_try_applied_is_not_expected_to_be_sent():
    """A retry of a long job that has little left is a short one."""
    source = Sized([str(n) for n in range(1200)], total=1200)
    done = Reading(source, earlier(source, applied=range(1100))).all()
    assert done.reader.expected() == 100
