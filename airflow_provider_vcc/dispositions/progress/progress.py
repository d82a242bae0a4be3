"""What earlier tries and this one had applied, and a fingerprint of the input that they read.

The input is divided into stretches of 1,000 elements. Each has a digest of what was read there, and a bit per element
for "applied" and for "in the air or unknown, and must not be sent again". 150 stretches make a segment, which is one
value in the store: less than 65,535 bytes whatever the bits are.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from airflow_provider_vcc.dispositions.sources.rows import Rows
    from airflow_provider_vcc.documents import SegmentDocument

__all__ = ["Layout", "Progress", "Segment", "Store", "ones"]

DIGEST = 8
MOST_RUNS = 24
KEY = "vcc_progress_{}"


class Layout(msgspec.Struct, frozen=True):
    """How an input is divided. Stored values are read only by the layout that wrote them."""

    stretch: int = 1_000
    """Elements that share a digest."""
    stretches: int = 150
    """Stretches in a segment, which is one value in the store."""

    @property
    def span(self) -> int:
        """Elements in a segment."""
        return self.stretch * self.stretches


LAYOUT = Layout()


class Store(Protocol):
    """Keeps JSON values from try to try; Airflow's task state store is one."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or the default."""

    def set(self, key: str, value: Any) -> None:
        """Keep a value of at most 65,535 bytes."""

    def delete(self, key: str) -> None:
        """Forget it."""


class Segment:
    """The progress of 150,000 positions, or what another layout has."""

    def __init__(self, layout: Layout = LAYOUT) -> None:
        self._layout = layout
        self.applied = 0
        """Bits of the positions that were applied."""
        self.unsettled = 0
        """Bits of those that must not be sent again, though nobody can say what became of them."""
        self.counts = [0] * layout.stretches
        """How many elements each stretch's digest covers: 1,000, or fewer where the input ended."""
        self.digests = bytearray(DIGEST * layout.stretches)

    def digest(self, stretch: int) -> bytes:
        """Return what was read in a stretch of this segment."""
        return bytes(self.digests[stretch * DIGEST : (stretch + 1) * DIGEST])

    def snapshot(self) -> Segment:
        """Copy it, for another thread to encode."""
        copy = Segment(self._layout)
        copy.applied, copy.unsettled = self.applied, self.unsettled
        copy.counts, copy.digests = self.counts[:], self.digests[:]
        return copy

    def encode(self) -> SegmentDocument:
        """Return the JSON value that ``decode`` takes."""
        used = max((number + 1 for number, count in enumerate(self.counts) if count), default=0)
        return {
            "v": 1,
            "applied": encode_bits(self.applied),
            "unsettled": encode_bits(self.unsettled),
            "short": {str(k): self.counts[k] for k in range(used) if self.counts[k] != self._layout.stretch},
            "digests": base64.b64encode(self.digests[: used * DIGEST]).decode(),
        }

    @classmethod
    def decode(cls, value: Any, layout: Layout = LAYOUT) -> Segment | None:
        """Read a stored value; None where it is not one of ours, so that everything is sent again."""
        try:
            segment = cls(layout)
            digests = base64.b64decode(value["digests"])
            segment.digests[: len(digests)] = digests
            segment.counts[: len(digests) // DIGEST] = [layout.stretch] * (len(digests) // DIGEST)
            for number, count in value["short"].items():
                segment.counts[int(number)] = count
            segment.applied = decode_bits(value["applied"])
            segment.unsettled = decode_bits(value["unsettled"])
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, zlib.error):
            return None
        return segment if value.get("v") == 1 else None


def encode_bits(bits: int) -> str:
    """Write bits as runs (``0-499,600-601``) where these are few, and compressed where they are scattered."""
    if not bits:
        return ""
    borders = bits ^ (bits << 1)
    if borders.bit_count() > 2 * MOST_RUNS:
        raw = bits.to_bytes((bits.bit_length() + 7) // 8, "little")
        return "z" + base64.b64encode(zlib.compress(raw, 6)).decode()
    edges = list(ones(borders))
    return ",".join(f"{low}-{high - 1}" for low, high in zip(edges[::2], edges[1::2], strict=True))


def decode_bits(text: str) -> int:
    """Read what ``encode_bits`` wrote."""
    if text.startswith("z"):
        return int.from_bytes(zlib.decompress(base64.b64decode(text[1:])), "little")
    bits = 0
    for run in text.split(",") if text else ():
        low, high = map(int, run.split("-"))
        bits |= ((1 << (high - low + 1)) - 1) << low
    return bits


def ones(bits: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, in ascending order."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def masks(positions: Sequence[int], layout: Layout = LAYOUT) -> Iterator[tuple[int, int]]:
    """Yield ``(segment, bits)`` for each segment that ascending positions lie in."""
    if isinstance(positions, range):
        yield from _masks_of_range(positions.start, positions.stop, layout.span)
        return
    bits: dict[int, int] = {}
    for stretch, group in _by_stretch(positions, layout.stretch).items():
        segment, number = divmod(stretch, layout.stretches)
        bits[segment] = bits.get(segment, 0) | group << number * layout.stretch
    yield from bits.items()


def _masks_of_range(start: int, stop: int, span: int) -> Iterator[tuple[int, int]]:
    while start < stop:
        segment, offset = divmod(start, span)
        end = min(stop, (segment + 1) * span)
        yield segment, ((1 << (end - start)) - 1) << offset
        start = end


def _by_stretch(positions: Iterable[int], size: int) -> dict[int, int]:
    groups: dict[int, int] = {}
    for position in positions:
        stretch, bit = divmod(position, size)
        groups[stretch] = groups.get(stretch, 0) | 1 << bit
    return groups


class Progress:
    """The progress of a whole input, in memory: 1 bit per element for each of two facts, and 8 bytes per 1,000.

    :param scope: what else the requests depend on (project, disposition); where it changes, nothing is skipped.
    """

    def __init__(self, scope: bytes = b"", layout: Layout = LAYOUT) -> None:
        self.layout = layout
        self._whole = (1 << layout.stretch) - 1
        self._seed = hashlib.sha256(scope)
        self.segments: dict[int, Segment] = {}
        self.dirty: set[int] = set()
        self.changes = 0
        """How many stretches were read that are not what an earlier try had sent something of, or go on behind it."""

    def load(self, store: Store) -> bool:
        """Read what earlier tries had kept, and return whether there was anything."""
        number = 0
        while (value := store.get(KEY.format(number), default=None)) is not None:
            segment = Segment.decode(value, self.layout)
            if segment is not None:
                self.segments[number] = segment
            number += 1
        return bool(self.segments)

    def clear(self, store: Store) -> None:
        """Forget everything that was kept, the last segment first, so that a cut leaves no gap."""
        for number in sorted(self.segments, reverse=True):
            store.delete(KEY.format(number))

    def snapshot(self) -> list[tuple[str, Segment]]:
        """Return what has changed since the last snapshot, to be encoded and kept under these keys."""
        changed = [(KEY.format(number), self.segments[number].snapshot()) for number in sorted(self.dirty)]
        self.dirty.clear()
        return changed

    @property
    def applied(self) -> int:
        """How many positions are applied."""
        return sum(segment.applied.bit_count() for segment in self.segments.values())

    def gaps(self) -> range:
        """Return the positions from the first that is not applied up to the last that is, or that may be."""
        span = self.layout.span
        reached = {number: segment.applied | segment.unsettled for number, segment in self.segments.items()}
        end = max((number * span + bits.bit_length() for number, bits in reached.items() if bits), default=0)
        start = 0
        while start < end:
            segment = self.segments.get(start // span)
            rest = ~(segment.applied if segment else 0) >> start % span
            step = (rest & -rest).bit_length() - 1
            start += min(step, span - start % span)
            if step < span - (start - step) % span:
                break
        return range(min(start, end), end)

    def forget_from(self, end: int) -> None:
        """Forget what was done behind the end of the input, which is shorter than it was.

        Should it become longer again, what comes there has to follow what is sent now.
        """
        for number, segment in self.segments.items():
            kept = max(end - number * self.layout.span, 0)
            gone = (segment.applied | segment.unsettled) >> kept << kept
            if gone:
                self._forget(segment, gone)
                self.dirty.add(number)

    def enter(self, rows: Rows) -> tuple[int, int]:
        """Read a stretch: give the bits of its rows that are applied, and of those that must not be sent again.

        Both are 0 where the earlier try read something else there.
        """
        segment_number, number = divmod(rows.start // self.layout.stretch, self.layout.stretches)
        segment = self.segments.get(segment_number)
        count = len(rows)
        if segment is None:
            segment = self._open(segment_number)
        seen = segment.counts[number]
        digest = self._digest(rows, 0, count)
        if seen:
            same = digest if seen == count else self._digest(rows, 0, seen) if seen < count else b""
            if segment.digest(number) == same:
                return self._keep(segment, number, count, digest, segment_number)
            self._forget(segment, self._whole << number * self.layout.stretch)
        self._note_digest(segment, number, count, digest)
        self.dirty.add(segment_number)
        return 0, 0

    def _forget(self, segment: Segment, bits: int) -> None:
        self.changes += bool((segment.applied | segment.unsettled) & bits)
        segment.applied &= ~bits
        segment.unsettled &= ~bits

    def _open(self, number: int) -> Segment:
        for missing in range(number + 1):
            if missing not in self.segments:
                self.segments[missing] = Segment(self.layout)
                self.dirty.add(missing)
        return self.segments[number]

    def _digest(self, rows: Rows, low: int, high: int) -> bytes:
        digest = self._seed.copy()
        digest.update(rows.fingerprint_bytes(low, high))
        return digest.digest()[:DIGEST]

    def _keep(self, segment: Segment, number: int, count: int, digest: bytes, key: int) -> tuple[int, int]:
        shift = number * self.layout.stretch
        applied, unsettled = segment.applied >> shift & self._whole, segment.unsettled >> shift & self._whole
        if segment.counts[number] != count:  # should it end here again, what is sent now is past, and came last
            self.changes += bool(applied | unsettled)
            self._note_digest(segment, number, count, digest)
            self.dirty.add(key)
        return applied, unsettled

    def _note_digest(self, segment: Segment, number: int, count: int, digest: bytes) -> None:
        segment.counts[number] = count
        segment.digests[number * DIGEST : (number + 1) * DIGEST] = digest

    def note(self, positions: Sequence[int]) -> None:
        """Note, before they are sent, elements that must not be sent again."""
        for number, bits in masks(positions, self.layout):
            self.segments[number].unsettled |= bits
            self.dirty.add(number)

    def settle(self, positions: Sequence[int], *, applied: bool, noted: bool = False, but: Sequence[int] = ()) -> None:
        """Note what became of elements, ``but`` for some among them: they were applied, or certainly not."""
        rest = dict(masks(but, self.layout))
        for number, all_bits in masks(positions, self.layout):
            bits = all_bits & ~rest.get(number, 0)
            segment = self.segments[number]
            if applied:
                segment.applied |= bits
            if noted:
                segment.unsettled &= ~bits
            if applied or noted:
                self.dirty.add(number)
