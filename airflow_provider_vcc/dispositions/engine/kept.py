"""What outlasts a try: its progress, for the retry, and what the service applied, for the next run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_vcc.dispositions.engine.chunks.delivery import NotSent, Unknown
from airflow_provider_vcc.dispositions.progress.progress import LAYOUT, Progress
from airflow_provider_vcc.dispositions.progress.synced import LEDGER, Remembering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_vcc.dispositions.engine.chunks.chunk import Chunk
    from airflow_provider_vcc.dispositions.engine.messages import Invalid, Save
    from airflow_provider_vcc.dispositions.http.answers import Answer
    from airflow_provider_vcc.dispositions.progress.progress import Layout, Store
    from airflow_provider_vcc.dispositions.progress.synced import Synced

__all__ = ["Kept"]


class Kept:
    """What a run starts from, and what it leaves.

    :param store: keeps the progress for a retry; None if there is nowhere to keep it.
    :param scope: what else the requests depend on, so that a retry with other settings skips nothing.
    :param synced: what earlier runs had applied, and is left out while it is the same.
    """

    def __init__(
        self, store: Store | None = None, scope: bytes = b"", *, layout: Layout = LAYOUT, synced: Synced | None = None
    ) -> None:
        self.progress = Progress(scope, layout)
        self.synced = synced
        self.store = store if synced is None else Remembering(synced.ledger, store)

    @property
    def unchanged(self) -> int | None:
        """How many elements were left out; None if this run compares nothing with earlier ones."""
        return None if self.synced is None else self.synced.unchanged

    def load(self) -> None:
        """Read what an earlier try left."""
        if self.store is not None:
            self.progress.load(self.store)

    def clear(self) -> None:
        """Forget the progress."""
        if self.store is not None:
            self.progress.clear(self.store)

    def must_remember(self, chunk: Chunk) -> bool:
        """Return whether the next run must know of a chunk before it is sent."""
        return self.synced is not None and self.synced.must_note(chunk.elements)

    def values(self, save: Save) -> list[tuple[str, object]]:
        """Return what is to be written: what outlasts the run first, so that it knows what the progress knows."""
        for chunk in save.notes:
            self.progress.note(chunk.positions)
        return [*self._to_remember(save), *self.progress.snapshot()]

    def _to_remember(self, save: Save) -> Iterator[tuple[str, object]]:
        if self.synced is not None:
            for chunk in save.remembered:
                self.synced.note(chunk.elements)
            if self.synced.unsaved:
                yield LEDGER, self.synced.take()

    def saved(self) -> None:
        """Rely on what was written."""
        if self.synced is not None:
            self.synced.saved()

    def settle(self, chunk: Chunk, outcome: Answer | Unknown | NotSent) -> None:
        """Let the next run know what became of a chunk; the progress is the recorder's."""
        if self.synced is None:
            return
        everything = range(len(chunk))
        if isinstance(outcome, NotSent):
            self.synced.settle(chunk.elements, everything, ())
        elif isinstance(outcome, Unknown):
            self.synced.settle(chunk.elements, (), everything)
        else:
            self.synced.settle(chunk.elements, outcome.rejected.keys(), outcome.unsaid.keys())

    def refuse(self, invalid: Invalid) -> None:
        """Let what stood there stand: these elements cannot be sent."""
        if self.synced is not None:
            self.synced.refused(element for _, element in invalid.pairs)
