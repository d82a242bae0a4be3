"""The number of requests at a time that is found while sending."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_vcc.dispositions.engine.limits.auto import FEWEST, FIRST, PART, QUIET, SHORT, Auto
from airflow_provider_vcc.dispositions.engine.limits.knee import MOST, Knee
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed, Trouble


class Service:
    """Works on so many requests at a time, first come, first served, each for a second."""

    def __init__(self, workers, limit=None, *, seconds=1.0, count=100):
        self.workers = workers
        self.limit = limit or Auto()
        self.now = 0.0
        self.seconds = seconds
        self.count = count
        self.air = []
        self.limits = []

    def answer(self, requests):
        """Let so many requests be answered, the limit kept full."""
        for _ in range(requests):
            while len(self.air) < self.limit.now:
                begin = self.now
                if len(self.air) >= self.workers:
                    begin = max(self.now, sorted(end for end, _ in self.air)[-self.workers])
                self.air.append((begin + self.seconds, self.limit.sent(len(self.air) + 1, self.now)))
            self.air.sort(key=lambda request: request[0])
            self.now, sent = self.air.pop(0)
            self.limit.answered(sent, self.count, self.now)
            self.limits.append(self.limit.now)
        return self.limits


@pytest.mark.parametrize("workers", [4, 8, 16])
def test_it_keeps_to_a_little_more_than_the_service_works_on_at_a_time(workers):
    limits = Service(workers).answer(400)[-100:]
    assert workers <= min(limits)
    assert max(limits) <= 1.75 * workers


def test_a_service_that_works_on_one_at_a_time_gets_two():
    assert set(Service(1).answer(200)[-150:]) == {FEWEST}


def test_it_goes_up_to_the_most_if_nothing_takes_longer():
    limits = Service(10**6).answer(60)
    assert limits[-1] == MOST
    assert limits.index(MOST) < 30, "two steps are enough"


def test_it_never_leaves_its_bounds_and_starts_in_between():
    assert FEWEST <= Auto().now == FIRST <= Auto().most == MOST


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answer", "answer", "answer", *Trouble]),
            st.floats(0, 100),
            st.integers(1, 500),
            st.integers(1, 40),
        ),
        max_size=200,
    )
)
def test_whatever_it_is_told_it_stays_within_its_bounds(told):
    limit, now = Auto(), 0.0
    for what, seconds, count, among in told:
        sent = limit.sent(among, now)
        now += seconds
        if what == "answer":
            limit.answered(sent, count, now)
        else:
            limit.failed(what, now)
        assert FEWEST <= limit.now <= MOST


@pytest.mark.parametrize("trouble", [Trouble.TIMEOUT, Trouble.SLOW_DOWN, Trouble.OVERLOADED])
def test_it_gives_way_at_once_and_once_for_all_that_fail_together(trouble):
    service = Service(10**6)
    service.answer(60)
    for _ in range(5):
        service.limit.failed(trouble, service.now)
    assert service.limit.now == MOST // 2


def test_what_fails_within_the_mean_time_of_about_the_last_eight_answers_fails_together():
    service = Service(10**6)
    service.answer(60)
    limit, late = service.limit, service.now + 9
    limit.answered(limit.sent(1, service.now), 100, late)  # after 60 of a second each: 2 seconds in the mean
    limits = []
    for seconds in (0, 1.9, 2.05):
        limit.failed(Trouble.SLOW_DOWN, late + seconds)
        limits.append(limit.now)
    assert limits == [MOST // 2, MOST // 2, MOST // 4]


def test_a_broken_connection_says_nothing_about_the_load():
    service = Service(10**6)
    service.answer(60)
    service.limit.failed(Trouble.OTHER, service.now)
    assert service.limit.now == MOST


def test_after_trouble_it_comes_back_when_all_was_well_for_a_while():
    service = Service(10**6)
    service.answer(60)
    service.limit.failed(Trouble.SLOW_DOWN, service.now)
    assert max(service.answer(40)[60:]) == MOST // 2
    assert service.answer(200)[-1] == MOST


def test_a_service_that_gets_more_workers_is_found_out():
    service = Service(2)
    service.answer(100)
    assert service.limit.now <= 4
    service.workers = 12
    assert service.answer(400)[-1] >= 12


def test_a_service_that_loses_its_workers_is_found_out():
    service = Service(16)
    service.answer(200)
    service.workers = 2
    assert service.answer(600)[-1] <= 5


@pytest.mark.parametrize(("before", "after"), [(8, 1), (8, 2), (16, 2)])
def test_a_sudden_loss_is_followed_as_soon_as_what_had_queued_up_is_answered(before, after):
    """From a dozen at a time down to three, or what is left of the workers and half as many, within 45 answers."""
    service = Service(before)
    assert service.answer(200)[-1] >= before
    service.workers = after
    assert min(service.answer(45)) <= max(3, 1.5 * after)


def test_going_down_in_steps_is_one_trouble_and_does_not_put_off_the_way_up():
    """Only where more was too much again, it waits twice as long before it tries once more."""
    service = Service(10**6)
    service.answer(60)
    for answers in (36, 20, QUIET - 1):
        service.limit.failed(Trouble.SLOW_DOWN, service.now)
        low = service.limit.now
        assert service.answer(answers)[-1] == low
    assert low == MOST // 8
    assert service.answer(10)[-1] > low
    service.limit.failed(Trouble.SLOW_DOWN, service.now)
    low = service.limit.now
    assert service.answer(2 * QUIET - 1)[-1] == low
    assert service.answer(10)[-1] > low


def test_a_slow_first_request_does_not_mislead_it():
    service = Service(10**6)
    service.seconds = 5.0
    service.answer(1)
    service.seconds = 1.0
    assert service.answer(100)[-1] == MOST


def test_requests_of_other_sizes_are_not_taken_for_a_slower_service():
    limit, now, air = Auto(), 0.0, []
    for number in range(300):
        while len(air) < limit.now:
            count = 500 if number % 3 else 20
            air.append((now + 0.05 + count / 1000, count, limit.sent(len(air) + 1, now)))
        air.sort(key=lambda request: request[0])
        now, count, sent = air.pop(0)
        limit.answered(sent, count, now)
    assert limit.now >= MOST / 2


def test_nothing_is_sent_in_place_of_the_first_ones_before_they_have_told_something():
    limit = Auto()
    sent = [limit.sent(number, 0.0) for number in range(1, FIRST + 1)]
    limit.answered(sent[0], 500, 1.0)
    assert limit.now == FIRST - 1


@pytest.mark.parametrize("workers", [1, 4, 10**6])
def test_a_job_of_a_few_requests_gets_4_at_a_time_whatever_the_service(workers):
    """Whatever its answers seem to tell: a short job has no time to find out, and is as fast as with a fixed 4."""
    limit = Auto()
    limit.expect(SHORT * PART)
    assert limit.now == 4
    assert set(Service(workers, limit).answer(SHORT * PART)) == {4}


def test_a_job_of_a_few_requests_gives_way_to_trouble_as_any_other():
    """A 429 halves the limit of a short job, too."""
    limit = Auto()
    limit.expect(10)
    limit.failed(Trouble.SLOW_DOWN, 1.0)
    assert limit.now == 2


def test_trouble_before_the_first_answer_is_not_forgotten_when_more_is_known_of_the_job():
    """The limit of the start is set anew only until something has happened."""
    limit = Auto()
    limit.expect(400)
    limit.failed(Trouble.SLOW_DOWN, 1.0)
    limit.expect(400)
    assert limit.now == FIRST // 2


def test_no_more_than_a_quarter_of_a_job_goes_out_at_a_time():
    """A job of 40 requests goes up to 10 where the service takes any number."""
    limit = Auto()
    limit.expect(40)
    assert limit.now == FIRST
    assert max(Service(10**6, limit).answer(40)) == 10


def test_a_job_that_turns_out_to_be_longer_goes_up():
    """What was known first does not bind a job whose input turns out to be larger."""
    limit = Auto()
    limit.expect(10)
    service = Service(10**6, limit)
    assert set(service.answer(10)) == {4}
    limit.expect(400)
    assert service.answer(60)[-1] == MOST


def test_a_job_of_unknown_length_counts_as_long_after_ten_answers():
    """Where the input does not say how long it is, the first ten requests go 4 at a time, and then it finds out."""
    limit = Auto()
    service = Service(10**6, limit)
    for _ in range(10):
        limit.expect(None)
        assert service.answer(1)[-1] == 4
    limit.expect(None)
    assert service.answer(60)[-1] == MOST


def test_requests_that_come_one_by_one_leave_the_limit_where_it_is():
    limit = Auto()
    for second in range(100):
        limit.answered(limit.sent(1, float(second)), 500, second + 0.5)
    assert limit.now == FIRST


def test_a_fixed_limit_is_kept_to_whatever_happens():
    limit = Fixed(7)
    limit.failed(Trouble.TIMEOUT, 1.0)
    limit.answered(limit.sent(1, 0.0), 500, 100.0)
    assert (limit.now, limit.most, limit.most_unrepeatable) == (7, 7, 7)


class TestKnee:
    def knee(self, times):
        knee = Knee()
        for among, seconds in times:
            knee.add(among, 500, seconds)
        return knee.estimate()

    def test_times_that_grow_with_the_number_of_requests_show_it(self):
        found = self.knee((among, max(1.0, among / 6)) for among in [*range(1, 19)] * 3)
        assert 5 <= found.middle <= 7
        assert found.steep < 0.5

    def test_times_that_do_not_grow_show_none(self):
        assert self.knee((among, 1.0) for among in range(1, 33)).high == inf

    def test_times_that_grow_faster_are_told_apart(self):
        found = self.knee((among, max(1.0, (among / 4) ** 2)) for among in [*range(1, 13)] * 3)
        assert found.steep > 0.5
        assert 3 <= found.middle <= 5

    @pytest.mark.parametrize("knee", [1, 1.4, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 23, 26, 29])
    def test_each_of_these_knees_is_told_apart_from_its_neighbours(self, knee):
        assert self.knee((among, max(1.0, among / knee)) for among in [*range(1, 33)] * 40).middle == knee

    def test_what_was_seen_long_ago_is_forgotten(self):
        old = [(among, 1.0) for among in range(1, 33)]
        new = [(among, max(1.0, among / 4)) for among in [*range(1, 17)] * 60]
        assert 3 <= self.knee([*old, *new]).middle <= 5

    def test_what_is_believed_after_a_few_answers_is_written_out(self):
        """Each figure of knee.py plays a part in these; they were tuned together (``benchmarks/measures/limit.py``)."""
        knee = self.knee_of([(1, 500, 1.0), (6, 500, 1.5), (4, 100, 0.6), (6, 400, 1.9), (6, 500, 1.7)])
        found = knee.estimate()
        assert (found.middle, found.high) == (5, 18)
        assert (found.steep, found.spread) == pytest.approx((0.13827116336495932, 0.20990637148613434), rel=1e-9)
        assert knee.slower == pytest.approx(0.048417909155418715, rel=1e-9)
        other = self.knee_of([(among, 20 * among, 0.1 + among / 9) for among in range(2, 34, 3)] * 2).estimate()
        assert (other.middle, other.high, other.spread) == (inf, inf, 0.12)
        assert other.steep == pytest.approx(0.12416230264061816, rel=1e-9)

    def test_it_knows_the_knee_after_thousands_of_answers_as_after_hundreds(self):
        """The weights grow with each answer, and are made smaller when they are about to get too large."""
        rounds = [(among, 500, max(1.0, among / 6) * (1 + among * 7 % 5 * 2)) for among in range(3, 12)]
        few, many = self.knee_of(rounds * 320).estimate(), self.knee_of(rounds * 532).estimate()
        assert (many.middle, many.high) == (few.middle, few.high)
        assert (many.steep, many.spread) == (pytest.approx(few.steep, rel=0.01), pytest.approx(few.spread, rel=0.01))

    def test_after_one_answer_it_believes_what_it_did_before(self):
        found = self.knee_of([(4, 500, 1.0)]).estimate()
        assert (found.middle, found.high, found.spread) == (10, 26, 0.12)
        assert found.steep == pytest.approx(0.25)

    def knee_of(self, answers):
        knee = Knee()
        for among, count, seconds in answers:
            knee.add(among, count, seconds)
        return knee


def way(took, answers, *, trouble=()):
    """Return how the limit goes while so many requests are answered: after which answer it became what.

    :param took: returns the seconds of a request, by how many are there and by its number.
    :param trouble: what is told in place of an answer, by its number.
    """
    limit, now, air, number = Auto(), 0.0, [], 0
    found = [(0, limit.now)]
    for answered in range(1, answers + 1):
        while len(air) < limit.now:
            number += 1
            air.append((now + took(len(air) + 1, number), number, limit.sent(len(air) + 1, now)))
        air.sort(key=lambda request: request[:2])
        now, _, sent = air.pop(0)
        if answered in trouble:
            limit.failed(trouble[answered], now)
        else:
            limit.answered(sent, 500, now)
        if limit.now != found[-1][1]:
            found.append((answered, limit.now))
    return found


OPENING = [(0, 6), (1, 5), (2, 4), (3, 3), (4, 2)]
"""The first few are not replaced until they have told something."""


class TestWay:
    """How the limit goes, answer by answer, with services that do as they are told: what was tuned is written out."""

    def test_with_a_service_whose_times_scatter_a_little(self):
        assert way(lambda _, number: 1 + number % 7 / 10, 150) == [*OPENING, (5, 18), (15, 32)]

    def test_with_a_service_that_works_on_four_at_a_time(self):
        assert way(lambda among, number: max(1, among / 4) + number % 5 / 50, 400) == [*OPENING, (5, 18), (20, 5)]

    def test_with_a_service_that_gets_slower_beyond_five(self):
        took = way(lambda among, number: max(1, (among / 5) ** 2) + number % 5 / 50, 300)
        assert took == [(0, 6), (1, 5), (2, 18), (17, 5)]

    def test_with_a_service_that_works_on_two_it_looks_now_and_then_at_how_two_fare(self):
        def took(among, number):
            return max(1, among / 2) + number % 5 / 50

        looks = [(17, 2), (24, 3), (41, 2), (48, 3), (65, 2), (72, 3), (89, 2), (96, 3)]
        assert way(took, 100) == [*OPENING, (5, 3), *looks]
        one_less = [way(took, 80, trouble={at: Trouble.OTHER}) for at in (18, 25)]
        assert one_less == [[*OPENING, (5, 3), *looks[:6]]] * 2, "16 answers without, and 6 with, whatever else comes"

    def test_after_trouble_at_once_it_looks_at_how_two_fare_after_sixteen_answers(self):
        assert way(lambda _, number: 1 + number % 5 / 50, 18, trouble={1: Trouble.TIMEOUT}) == [(0, 6), (1, 3), (17, 2)]

    def test_with_a_service_in_trouble_again_and_again(self):
        trouble = {
            40: Trouble.TIMEOUT,
            41: Trouble.SLOW_DOWN,
            120: Trouble.SLOW_DOWN,
            122: Trouble.OTHER,
            260: Trouble.OVERLOADED,
        }
        first = [(5, 18), (20, 32), (40, 16), (89, 24), (120, 12), (180, 18), (228, 27)]
        then = [(260, 14), (357, 20), (471, 31)]
        assert way(lambda *_: 1.0, 900, trouble=trouble) == [*OPENING, *first, *then]

    def test_with_a_service_that_answers_within_a_millisecond_it_decides_fifty_times_a_second_at_most(self):
        assert way(lambda *_: 0.001, 600) == [*OPENING, (5, 18), (349, 32)]

    def test_with_a_service_that_suddenly_works_on_three(self):
        took = way(lambda among, number: 1.0 if number < 150 else max(1, among / 3), 400)
        then = [(151, 6), (187, 12), (207, 24), (225, 2), (249, 4), (252, 5), (257, 4)]
        assert took == [*OPENING, (5, 18), (20, 32), *then]

    def test_a_service_that_bears_eight_gets_more_after_a_quiet_that_is_doubled_up_to_384_answers(self):
        limit, quiet, calm = Auto(), [], 0
        for second in range(3000):
            sent = limit.sent(limit.now, float(second))
            if limit.now > 8:
                limit.failed(Trouble.SLOW_DOWN, second + 1.0)
                quiet, calm = [*quiet, calm], 0
            else:
                limit.answered(sent, 500, second + 1.0)
                calm += 1
        assert quiet == [2, 0, 48, 96, 192, 192, 2 * 384, 2 * 384, 384], "two steps up take twice as long"

    def test_trouble_before_the_first_answer_halves_it_once_a_second(self):
        limit = Auto()
        for now, left in [(0.0, 3), (0.5, 3), (0.99, 3), (1.0, 2)]:
            limit.failed(Trouble.TIMEOUT, now)
            assert limit.now == left
