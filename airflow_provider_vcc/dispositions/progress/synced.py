"""What the service last applied for each record, remembered from run to run: only what differs from it is sent.

Pure but for the ledger that it is given. A record's row in the ledger is a fingerprint of the element as it goes out,
with the request's ``disposition``, and a state. The rules:

* what was applied, and is the same, is left out; of several elements for one record that are looked up at once, the
  last one counts;
* what is sent is noted before, if the ledger knows the record or the element asks for messages: otherwise a killed run
  would leave behind a fingerprint that is true no more;
* what the service refused leaves the ledger as it was, so it is sent again in the next run;
* what nobody knows is sent again, unless it asks for messages: that is reported instead.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from airflow_provider_vcc.dispositions.outcomes.outcome import Failure, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.elements.checker import AnyElement, Batch
    from airflow_provider_vcc.dispositions.progress.progress import Store

__all__ = ["LEDGER", "Change", "Ledger", "Remembered", "Remembering", "State", "Synced", "fingerprint_key"]

LEDGER = "vcc_synced"
"""The key under which a save hands the ledger its entries; never a key of Airflow's store."""
DIGEST = 16
UNKNOWN_BEFORE = (
    "an earlier run sent the same with messages, nobody can say whether it took effect, and it must not be sent twice; "
    "look at the record in VCC, then delete its row in synced_table to send it again"
)

_encode = msgspec.json.Encoder().encode
_UNENCODABLE = (TypeError, ValueError, RecursionError, msgspec.MsgspecError)


class State(StrEnum):
    """What the ledger says of a record."""

    APPLIED = "applied"
    SENT = "sent"
    """It was about to be sent. Where that stays, the run was killed."""
    UNKNOWN = "unknown"
    """It was sent, and nobody can say whether it took effect."""


class Remembered(msgspec.Struct, frozen=True, gc=False):  # of which there are so many that collecting them takes long
    """What stands in the ledger for a record."""

    fingerprint: str
    state: State


class Ledger(Protocol):
    """A table that outlasts the run. ``differing`` is called by one thread, ``write`` and ``doubt_all`` by another."""

    def differing(self, wanted: Mapping[str, str]) -> Mapping[str, Remembered | None]:
        """Return what stands there for each record that is not ``applied`` with the wanted fingerprint; None: nothing.

        :param wanted: record -> fingerprint.
        """

    def write(self, entries: Mapping[str, Remembered | None]) -> None:
        """Keep what stands for some records from now on; None forgets one."""

    def doubt_all(self) -> None:
        """Make every ``applied`` of the project ``unknown``: a search may have touched any record."""

    def close(self) -> None:
        """Let go of what is open."""


class Change(NamedTuple):
    """What is to be kept in the ledger with one save."""

    entries: Mapping[str, Remembered | None]
    doubt: bool
    """Whether a search is about to be sent, so that nothing in the ledger is certain any more."""


class Remembering:
    """A store that writes to the ledger what is for the ledger, and keeps the rest where there is a store for it."""

    def __init__(self, ledger: Ledger, store: Store | None) -> None:
        self._ledger = ledger
        self._store = store

    def get(self, key: str, default: object = None) -> object:
        """Return a value, or the default."""
        return default if self._store is None else self._store.get(key, default=default)

    def set(self, key: str, value: object) -> None:
        """Keep a value."""
        if isinstance(value, Change):
            self._ledger.write(value.entries)
            if value.doubt:
                self._ledger.doubt_all()
        elif self._store is not None:
            self._store.set(key, value)

    def delete(self, key: str) -> None:
        """Forget a value."""
        if self._store is not None:
            self._store.delete(key)


class _Open(msgspec.Struct, gc=False):
    """A record with elements that were read and are not settled yet.

    :param stands: what the service has, as far as is known: what a refused element goes back to.
    """

    stands: Remembered | None
    count: int = 0
    noted: bool = False


def fingerprint_key(*parts: object) -> bytes:
    """Return the key of all fingerprints of a run: what an element's effect depends on beside itself."""
    return hashlib.blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=32).digest()


class Synced:
    """Compares elements with the ledger, and collects what is to be kept there.

    :param key: from ``fingerprint_key``.
    :param resend: send also what is the same.
    :param doubles: messages may go out twice, if nobody can say whether they did (``on_ambiguous="resend"``).
    """

    def __init__(self, ledger: Ledger, key: bytes, *, resend: bool = False, doubles: bool = False) -> None:
        self.ledger = ledger
        self.unchanged = 0
        """How many elements were left out."""
        self._hash = hashlib.blake2b(key, digest_size=DIGEST)
        self._resend = resend
        self._doubles = doubles
        self._searched = False
        self._open: dict[str, _Open] = {}
        self._unsaved: dict[str, Remembered | None] = {}
        self._saving: dict[str, Remembered | None] = {}
        self._doubt = False

    def fingerprint(self, element: AnyElement) -> str:
        """Return what tells an element, as it goes out, from any other; empty where it cannot be encoded."""
        one = self._hash.copy()  # half the time of a hash with a key
        try:
            one.update(_encode(element))
        except _UNENCODABLE:
            return ""
        return one.hexdigest()

    # Reading

    def compare(self, batches: Sequence[Batch]) -> list[tuple[Batch, list[Failure]]]:
        """Return each batch without what is the same, and the failures of what must not be sent.

        They are looked up at once: the last element for a record in all of them is what the record comes to. All are
        judged before any is sent, since what was looked up is true no more afterwards.
        """
        prints: dict[str, str] = {}
        for batch in batches:
            prints.update(self._fingerprints(batch.elements))
        differing = self.ledger.differing(prints)
        return [self._changed(batch, differing, prints) for batch in batches]

    def _changed(
        self, batch: Batch, differing: Mapping[str, Remembered | None], prints: Mapping[str, str]
    ) -> tuple[Batch, list[Failure]]:
        keep: list[int] = []
        failures: list[Failure] = []
        touched = {*self._open, *self._unsaved, *self._saving}
        for index, element in enumerate(batch.elements):
            record = element.numberid
            if record in prints and record not in differing and record not in touched and not self._doubtful:
                self.unchanged += 1
                continue
            verdict = self._verdict(element, differing, prints)
            if verdict is None:
                keep.append(index)
                touched.add(str(record))
            elif verdict is Outcome.UNKNOWN:
                failures.append(Failure(batch.positions[index], verdict, None, UNKNOWN_BEFORE, element))
            else:
                self.unchanged += 1
        if len(keep) == len(batch.elements):
            return batch, failures
        elements = [batch.elements[index] for index in keep]
        positions = [batch.positions[index] for index in keep]
        return msgspec.structs.replace(batch, elements=elements, positions=positions, records=None), failures

    def _fingerprints(self, elements: Sequence[AnyElement]) -> dict[str, str]:
        """Return the fingerprint of the last element for each record: what it is to come to."""
        return {str(one.numberid): self.fingerprint(one) for one in elements if one.numberid is not None}

    @property
    def _doubtful(self) -> bool:
        return self._searched or self._resend

    def _verdict(
        self, element: AnyElement, differing: Mapping[str, Remembered | None], prints: Mapping[str, str]
    ) -> Outcome | None:
        """Return None for what is sent, UNKNOWN for what must not be, APPLIED for what is the same."""
        if element.numberid is None:
            self._searched = True  # it may touch any record, so nothing behind it is known to stand
            return None
        record = str(element.numberid)
        opened = self._open.get(record)
        if opened is None:
            stands = self._stands(record, differing, prints)
            certain = stands is not None and stands.state is State.APPLIED and not self._searched
            if stands is not None and certain and not self._resend and stands.fingerprint == prints[record]:
                return Outcome.APPLIED
            if stands is not None and not certain and self._must_not_repeat(element, stands, prints[record]):
                return Outcome.UNKNOWN
            opened = self._open[record] = _Open(stands)
        opened.count += 1
        return None

    def _must_not_repeat(self, element: AnyElement, stands: Remembered, last: str) -> bool:
        same = stands.fingerprint in {last, self.fingerprint(element)}
        return same and bool(element.sendDispositionMessages) and not self._doubles

    def _stands(
        self, record: str, differing: Mapping[str, Remembered | None], prints: Mapping[str, str]
    ) -> Remembered | None:
        if record in self._unsaved:
            return self._unsaved[record]
        if record in self._saving:
            return self._saving[record]
        if record in differing:
            return differing[record]
        return Remembered(prints[record], State.APPLIED)

    # Sending

    def must_note(self, elements: Iterable[AnyElement]) -> bool:
        """Return whether the ledger must know of some elements before they are sent."""
        return any(
            element.numberid is None
            or element.sendDispositionMessages
            or (record := self._open.get(str(element.numberid))) is None
            or record.stands is not None
            for element in elements
        )

    def note(self, elements: Iterable[AnyElement]) -> None:
        """Note some elements with the next save."""
        for element in elements:
            if element.numberid is None:
                self._doubt = True
            else:
                record = str(element.numberid)
                self._unsaved[record] = Remembered(self.fingerprint(element), State.SENT)
                if record in self._open:
                    self._open[record].noted = True

    def settle(self, elements: Sequence[AnyElement], refused: Collection[int], unknown: Collection[int]) -> None:
        """Keep what became of the elements of a request, in their order.

        :param refused: the indexes of those that the service certainly did not set.
        :param unknown: the indexes of those of which nobody knows.
        """
        if not (refused or unknown):
            self.applied(elements)
            return
        for index, element in enumerate(elements):
            fate = self.refused if index in refused else self.unknown if index in unknown else self.applied
            fate((element,))

    def applied(self, elements: Iterable[AnyElement]) -> None:
        """Keep what the service applied."""
        for element in elements:
            self._close(element, Remembered(self.fingerprint(element), State.APPLIED))

    def unknown(self, elements: Iterable[AnyElement]) -> None:
        """Keep that nobody can say what became of some elements."""
        for element in elements:
            self._close(element, Remembered(self.fingerprint(element), State.UNKNOWN))

    def refused(self, elements: Iterable[AnyElement]) -> None:
        """Go back to what stood there: the service certainly did not act on some elements."""
        for element in elements:
            opened = self._open.get(str(element.numberid))
            if opened is None:
                continue
            if opened.noted:
                self._unsaved[str(element.numberid)] = opened.stands
            self._release(str(element.numberid), opened)

    def _close(self, element: AnyElement, stands: Remembered) -> None:
        if element.numberid is None:
            return
        record = str(element.numberid)
        self._unsaved[record] = stands
        opened = self._open.get(record)
        if opened is not None:
            opened.stands = stands
            self._release(record, opened)

    def _release(self, record: str, opened: _Open) -> None:
        opened.count -= 1
        if opened.count <= 0:
            del self._open[record]

    # Saving

    @property
    def unsaved(self) -> bool:
        """Whether there is something to write."""
        return bool(self._unsaved) or self._doubt

    def take(self) -> Change:
        """Return what is to be written now; ``saved`` ends that."""
        self._saving, self._unsaved = self._unsaved, {}
        change = Change(self._saving, self._doubt)
        self._doubt = False
        return change

    def saved(self) -> None:
        """Rely on the ledger for what was taken."""
        self._saving = {}
