"""Where new chunks come from: packed as the moment allows, one of them ahead of its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.chunks.delivery import Delivery, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_provider_vcc.dispositions.elements.checker import AnyElement
    from airflow_provider_vcc.dispositions.engine.chunks.deliveries import Deliveries
    from airflow_provider_vcc.dispositions.engine.chunks.packer import Packer

__all__ = ["Supply"]

UNENCODABLE = "it holds something that cannot be written as JSON"
TOO_LARGE = "larger than one request may be (max_chunk_bytes={})"


class Supply:
    """Hands packed chunks to the deliveries.

    :param changes: how many changed stretches of the input have been read so far.
    """

    def __init__(
        self, packer: Packer, deliveries: Deliveries, changes: Callable[[], int], max_chunk_bytes: int
    ) -> None:
        self._packer = packer
        self._deliveries = deliveries
        self._changes = changes
        self._max_chunk_bytes = max_chunk_bytes

    @property
    def done(self) -> bool:
        """Whether the input is used up."""
        return self._packer.done

    def pack(self, size: int) -> Delivery | None:
        """Return a new delivery of at most ``size`` elements; None if nothing may be packed now."""
        packer, alone = self._packer, not self._deliveries
        while True:
            unfit = len(packer.too_large) + len(packer.unencodable)
            chunk = packer.next(size, alone=alone)
            if chunk is not None:
                delivery = Delivery(chunk, self._changes())
                self._deliveries.add(delivery)
                return delivery
            if len(packer.too_large) + len(packer.unencodable) == unfit:
                return None

    def unfit(self) -> Iterator[tuple[list[tuple[int, AnyElement]], str]]:
        """Take away the elements that turned out to be such as cannot be sent, and yield them with the reason."""
        packer = self._packer
        if packer.too_large:
            pairs, packer.too_large = packer.too_large, []
            yield pairs, TOO_LARGE.format(self._max_chunk_bytes)
        if packer.unencodable:
            pairs, packer.unencodable = packer.unencodable, []
            yield pairs, UNENCODABLE

    def put_back_larger_than(self, size: int) -> None:
        """Take back what was packed ahead, if it is too large by now."""
        packed = self._deliveries.packed
        if packed is not None and len(packed.chunk) > size:
            self._packer.put_back(packed.chunk, 0)
            packed.move(State.DONE)
            self._deliveries.forget_done()
