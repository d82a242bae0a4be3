"""What one kind of operator hands to a run: where elements come from, and who is told of the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_provider_vcc.dispositions.engine.recorder import Sink
    from airflow_provider_vcc.dispositions.progress.synced import Ledger
    from airflow_provider_vcc.dispositions.sources.rows import Source

__all__ = ["Endpoints", "TaskLog"]


class TaskLog(Protocol):
    """The task's logger, whichever kind an Airflow has: texts with ``%s``."""

    def debug(self, event: str, /, *args: object) -> object:
        """Note what is of use to somebody who looks for a fault."""

    def info(self, event: str, /, *args: object) -> object:
        """Report how it goes."""

    def warning(self, event: str, /, *args: object) -> object:
        """Warn of what somebody should look at."""


def _no_sinks() -> Sequence[Sink]:
    return ()


def _no_ledger(_project_id: int) -> Ledger | None:
    return None


def _nothing() -> None:
    """Do nothing."""


def _ignore(_summary: Mapping[str, object]) -> None:
    """Do nothing with a summary."""


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The ends of a run. Nothing is opened before the run asks, so that what cannot be opened is reported by it.

    :param open_source: opens the input.
    :param open_sinks: opens what takes the failed elements beside the failures file; the run closes each. Not asked
        where nothing may be changed (``validate_only``).
    :param open_ledger: opens what remembers, from run to run, what the service last applied to the records of a
        project; the run closes it. Not asked with ``validate_only``.
    :param send_unchanged: send also what the ledger has as applied.
    :param settled: called when the whole input was read and settled, however it will be judged.
    :param passed: called with the summary when the judgement passed and everything was sent.
    :param input_path: what ``open_source`` reads, if that is a file: the failures file must be another.
    :param outlets: the task's outlets, whose events get the counts.
    :param retries: how many more tries the task has at most; only said in the log.
    """

    open_source: Callable[[], Source]
    open_sinks: Callable[[], Sequence[Sink]] = _no_sinks
    settled: Callable[[], None] = _nothing
    passed: Callable[[Mapping[str, object]], None] = _ignore
    open_ledger: Callable[[int], Ledger | None] = _no_ledger
    send_unchanged: bool = False
    input_path: object = None
    outlets: Sequence[object] = ()
    retries: int = 0
