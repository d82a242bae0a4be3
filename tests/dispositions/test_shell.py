"""The shell around the window, with a carrier that takes no time: what is told, kept, counted and waited for."""

from __future__ import annotations

import json

import pytest
from support.carriers import Carried
from support.engine import Failures
from support.simulator.world import Remembered

from airflow_provider_vcc.dispositions.elements.checker import Checker
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.limits.limit import Fixed
from airflow_provider_vcc.dispositions.engine.recorder import Observer
from airflow_provider_vcc.dispositions.engine.settings import Settings
from airflow_provider_vcc.dispositions.engine.sync import Sync
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal, Rejection
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.dispositions.progress.synced import Remembered as Entry
from airflow_provider_vcc.dispositions.progress.synced import State, Synced, fingerprint_key
from airflow_provider_vcc.dispositions.sources.memory import from_elements
from airflow_provider_vcc.dispositions.sources.rows import ObjectRows
from airflow_provider_vcc.exceptions import VccError, VccInputError

KEY = fingerprint_key("https://mycc/v2", 17, None)


class Watching(Observer):
    """Writes down what it is told."""

    live_every = 2.0

    def __init__(self):
        self.told = []
        self.looks = []
        self.lives = []

    def trouble(self, reason, seconds):
        self.told.append(("trouble", reason, seconds))

    def halved(self, size):
        self.told.append(("halved", size))

    def sent(self, size, at_once):
        self.told.append(("sent", size, at_once))

    def answered(self, seconds):
        self.told.append(("answered", seconds))

    def tick(self, look):
        self.looks.append(look())

    def live(self, snapshot, summary, failed):
        self.lives.append((snapshot, summary, failed))
        return "live", {"done": snapshot.done}


class Store(dict):
    """A store; what the carrier keeps goes here."""

    def get(self, key, default=None):
        return json.loads(self[key]) if key in self else default

    def delete(self, key):
        self.pop(key, None)


def plain(count, **fields):
    """Return elements for different records."""
    return [{"numberid": str(number), **fields} for number in range(count)]


def sync_of(some, carrier=None, *, wait=float, settings=None, **more):
    """Return a sync of two elements in a request, two at a time."""
    settings = Settings(**{"chunk_size": 2, "max_in_flight": 2, **(settings or {})})
    carrier = carrier or Carried()
    return Sync(None, from_elements(some), Checker(), settings=settings, carrier=carrier, wait=wait, **more)


def ran(*given, **more):
    """Return a sync that has run."""
    sync = sync_of(*given, **more)
    sync.run()
    return sync


class TestWatching:
    """Whoever watches is told what happens, and sees where the run stands; never the run itself."""

    def test_each_request_is_told_with_its_size_and_how_many_are_under_way_and_then_its_time(self):
        watching = Watching()
        ran(plain(3), Carried(takes=1.5), observer=watching)
        assert watching.told == [("sent", 2, 1), ("sent", 1, 2), ("answered", 1.5), ("answered", 1.5)]

    def test_a_fault_is_told_with_how_long_sending_is_held_back_and_is_not_an_answer(self):
        watching, evidence = Watching(), iter([Fault("lost"), Answer()])
        done = ran(plain(1), Carried(lambda _: next(evidence)), observer=watching)
        assert watching.told == [("sent", 1, 1), ("trouble", "lost", 1.0), ("sent", 1, 1), ("answered", 1.0)]
        assert done.snapshot().retries == 1
        assert done.snapshot().waited == 1.0

    def test_a_chunk_that_was_too_much_is_told(self):
        watching, evidence = Watching(), iter([Fault("slow", too_much=True), Answer(), Answer()])
        done = ran(plain(2), Carried(lambda _: next(evidence)), observer=watching)
        assert ("halved", 1) in watching.told
        assert done.snapshot().halvings == 1

    def test_a_snapshot_says_where_the_run_stands_and_changes_no_more(self):
        def reply(chunk):
            return Answer(rejected={0: Rejection(417, "no")}) if 0 in chunk.positions else Answer()

        watching = Watching()
        ran(plain(6), Carried(reply), observer=watching, settings={"max_in_flight": 1})
        first = watching.looks[0]
        assert (first.elapsed, first.read, first.expected, first.share) == (1.0, 6, 6, 1.0)
        assert (first.done, first.failed, first.resumed, first.not_sent) == (2, 1, 0, 0)
        assert (first.limit, first.held_by, first.held_share) == (1, "service", 1.0)
        assert [look.done for look in watching.looks] == [2, 4, 6]
        with pytest.raises(AttributeError):
            first.done = 7

    def test_it_is_told_of_each_second_in_which_nothing_happens(self):
        watching = Watching()
        ran(plain(1), Carried(takes=3.5), observer=watching)
        assert [look.elapsed for look in watching.looks] == [1.0, 2.0, 3.0, 3.5]

    def test_what_is_to_be_seen_live_is_kept_beside_the_progress_every_so_often(self):
        watching, store = Watching(), Store()
        done = ran(plain(40), Carried(store=store), observer=watching, kept=Kept(store))
        assert 4 <= len(watching.lives) <= 6, "ten seconds, one every two"
        snapshot, summary, failed = watching.lives[-1]
        assert snapshot.done == summary["total"] == summary["applied"]
        assert summary["duration"] == round(snapshot.elapsed, 3) > 0
        assert failed == {"reasons": [], "rows": []}
        assert json.loads(store["live"]) == {"done": snapshot.done}
        assert "vcc_progress_0" in store
        assert done.tally.counts[Outcome.APPLIED] == 40

    def test_who_has_nothing_to_be_seen_live_is_not_asked(self):
        watching, store = Watching(), Store()
        watching.live_every = None
        ran(plain(40), Carried(store=store), observer=watching, kept=Kept(store))
        assert (watching.lives, "live" in store) == ([], False)


class TestKeeping:
    """What is written down, and what is kept out of it."""

    def test_what_the_server_quotes_of_the_requests_disposition_is_taken_out(self):
        sink = Failures()
        reply = Answer(rejected={0: Rejection(417, "cannot set Zebra Crossing here")})
        ran(plain(1), Carried(lambda _: reply), disposition={"description": "Zebra Crossing"}, sinks=[sink])
        assert "Zebra" not in sink.all[0].errormessage
        assert "cannot set" in sink.all[0].errormessage

    def test_the_summary_has_how_long_it_took_by_the_carriers_clock(self):
        done = ran(plain(6), Carried(takes=2.0), settings={"max_in_flight": 1})
        assert done.tally.summary()["duration"] == 6.0
        assert done.tally.summary()["elements_per_second"] == 1.0
        assert done.tally.summary()["requests"] == 3

    def test_clearing_forgets_the_progress(self):
        store = Store()
        done = ran(plain(4), Carried(store=store), kept=Kept(store))
        assert store
        done.clear()
        assert not store

    def test_nothing_is_cleared_where_nothing_is_kept(self):
        ran(plain(1)).clear()

    def test_without_a_client_or_a_carrier_there_is_no_run(self):
        with pytest.raises(TypeError, match="client or a carrier"):
            Sync(None, from_elements([]), Checker())

    def test_the_carrier_is_given_the_time_that_a_run_which_ends_early_may_take(self):
        carrier = Carried()
        ran(plain(1), carrier)
        assert carrier.closed == 3.0

    def test_no_wait_is_longer_than_a_second_and_none_is_longer_than_the_window_wants(self):
        evidence = iter([Fault("lost"), Answer()])
        carrier = Carried(lambda _: next(evidence), takes=3.5)
        ran(plain(1), carrier, wait=lambda _: 0.25)
        assert [at for *_, at in carrier.sent] == [1000.0, 1003.75]
        assert set(carrier.waits) == {1.0, 0.25}


class TestStopping:
    """A run that cannot pass any more, if it is to stop then."""

    def reply(self, chunk):
        return Answer(rejected={0: Rejection(417, "no")})

    def test_it_stops_when_the_threshold_cannot_be_kept_and_counts_the_rest_as_not_sent(self):
        more = {"threshold": Threshold(max_errors=1), "settings": {"stop_on_breach": True, "max_in_flight": 1}}
        done = ran(plain(20), Carried(self.reply), **more)
        assert done.breached
        assert done.error is None
        assert done.tally.requests == 2
        assert done.tally.counts[Outcome.NOT_SENT] == 16

    def test_it_goes_on_where_it_is_not_to_stop(self):
        done = ran(plain(20), Carried(self.reply), threshold=Threshold(max_errors=1))
        assert done.breached
        assert done.tally.requests == 10

    def test_an_input_that_fails_before_anything_is_sent_stops_it_too(self):
        more = {"threshold": Threshold(max_errors=1), "settings": {"stop_on_breach": True}}
        done = ran([{"numberId": "1"}] * 3 + plain(5), **more)
        assert done.tally.requests == 0
        assert done.tally.counts[Outcome.INVALID] == 3


class TestReading:
    """How much is read of an input that is not sent to its end."""

    def test_after_a_refusal_the_rest_is_read_to_be_counted(self):
        done = sync_of(plain(5000), Carried(lambda _: Refusal(VccError("no"))), settings={"chunk_size": 100})
        with pytest.raises(VccError, match="no"):
            done.run()
        assert (done.read, done.tally.total, done.tally.counts[Outcome.NOT_SENT]) == (5000, 5000, 5000)

    def test_after_a_stop_in_a_hurry_it_is_not(self):
        class Stopping(Observer):
            def tick(self, look):
                done.stop()

        done = sync_of(plain(5000), observer=Stopping(), settings={"chunk_size": 100})
        with pytest.raises(VccError, match="stopped"):
            done.run()
        assert done.read == done.tally.total == 1000

    def test_an_input_that_breaks_off_is_not_read_again(self):
        class Broken:
            name, total, repeatable, reads = "broken", None, True, 0

            def read(self, size):
                self.reads += 1
                yield ObjectRows(0, plain(3))
                raise VccInputError("it breaks off")

            def share(self):
                return None

        source = Broken()
        done = Sync(None, source, Checker(), carrier=Carried(), wait=float)
        with pytest.raises(VccInputError, match="breaks off"):
            done.run()
        assert (source.reads, done.tally.counts[Outcome.APPLIED]) == (1, 3)


class TestPace:
    """The pace holds for what goes out, whatever lies between an element and its sending."""

    @pytest.mark.parametrize("pace", [40, 150])
    @pytest.mark.parametrize("messages", [False, True], ids=["at once", "noted first"])
    def test_no_second_has_more_elements_than_the_pace_and_the_pace_is_reached(self, pace, messages):
        store, count = Store(), pace * 5
        carrier = Carried(takes=lambda chunk: 0.01 + chunk.positions[0] % 7 / 10, store=store)
        settings = {"max_elements_per_second": pace, "max_in_flight": 8, "chunk_size": 30}
        done = ran(plain(count, sendDispositionMessages=messages), carrier, kept=Kept(store), settings=settings)
        sent = [(at, len(positions)) for positions, _, at in carrier.sent]
        assert max(sum(size for at, size in sent if start <= at < start + 1) for start, _ in sent) <= pace
        assert done.tally.counts[Outcome.APPLIED] == count
        assert sent[-1][0] - sent[0][0] < 1.1 * count / pace


class TestSynced:
    """What is remembered from run to run."""

    def run(self, table, some, reply=lambda _: Answer(), **more):
        """Run with a table that outlasts the run."""
        return ran(some, Carried(reply, table=table), kept=Kept(synced=Synced(table, KEY)), **more)

    def test_what_is_the_same_is_left_out_and_counted_beside_the_total(self):
        table = Remembered()
        first = self.run(table, plain(4))
        assert (first.unchanged, first.tally.unchanged, first.tally.total) == (0, 0, 4)
        second = self.run(table, plain(5))
        assert (second.unchanged, second.tally.unchanged, second.tally.total) == (4, 4, 1)
        assert second.tally.summary()["unchanged"] == 4
        assert second.tally.counts[Outcome.NOT_SENT] == 0

    def test_what_the_table_has_is_not_held_any_more(self):
        done = self.run(Remembered(), plain(4))
        assert not done._kept.synced._saving

    def test_what_is_being_written_is_not_sent_again_before_that_is_done(self):
        """The table does not have it yet where the input is read on meanwhile."""
        table, limit = Remembered(), Fixed(3)
        limit.now = 1

        class Widening(Observer):
            def tick(self, look):
                limit.now = 3 if look().elapsed >= 2 else 1

        carrier = Carried(table=table, saves=10.0)
        kept, settings = Kept(synced=Synced(table, KEY)), {"chunk_size": 10_000}
        some = [*plain(20_000), *plain(10_000)]  # ten thousand are looked up at once, and as many packed ahead
        done = ran(some, carrier, kept=kept, settings=settings, limit=limit, observer=Widening())
        assert (done.tally.requests, done.unchanged) == (2, 10_000)

    def test_a_run_without_a_table_says_nothing_of_what_is_unchanged(self):
        done = ran(plain(2))
        assert (done.unchanged, done.tally.unchanged) == (0, None)

    def test_what_the_service_did_not_apply_is_not_remembered(self):
        table = Remembered()
        evidence = iter([Answer(rejected={0: Rejection(417, "no")}, unsaid={1: Rejection(None, "?")})])
        self.run(table, plain(3), lambda _: next(evidence), settings={"chunk_size": 3})
        assert {record: entry.state for record, entry in table.items()} == {
            "1": State.UNKNOWN,
            "2": State.APPLIED,
        }

    def test_what_nobody_knows_is_remembered_as_such(self):
        table = Remembered()
        self.run(table, plain(1), lambda _: Fault("lost"), settings={"on_ambiguous": "report"})
        assert [entry.state for entry in table.values()] == [State.UNKNOWN]

    def test_what_was_noted_and_certainly_not_sent_is_as_it_was_before(self):
        table = Remembered({"0": Entry("old", State.APPLIED)})
        carrier = Carried(lambda _: Fault("busy", delivered=False, retry_after=1e6), table=table)
        states = []

        class Stopping(Observer):
            def tick(self, look):
                states.append(table["0"].state)
                if look().waited:
                    sync.stop()

        sync = sync_of(plain(1), carrier, kept=Kept(synced=Synced(table, KEY)), observer=Stopping())
        with pytest.raises(Exception, match="stopped"):
            sync.run()
        assert State.SENT in states
        assert table == {"0": Entry("old", State.APPLIED)}

    def test_an_element_that_cannot_be_encoded_does_not_stand_for_its_record(self):
        table = Remembered({"0": Entry("old", State.APPLIED)})
        done = self.run(table, plain(1, description="\ud800"))
        assert done.tally.counts[Outcome.INVALID] == 1
        assert not done._kept.synced._open, "nothing of it is still to come"
        assert table == {"0": Entry("old", State.APPLIED)}

    def test_where_all_is_the_same_whoever_watches_is_told_and_sees_the_count_grow(self):
        table, watching = Remembered(), Watching()
        self.run(table, plain(3000), settings={"chunk_size": 500})
        done = self.run(table, plain(3000), observer=watching, settings={"chunk_size": 500})
        assert done.tally.requests == 0
        assert len(watching.looks) >= 2
