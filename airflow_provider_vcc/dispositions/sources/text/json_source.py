"""Elements as JSON, from a file or a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.sources.batches import rebatch, weighed
from airflow_provider_vcc.dispositions.sources.bytes.encoding import as_utf8
from airflow_provider_vcc.dispositions.sources.lines import Lines
from airflow_provider_vcc.dispositions.sources.rows import JsonRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from airflow_provider_vcc.dispositions.sources.bytes.streams import Stream

__all__ = ["JsonSource"]


class JsonSource:
    """JSON texts, one each element.

    :param stream: where the bytes come from.
    :param split: cuts blocks into elements, in lists of any size; it is told the stream's name for its messages, and
        where to note the lines of elements.
    :param encoding: of the bytes; None for what their byte order mark says, else UTF-8.
    """

    total: int | None = None
    repeatable = True

    def __init__(
        self,
        stream: Stream,
        split: Callable[[Iterable[bytes], str, Lines], Iterator[list[bytes]]],
        encoding: str | None = None,
    ) -> None:
        self.name = stream.name
        self._stream = stream
        self._split = split
        self._encoding = encoding
        self._lines = Lines()

    def read(self, size: int) -> Iterator[JsonRows]:
        """Yield batches of exactly ``size`` elements but for the last.

        :raises VccInputError: if the input breaks off, after what came before has been given.
        """
        start = 0
        self._lines = Lines()
        blocks = as_utf8(self._stream.blocks(), self.name, self._encoding)
        pieces = weighed(self._split(blocks, self.name, self._lines), size, _bytes, self.name)
        for texts in rebatch(pieces, size):
            yield JsonRows(start, texts)
            start += len(texts)

    def share(self) -> float | None:
        """Return how much of the input has been read, from 0 to 1."""
        return self._stream.share()

    def line(self, position: int) -> int | None:
        """Return the line that an element came from; None in an array."""
        return self._lines.of(position)


def _bytes(texts: list[bytes]) -> int:
    return sum(map(len, texts))
