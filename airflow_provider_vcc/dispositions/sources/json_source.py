"""Elements as JSON, from a file or a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch
from airflow_provider_vcc.dispositions.sources.rows import JsonRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_vcc.dispositions.sources.streams import Stream

__all__ = ["JsonSource"]


class JsonSource:
    """JSON texts, one each element.

    :param stream: where the bytes come from.
    :param split: cuts blocks into elements, in lists of any size; it is told the stream's name for its messages.
    """

    total: int | None = None
    repeatable = True

    def __init__(self, stream: Stream, split: Callable[[Iterable[bytes], str], Iterator[list[bytes]]]) -> None:
        self.name = stream.name
        self._stream = stream
        self._split = split

    def read(self, size: int) -> Iterator[JsonRows]:
        """Give batches of exactly ``size`` elements but for the last.

        :raises VccInputError: where the input breaks off, after what came before has been given.
        """
        start = 0
        for texts in rebatch(self._split(self._stream.blocks(), self.name), size):
            yield JsonRows(start, texts)
            start += len(texts)

    def share(self) -> float | None:
        """Say how much of the input has been read, from 0 to 1."""
        return self._stream.share()
