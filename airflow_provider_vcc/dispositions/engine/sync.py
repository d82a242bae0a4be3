"""The shell around the window: it reads, writes down, and has requests and values carried.

One thread drives the window, and does all of its reading, checking, packing and recording; it sends and receives as
well, as far as that needs no waiting. Nothing is decided here: see ``window.py``.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.engine.carriers.threads import Threads
from airflow_provider_vcc.dispositions.engine.chunks.delivery import ON_THE_WAY, NotSent, Unknown
from airflow_provider_vcc.dispositions.engine.kept import Kept
from airflow_provider_vcc.dispositions.engine.limits.auto import limit_of
from airflow_provider_vcc.dispositions.engine.limits.spent import Spent
from airflow_provider_vcc.dispositions.engine.messages import (
    Abort,
    Answered,
    Connecting,
    End,
    Halved,
    Idle,
    InputBroke,
    Invalid,
    Record,
    Recorded,
    Save,
    Saved,
    Send,
    Stop,
    Tick,
    Trouble,
    Wait,
)
from airflow_provider_vcc.dispositions.engine.recorder import Observer, Recorder, Snapshot
from airflow_provider_vcc.dispositions.engine.saves import Saves
from airflow_provider_vcc.dispositions.engine.settings import Settings, Times
from airflow_provider_vcc.dispositions.engine.window import Window
from airflow_provider_vcc.dispositions.http.answers import Answer
from airflow_provider_vcc.dispositions.http.client import frame
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.resume import Reader
from airflow_provider_vcc.dispositions.sources.rows import HasLines
from airflow_provider_vcc.exceptions import VccError
from airflow_provider_vcc.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import Batch, Checker
    from airflow_provider_vcc.dispositions.engine.carriers.carrier import Carrier
    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.limits.limit import Limit
    from airflow_provider_vcc.dispositions.engine.messages import Action, Event
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.outcomes.outcome import Failure
    from airflow_provider_vcc.dispositions.progress.progress import Progress
    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["Settings", "Sync"]

TICK = 1.0
"""Seconds after which whoever watches is told that time passes."""


class Sync:
    """One run over one input.

    :param client: sends requests; whoever gives a ``carrier`` need not give one.
    :param source: where the elements come from.
    :param threshold: only ``stop_on_breach`` looks at it; ``breached`` gives the judgement afterwards.
    :param disposition: the request's object, checked.
    :param kept: what a retry and the next run start from; nothing is kept if it is not given.
    :param redaction: what is private of every request; that of ``disposition`` if it is not given.
    :param wait: the seconds to wait after the n-th failure in a row; full jitter up to 8 s by default.
    :param carrier: carries requests and values in place of threads: a rehearsal, or a simulated world.
    """

    def __init__(  # noqa: PLR0913 -- a run has that many parts; all but three are keywords
        self,
        client: Client | None,
        source: Source,
        checker: Checker,
        *,
        tally: Tally | None = None,
        settings: Settings | None = None,
        threshold: Threshold | None = None,
        disposition: Mapping[str, object] | None = None,
        avoid_in_call: bool | None = None,
        kept: Kept | None = None,
        sinks: Sequence[Sink] = (),
        observer: Observer | None = None,
        redaction: Redaction | None = None,
        carrier: Carrier | None = None,
        limit: Limit | None = None,
        times: Times | None = None,
        wait: Callable[[int], float] | None = None,
    ) -> None:
        self.source = source
        self.settings = settings or Settings()
        self.threshold = threshold or Threshold()
        self.tally = tally or Tally()
        if isinstance(source, HasLines):
            self.tally.line_of = source.line
        self.times = times or Times()
        self._kept = kept = kept or Kept()
        self._observer = observer = observer or Observer()
        head_and_tail = frame(disposition, avoid_in_call=avoid_in_call)
        self._carrier = carrier or Threads(client, kept.store, head_and_tail)
        self._recorder = Recorder(self.tally, kept.progress, sinks, observer, redaction or Redaction(disposition))
        self._reader = Reader(source, checker, kept.progress, self._read, kept.synced)
        self.window = self._window(limit or limit_of(self.settings), wait or jitter, sum(map(len, head_and_tail)))
        self._recording: Delivery | None = None
        self._wait_until: float | None = None
        self._waiting = self._ended = self._broke_off = self._accounted = False
        self._count_error: BaseException | None = None
        self._began = self._carrier.clock()
        self.spent = Spent(self._carrier.clock)
        """Where the time goes."""

    def _window(self, limit: Limit, wait: Callable[[int], float], frame_bytes: int) -> Window:
        self._saves = Saves(active=self._kept.store is not None, live_every=self._observer.live_every)
        return Window(
            self._batches(),
            self.settings,
            most_bytes=self.settings.max_chunk_bytes - frame_bytes,
            limit=limit,
            saves=self._saves,
            changes=lambda: self._kept.progress.changes,
            expected=self._reader.expected,
            jitter=wait,
            times=self.times,
            must_remember=None if self._kept.synced is None else self._kept.must_remember,
        )

    @property
    def progress(self) -> Progress:
        """What is known to be applied, by position."""
        return self._kept.progress

    @property
    def read(self) -> int:
        """How many elements have been read so far."""
        return self._reader.read

    @property
    def unchanged(self) -> int:
        """How many elements were left out, since they are what the service applied last."""
        return self._kept.unchanged or 0

    @property
    def breached(self) -> bool:
        """Whether more elements failed than are tolerated."""
        return self.threshold.breached(self.tally.failed, self.tally.total)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._carrier.clock() - self._began

    @property
    def error(self) -> BaseException | None:
        """Why the run ended before its time."""
        return self.window.error or self._count_error

    def snapshot(self) -> Snapshot:
        """Return where the run stands now, for those who only look."""
        tally, window = self.tally, self.window
        held_by, held_share = self.spent.most()
        return Snapshot(
            elapsed=self.elapsed,
            read=self.read,
            expected=self.source.total,
            share=self.source.share(),
            done=tally.total,
            failed=tally.failed,
            resumed=tally.resumed,
            not_sent=tally.counts[Outcome.NOT_SENT],
            limit=window.limit.now,
            held_by=held_by,
            held_share=held_share,
            halvings=window.sizes.halvings,
            retries=window.retries,
            waited=window.service.waited,
        )

    def run(self) -> None:
        """Send everything; ``tally`` is complete afterwards, however this ends.

        :raises VccError: if the run had to stop before its end.
        :raises Exception: whatever the input raised where it broke off.
        """
        self._began = self._carrier.clock()
        self.spent = Spent(self._carrier.clock)
        whole = False
        try:
            try:
                self._kept.load()
                self._carrier.prepare()
                self._loop()
                whole = True
            finally:
                self._end(whole=whole)
        finally:
            if not self._accounted:  # an exception came in the middle of that, too
                self._end(whole=False)
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        """Send nothing more, and wait only briefly for what is in the air. May be called from a signal handler."""
        self._tell(Stop(VccError("the run was stopped; the next try goes on from what was saved"), self.times.grace))
        self._carrier.wake()

    def clear(self) -> None:
        """Forget the progress: the task has succeeded for good."""
        self._kept.clear()

    # Driving the window

    def _loop(self) -> None:
        while True:
            self._waiting = False
            while not (self._waiting or self._ended):
                self._tell(Tick())
                if self._take_in():
                    self._waiting = False
                    self._observer.tick(self.snapshot)
            if self._ended:
                return
            self._tell(Idle())
            began = self._carrier.clock()
            self._take(self._carrier.wait(self._seconds()), began)
            self._take_in()
            self._observer.tick(self.snapshot)

    def _take_in(self) -> bool:
        """Take in what has been reported meanwhile, so that saves begin while more is sent; return whether it was."""
        any_reported = False
        while self._carrier.pending():
            self._take(self._carrier.wait(0))
            any_reported = True
        return any_reported

    def _seconds(self) -> float:
        now = self._carrier.clock()
        return min(now + TICK, self._wait_until or now + TICK) - now

    def _take(self, event: Event | None, began: float | None = None) -> None:
        if began is not None:
            self.spent.on(self.window.held_by, began)
        if isinstance(event, Answered) and isinstance(event.evidence, Answer):
            self._observer.answered(event.at - event.delivery.sent_at)
        if isinstance(event, Saved) and event.error is None:
            self._kept.saved()
        if event is not None:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for action in self.window.handle(event, self._carrier.clock()):
            self._perform(action)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Record):
            self._record(action.delivery)
        elif isinstance(action, Send):
            self._send(action)
        elif isinstance(action, Save):
            self._save(action)
        elif isinstance(action, Wait):
            self._waiting, self._wait_until = True, action.until
        elif isinstance(action, Invalid):
            self._write_down(self._recorder.invalid, action.pairs, action.reason)
            self._kept.refuse(action)
        elif isinstance(action, Abort):
            self._carrier.abort(action.delivery)
        else:
            self._perform_rest(action)

    def _perform_rest(self, action: Halved | Trouble | End) -> None:
        if isinstance(action, Halved):
            self._observer.halved(action.size)
        elif isinstance(action, Trouble):
            self._observer.trouble(action.reason, action.seconds)
        else:
            self._ended = True

    def _send(self, send: Send) -> None:
        has_gone = self._carrier.send(send.delivery, send.in_air)
        if has_gone is None:
            self._tell(Connecting(send.delivery))
        if has_gone is not False:
            self.tally.requests += 1
            self._observer.sent(len(send.delivery.chunk), send.in_air)

    def _save(self, save: Save) -> None:
        extra = self._live() if save.live else None
        values = [*self._kept.values(save), *([extra] if extra else ())]
        if values:
            self._carrier.save(values)
        else:
            self._tell(Saved(None))

    def _live(self) -> tuple[str, object] | None:
        self.tally.duration = self.elapsed
        return self._observer.live(self.snapshot(), self.tally.summary(), self.tally.failed_records.document())

    # Writing down

    def _record(self, delivery: Delivery) -> None:
        self._recording = delivery
        chunk, outcome, recorder = delivery.chunk, delivery.outcome, self._recorder
        if isinstance(outcome, NotSent):
            recorder.not_sent(chunk, noted=delivery.noted)
        elif isinstance(outcome, Unknown):
            self._write_down(recorder.unknown, chunk, outcome.status, outcome.reason)
        elif outcome is not None:
            self._write_down(partial(recorder.answered, noted=delivery.noted), chunk, outcome)
        if outcome is not None:
            self._kept.settle(chunk, outcome)
        self._tell(Recorded(delivery))

    def _batches(self) -> Iterator[Batch]:
        try:
            for batch in self.spent.reading(iter(self._reader)):
                if batch.elements:
                    yield batch
                elif not self._goes_on():
                    return
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._broke_off = True
            self._tell(InputBroke(error))

    def _goes_on(self) -> bool:
        """Return whether reading goes on where nothing is to be sent: a million such rows take their time."""
        self.tally.unchanged = self._kept.unchanged
        self._observer.tick(self.snapshot)
        return not self.window.stopping

    def _read(self, failures: list[Failure], resumed: int) -> None:
        self._write_down(self._recorder.read, failures, resumed)

    def _write_down(self, write: Callable[..., None], *what: object) -> None:
        try:
            write(*what)
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._tell(Stop(error))
        if self.settings.stop_on_breach and self.threshold.hopeless(self.tally.failed, self.source.total):
            self._tell(Stop(None))

    # The end

    def _end(self, *, whole: bool) -> None:
        """Account for everything, and leave no thread behind, whatever comes in between."""
        with ExitStack() as end:  # last in, first out
            end.callback(self._sum_up)
            end.callback(self._reader.close)
            end.callback(self._count_rest, whole=whole)
            end.callback(self._carrier.close, self.times.grace)
            if not whole:
                end.callback(self._loop)
                end.callback(self._finish_interrupted)
                self._tell(Stop(None, self.times.grace))
        self._accounted = True

    def _finish_interrupted(self) -> None:
        """Complete the recording of the chunk in the middle of which an exception came, and wait for nothing lost.

        What was being taken in is told again; the window passes over what it has heard.
        """
        self._carrier.interrupted(self.window.chunks.within(ON_THE_WAY), saving=self._saves.busy)
        chunk = self._recorder.finish_interrupted()
        if self._recording is not None and chunk is self._recording.chunk:
            self._tell(Recorded(self._recording))

    def _sum_up(self) -> None:
        tally = self.tally
        missing = self._reader.read - self.unchanged - tally.total
        tally.add(Outcome.NOT_SENT, max(missing, -tally.counts[Outcome.NOT_SENT]))  # it may be done again
        self.tally.duration = self.elapsed
        self.tally.unchanged = self._kept.unchanged

    def _count_rest(self, *, whole: bool) -> None:
        if not whole or self.window.cut_at is not None or self._broke_off:
            return
        if not getattr(self.source, "countable", True):  # a query is not read to its end only to count
            return
        try:
            self._reader.count_rest()
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._count_error = error
