"""The loop: it keeps the window full, and gives every element of the input exactly one outcome.

One thread reads, checks, packs and settles; as many others as requests are in the air carry these; one saves the
progress. They meet in one queue of events. Chunks that are in the air, that are to be sent again, or whose results are
not saved yet, are at most ``max_in_flight`` together, but for one that goes out when all of them fail by themselves.
"""

from __future__ import annotations

from collections import deque
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from airflow_provider_vcc.dispositions.engine.backoff import jitter
from airflow_provider_vcc.dispositions.engine.breaker import Service
from airflow_provider_vcc.dispositions.engine.chunk_size import Sizes
from airflow_provider_vcc.dispositions.engine.pace import Pace
from airflow_provider_vcc.dispositions.engine.packer import ODD, Chunk, Packer
from airflow_provider_vcc.dispositions.engine.recorder import Books, Observer
from airflow_provider_vcc.dispositions.engine.saver import Saved
from airflow_provider_vcc.dispositions.engine.saves import Journal
from airflow_provider_vcc.dispositions.engine.senders import Senders
from airflow_provider_vcc.dispositions.http.answers import Answer, Evidence, Fault
from airflow_provider_vcc.dispositions.http.client import frame
from airflow_provider_vcc.dispositions.outcomes.outcome import Outcome, Threshold
from airflow_provider_vcc.dispositions.outcomes.tally import Tally
from airflow_provider_vcc.dispositions.progress.progress import Progress
from airflow_provider_vcc.dispositions.progress.resume import Reader
from airflow_provider_vcc.exceptions import VccError, VccUnavailable
from airflow_provider_vcc.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import Batch, Checker
    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.http.client import Client
    from airflow_provider_vcc.dispositions.progress.progress import Store
    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["Settings", "Sync"]

TICK = 1.0
GRACE = 3.0
"""Seconds that a run which ends early waits for what is in the air: Airflow kills a task 5 s after SIGTERM."""
SHORTEST_WAIT = 0.0005
MOST_ATTEMPTS = 5
MOST_TIMEOUTS = 3
STOPPED = "the run was stopped before the answer came"

Event = tuple[Chunk, Evidence] | Saved | None


class Settings(msgspec.Struct, frozen=True):
    """How to send. The names and defaults are the operator's."""

    chunk_size: int = 500
    max_chunk_bytes: int = 1_048_576
    max_in_flight: int = 4
    max_elements_per_second: float | None = None
    on_ambiguous: Literal["auto", "resend", "report"] = "auto"
    stop_on_breach: bool = False


class Sync:
    """One run over one input.

    :param source: where the elements come from.
    :param threshold: only ``stop_on_breach`` looks at it; ``breached`` gives the judgement afterwards.
    :param disposition: the request's object, checked.
    :param store: keeps the progress for a retry; None where there is nowhere to keep it.
    :param scope: what else the requests depend on, so that a retry with other settings skips nothing.
    :param redaction: what is private of every request; that of ``disposition`` where it is not given.
    """

    def __init__(  # noqa: PLR0913 -- a run has that many parts; all but three are keywords
        self,
        client: Client,
        source: Source,
        checker: Checker,
        *,
        tally: Tally | None = None,
        settings: Settings | None = None,
        threshold: Threshold | None = None,
        disposition: Mapping[str, Any] | None = None,
        avoid_in_call: bool | None = None,
        store: Store | None = None,
        scope: bytes = b"",
        sinks: Sequence[Sink] = (),
        observer: Observer | None = None,
        redaction: Redaction | None = None,
    ) -> None:
        self.source = source
        self.settings = settings = settings or Settings()
        self.threshold = threshold or Threshold()
        self.tally = tally or Tally()
        self.progress = Progress(scope)
        self.service = Service()
        self.sizes = Sizes(settings.chunk_size)
        self.retries = 0
        """How many requests were sent again."""
        self.error: BaseException | None = None
        """Why the run ended before its time."""
        self._client = client
        self._store = store
        self._observer = observer or Observer()
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._books = Books(self.tally, self.progress, sinks, self._observer, redaction or Redaction(disposition))
        self._journal = Journal(store, self.progress, self._events, self._observer.live, settings.max_in_flight)
        self._reader = Reader(source, checker, self.progress, partial(self._write_down, self._books.read))
        head, tail = frame(disposition, avoid_in_call=avoid_in_call)
        most_waiting = settings.max_in_flight * settings.chunk_size
        self._packer = Packer(self._batches(), settings.max_chunk_bytes - len(head) - len(tail), most_waiting)
        self._senders = Senders(client, (head, tail), lambda *answer: self._events.put(answer))
        self._pace = Pace(settings.max_elements_per_second)
        self._hand: Chunk | None = None
        self._in_air: set[Chunk] = set()
        self._again: deque[Chunk] = deque()
        self._searching = 0
        self._stopping = False
        self._broken = False
        self._cut_at: float | None = None
        self._wake: float | None = None
        self._began = monotonic()

    @property
    def read(self) -> int:
        """How many elements have been read so far."""
        return self._reader.read

    @property
    def breached(self) -> bool:
        """Whether more elements failed than are tolerated."""
        return self.threshold.breached(self.tally.failed, self.tally.total)

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return monotonic() - self._began

    def run(self) -> None:
        """Send everything; ``tally`` is complete afterwards, however this ends.

        :raises VccError: where the run had to stop before its end.
        :raises Exception: whatever the input raised where it broke off.
        """
        self._began = monotonic()
        whole = False
        try:
            if self._store is not None:
                self.progress.load(self._store)
            self._client.prepare()
            self._loop()
            whole = True
        finally:
            self._end(whole=whole)
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        """Send nothing more, and wait only briefly for what is in the air. May be called from a signal handler."""
        self._cut_at = monotonic() + GRACE
        self._fail(VccError("the run was stopped; the next try goes on from what was saved"))
        self._events.put(None)

    def clear(self) -> None:
        """Forget the progress: the task has succeeded for good."""
        if self._store is not None:
            self.progress.clear(self._store)

    def _loop(self) -> None:
        while True:
            if self.settings.stop_on_breach and self.threshold.hopeless(self.tally.failed, self.source.total):
                self._stopping = True
            self._fill()
            if self._finished():
                return
            self._handle(self._next_event())
            while not self._events.empty():
                self._handle(self._events.get())
            self._observer.tick()

    def _batches(self) -> Iterator[Batch]:
        """Give the input; where it breaks off, what came before is still sent."""
        try:
            yield from self._reader
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._broken = True
            self.error = self.error or error

    def _finished(self) -> bool:
        if self._in_air or self._journal.writing:
            return self._cut_at is not None and monotonic() > self._cut_at + TICK
        if self._stopping:
            return True
        return not (self._hand or self._again or self._journal.held) and self._packer.done

    def _fail(self, error: BaseException) -> None:
        self.error = self.error or error
        self._stopping = True

    # Sending

    def _fill(self) -> None:
        self._wake = None
        window = self.settings.max_in_flight
        while not self._stopping and len(self._in_air) + self._journal.held < window:
            delay = self.service.delay(len(self._in_air))
            if delay != 0:
                self._wake_in(delay)
                return
            chunk = self._due() or self._new(window)
            if chunk is None:
                return
            self._dispatch(chunk)

    def _due(self) -> Chunk | None:
        """Give a chunk that is to be sent again, where its time has come; one that is too large by now in parts."""
        now = monotonic()
        chunk = self._first_ready(now)
        while chunk is not None and len(chunk) > self.sizes.now:
            self._split(chunk)
            self._again.remove(chunk)
            chunk = self._first_ready(now)
        if chunk is None or not self._in_pace(chunk):
            return None
        self._in_air.add(chunk)
        self._again.remove(chunk)
        self.retries += chunk.maybe_acted or chunk.attempts > 0
        return chunk

    def _first_ready(self, now: float) -> Chunk | None:
        for chunk in self._again:
            if chunk.ready_at <= now:
                return chunk
            self._wake_in(chunk.ready_at - now)
        return None

    def _new(self, window: int) -> Chunk | None:
        if self._searching or len(self._again) + len(self._in_air) + self._journal.held >= window + self._stuck(window):
            return None
        if self._hand is not None and len(self._hand) > self.sizes.now:
            self._packer.put_back(self._hand, 0)
            self._hand = None
        chunk = self._hand = self._hand or self._pack()
        if chunk is None or not self._in_pace(chunk):
            return None
        self._hand = None
        chunk.changes = self.progress.changes
        self._packer.busy |= chunk.keys
        self._searching += chunk.searches
        return chunk

    def _stuck(self, window: int) -> bool:
        """Say whether one more is needed to show that the service is there, and all that wait fail by themselves."""
        return len(self._again) >= window and all(chunk.attempts >= MOST_ATTEMPTS for chunk in self._again)

    def _pack(self) -> Chunk | None:
        alone = not (self._in_air or self._again or self._journal.held)
        while True:
            chunk = self._packer.next(self._pace.size(self.sizes.now), alone=alone)
            if not (self._packer.too_big or self._packer.odd):
                return chunk
            self._take_away_unfit()
            if chunk is not None:
                return chunk

    def _take_away_unfit(self) -> None:
        too_big, self._packer.too_big = self._packer.too_big, []
        odd, self._packer.odd = self._packer.odd, []
        reason = f"larger than one request may be (max_chunk_bytes={self.settings.max_chunk_bytes})"
        self._write_down(self._books.invalid, too_big, reason)
        self._write_down(self._books.invalid, odd, ODD)

    def _in_pace(self, chunk: Chunk) -> bool:
        delay = self._pace.delay(len(chunk))
        if delay > 0:
            self._wake_in(delay)
        return delay <= 0

    def _wake_in(self, seconds: float | None) -> None:
        if seconds is not None:
            at = monotonic() + seconds
            self._wake = at if self._wake is None else min(self._wake, at)

    def _may_repeat(self, chunk: Chunk) -> bool:
        mode = self.settings.on_ambiguous
        return mode == "resend" or (mode == "auto" and not chunk.messages)

    def _dispatch(self, chunk: Chunk) -> None:
        if self._stopping:  # a signal came while it was packed
            self._again.append(chunk)
            self._in_air.discard(chunk)
        elif self._journal.active and not chunk.noted and not self._may_repeat(chunk):
            self._journal.note(chunk)
        elif self._journal.lags(chunk):
            self._journal.hold(chunk)
        else:
            self._launch(chunk)

    def _launch(self, chunk: Chunk) -> None:
        self._in_air.add(chunk)
        chunk.sent_at = monotonic()
        self._pace.sent(len(chunk))
        self.tally.requests += 1
        self._observer.sent(len(chunk), len(self._in_air))
        self._senders.send(chunk, len(self._in_air))

    # Waiting

    def _next_event(self) -> Event:
        self._wake_in(self._journal.write(len(self._in_air)))
        if self._hand is None and self._in_air and not (self._stopping or self._searching or self._again):
            self._hand = self._pack()
        now = monotonic()
        cut_at = self._cut_at if self._cut_at is not None and self._cut_at > now else None
        until = min(at for at in (now + TICK, self._wake, cut_at) if at is not None)
        try:
            return self._events.get(timeout=max(until - now, SHORTEST_WAIT))
        except Empty:
            return None

    def _handle(self, event: Event) -> None:
        if isinstance(event, Saved):
            self._saved(event)
        elif event is not None:
            self._answered(*event)
        else:
            self._cut()

    def _saved(self, event: Saved) -> None:
        try:
            noted = self._journal.saved(event)
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._fail(error)
            return
        self._again.extendleft(reversed(noted))  # it is not for them to pass the pace or the breaker

    def _cut(self) -> None:
        if self._cut_at is not None and monotonic() >= self._cut_at:
            for chunk in self._in_air:
                if chunk.attempt is not None:
                    chunk.attempt.abort()

    # Settling

    def _write_down(self, write: Callable[..., None], *what: Any) -> None:
        try:
            write(*what)
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self._fail(error)

    def _answered(self, chunk: Chunk, evidence: Evidence) -> None:
        """Settle a chunk. It leaves the air last, so that it is not lost where an exception comes in between."""
        if isinstance(evidence, Answer):
            self.service.succeeded()
            self.sizes.went_well(len(chunk))
            self._write_down(self._books.answered, chunk, evidence)
            self._settled(chunk)
        elif isinstance(evidence, Fault):
            self._faulted(chunk, evidence)
        else:
            self._fail(evidence.error)
            self._again.append(chunk)
        self._in_air.discard(chunk)

    def _settled(self, chunk: Chunk) -> None:
        self._journal.result()
        self._release(chunk)

    def _release(self, chunk: Chunk) -> None:
        part = chunk.then
        if part is None:
            self._packer.busy -= chunk.keys
            self._searching -= chunk.searches
            return
        self._again.appendleft(part)
        free = set(chunk.keys)
        while part is not None:
            free -= part.keys
            part = part.then
        self._packer.busy -= free

    def _faulted(self, chunk: Chunk, fault: Fault) -> None:
        chunk.maybe_acted = chunk.maybe_acted or fault.delivered is None
        if chunk.successes_before is None:
            chunk.successes_before = self.service.successes
        chunk.attempts += 1
        repeat = fault.delivered is False or self._may_repeat(chunk)
        split = fault.too_much and len(chunk) > 1
        if split:
            self.sizes.too_much(len(chunk))
            self._observer.halved(self.sizes.now)
        if not (split and repeat):
            self._service_failed(chunk, fault)
        if not repeat or self._exhausted(chunk, fault):
            self._write_down(self._books.unknown, chunk, fault.status, fault.reason)
            self._settled(chunk)
        elif split:
            self._split(chunk)
        else:
            chunk.ready_at = monotonic() + jitter(chunk.attempts)
            if chunk.attempts >= MOST_ATTEMPTS:  # let another one show whether it is this one's fault
                chunk.ready_at += self.service.delay(0) or 0.0
            self._again.append(chunk)

    def _service_failed(self, chunk: Chunk, fault: Fault) -> None:
        self.service.failed(chunk.sent_at, fault.retry_after)
        self._observer.trouble(fault.reason, self.service.delay(0) or 0.0)
        if self.service.down:
            self._fail(
                VccUnavailable(
                    f"VCC does not serve requests: {self.service.failures} failures in a row, the last one: "
                    f"{fault.told}. The rest was not sent; the next try goes on from here",
                    delivered=fault.delivered,
                )
            )

    def _exhausted(self, chunk: Chunk, fault: Fault) -> bool:
        """Say whether a chunk fails by itself: others succeed, and it has had its tries."""
        most = MOST_TIMEOUTS if fault.too_much else MOST_ATTEMPTS
        alone = self.service.successes > (chunk.successes_before or 0)
        return chunk.maybe_acted and chunk.attempts >= most and alone

    def _split(self, chunk: Chunk) -> None:
        first, second = chunk.halves()
        self._again.extendleft([second, first] if first.then is None else [first])

    # The end

    def _end(self, *, whole: bool) -> None:
        """Account for everything, and leave no thread behind, whatever comes in between."""
        self._stopping = True
        with ExitStack() as end:  # last in, first out
            end.callback(self._sum_up)
            end.callback(self._reader.close)
            end.callback(self._count_rest, whole=whole)
            end.callback(self._client.close)
            end.callback(self._senders.close, GRACE)
            end.callback(self._journal.finish)
            end.callback(self._account)
            if not whole:
                self._mend()
                self._drain()

    def _sum_up(self) -> None:
        self.tally.add(Outcome.NOT_SENT, max(self._reader.read - self.tally.total, 0))
        self.tally.duration = self.elapsed

    def _mend(self) -> None:
        """Complete the settling of the chunk in the middle of which an exception came."""
        chunk = self._books.mend()
        if chunk in self._in_air:
            self._in_air.discard(chunk)
            if chunk.then is not None and chunk.then not in self._again:
                self._again.append(chunk.then)

    def _drain(self) -> None:
        """Wait briefly for what is in the air."""
        if self._cut_at is None:
            self._cut_at = monotonic() + GRACE
        while self._in_air and monotonic() < self._cut_at + TICK:
            self._handle(self._next_event())

    def _account(self) -> None:
        """Write down what was begun and not settled."""
        seen: set[int] = set()
        for chunk in [*self._in_air, *self._again, *self._journal.unsent()]:
            part: Chunk | None = chunk
            while part is not None:
                if part.positions[0] not in seen:  # it may stand there twice, where an exception came in between
                    seen.update(part.positions)
                    self._account_for(part)
                part = part.then
        self._in_air, self._again = set(), deque()

    def _account_for(self, chunk: Chunk) -> None:
        if chunk.maybe_acted or chunk in self._in_air:
            self._write_down(self._books.unknown, chunk, None, STOPPED)
        else:
            self._books.not_sent(chunk)

    def _count_rest(self, *, whole: bool) -> None:
        if not whole or self._cut_at or self._broken:
            return
        try:
            self._reader.count_rest()
        except Exception as error:  # noqa: BLE001 -- raised when all is accounted for
            self.error = self.error or error
