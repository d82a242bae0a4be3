"""What happens next: where each chunk is, whether the run ends, and what to do now.

Pure: ``handle(event, now)`` returns actions, and there is no thread, clock, queue or random number in here. Whoever
drives it carries out the actions in their order, replies to those that ask for it, and hands in a ``Tick`` whenever
nothing else is to be told, until the actions end with ``Wait`` or ``End``. ``sync.py`` does that with threads, the
tests' simulator with a clock of its own.

What becomes of a chunk whose answer times out, for example: its ``Answered`` brings a ``Fault`` that is ``too_much``.
If nobody may send it twice, it is recorded as unknown at once. Otherwise ``_faulted`` splits it: both halves go out
before anything new, the second one after the first if they share a record, and later chunks start smaller. A single
element waits in backoff instead, and is recorded as unknown after the third time-out if others succeed meanwhile.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.breaker import Service
from airflow_provider_vcc.dispositions.engine.chunk_size import Sizes
from airflow_provider_vcc.dispositions.engine.chunks.deliveries import Deliveries
from airflow_provider_vcc.dispositions.engine.chunks.delivery import (
    AGAIN,
    MOST_ATTEMPTS,
    OCCUPYING,
    ON_THE_WAY,
    TAKEN,
    NotSent,
    State,
    Unknown,
)
from airflow_provider_vcc.dispositions.engine.chunks.packer import Packer
from airflow_provider_vcc.dispositions.engine.chunks.supply import Supply
from airflow_provider_vcc.dispositions.engine.limits.pace import Pace
from airflow_provider_vcc.dispositions.engine.limits.spent import HeldBy
from airflow_provider_vcc.dispositions.engine.messages import (
    Abort,
    Answered,
    Began,
    Connecting,
    End,
    Halved,
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
from airflow_provider_vcc.dispositions.engine.verdicts import STOPPED, load_of, not_saved, unavailable
from airflow_provider_vcc.dispositions.http.answers import Answer, Fault, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_vcc.dispositions.elements.checker import Batch
    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery
    from airflow_provider_vcc.dispositions.engine.limits.limit import Limit
    from airflow_provider_vcc.dispositions.engine.messages import Action, Event
    from airflow_provider_vcc.dispositions.engine.saves import Saves
    from airflow_provider_vcc.dispositions.engine.settings import Settings, Times

__all__ = ["Window"]


class Window:
    """Every chunk of a run, and what is known of the service.

    :param batches: the checked input; where it raises, the run ends when all that came before is done.
    :param most_bytes: the most bytes of a chunk's JSON array.
    :param changes: how many changed stretches of the input have been read so far.
    :param expected: how many elements there are to send, as far as is known by now; None: nobody knows.
    :param jitter: the seconds to wait after the n-th failure in a row.
    :param must_remember: whether what is remembered from run to run must know of a chunk before it is sent; None if
        nothing is remembered.
    """

    def __init__(  # noqa: PLR0913 -- it is made of that many parts, most of them by keyword
        self,
        batches: Iterator[Batch],
        settings: Settings,
        *,
        most_bytes: int,
        limit: Limit,
        saves: Saves,
        changes: Callable[[], int],
        expected: Callable[[], int | None],
        jitter: Callable[[int], float],
        times: Times,
        must_remember: Callable[[Chunk], bool] | None = None,
    ) -> None:
        self.settings = settings
        self.limit = limit
        self.service = Service(jitter)
        self.sizes = Sizes(settings.chunk_size)
        self.retries = 0
        """How many requests were sent again."""
        self.error: BaseException | None = None
        """Why the run ends before its time."""
        self.cut_at: float | None = None
        """When what is in the air is cut."""
        self._saves = saves
        self._changes = changes
        self._expected = expected
        self._jitter = jitter
        self._times = times
        self._must_remember = must_remember or (lambda _: False)
        self._now = 0.0
        self._pace = Pace(settings.max_elements_per_second, clock=lambda: self._now)
        self.chunks = Deliveries()
        packer = Packer(batches, most_bytes, limit.most * settings.chunk_size, hold=must_remember is not None)
        self._busy = packer.busy
        self._supply = Supply(packer, self.chunks, changes, settings.max_chunk_bytes)
        self.stopping = False
        """Whether nothing more is sent."""
        self._flush_until: float | None = None
        self._flushed = self._paced = False
        self._wake: float | None = None
        self.held_by = HeldBy.SERVICE

    def handle(self, event: Event, now: float) -> list[Action]:
        """Take in what happened, and return what to do.

        :param now: seconds of a monotonic clock.
        """
        if isinstance(event, Stop):
            self._stop(event.error, None if event.grace is None else now + event.grace)
            return []
        if isinstance(event, InputBroke):
            self.error = self.error or event.error
            return []
        self._now = now
        self._pace.gone()
        return list(self._react(event, now))

    def _react(self, event: Event, now: float) -> Iterator[Action]:
        if isinstance(event, Tick):
            return self._proceed(now)
        if isinstance(event, Answered):
            return self._answered(event, now)
        if isinstance(event, Recorded):
            return self._recorded(event.delivery, now)
        if isinstance(event, Saved):
            return self._saved(event, now)
        if isinstance(event, Connecting | Began):
            (self._pace.waits if isinstance(event, Connecting) else self._pace.began)(event.delivery)
            return iter(())
        return self._ahead()

    def _stop(self, error: BaseException | None, cut_at: float | None = None) -> None:
        """End early. Nothing but attributes is set, since this may come in the middle of anything."""
        self.error = self.error or error
        if self.cut_at is None:
            self.cut_at = cut_at
        self.stopping = True

    # What to do now

    def _proceed(self, now: float) -> Iterator[Action]:
        """Take the next step: send, save, cut, wait or end."""
        self._wake, self._paced = None, False
        if self._flush_until is not None:
            yield from self._flush(now)
            return
        delivery = self._next(now)
        ends = delivery is None and self._is_over(now)
        yield from self._unfit()
        if delivery is not None:
            yield from self._dispatch(delivery, now)
        else:
            yield from self._account(now) if ends else self._save_or_wait(now)

    def _save_or_wait(self, now: float) -> Iterator[Action]:
        unsaved, to_note = len(self.chunks.at(State.UNSAVED)), len(self.chunks.at(State.TO_NOTE))
        due = self._saves.due_in(unsaved, to_note, self.chunks.in_air, self.limit.now, now)
        if due == 0:
            yield self._save(now)
            return
        self._wake_in(due, now)
        if self.cut_at is not None:
            if now >= self.cut_at:
                yield from self._cut()
            self._wake_in((self.cut_at if now < self.cut_at else self.cut_at + self._times.cut) - now, now)
        self.held_by = HeldBy.PACE if self._paced else self.chunks.held_by
        yield Wait(self._wake)

    def _ahead(self) -> Iterator[Action]:
        """Pack the next chunk while requests are on the way."""
        busy = self.stopping or self.chunks.searching or self.chunks.within(AGAIN) or self.chunks.packed is not None
        if self.chunks.in_air and not busy:
            self._supply.pack(self._pace.size(self.sizes.now))
            yield from self._unfit()

    def _unfit(self) -> Iterator[Invalid]:
        return (Invalid(pairs, reason) for pairs, reason in self._supply.unfit())

    def _wake_in(self, seconds: float | None, now: float) -> None:
        if seconds is not None and seconds > 0:
            self._wake = now + seconds if self._wake is None else min(self._wake, now + seconds)

    def _is_over(self, now: float) -> bool:
        if self.chunks.in_air or self._saves.busy:
            return self.cut_at is not None and now >= self.cut_at + self._times.cut
        return self.stopping or (not self.chunks and self._supply.done)

    # Sending

    def _next(self, now: float) -> Delivery | None:
        """Return what may go out now; None sets the time at which something may, if that is known."""
        expected = self._expected()
        self.limit.expect(None if expected is None else ceil(expected / self._pace.size(self.sizes.now)))
        if self.stopping or len(self.chunks.within(OCCUPYING)) >= self.limit.now:
            return None
        delay = self.service.delay(self.chunks.in_air, now)
        if delay != 0:
            self._wake_in(delay, now)
            return None
        delivery = self._due(now) or self._new(now)
        if delivery is None or self.settings.may_repeat(messages=delivery.chunk.messages):
            return delivery
        return delivery if len(self.chunks.within(OCCUPYING)) < self.limit.most_unrepeatable else None

    def _due(self, now: float) -> Delivery | None:
        """Return what is to be sent again, if its time has come; what is too large by now is split first."""
        delivery = self.chunks.first_ready(now, self.sizes.now)
        self._wake_in(self.chunks.next_ready_in(now), now)
        return delivery if delivery is not None and self._is_in_pace(delivery.chunk, now) else None

    def _new(self, now: float) -> Delivery | None:
        most = self.limit.now + self.chunks.is_stuck(self.limit.now)
        if self.chunks.searching or len(self.chunks.within(TAKEN)) >= most:
            return None
        self._supply.put_back_larger_than(self.sizes.now)
        delivery = self.chunks.packed or self._supply.pack(self._pace.size(self.sizes.now))
        return delivery if delivery is not None and self._is_in_pace(delivery.chunk, now) else None

    def _is_in_pace(self, chunk: Chunk, now: float) -> bool:
        delay = self._pace.delay(len(chunk))
        self._wake_in(delay, now)
        self._paced = delay > 0
        return delay <= 0

    def _dispatch(self, delivery: Delivery, now: float) -> Iterator[Action]:
        if self.stopping:  # a signal came while it was packed
            return
        if delivery.state is State.PACKED:
            self._busy.add(delivery.chunk)
        if self._is_to_be_noted(delivery) or self._saves.lags(delivery.changes):
            delivery.move(State.TO_NOTE)
        else:
            yield self._launch(delivery, now)

    def _is_to_be_noted(self, delivery: Delivery) -> bool:
        """Return whether somebody must know of a chunk before it is sent: the next try, or the next run."""
        once = self._saves.active and not self.settings.may_repeat(messages=delivery.chunk.messages)
        return delivery.note(once, not delivery.remembered and self._must_remember(delivery.chunk))

    def _launch(self, delivery: Delivery, now: float) -> Send:
        self.retries += delivery.maybe_acted or delivery.attempts > 0
        delivery.sent_at = now
        delivery.move(State.IN_AIR)
        self._pace.sent(delivery, len(delivery.chunk))
        delivery.sent = self.limit.sent(len(self.chunks.within(OCCUPYING)), now)
        return Send(delivery, self.chunks.in_air)

    # Saving

    def _save(self, now: float) -> Save:
        """Save everything that is known, for all that wait for it."""
        for delivery in self.chunks.at(State.UNSAVED):
            delivery.move(State.SAVING)
        notes = self.chunks.at(State.TO_NOTE)
        for delivery in notes:
            delivery.move(State.NOTING)
        live = self._saves.begin(self._changes(), now)
        noted = [delivery.chunk for delivery in notes if delivery.noted]
        return Save(noted, live, [delivery.chunk for delivery in notes if delivery.remembered])

    def _saved(self, event: Saved, now: float) -> Iterator[Action]:
        well = event.error is None
        self._saves.ended(event.seconds, now, well=well)
        self.chunks.noted(well=well)
        released = {State.SAVING} if well else {State.SAVING, State.UNSAVED}
        for delivery in self.chunks.within(frozenset(released)):
            self.chunks.leave(delivery, self.limit, now)
        self.chunks.forget_done()
        if event.error is not None:
            self._stop(not_saved(event.error))
        yield from ()

    # What became of a request

    def _answered(self, event: Answered, now: float) -> Iterator[Action]:
        delivery, evidence = event.delivery, event.evidence
        self._pace.began(delivery)
        if delivery.state not in ON_THE_WAY or delivery not in self.chunks:  # it was given up before, or is told again
            return
        if isinstance(evidence, Fault):
            self.limit.failed(load_of(evidence), event.at)
            yield from self._faulted(delivery, evidence, now)
        elif isinstance(evidence, Refusal):
            self._stop(evidence.error)
            self.chunks.to_back(delivery)
            delivery.move(State.READY)
        else:
            if isinstance(evidence, Answer):
                self.service.succeeded()
                self.sizes.went_well(len(delivery.chunk))
            yield self._record(delivery, evidence)

    def _record(self, delivery: Delivery, outcome: Answer | Unknown | NotSent) -> Record:
        delivery.outcome = outcome
        delivery.move(State.ANSWERED)
        return Record(delivery)

    def _recorded(self, delivery: Delivery, now: float) -> Iterator[Action]:
        if delivery.state is not State.ANSWERED:
            return
        self._busy.free(delivery.chunk, self.chunks.release(delivery))
        if self._saves.holds and isinstance(delivery.outcome, Answer):
            if not self.chunks.at(State.UNSAVED):
                self._saves.first_result(now)
            delivery.move(State.UNSAVED)
            delivery.chunk = delivery.chunk.without_content()  # dozens may wait for a save
        else:
            self.chunks.leave(delivery, self.limit, now)
            self.chunks.forget_done()
        yield from ()

    def _faulted(self, delivery: Delivery, fault: Fault, now: float) -> Iterator[Action]:
        delivery.maybe_acted = delivery.maybe_acted or fault.delivered is None
        if delivery.successes_before is None:
            delivery.successes_before = self.service.successes
        delivery.attempts += 1
        repeat = fault.delivered is False or self.settings.may_repeat(messages=delivery.chunk.messages)
        split = fault.too_much and len(delivery.chunk) > 1
        if split:
            self.sizes.too_much(len(delivery.chunk))
            yield Halved(self.sizes.now)
        if not (split and repeat):
            yield self._service_failed(delivery, fault, now)
        if not repeat or delivery.is_exhausted(self.service.successes, too_much=fault.too_much):
            yield self._record(delivery, Unknown(fault.reason, fault.status))
        elif split:
            self.chunks.split(delivery)
        else:
            self._back_off(delivery, now)

    def _service_failed(self, delivery: Delivery, fault: Fault, now: float) -> Trouble:
        self.service.failed(delivery.sent_at, now, fault.retry_after)
        if self.service.is_down(now):
            self._stop(unavailable(self.service.failures, fault))
        return Trouble(fault.reason, self.service.closed_for(now))

    def _back_off(self, delivery: Delivery, now: float) -> None:
        wait = self._jitter(delivery.attempts)
        if delivery.attempts >= MOST_ATTEMPTS:  # let another one show whether it is this one's fault
            wait += self.service.closed_for(now)
        delivery.ready_at = now + wait
        self.chunks.to_back(delivery)
        delivery.move(State.BACKOFF)

    # The end

    def _cut(self) -> Iterator[Action]:
        for delivery in self.chunks.at(State.IN_AIR):
            delivery.move(State.ABORTING)
            yield Abort(delivery)

    def _account(self, now: float) -> Iterator[Action]:
        """Write down what was begun and not done."""
        self.stopping = True
        for delivery in self.chunks.unrecorded:
            if delivery.state is State.ANSWERED:  # an exception came before it was written down
                yield Record(delivery)
            elif delivery.state in ON_THE_WAY or delivery.maybe_acted:
                yield self._record(delivery, Unknown(STOPPED))
            else:
                delivery.outcome = NotSent()
                delivery.move(State.DONE)
                yield Record(delivery)
        self._flush_until = now + self._times.flush

    def _flush(self, now: float) -> Iterator[Action]:
        """Save what is left, and end; a store that hangs is not waited for any longer."""
        waiting = self._flush_until is not None and now < self._flush_until
        if self._saves.busy and waiting:
            yield Wait(self._flush_until)
        elif self._saves.holds and waiting and not self._flushed:
            self._flushed = True
            yield self._save(now)
        else:
            yield End(self.error)
