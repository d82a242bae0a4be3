"""The window, driven by hand: each decision is one call."""

from __future__ import annotations

import pytest
from support.windows import Hand, of, saves_of

from airflow_provider_vcc.dispositions.engine.chunks.chunk import chunk_of
from airflow_provider_vcc.dispositions.engine.chunks.delivery import MOVES, Delivery, State
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed, Trouble
from airflow_provider_vcc.dispositions.engine.messages import Abort, End, Halved, Invalid, Record, Send, Wait
from airflow_provider_vcc.dispositions.engine.messages import Trouble as Told
from airflow_provider_vcc.dispositions.engine.settings import Times
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal, Rejection
from airflow_provider_vcc.exceptions import ProgressNotSaved, VccError, VccUnavailable

TIMEOUT = Fault("timed out", too_much=True)
LOST = Fault("lost")
BUSY = Fault("busy", delivered=False, status=429)


def plain(count, **fields):
    """Return elements for different records."""
    return [{"numberid": str(number), **fields} for number in range(count)]


def messages(count):
    """Return elements that ask for messages."""
    return plain(count, sendDispositionMessages=True)


class TestStates:
    """Where a chunk may go."""

    def test_a_move_that_is_not_in_the_table_is_a_defect(self):
        delivery = Delivery(chunk_of([], []))
        with pytest.raises(RuntimeError, match="a chunk that is packed cannot become answered"):
            delivery.move(State.ANSWERED)
        assert delivery.state is State.PACKED

    def test_each_state_has_its_moves_and_all_but_two_lead_on(self):
        assert set(MOVES) == set(State)
        assert {state for state, moves in MOVES.items() if not moves} == {State.DONE, State.SPLIT}


class TestSending:
    """The window is kept full, and no fuller."""

    def test_as_many_are_sent_as_may_be_in_the_air(self):
        assert Hand(plain(7)).sent() == [[0, 1], [2, 3]]

    def test_an_answer_lets_the_next_one_go(self):
        hand = Hand(plain(7))
        hand.go_on()
        hand.answer()
        assert hand.sent() == [[4, 5]]

    def test_each_send_says_how_many_are_on_the_way(self):
        assert [send.in_air for send in of(Send, Hand(plain(7)).go_on())] == [1, 2]

    def test_a_chunk_is_packed_ahead_while_requests_are_on_the_way(self):
        hand = Hand(plain(7))
        hand.go_on()
        hand.idle()
        assert hand.states() == {0: "in the air", 2: "in the air", 4: "packed"}
        hand.idle()
        assert len(hand.states()) == 3, "one is enough"

    def test_nothing_is_packed_ahead_where_nothing_is_on_the_way(self):
        hand = Hand(plain(3))
        hand.idle()
        assert hand.states() == {}

    def test_when_the_limit_shrinks_nothing_new_goes_out_until_fewer_are_on_the_way(self):
        limit = Fixed(3)
        hand = Hand(plain(20), limit=limit)
        assert len(hand.sent()) == 3
        limit.now = 1
        hand.answer()
        assert hand.sent() == []
        hand.answer()
        assert hand.sent() == []
        hand.answer()
        assert hand.sent() == [[6, 7]]

    def test_the_limit_is_told_of_each_request_and_its_answer(self):
        heard = []

        class Listening(Fixed):
            def sent(self, among, now):
                heard.append(("sent", among, now))
                return super().sent(among, now)

            def answered(self, sent, count, now):
                heard.append(("answered", sent.at, count, now))

            def failed(self, trouble, now):
                heard.append((str(trouble), now))

        hand = Hand(plain(4), limit=Listening(2))
        hand.go_on()
        hand.answer(after=2.0)
        hand.answer(Fault("x", status=503), after=1.0)
        assert heard == [("sent", 1, 100.0), ("sent", 2, 100.0), ("answered", 100.0, 2, 102.0), ("overloaded", 103.0)]

    def test_the_limit_is_told_how_many_requests_the_job_takes(self):
        """The elements that are expected, by the size of chunks of that moment: more of them after a halving."""
        limit = Fixed(1)
        heard = []
        limit.expect = heard.append
        hand = Hand(plain(9), limit=limit)
        hand.go_on()
        hand.answer(Fault("x", too_much=True))
        hand.go_on()
        assert list(dict.fromkeys(heard)) == [5, 9]

    def test_a_limit_that_shrinks_when_it_is_told_of_a_short_job_is_kept_to_at_once(self):
        limit, limits = Fixed(3), iter([3, 1, 1])
        limit.expect = lambda _: setattr(limit, "now", next(limits, 1))
        hand = Hand(plain(9), limit=limit)
        hand.go_on()
        assert hand.window.chunks.in_air == 1

    def test_the_limit_learns_how_long_a_place_was_taken_so_a_save_is_a_part_of_it(self):
        limit = Fixed(2)
        heard = []
        limit.answered = lambda sent, count, now: heard.append((sent.at, count, now))
        hand = Hand(plain(2), store=True, limit=limit)
        hand.go_on()
        hand.answer(after=2.0)
        hand.go_on()
        assert heard == []
        hand.now += 1.0
        hand.save()
        assert heard == [(100.0, 2, 103.0)]

    def test_the_limit_is_not_told_of_searches_since_they_go_alone(self):
        limit = Fixed(2)
        heard = []
        limit.answered = lambda sent, count, now: heard.append(count)
        hand = Hand([{"search": {"name": "Green"}, "dispositionid": "1"}], limit=limit)
        hand.go_on()
        hand.answer()
        assert heard == []

    def test_of_what_must_not_go_out_twice_no_more_are_in_the_air_than_the_limit_has_for_it(self):
        limit = Fixed(8)
        limit.most_unrepeatable = 3
        messages = [{**element, "sendDispositionMessages": True} for element in plain(40)]
        hand = Hand(messages, limit=limit)
        assert len(hand.sent()) == 3
        hand.answer()
        assert len(hand.sent()) == 1
        assert len(Hand(plain(40), limit=limit).sent()) == 8, "what may go out twice is not held back"

    def test_what_is_waited_for_is_known(self):
        hand = Hand(plain(10), store=True)
        hand.go_on()
        assert hand.window.held_by == "service"
        hand.answer()
        hand.answer()
        hand.go_on()
        assert hand.window.held_by == "saves"
        hand = Hand(plain(10), chunk_size=1, max_in_flight=4, max_elements_per_second=2.0)
        hand.go_on()
        assert hand.window.held_by == "pace"

    @pytest.mark.parametrize(("answered", "waits_for"), [(0, "service"), (1, "service"), (2, "service"), (3, "saves")])
    def test_what_most_of_the_places_wait_for_is_what_is_waited_for_and_half_of_them_are_enough(
        self, answered, waits_for
    ):
        hand = Hand(plain(20), store=True, max_in_flight=4)
        hand.go_on()
        for _ in range(answered):
            hand.answer()
        hand.go_on()
        assert hand.window.held_by == waits_for

    @pytest.mark.parametrize(
        ("fault", "trouble"),
        [
            (BUSY, Trouble.SLOW_DOWN),
            (Fault("x", status=503), Trouble.OVERLOADED),
            (TIMEOUT, Trouble.TIMEOUT),
            (Fault("x", too_much=True, status=504), Trouble.TIMEOUT),
            (Fault("x", too_much=True, status=413, delivered=False), Trouble.OTHER),
            (LOST, Trouble.OTHER),
        ],
    )
    def test_the_limit_is_told_what_a_fault_says_of_the_load(self, fault, trouble):
        heard = []
        limit = Fixed(1)
        limit.failed = lambda trouble, now: heard.append(trouble)
        hand = Hand(plain(2), limit=limit)
        hand.go_on()
        hand.answer(fault)
        assert heard == [trouble]

    def test_the_pace_is_waited_for(self):
        hand = Hand(plain(10), chunk_size=1, max_in_flight=4, max_elements_per_second=2.0)
        sent = hand.sent()
        assert 1 <= len(sent) <= 2
        assert 0 < hand.waits() <= 1.02
        hand.now += 2
        assert hand.sent()[0] == [len(sent)]

    def test_an_empty_input_ends_at_once(self):
        assert [type(action) for action in Hand([]).go_on()] == [End]

    def test_when_all_is_answered_the_run_ends(self):
        hand = Hand(plain(2))
        hand.go_on()
        hand.answer()
        [end] = hand.go_on()
        assert end == End(None) or (isinstance(end, End) and end.error is None)

    def test_elements_that_cannot_be_sent_are_told(self):
        hand = Hand([*plain(1), {"numberid": "7", "description": "x" * 500}, {"numberid": "8"}], most_bytes=100)
        invalid = of(Invalid, hand.go_on())
        assert [[position for position, _ in one.pairs] for one in invalid] == [[1]]
        assert "max_chunk_bytes=1048576" in invalid[0].reason


class TestOrder:
    """Elements for one record follow each other."""

    def test_an_element_waits_for_the_one_before_it_for_its_record(self):
        hand = Hand([{"numberid": "1"}, {"numberid": "1"}, {"numberid": "2"}], chunk_size=1, max_in_flight=3)
        assert hand.sent() == [[0], [2]]
        hand.answer()
        assert hand.sent() == [[1]]

    def test_a_search_goes_alone(self):
        hand = Hand([{"numberid": "1"}, {"search": {"a": "b"}}, {"numberid": "2"}], chunk_size=1, max_in_flight=3)
        assert hand.sent() == [[0]]
        hand.answer()
        assert hand.sent() == [[1]]
        hand.answer()
        assert hand.sent() == [[2]]

    def test_the_second_half_stays_behind_the_first_where_they_share_a_record(self):
        hand = Hand([{"numberid": "1"}, {"numberid": "1"}], max_in_flight=3)
        hand.go_on()
        hand.answer(TIMEOUT)
        assert hand.states() == {0: "ready", 1: "behind"}
        assert hand.sent() == [[0]]
        hand.answer()
        assert hand.sent() == [[1]]

    def test_what_waits_for_a_record_waits_for_both_halves(self):
        hand = Hand([{"numberid": n} for n in ("1", "2", "1", "2")], max_in_flight=3)
        assert hand.sent() == [[0, 1]]
        hand.answer(TIMEOUT)
        assert hand.sent() == [[0], [1]]
        hand.answer()
        assert hand.sent() == [[2]]
        hand.answer()
        assert hand.sent() == [[3]]


class TestFaults:
    """What failed is sent again, in halves, or given up."""

    def test_a_time_out_halves_the_chunk_and_later_ones_start_smaller(self):
        hand = Hand(plain(8), chunk_size=4)
        hand.go_on()
        assert of(Halved, hand.answer(TIMEOUT)) == [Halved(2)]
        assert hand.sent() == [[0, 1]]
        hand.answer(index=1)
        assert hand.sent() == [[2, 3]]

    def test_what_was_packed_ahead_is_put_back_when_it_is_too_large_by_now(self):
        hand = Hand(plain(12), chunk_size=4, max_in_flight=1)
        hand.go_on()
        hand.idle()
        hand.answer(TIMEOUT)
        assert hand.sent() == [[0, 1]]
        hand.answer()
        assert hand.sent() == [[2, 3]]
        hand.answer()
        assert hand.sent() == [[4, 5]]

    def test_a_halved_chunk_says_nothing_against_the_service(self):
        hand = Hand(plain(8), chunk_size=4)
        hand.go_on()
        hand.answer(TIMEOUT)
        assert hand.window.service.failures == 0

    def test_a_broken_connection_is_sent_again_after_its_wait(self):
        hand = Hand(plain(2))
        hand.go_on()
        assert of(Told, hand.answer(LOST)) == [Told("lost", 1.0)]
        assert hand.sent() == []
        assert hand.waits() == 1.0
        hand.now += 1.0
        assert hand.sent() == [[0, 1]]
        assert hand.window.retries == 1

    def test_while_the_service_fails_one_request_at_a_time_probes(self):
        hand = Hand(plain(20), max_in_flight=3)
        hand.go_on()
        hand.answer(LOST)
        hand.now += 60
        assert hand.sent() == []
        assert hand.waits() is None
        hand.answer(LOST)
        hand.answer(LOST)
        hand.now += 60
        assert hand.sent() == [[0, 1]]

    def test_where_it_must_not_go_twice_it_is_unknown(self):
        hand = Hand(messages(2))
        hand.go_on()
        [record] = of(Record, hand.answer(LOST))
        assert record.delivery.outcome.reason == "lost"
        assert isinstance(hand.go_on()[-1], End)

    def test_what_certainly_did_not_arrive_goes_again_also_with_messages(self):
        hand = Hand(messages(2))
        hand.go_on()
        assert of(Record, hand.answer(BUSY)) == []
        hand.now += 2
        assert hand.sent() == [[0, 1]]

    def test_what_goes_again_counts_as_a_retry_even_if_it_certainly_did_not_arrive(self):
        hand = Hand(plain(2))
        hand.go_on()
        assert hand.window.retries == 0
        hand.answer(BUSY)
        hand.now += 2
        hand.go_on()
        assert hand.window.retries == 1

    @pytest.mark.parametrize(("mode", "again"), [("resend", True), ("report", False), ("auto", True)])
    def test_on_ambiguous_decides(self, mode, again):
        hand = Hand(plain(2), on_ambiguous=mode)
        hand.go_on()
        assert bool(of(Record, hand.answer(LOST))) is not again

    def test_one_element_that_times_out_while_others_succeed_is_unknown_after_three_times(self):
        hand = Hand(plain(4), chunk_size=1, max_in_flight=2)
        hand.go_on()
        for times in (1, 2, 3):
            recorded = of(Record, hand.answer(TIMEOUT))
            assert bool(recorded) is (times == 3)
            hand.now += 30
            if times < 3:
                hand.answer()
                hand.now += 30
                hand.go_on()
                hand.air.sort(key=lambda delivery: delivery.chunk.positions[0])
        assert recorded[0].delivery.outcome.reason == "timed out"

    def test_what_succeeded_before_a_chunk_first_failed_does_not_speak_against_it(self):
        hand = Hand(plain(2), chunk_size=1, max_in_flight=1)
        hand.go_on()
        hand.answer()
        for _ in range(5):
            hand.go_on()
            assert of(Record, hand.answer(LOST)) == []
            hand.now += 6

    def test_where_nothing_succeeds_a_chunk_is_not_given_up(self):
        hand = Hand(plain(1), chunk_size=1)
        for _ in range(5):
            hand.go_on()
            assert of(Record, hand.answer(LOST)) == []
            hand.now += 7

    def test_a_service_that_is_down_ends_the_run(self):
        hand = Hand(plain(20), max_in_flight=1)
        for _ in range(12):
            actions = hand.go_on()
            if isinstance(actions[-1], End):
                break
            if hand.air:
                hand.answer(LOST)
            hand.now += 6
        assert isinstance(actions[-1].error, VccUnavailable)
        assert actions[-1].error.delivered is None
        assert hand.window.service.failures >= 6

    def test_a_refusal_ends_the_run_and_leaves_its_chunk_not_sent(self):
        hand = Hand(plain(20))
        hand.go_on()
        error = VccError("no")
        hand.answer(Refusal(error))
        hand.answer()
        actions = hand.go_on()
        assert actions[-1].error is error
        assert of(Send, actions) == []
        assert [type(record.delivery.outcome).__name__ for record in of(Record, actions)] == ["NotSent"]


class TestSaving:
    """A chunk holds its place until its result is saved; what must not go twice is noted first."""

    def test_a_result_holds_its_place_until_it_is_saved(self):
        hand = Hand(plain(9), store=True, max_in_flight=1)
        hand.go_on()
        hand.answer()
        assert hand.states() == {0: "unsaved"}
        actions = hand.go_on()
        assert (len(saves_of(actions)), of(Send, actions)) == (1, [])
        assert hand.states() == {0: "saving"}
        hand.save()
        assert hand.sent() == [[2, 3]]

    def test_a_costly_write_waits_for_more_results_from_the_first_one_on(self):
        hand = Hand(plain(20), store=True, max_in_flight=4)
        hand.saves._cost = 0.4
        hand.go_on()
        hand.answer(after=5.0)
        assert hand.waits() == 0.1
        hand.now += 0.06
        hand.answer()
        assert hand.waits() == 0.04, "the second one does not begin it anew"

    def test_what_waits_for_a_save_holds_its_place_but_not_its_elements(self):
        """Dozens may wait, each of which would keep its request's bytes and its records' ids in memory."""
        hand = Hand(plain(20), store=True, max_in_flight=4)
        hand.saves._cost = 0.4
        hand.go_on()
        for _ in range(2):
            hand.answer()
        waiting = hand.window.chunks.at(State.UNSAVED)
        assert [len(delivery.chunk) for delivery in waiting] == [2, 2]
        assert [(delivery.chunk.body, [*delivery.chunk.keys]) for delivery in waiting] == [(b"", [])] * 2

    def test_without_a_store_nothing_is_held(self):
        hand = Hand(plain(9), max_in_flight=1)
        hand.go_on()
        hand.answer()
        assert hand.sent() == [[2, 3]]

    def test_a_chunk_with_messages_is_noted_before_it_is_sent(self):
        hand = Hand(messages(6), store=True)
        actions = hand.go_on()
        [save] = saves_of(actions)
        assert [list(chunk.positions) for chunk in save.notes] == [[0, 1], [2, 3]]
        assert of(Send, actions) == []
        hand.save()
        assert hand.sent() == [[0, 1], [2, 3]]

    def test_what_was_noted_goes_in_the_order_of_the_input_and_before_what_failed(self):
        hand = Hand(messages(12), store=True, max_in_flight=3)
        hand.go_on()
        hand.save()
        assert hand.sent() == [[0, 1], [2, 3], [4, 5]]
        hand.answer(BUSY)
        hand.answer()
        hand.answer()
        hand.go_on()
        hand.save()
        hand.now += 9
        assert hand.sent() == [[0, 1]], "it was noted before"
        hand.save()
        hand.answer(BUSY)
        hand.now += 9
        assert hand.sent() == [[6, 7]]

    def test_what_was_noted_goes_before_the_halves_of_an_earlier_chunk(self):
        hand = Hand([*plain(4), *messages(6)[4:]], store=True, chunk_size=4)
        assert hand.sent() == [[0, 1, 2, 3]]
        hand.answer(TIMEOUT)
        hand.save()
        assert hand.sent() == [[4, 5], [0, 1]]

    def test_a_chunk_from_a_changed_part_waits_until_the_store_knows_and_is_not_noted(self):
        hand = Hand(plain(4), store=True)
        hand.changes = 1
        actions = hand.go_on()
        assert [list(save.notes) for save in saves_of(actions)] == [[]]
        hand.save()
        assert hand.sent() == [[0, 1], [2, 3]]

    def test_a_store_that_refuses_ends_the_run_and_what_waited_for_it_is_not_sent(self):
        hand = Hand(messages(6), store=True)
        hand.go_on()
        hand.save(error=OSError("gone"))
        actions = hand.go_on()
        assert isinstance(actions[-1].error, ProgressNotSaved)
        assert isinstance(actions[-1].error.__cause__, OSError)
        assert [type(record.delivery.outcome).__name__ for record in of(Record, actions)] == ["NotSent", "NotSent"]
        assert all(record.delivery.noted for record in of(Record, actions))
        assert saves_of(actions) == []

    def test_a_store_that_refuses_for_a_reason_of_ours_ends_the_run_with_that(self):
        hand, reason = Hand(plain(2), store=True), VccError("the table was dropped")
        hand.sent()
        hand.answer()
        hand.go_on()
        hand.save(error=reason)
        assert hand.ends()[-1].error is reason

    def test_an_unknown_outcome_needs_no_save(self):
        hand = Hand(plain(4), store=True, max_in_flight=1, on_ambiguous="report")
        hand.go_on()
        hand.save()
        hand.go_on()
        hand.answer(LOST)
        assert "unsaved" not in hand.states().values()

    def test_what_is_left_is_saved_before_the_end(self):
        hand = Hand(plain(2), store=True)
        hand.go_on()
        hand.answer()
        assert len(saves_of(hand.go_on())) == 1
        hand.save()
        [last] = saves_of(hand.go_on())
        assert list(last.notes) == []
        hand.save()
        assert isinstance(hand.go_on()[-1], End)

    def test_a_store_that_hangs_is_not_waited_for_longer_than_is_allowed(self):
        hand = Hand(plain(2), store=True, times=Times(grace=1.0, cut=0.5, flush=4.0))
        hand.go_on()
        hand.answer()
        hand.go_on()
        hand.stop(VccError("stop"), 1.0)
        hand.now += 1.5
        assert hand.waits() == 4.0
        hand.now += 4.0
        assert isinstance(hand.go_on()[-1], End)


class TestStopping:
    """A run that is stopped sends nothing more, and accounts for everything."""

    def test_answers_in_time_still_count(self):
        hand = Hand(plain(9))
        hand.go_on()
        hand.stop(VccError("stop"), 3.0)
        assert hand.waits() == 3.0
        hand.answer()
        hand.answer(Answer(rejected={0: Rejection(1, "no")}))
        actions = hand.go_on()
        assert of(Record, actions) == []
        assert str(actions[-1].error) == "stop"

    def test_what_does_not_answer_is_cut_once_and_then_given_up_as_unknown(self):
        hand = Hand(plain(9))
        hand.go_on()
        hand.stop(None, 3.0)
        hand.now += 3.0
        actions = hand.go_on()
        assert len(of(Abort, actions)) == 2
        assert actions[-1] == Wait(hand.now + 1.0)
        assert of(Abort, hand.go_on()) == []
        hand.now += 1.0
        records = of(Record, hand.go_on())
        assert {record.delivery.outcome.reason for record in records} == {"the run was stopped before the answer came"}
        assert hand.answer() == []

    def test_what_was_cut_before_it_left_is_not_sent(self):
        hand = Hand(plain(2))
        hand.go_on()
        hand.stop(None, 3.0)
        hand.now += 3.0
        hand.go_on()
        hand.answer(Fault("cut off", delivered=False))
        assert [type(r.delivery.outcome).__name__ for r in of(Record, hand.go_on())] == ["NotSent"]

    def test_without_a_grace_each_answer_is_waited_for(self):
        hand = Hand(plain(9))
        hand.go_on()
        hand.stop(VccError("x"))
        hand.now += 500
        assert of(Abort, hand.go_on()) == []
        assert hand.waits() is None

    def test_the_first_reason_is_the_one_that_is_told(self):
        hand = Hand(plain(2))
        hand.stop(VccError("first"))
        hand.stop(VccError("second"), 1.0)
        assert str(hand.go_on()[-1].error) == "first"

    def test_what_may_have_acted_and_is_not_sent_again_any_more_is_unknown(self):
        hand = Hand(plain(2))
        hand.go_on()
        hand.answer(LOST)
        hand.stop(None)
        [record] = of(Record, hand.go_on())
        assert record.delivery.outcome.reason == "the run was stopped before the answer came"

    def test_what_certainly_did_not_act_is_not_sent(self):
        hand = Hand(plain(2))
        hand.go_on()
        hand.answer(BUSY)
        hand.stop(None)
        [record] = of(Record, hand.go_on())
        assert type(record.delivery.outcome).__name__ == "NotSent"


class TestPatience:
    """Whether it is a chunk's own fault, others show."""

    def test_a_chunk_is_given_up_when_one_other_has_succeeded_since_its_first_failure(self):
        failed = Delivery(chunk_of([], []))
        failed.maybe_acted, failed.attempts, failed.successes_before = True, 5, 0
        assert not failed.is_exhausted(0, too_much=False)
        assert failed.is_exhausted(1, too_much=False)
        failed.successes_before = 1
        assert not failed.is_exhausted(1, too_much=False)

    def failing(self, hand, times):
        """Let the only chunk fail so many times."""
        for _ in range(times):
            hand.go_on()
            hand.answer(LOST)
            hand.now += 5.9

    def test_after_five_failures_a_chunk_waits_for_the_breaker_and_then_its_own_time(self):
        hand = Hand(plain(1), chunk_size=1, max_in_flight=1)
        self.failing(hand, 4)
        hand.go_on()
        hand.answer(LOST)
        [delivery] = hand.window.chunks
        assert delivery.ready_at == pytest.approx(hand.now + 5.0 + 5.0)

    def test_before_that_it_waits_its_own_time_only(self):
        hand = Hand(plain(1), chunk_size=1, max_in_flight=1)
        self.failing(hand, 3)
        hand.go_on()
        hand.answer(LOST)
        [delivery] = hand.window.chunks
        assert delivery.ready_at == pytest.approx(hand.now + 4.0)

    def test_where_all_that_wait_have_failed_five_times_one_more_shows_whether_the_service_is_there(self):
        hand = Hand(plain(3), chunk_size=1, max_in_flight=1)
        self.failing(hand, 4)
        hand.go_on()
        hand.answer(LOST)
        hand.now += 5.0
        assert hand.sent() == [[1]]

    def test_where_they_have_failed_less_often_they_go_first(self):
        hand = Hand(plain(3), chunk_size=1, max_in_flight=1)
        self.failing(hand, 1)
        assert hand.sent() == [[0]]
