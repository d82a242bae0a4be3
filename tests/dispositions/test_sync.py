"""The loop over real HTTP: every element gets one outcome, and the service's ledger agrees with it."""

from __future__ import annotations

import socket
import threading
from collections import Counter

import pytest
from support.engine import Failures, MemoryStore, elements, open_files, run, sync_of, threads_of_the_engine
from support.timing import as_soon_as

from airflow_provider_vcc.dispositions.engine import breaker as service
from airflow_provider_vcc.dispositions.engine.chunks.delivery import MOST_ATTEMPTS
from airflow_provider_vcc.dispositions.engine.settings import Times
from airflow_provider_vcc.dispositions.http.client import Client
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.dispositions.progress.progress import KEY, Segment
from airflow_provider_vcc.dispositions.sources import IterableSource
from airflow_provider_vcc.dispositions.sources.rows import JsonRows
from airflow_provider_vcc.exceptions import (
    ProgressNotSaved,
    VccAuthenticationError,
    VccError,
    VccInputError,
    VccNotFoundError,
    VccUnavailable,
)
from airflow_provider_vcc.sandbox import Sandbox
from airflow_provider_vcc.sandbox.faults import Cut, Hang, Latency, Odd, OneOf, Status
from airflow_provider_vcc.sandbox.faults.combining import as_fault


@pytest.fixture(autouse=True)
def _nothing_left():
    """See that no thread and no socket outlives a run."""
    before = open_files()
    yield
    assert threads_of_the_engine() == []
    assert open_files() <= before


def counts(done):
    """Return the outcomes that there are, without those that there are not."""
    assert done.tally.total == sum(done.tally.counts.values())
    return {outcome.value: count for outcome, count in done.tally.counts.items() if count}


def put(sandbox):
    """Return the requests for dispositions that arrived."""
    return sandbox.ledger.requests("PUT")


def hasty(attempt):
    """Wait an instant before the next attempt: how long it is, the tests of the breaker and the window hold."""
    return 0.01


HASTY = {"times": Times(grace=0.2, cut=0.1, flush=0.2)}
"""How long a test wants to wait for the end."""
A_SECOND = 0.9
"""What of a second a busy machine leaves between what was sent and what is seen; test_pace.py has the exact one."""


class TestAllWell:
    """Without faults, everything arrives once."""

    def test_every_element_is_applied_once_in_full_chunks(self):
        with Sandbox(records=1000) as sandbox:
            done, error = run(sandbox.url, elements(1000), chunk_size=100)
            assert error is None
            assert counts(done) == {"applied": 1000}
            assert done.tally.requests == 10 == len(put(sandbox))
            assert sandbox.ledger.counts() == Counter((str(n), f"d{n}") for n in range(1, 1001))

    def test_an_empty_input_sends_nothing(self):
        with Sandbox() as sandbox:
            done, error = run(sandbox.url, [])
            assert (error, counts(done), put(sandbox)) == (None, {}, [])

    @pytest.mark.parametrize("window", [1, 3, 8])
    def test_the_window_is_used_and_never_exceeded(self, window):
        with Sandbox(records=200, faults=Latency(window / 40)) as sandbox:  # a busy machine is slow to send eight
            run(sandbox.url, elements(200), chunk_size=20, max_in_flight=window)
            assert sandbox.ledger.most_parallel() == window

    def test_no_request_has_more_bytes_than_it_may(self):
        with Sandbox(records=300) as sandbox:
            done, _ = run(sandbox.url, elements(300, userid=7), max_chunk_bytes=2000)
            assert counts(done) == {"applied": 300}
            assert 1000 < max(request.bytes for request in put(sandbox)) <= 2000

    def test_the_pace_is_not_exceeded_over_any_second(self):
        pace, count = 150, 200
        with Sandbox(records=count, faults=Latency(0, 0.1)) as sandbox:
            done, _ = run(sandbox.url, elements(count), max_elements_per_second=pace)
            assert counts(done) == {"applied": count}
            assert sandbox.ledger.most_elements_within(A_SECOND) <= pace

    @pytest.mark.parametrize("later", [elements(2, userid=8), elements(3, userid=7)], ids=["changed", "longer"])
    def test_the_store_forgets_what_changed_before_that_is_sent(self, later):
        """So a run that is killed then, and an input that changes back, do not pass old results for true."""
        seen = []

        class Watched(MemoryStore):
            def set(self, key, value):
                seen.append(len(put(sandbox)))
                super().set(key, value)

        with Sandbox(records=3) as sandbox:
            store = Watched()
            run(sandbox.url, elements(2, userid=7), store=store, chunk_size=1)
            seen.clear()
            done, _ = run(sandbox.url, later, store=store, chunk_size=1)
            assert counts(done) == {"applied": len(later)}
        assert seen[0] == 2

    def test_invalid_elements_are_counted_and_the_others_go_on(self):
        sink = Failures()
        some = [*elements(3), {"numberId": "4"}, {"numberid": "5", "description": "\ud800"}, *elements(2, userid=5)]
        some[0]["description"] = "x" * 3000
        with Sandbox() as sandbox:
            done, _ = run(sandbox.url, some, max_chunk_bytes=1000, sinks=[sink])
            assert counts(done) == {"applied": 4, "invalid": 3}
        assert sink.positions == [0, 3, 4]
        assert {failure.outcome for failure in sink.all} == {Outcome.INVALID}

    @pytest.mark.parametrize("shape", ["map", "php", "list"])
    @pytest.mark.parametrize(
        "odd", [None, "errors-map", "text-indexes", "null-errors", "no-errors", "extra", "more-keys"]
    )
    def test_an_answer_may_be_written_as_php_likes(self, shape, odd):
        some = [*elements(6), {"numberid": "999999"}]
        with Sandbox(shape=shape, faults=Odd(odd) if odd else None) as sandbox:
            done, _ = run(sandbox.url, some if odd != "no-errors" else some[:6])
        assert counts(done) == {"applied": 6} | ({"rejected": 1} if odd != "no-errors" else {})


class TestOrder:
    """Elements for one record reach the API in input order, whatever happens in between."""

    @pytest.mark.parametrize("window", [4, 8])
    def test_each_record_keeps_its_order_through_faults_and_halving(self, window):
        some = [{"numberid": str(n % 30 + 1), "description": f"{n:04}"} for n in range(240)]
        wrong = OneOf(0.2, (Status(503), Cut("read"), Status(429, retry_after=0)), seed=window)
        with Sandbox(faults=Hang().over(9) + wrong + Latency(0, 0.02)) as sandbox:
            done, error = run(sandbox.url, some, chunk_size=16, max_in_flight=window, timeout=0.2, wait=hasty)
            assert error is None
            assert counts(done).keys() <= {"applied", "unknown"}
            for number in range(1, 31):
                found = sandbox.ledger.descriptions(str(number))
                assert found == sorted(found)

    def test_a_search_is_alone_in_the_air_and_everything_keeps_its_place(self):
        some = elements(40)
        for place in (7, 20, 21):
            some[place] = {"search": {"name": "Green"}, "description": f"search {place}"}
        with Sandbox(records=40, keep_bodies=200, faults=Latency(0, 0.02)) as sandbox:
            done, _ = run(sandbox.url, some, chunk_size=4, max_in_flight=4)
            assert counts(done) == {"applied": 40}
            alone = [request for request in put(sandbox) if b"search" in sandbox.ledger.body(request.number)]
            assert {request.parallel for request in alone} == {1}
            order = [event.description for event in sandbox.ledger.events() if event.numberid in {"12", "24"}]
        assert order == ["search 7", "search 7", "d12", "search 20", "search 20", "search 21", "search 21", "d24"]

    def test_a_record_waits_for_all_parts_of_a_chunk_that_was_halved_twice(self):
        some = [{"numberid": number, "description": f"{n}"} for n, number in enumerate("1213141151")]
        with Sandbox(faults=Hang().over(1) + Latency(0.05)) as sandbox:
            done, _ = run(sandbox.url, some, chunk_size=4, max_in_flight=4, timeout=0.3)
            assert counts(done) == {"applied": 10}
            assert sandbox.ledger.descriptions("1") == ["0", "2", "4", "6", "7", "9"]

    def test_an_input_for_a_single_record_goes_out_in_order(self):
        some = [{"numberid": "1", "description": f"{n:03}"} for n in range(100)]
        with Sandbox() as sandbox:
            run(sandbox.url, some, chunk_size=7)
            assert sandbox.ledger.descriptions("1") == [f"{n:03}" for n in range(100)]


class TestAmbiguous:
    """Where nobody can say, ``on_ambiguous`` decides; messages do not go out twice."""

    @pytest.mark.parametrize(
        ("mode", "messages", "resent"),
        [
            ("auto", False, True),
            ("auto", True, False),
            ("resend", False, True),
            ("resend", True, True),
            ("report", False, False),
            ("report", True, False),
        ],
    )
    @pytest.mark.parametrize("fault", [Cut("acted"), Status(503, acted=True), Odd("short", 9)], ids=str)
    def test_a_request_that_may_have_acted_is_sent_again_only_where_it_may(self, fault, mode, messages, resent):
        sink = Failures()
        with Sandbox(faults=[fault]) as sandbox:
            done, error = run(
                sandbox.url, elements(5, sendDispositionMessages=messages), on_ambiguous=mode, sinks=[sink]
            )
            if str(fault).startswith("odd"):
                assert counts(done) == {"unknown": 5}  # the answer was understood, and says nothing of them
                resent = False
            else:
                assert counts(done) == ({"applied": 5} if resent else {"unknown": 5})
            assert error is None
            assert set(sandbox.ledger.counts().values()) == {2 if resent else 1}
            assert len(sandbox.ledger.messages()) == (5 * messages * (2 if resent else 1))
        assert sink.positions == ([] if counts(done) == {"applied": 5} else [0, 1, 2, 3, 4])

    def test_what_certainly_did_not_arrive_is_sent_again_also_with_messages(self):
        with Sandbox(faults=[Status(429, retry_after=0), Status(429)]) as sandbox:
            done, _ = run(sandbox.url, elements(5, sendDispositionMessages=True))
            assert counts(done) == {"applied": 5}
            assert set(sandbox.ledger.message_counts().values()) == {1}

    def test_messages_are_decided_for_each_request_on_its_own(self):
        some = elements(20)
        for element in some[::2]:
            element["sendDispositionMessages"] = True
        with Sandbox(faults=[Cut("acted"), Cut("acted")]) as sandbox:
            done, _ = run(sandbox.url, some)
            assert counts(done) == {"applied": 10, "unknown": 10}
            assert set(sandbox.ledger.message_counts().values()) == {1}

    def test_a_time_out_with_messages_is_unknown_and_not_halved(self):
        with Sandbox(faults=Hang("first").first(1)) as sandbox:
            done, _ = run(sandbox.url, elements(8, sendDispositionMessages=True), chunk_size=4, timeout=0.3)
            assert counts(done) == {"applied": 4, "unknown": 4}
            assert set(sandbox.ledger.message_counts().values()) == {1}


class TestTimeouts:
    """A chunk that times out is halved; later ones start smaller and grow back."""

    def test_a_chunk_that_is_too_much_is_halved_until_it_works(self):
        with Sandbox(records=400, faults=Hang().over(30)) as sandbox:
            done, error = run(sandbox.url, elements(400), chunk_size=200, max_in_flight=2, timeout=0.2)
            assert error is None
            assert counts(done) == {"applied": 400}
            assert set(sandbox.ledger.counts().values()) == {1}
            assert done.snapshot().halvings >= 3
            sizes = [request.elements for request in put(sandbox)]
            assert sum(size > 30 for size in sizes) < len(sizes) / 2

    def test_413_is_halved_as_well(self):
        with Sandbox(records=100, faults=Status(413).heavier(1500)) as sandbox:
            done, _ = run(sandbox.url, elements(100), chunk_size=100)
            assert counts(done) == {"applied": 100}
            assert set(sandbox.ledger.counts().values()) == {1}

    def test_chunks_grow_back_when_the_time_of_trouble_is_over(self):
        with Sandbox(records=400, faults=Hang().first(3)) as sandbox:
            done, _ = run(sandbox.url, elements(400), chunk_size=16, max_in_flight=1, timeout=0.2)
            assert counts(done) == {"applied": 400}
            sizes = [request.elements for request in put(sandbox)]
        assert sizes[:4] == [16, 8, 4, 2]
        assert 16 in sizes[4:]

    def test_one_element_that_always_times_out_is_found_and_the_others_are_applied(self):
        sink = Failures()

        def poison(request):
            return Hang() if any(e.get("numberid") == "37" for e in request.json["elements"]) else None

        with Sandbox(faults=poison) as sandbox:
            done, error = run(
                sandbox.url, elements(60), chunk_size=8, max_in_flight=2, timeout=0.2, wait=hasty, sinks=[sink]
            )
            assert error is None
            assert counts(done) == {"applied": 59, "unknown": 1}
            assert set(sandbox.ledger.counts().values()) == {1}
        assert sink.positions == [36]


class TestServiceTrouble:
    """A service in trouble is left alone, and picked up again."""

    def test_retry_after_is_waited_for_by_all_requests(self):
        with Sandbox(faults=Status(429, retry_after=0.4).first(2)) as sandbox:
            done, _ = run(sandbox.url, elements(40), chunk_size=10, max_in_flight=2)
            assert counts(done) == {"applied": 40}
            times = [request.at for request in put(sandbox)]
        assert times[2] - times[0] > 0.35

    def test_a_service_that_comes_back_is_picked_up_again(self):
        def give():
            yield from elements(2000)[:1000]
            sandbox.down()
            yield from elements(2000)[1000:]

        with Sandbox(records=2000, faults=Latency(0.01)) as sandbox:
            done = sync_of(sandbox.url, IterableSource(give, "ours"), chunk_size=20)
            with as_soon_as(lambda: done.snapshot().retries, sandbox.up):
                done.run()
            assert counts(done) == {"applied": 2000}
            assert set(sandbox.ledger.counts().values()) <= {1, 2}

    @pytest.mark.parametrize("fault", ["refused", Status(503), Status(500, acted=True), Cut("read"), Hang()], ids=str)
    def test_a_service_that_is_down_is_left_alone(self, fault, monkeypatch):
        monkeypatch.setattr(service, "LONGEST_OUTAGE", 0.1)
        with Sandbox(up=fault != "refused", faults=None if fault == "refused" else fault) as sandbox:
            done, error = run(sandbox.url, elements(5000), chunk_size=100, timeout=0.05, wait=hasty)
            assert isinstance(error, VccUnavailable)
            assert done.tally.requests < 120
            assert len(put(sandbox)) <= done.tally.requests
            assert done.tally.total == 5000
            assert done.tally.counts[Outcome.NOT_SENT] >= 5000 - 6 * 100, "more than were in the air at first"
            assert counts(done).keys() <= {"not_sent", "unknown"}
            assert ("unknown" in counts(done)) is (fault != "refused")

    @pytest.mark.long
    @pytest.mark.parametrize("fault", ["refused", Status(503)], ids=str)
    def test_a_service_that_is_down_costs_less_than_a_minute(self, fault, monkeypatch):
        monkeypatch.undo()
        with Sandbox(up=fault != "refused", faults=None if fault == "refused" else fault) as sandbox:
            done, error = run(sandbox.url, elements(50_000), chunk_size=100)
            assert isinstance(error, VccUnavailable)
            assert done.tally.requests < 120
            assert done.tally.duration < 60

    @pytest.mark.parametrize(
        ("settings", "kind"), [({"token": "other"}, VccAuthenticationError), ({"projects": [5]}, VccNotFoundError)]
    )
    def test_a_refusal_ends_the_run_at_once(self, settings, kind):
        with Sandbox(faults=Latency(0.05), **settings) as sandbox:
            done, error = run(sandbox.url, elements(1000), chunk_size=10, max_in_flight=4)
            assert isinstance(error, kind)
            assert counts(done) == {"not_sent": 1000}
            assert len(put(sandbox)) <= 4

    def test_a_refusal_in_the_middle_keeps_what_was_applied(self):
        with Sandbox(faults=Status(403).after(3)) as sandbox:
            done, error = run(sandbox.url, elements(100), chunk_size=10, max_in_flight=1)
            assert isinstance(error, VccAuthenticationError)
            assert counts(done) == {"applied": 30, "not_sent": 70}

    @pytest.mark.parametrize("window", [1, 2, 4])
    def test_a_chunk_that_fails_by_itself_is_given_up_after_a_few_attempts(self, window):
        def poison(request):
            return Status(500) if request.json["elements"][0]["numberid"] == "11" else None

        with Sandbox(faults=Latency(0.02) + as_fault(poison)) as sandbox:
            done, error = run(sandbox.url, elements(150), chunk_size=10, max_in_flight=window, wait=hasty)
            assert error is None
            assert counts(done) == {"applied": 140, "unknown": 10}
            assert len(put(sandbox)) <= 14 + MOST_ATTEMPTS + 1


class TestStopping:
    """A run that is stopped sends nothing more and accounts for everything."""

    def test_it_ends_when_the_threshold_cannot_be_kept_any_more(self):
        some = [{"numberid": str(10**6 + n)} for n in range(50)] + elements(500)
        keeps = {"threshold": Threshold(max_errors=3)}
        with Sandbox() as sandbox:
            done, error = run(sandbox.url, some, chunk_size=10, max_in_flight=1, stop_on_breach=True, keeps=keeps)
            assert error is None
            assert done.breached
            assert counts(done) == {"rejected": 10, "not_sent": 540}
            assert len(put(sandbox)) == 1

    def test_by_default_all_is_sent_and_then_judged(self):
        some = [{"numberid": str(10**6 + n)} for n in range(50)] + elements(500)
        with Sandbox() as sandbox:
            done, _ = run(sandbox.url, some, chunk_size=10, keeps={"threshold": Threshold(max_errors=3)})
            assert done.breached
            assert counts(done) == {"rejected": 50, "applied": 500}

    def test_a_rate_that_can_still_be_kept_goes_on(self):
        some = [{"numberid": str(10**6 + n)} for n in range(10)] + elements(190)
        keeps = {"threshold": Threshold(max_error_rate=0.05)}
        with Sandbox() as sandbox:
            done, _ = run(sandbox.url, some, chunk_size=10, max_in_flight=1, stop_on_breach=True, keeps=keeps)
            assert not done.breached
            assert counts(done) == {"rejected": 10, "applied": 190}

    def test_stop_waits_briefly_for_what_is_in_the_air(self):
        store = MemoryStore()
        with Sandbox(faults=Latency(0.2)) as sandbox:
            stopped = sync_of(sandbox.url, elements(1000), chunk_size=10, max_in_flight=2, store=store)
            with as_soon_as(sandbox.ledger.events, stopped.stop), pytest.raises(VccError, match="stopped"):
                stopped.run()
            assert counts(stopped).keys() == {"applied", "not_sent"}
            assert len(sandbox.ledger.events()) == stopped.tally.counts[Outcome.APPLIED]
            assert saved(store) == stopped.tally.counts[Outcome.APPLIED]

    def test_stop_does_not_wait_for_an_answer_that_does_not_come(self):
        with Sandbox(faults=Hang("first")) as sandbox:
            stopped = sync_of(sandbox.url, elements(100), chunk_size=10, max_in_flight=2, timeout=60, keeps=HASTY)
            begun = lambda: len(sandbox.ledger.events()) == 20  # noqa: E731 -- a word for it
            with as_soon_as(begun, stopped.stop), pytest.raises(VccError, match="stopped"):
                stopped.run()
            assert stopped.elapsed < 20
            assert counts(stopped) == {"unknown": 20, "not_sent": 80}

    def test_stop_does_not_wait_for_a_connection_that_is_not_accepted(self):
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, socket.socket() as waiting:
            waiting.connect(full.getsockname())
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            stopped = sync_of(url, elements(20), chunk_size=10, max_in_flight=1, connect_timeout=4, keeps=HASTY)
            trying = lambda: stopped.tally.requests  # noqa: E731 -- a word for it
            with as_soon_as(trying, stopped.stop), pytest.raises(VccError, match="stopped"):
                stopped.run()
            assert stopped.elapsed < 3.5
            assert stopped.tally.total == 20
            for thread in [thread for thread in threading.enumerate() if thread.name.startswith("vcc-")]:
                thread.join(10)

    def test_stop_does_not_wait_for_a_store_that_hangs(self):
        saving, gate = threading.Event(), threading.Event()

        class Hung(MemoryStore):
            def set(self, key, value):
                saving.set()
                gate.wait(20)

        with Sandbox() as sandbox:
            stopped = sync_of(sandbox.url, elements(20), chunk_size=10, max_in_flight=1, store=Hung(), keeps=HASTY)
            with as_soon_as(saving.is_set, stopped.stop), pytest.raises(VccError, match="stopped"):
                stopped.run()
            gate.set()
            assert counts(stopped) == {"applied": 10, "not_sent": 10}
        for thread in [thread for thread in threading.enumerate() if thread.name.startswith("vcc-")]:
            thread.join(10)

    def test_a_sink_that_cannot_write_ends_the_run_and_everything_is_accounted_for(self):
        class Full(Failures):
            def write(self, failures):
                super().write(failures)
                raise OSError("no space left")

        sink = Full()
        some = [{"numberid": str(10**6 + n)} for n in range(50)] + elements(500)
        with Sandbox() as sandbox:
            done, error = run(sandbox.url, some, chunk_size=10, max_in_flight=2, sinks=[sink])
            assert isinstance(error, OSError)
            assert done.tally.total == 550
            assert len(sink.all) == done.tally.failed
            assert len(sandbox.ledger.events()) == done.tally.counts[Outcome.APPLIED]


def saved(store, name="applied"):
    """Count the positions that the store holds for applied."""
    return getattr(Segment.decode(store.get(KEY.format(0))), name).bit_count()


class Broken:
    """An input that breaks off after some elements."""

    name, total, repeatable = "broken.jsonl", None, True

    def __init__(self, count):
        self.count = count

    def read(self, size):
        """Yield texts, and break off."""
        for start in range(0, self.count, size):
            numbers = range(start, min(start + size, self.count))
            yield JsonRows(start, [b'{"numberid":"%d","description":"d%d"}' % (n + 1, n + 1) for n in numbers])
        raise VccInputError("it breaks off", source=self.name, place="the end")

    def share(self):
        """Nobody knows."""
        return


class TestRetry:
    """The next try sends only what is not applied yet."""

    def test_a_second_try_sends_nothing_that_was_applied(self):
        store = MemoryStore()
        with Sandbox(records=2500) as sandbox:
            first, error = run(sandbox.url, elements(2500), chunk_size=100, store=store)
            assert (error, saved(store)) == (None, 2500)
            second, error = run(sandbox.url, elements(2500), chunk_size=100, store=store)
            assert error is None
            assert counts(second) == {"applied": 2500}
            assert second.tally.resumed == 2500
            assert second.tally.requests == 0
            assert first.tally.resumed == 0
            second.clear()
            assert store.values == {}

    def test_a_second_try_sends_what_the_first_one_could_not(self):
        store = MemoryStore()
        with Sandbox(records=300, faults=Status(403).after(2)) as sandbox:
            run(sandbox.url, elements(300), chunk_size=50, max_in_flight=1, store=store)
            sandbox.faults = None
            done, error = run(sandbox.url, elements(300), chunk_size=50, store=store)
            assert error is None
            assert counts(done) == {"applied": 300}
            assert done.tally.resumed == 100
            assert set(sandbox.ledger.counts().values()) == {1}

    def test_an_input_that_breaks_off_is_sent_up_to_there_and_goes_on_from_there(self):
        store = MemoryStore()
        with Sandbox(records=3000) as sandbox:
            done, error = run(sandbox.url, Broken(1700), chunk_size=200, store=store)
            assert isinstance(error, VccInputError)
            assert counts(done) == {"applied": 1700}
            done, error = run(sandbox.url, Broken(2300), chunk_size=200, store=store)
            assert isinstance(error, VccInputError)
            assert counts(done) == {"applied": 2300}
            assert done.tally.resumed == 1700
            assert set(sandbox.ledger.counts().values()) == {1}

    def test_an_input_that_changed_is_sent_again_only_from_there_to_the_end_of_its_stretch(self):
        store, some = MemoryStore(), elements(2500)
        with Sandbox(records=2500) as sandbox:
            run(sandbox.url, some, store=store)
            some[1200] = {"numberid": "1201", "description": "other"}
            done, _ = run(sandbox.url, some, store=store)
            assert counts(done) == {"applied": 2500}
            assert done.tally.resumed == 1500
            assert sandbox.ledger.descriptions("1201") == ["d1201", "other"]

    def test_an_element_that_failed_is_not_sent_over_a_newer_one(self):
        store, sink = MemoryStore(), Failures()
        some = [{"numberid": "1", "description": "old"}, {"numberid": "2"}, {"numberid": "1", "description": "new"}]
        with Sandbox(reject=lambda element: (418, "no") if element.get("description") == "old" else None) as sandbox:
            first, _ = run(sandbox.url, some, store=store)
            assert counts(first) == {"applied": 2, "rejected": 1}
            done, _ = run(sandbox.url, some, store=store, sinks=[sink])
            assert counts(done) == {"applied": 2, "rejected": 1}
            assert done.tally.requests == 0
            assert sandbox.ledger.descriptions("1") == ["new"]
        assert [(f.position, f.errormessage) for f in sink.all] == [(0, "superseded by position 2")]

    def test_a_request_with_messages_is_noted_before_it_is_sent(self):
        store, seen = MemoryStore(), []

        def look(request):
            numbers = [int(element["numberid"]) - 1 for element in request.json["elements"]]
            noted = Segment.decode(store.get(KEY.format(0))).unsettled
            seen.append(all(noted >> number & 1 for number in numbers))

        with Sandbox(faults=look) as sandbox:
            done, _ = run(sandbox.url, elements(100, sendDispositionMessages=True), chunk_size=7, store=store)
            assert counts(done) == {"applied": 100}
        assert len(seen) == 15
        assert all(seen)
        assert saved(store, "unsettled") == 0

    def test_what_was_noted_and_never_settled_is_reported_and_not_sent_again(self):
        store, sink = MemoryStore(), Failures()
        some = elements(20, sendDispositionMessages=True)
        with Sandbox(faults=Cut("acted").first(1)) as sandbox:
            run(sandbox.url, some, chunk_size=5, store=store)
            done, _ = run(sandbox.url, some, chunk_size=5, store=store, sinks=[sink])
            assert counts(done) == {"applied": 15, "unknown": 5}
            assert done.tally.requests == 0
            assert set(sandbox.ledger.message_counts().values()) == {1}
        assert sink.all[0].errormessage.startswith("an earlier try sent it")

    def test_a_refusal_leaves_nothing_noted(self):
        store = MemoryStore()
        with Sandbox(faults=Status(401)) as sandbox:
            _, error = run(sandbox.url, elements(20, sendDispositionMessages=True), chunk_size=5, store=store)
            assert isinstance(error, VccAuthenticationError)
            assert saved(store, "unsettled") == 0

    def test_a_run_that_cannot_save_its_progress_stops_sending(self, monkeypatch):
        store = MemoryStore()
        monkeypatch.setattr("airflow_provider_vcc.dispositions.engine.carriers.saver.TRIES", 1)

        def gone(request):
            if request.nth == 5:
                store.refuse = BrokenPipeError()

        with Sandbox(records=1000, faults=gone) as sandbox:
            done, error = run(sandbox.url, elements(1000), chunk_size=10, max_in_flight=2, store=store)
            assert isinstance(error, ProgressNotSaved)
            assert len(put(sandbox)) <= 6 + 2
            assert done.tally.total == 1000
            assert len(sandbox.ledger.events()) == done.tally.counts[Outcome.APPLIED]
            assert len(sandbox.ledger.events()) - saved(store) <= 2 * 10

    def test_a_run_that_stops_early_still_counts_what_earlier_tries_did(self):
        store = MemoryStore()
        some = elements(5000)
        some[4500]["sendDispositionMessages"] = True
        with Sandbox(records=5000, faults=Cut("acted").every(999)) as sandbox:
            run(sandbox.url, some, store=store, on_ambiguous="report")
            some[10]["description"] = "other"
            sandbox.faults = Status(403)
            done, error = run(sandbox.url, some, store=store, on_ambiguous="report", chunk_size=5)
            assert isinstance(error, VccAuthenticationError)
            assert counts(done) == {"applied": 4000, "not_sent": 1000}


def test_a_client_that_raises_loses_nothing(monkeypatch):
    with Sandbox() as sandbox:
        monkeypatch.setattr(Client, "send", lambda *_: 1 / 0)
        broken = sync_of(sandbox.url, elements(20), chunk_size=5, on_ambiguous="report")
        broken.run()
        assert counts(broken) == {"unknown": 20}


def test_time_spent_is_told():
    with Sandbox(faults=Latency(0.1)) as sandbox:
        done, _ = run(sandbox.url, elements(4), chunk_size=1, max_in_flight=1)
    assert done.tally.duration >= 0.4
    assert done.tally.summary()["elements_per_second"] <= 10
